/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Invalidation of cached translations (SDM 3A, "Operations that Invalidate TLBs and Paging-Structure Caches"; 3C, "Operations
 * that Invalidate Cached Mappings"). Each operation names the contexts it strikes (by VPID, EPT root, PCID), and perhaps one
 * linear address. With an address, all pieces of the guest page that holds it go: where a TLB holds no piece of it, only the sets of the
 * address are searched.
 *
 * CHOICE: operations invalidate no more than the SDM requires, so that software which forgets one is found out.
 */
#include "mmu/mmu.h"

#include <string.h>

/* Which contexts an operation strikes. */
struct strike {
	bool any_vpid, all_but_vpid_0;
	bool any_eptrta, under_ept; /* whatever the EPT root; only those made with EPT */
	bool globals, nonglobals;   /* global translations; those of a PCID */
	bool any_pcid;
	uint16_t vpid, pcid;
	uint64_t eptrta;
};

static bool strikes(const struct strike *k, const struct tlb_context *c)
{
	if (k->all_but_vpid_0 ? c->vpid == 0 : !k->any_vpid && c->vpid != k->vpid)
		return false;
	if (k->under_ept && c->eptrta == 0)
		return false;
	if (!k->any_eptrta && c->eptrta != k->eptrta)
		return false;
	if (c->pcid == PCID_ANY)
		return k->globals;
	return k->nonglobals && (k->any_pcid || c->pcid == k->pcid);
}

static void doom(const struct mmu *mmu, const struct strike *k, bool doomed[CONTEXTS_MAX + 1])
{
	doomed[0] = false; /* empty slots */
	for (unsigned id = 1; id <= mmu->contexts.count; id++)
		doomed[id] = strikes(k, &mmu->contexts.of[id]);
}

static void drop(struct mmu *mmu, struct tlb *tlb, uint32_t slot)
{
	const struct tlb_entry *e = &tlb->entry[slot];
	if (e->in_engine && e->epoch != mmu->env.mem->table_epoch)
		mmu->engine_stale = true;
	tlb_drop(tlb, slot);
}

/* true if the entry's guest page (or, of an unpaged or smaller piece, the entry's own page) holds gla */
static bool covers(const struct tlb_entry *e, gla_t gla)
{
	unsigned shift = tlb_part_shift[e->part];
	uint64_t page = FIELD(e->tag, 60, 16) << shift;
	if (e->guest_shift > shift)
		shift = e->guest_shift;
	return (page ^ FIELD(gla.u, 56, 0)) >> shift == 0;
}

/* Drops the slot's entry if that is doomed, and covers *gla if there is one. */
static inline void drop_doomed(struct mmu *mmu, struct tlb *tlb, const bool *doomed, uint32_t slot, const gla_t *gla)
{
	if (doomed[tlb->tag[slot] & 0xffff] && (!gla || covers(&tlb->entry[slot], *gla)))
		drop(mmu, tlb, slot);
}

/* In all slots: few are taken when one address space after another is flushed. */
static void drop_all(struct mmu *mmu, struct tlb *tlb, const bool *doomed, const gla_t *gla)
{
	for (uint32_t word = 0; word < (tlb->slots + 63) / 64; word++)
		for (uint64_t taken = tlb->taken[word]; taken; taken &= taken - 1)
			drop_doomed(mmu, tlb, doomed, word * 64 + (uint32_t)__builtin_ctzll(taken), gla);
}

static void drop_of(struct mmu *mmu, struct tlb *tlb, const bool *doomed, const gla_t *gla)
{
	if (!gla || tlb_has_pieces(tlb, *gla)) {
		drop_all(mmu, tlb, doomed, gla);
		return;
	}
	for (unsigned part = 0; part < TLB_PARTS; part++) {
		const struct tlb_array *a = &tlb->array[part];
		uint32_t first = a->first + tlb_set(a, tlb_tag(part, *gla, 0)) * a->ways;
		for (uint32_t slot = first; tlb->live[part] && slot < first + a->ways; slot++)
			drop_doomed(mmu, tlb, doomed, slot, gla);
	}
}

/* INVLPG strikes the paging-structure caches whatever the address; the others only what would be used for it. */
enum psc_extent { PSC_ADDRESS, PSC_CONTEXT };

static void drop_everywhere(struct mmu *mmu, const struct strike *k, const gla_t *gla, enum psc_extent extent)
{
	bool doomed[CONTEXTS_MAX + 1];
	doom(mmu, k, doomed);
	drop_of(mmu, &mmu->itlb, doomed, gla);
	drop_of(mmu, &mmu->dtlb, doomed, gla);
	if (mmu->store != &mmu->dtlb)
		drop_of(mmu, mmu->store, doomed, gla);
	drop_of(mmu, &mmu->stlb, doomed, gla);
	if (mmu->env.psc)
		psc_strike(mmu->env.psc, doomed, extent == PSC_ADDRESS ? gla : NULL);
	mmu->generation++;
}

static void flush(struct mmu *mmu, const struct strike *k)
{
	mmu->env.ev->n[EV_TLB_FLUSHES]++;
	drop_everywhere(mmu, k, NULL, PSC_CONTEXT);
}

static void invalidate_address(struct mmu *mmu, const struct strike *k, gla_t gla, enum psc_extent extent)
{
	mmu->env.ev->n[EV_INVLPG]++;
	drop_everywhere(mmu, k, &gla, extent);
}

void mmu_empty(struct mmu *mmu)
{
	drop_everywhere(mmu, &(struct strike){.any_vpid = true, .any_eptrta = true, .globals = true, .nonglobals = true, .any_pcid = true},
			NULL, PSC_CONTEXT);
}

static void tell(const struct mmu *mmu, enum mmu_op op, uint16_t vpid, uint16_t pcid, gla_t gla, uint64_t eptrta)
{
	mmu_tell_observer(mmu->observer, &(struct mmu_operation){.op = op, .vpid = vpid, .pcid = pcid, .gla = gla, .eptrta = eptrta});
}

void mmu_invlpg(struct mmu *mmu, gla_t gla)
{
	tell(mmu, MMU_OP_INVLPG, 0, 0, gla, 0);
	struct strike k = {.vpid = mmu->context.vpid, .any_eptrta = true, .globals = true, .nonglobals = true, .pcid = mmu->context.pcid};
	invalidate_address(mmu, &k, gla, PSC_CONTEXT);
}

void mmu_fault(struct mmu *mmu, gla_t gla)
{
	struct strike k = {.vpid = mmu->context.vpid, .any_eptrta = true, .globals = true, .nonglobals = true, .pcid = mmu->context.pcid};
	drop_everywhere(mmu, &k, &gla, PSC_ADDRESS);
}

void mmu_flush_pcid(struct mmu *mmu, uint16_t pcid)
{
	tell(mmu, MMU_OP_FLUSH_PCID, 0, pcid, GLA(0), 0);
	flush(mmu, &(struct strike){.vpid = mmu->context.vpid, .any_eptrta = true, .nonglobals = true, .pcid = pcid});
}

void mmu_flush_nonglobal(struct mmu *mmu)
{
	tell(mmu, MMU_OP_FLUSH_NONGLOBAL, 0, 0, GLA(0), 0);
	flush(mmu, &(struct strike){.vpid = mmu->context.vpid, .any_eptrta = true, .nonglobals = true, .any_pcid = true});
}

void mmu_flush_all(struct mmu *mmu)
{
	tell(mmu, MMU_OP_FLUSH_ALL, 0, 0, GLA(0), 0);
	flush(mmu, &(struct strike){.vpid = mmu->context.vpid, .any_eptrta = true, .globals = true, .nonglobals = true, .any_pcid = true});
}

void mmu_invpcid_addr(struct mmu *mmu, uint16_t pcid, gla_t gla)
{
	tell(mmu, MMU_OP_INVPCID_ADDR, 0, pcid, gla, 0);
	struct strike k = {.vpid = mmu->context.vpid, .any_eptrta = true, .nonglobals = true, .pcid = pcid};
	invalidate_address(mmu, &k, gla, PSC_ADDRESS);
}

void mmu_invvpid_addr(struct mmu *mmu, uint16_t vpid, gla_t gla)
{
	tell(mmu, MMU_OP_INVVPID_ADDR, vpid, 0, gla, 0);
	struct strike k = {.vpid = vpid, .any_eptrta = true, .globals = true, .nonglobals = true, .any_pcid = true};
	invalidate_address(mmu, &k, gla, PSC_ADDRESS);
}

void mmu_invvpid(struct mmu *mmu, uint16_t vpid)
{
	tell(mmu, MMU_OP_INVVPID, vpid, 0, GLA(0), 0);
	flush(mmu, &(struct strike){.vpid = vpid, .any_eptrta = true, .globals = true, .nonglobals = true, .any_pcid = true});
}

void mmu_invvpid_all(struct mmu *mmu)
{
	tell(mmu, MMU_OP_INVVPID_ALL, 0, 0, GLA(0), 0);
	flush(mmu, &(struct strike){.all_but_vpid_0 = true, .any_eptrta = true, .globals = true, .nonglobals = true, .any_pcid = true});
}

void mmu_invvpid_nonglobal(struct mmu *mmu, uint16_t vpid)
{
	tell(mmu, MMU_OP_INVVPID_NONGLOBAL, vpid, 0, GLA(0), 0);
	flush(mmu, &(struct strike){.vpid = vpid, .any_eptrta = true, .nonglobals = true, .any_pcid = true});
}

/* Mappings made without EPT (eptrta 0) are linear mappings: INVEPT leaves them. */
void mmu_invept(struct mmu *mmu, uint64_t eptrta)
{
	tell(mmu, MMU_OP_INVEPT, 0, 0, GLA(0), eptrta);
	flush(mmu, &(struct strike){.any_vpid = true, .eptrta = eptrta, .globals = true, .nonglobals = true, .any_pcid = true});
	if (mmu->env.psc)
		psc_strike_ept(mmu->env.psc, eptrta, NULL);
}

void mmu_invept_all(struct mmu *mmu)
{
	tell(mmu, MMU_OP_INVEPT_ALL, 0, 0, GLA(0), 0);
	flush(mmu, &(struct strike){
		       .any_vpid = true, .any_eptrta = true, .under_ept = true, .globals = true, .nonglobals = true, .any_pcid = true});
	if (mmu->env.psc)
		psc_strike_ept(mmu->env.psc, 0, NULL);
}

void mmu_forget_gpa(struct mmu *mmu, gla_t gla)
{
	mmu_drop(mmu, gla);
}

void mmu_operate(struct mmu *mmu, const struct mmu_operation *op)
{
	switch (op->op) {
	case MMU_OP_INVLPG:
		mmu_invlpg(mmu, op->gla);
		break;
	case MMU_OP_FLUSH_PCID:
		mmu_flush_pcid(mmu, op->pcid);
		break;
	case MMU_OP_FLUSH_NONGLOBAL:
		mmu_flush_nonglobal(mmu);
		break;
	case MMU_OP_FLUSH_ALL:
		mmu_flush_all(mmu);
		break;
	case MMU_OP_INVPCID_ADDR:
		mmu_invpcid_addr(mmu, op->pcid, op->gla);
		break;
	case MMU_OP_INVVPID_ADDR:
		mmu_invvpid_addr(mmu, op->vpid, op->gla);
		break;
	case MMU_OP_INVVPID:
		mmu_invvpid(mmu, op->vpid);
		break;
	case MMU_OP_INVVPID_ALL:
		mmu_invvpid_all(mmu);
		break;
	case MMU_OP_INVVPID_NONGLOBAL:
		mmu_invvpid_nonglobal(mmu, op->vpid);
		break;
	case MMU_OP_INVEPT:
		mmu_invept(mmu, op->eptrta);
		break;
	case MMU_OP_INVEPT_ALL:
		mmu_invept_all(mmu);
		break;
	case MMU_OP_SET_PAGING:
		mmu_set_paging(mmu, op->regs);
		break;
	case MMU_OP_SET_CONTEXT:
		mmu_set_context(mmu, op->vpid, op->eptrta, op->second, op->second_ctx);
		break;
	case MMU_OP_SET_SWITCH:
		mmu_set_switch(mmu, op->switch_bit, op->switch_root);
		break;
	case MMU_OP_PDPTES:
		if (mmu->env.second)
			mmu_second(mmu, op->gpa);
		break;
	case MMU_OP_COUNT:
		break;
	}
}
