/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replaying a trace (replay.h). */
#include "emu/replay.h"

#include "ept/walk.h"
#include "vmx/exit.h"

#include <string.h>

enum { TRIES = 8 /* faults of one access: in each stage, then accessed and dirty flags; more is a bug */ };
#define BUILD_MEMORY BIT(38) /* host-physical memory to build in, populated as it is used */

/* ---- recorded tables ---- */

/*
 * The entries that the next walk will read. When one was read twice, the first value counts: in between the walk itself has set flags,
 * as it will again.
 */
static void take_entries(struct replay *r)
{
	while (r->refs) {
		r->refs--;
		hpa_t hpa = HPA(r->ref[r->refs].hpa);
		unsigned size = r->ref[r->refs].size;
		if (mem_is_ram(&r->mem, hpa, size))
			memcpy(r->mem.host + hpa.u, &r->ref[r->refs].entry, size);
	}
}

static bool keep_entry(struct replay *r, const struct trace_record *t)
{
	if (r->refs == REPLAY_REFS) {
		r->wrong = "a walk of more than 256 references";
		return false;
	}
	r->ref[r->refs].hpa = t->hpa & ~(uint64_t)(t->size - 1);
	r->ref[r->refs].entry = t->entry;
	r->ref[r->refs++].size = (uint8_t)t->size;
	return true;
}

/*
 * A second stage that is neither EPT nor none: the shadow VMM runs a guest in real mode. The recorded walk says where the page lies, and
 * how large a piece it is of. LIMIT: a walk that the recording did not make finds identity, in pieces of 4 KiB, whatever that VMM used.
 */
static struct second identity(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	const struct replay *r = ctx;
	const struct replay_piece *piece = &r->piece;
	bool known = piece->shift && page_base(piece->gpa.u) == page_base(gpa.u);

	(void)access, (void)is_table, (void)guest_user, (void)flags;
	return (struct second){.ok = true,
			       .hpa = known ? HPA(page_base(piece->hpa.u) | page_offset(gpa.u)) : HPA(gpa.u),
			       .shift = known ? piece->shift : PAGE_SHIFT,
			       .rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU};
}

static bool take_context(struct replay *r, const struct trace_record *t)
{
	struct mmu_operation op = {.op = MMU_OP_SET_CONTEXT, .vpid = t->vpid, .eptrta = t->eptrta};

	if (t->second == SECOND_IS_EPT) {
		if (!eptp_valid((t->eptp & ~EPTP_MEMTYPE) | MEMTYPE_WB)) {
			r->wrong = "an EPTP that no processor accepts";
			return false;
		}
		ept_decode(&r->ept, t->eptp, t->ept_flags & TRACE_EPT_MBEC, t->ept_flags & TRACE_EPT_EXEC_ONLY);
		op.second = ept_translate;
		op.second_ctx = &r->ept;
	} else if (t->second == SECOND_IS_OTHER) {
		op.second = identity;
		op.second_ctx = r;
	}
	mmu_operate(&r->cpu.mmu, &op);
	mmu_set_switch(&r->cpu.mmu, t->switch_bit, t->switch_root);
	return true;
}

static void take_mode(struct replay *r, const struct trace_record *t)
{
	struct paging_regs regs = {.cr0 = t->cr0, .cr3 = t->cr3, .cr4 = t->cr4, .efer = t->efer, .pkru = t->pkru};

	memcpy(regs.pdpte, t->pdpte, sizeof regs.pdpte);
	mmu_operate(&r->cpu.mmu, &(struct mmu_operation){.op = MMU_OP_SET_PAGING, .regs = &regs});
}

static void operate(struct replay *r, const struct trace_record *t)
{
	take_entries(r);
	mmu_operate(
	    &r->cpu.mmu,
	    &(struct mmu_operation){
		.op = (enum mmu_op)t->code, .vpid = t->vpid, .pcid = t->pcid, .gla = GLA(t->gla), .gpa = GPA(t->gpa), .eptrta = t->eptrta});
}

/* Whether page-modification logging is in use does not matter, but that it failed a walk does. */
static void fill_log(struct replay *r, bool full)
{
	struct vmcs *v = &r->vmx.vmcs;

	v->proc_controls = full ? CTL(PROC, SECONDARY) : 0;
	v->proc2_controls = full ? CTL(PROC2, PML) : 0;
	v->pml_index = 0xffff;
}

static void translate_as_recorded(struct replay *r, const struct trace_record *t)
{
	take_entries(r);
	if (unlikely(r->log_full))
		fill_log(r, true);
	const struct tlb_entry *entry = mmu_access(&r->cpu.mmu, GLA(t->gla), t->access);
	if (unlikely(r->log_full))
		fill_log(r, r->log_full = false);
	if ((entry == NULL) != ((t->flags & TRACE_FAULTED) != 0))
		r->differences++;
	if (t->access & ACC_FETCH) {
		r->fetched = true;
		r->fetch_part = entry ? entry->part : r->fetch_part;
	}
}

/* ---- accesses ---- */

static inline void count_data(struct replay *r, unsigned access, hpa_t hpa, unsigned size)
{
	uint64_t *n = r->cpu.ev.n;

	r->accesses++;
	n[EV_LOADS] += (access & ACC_READ) != 0;
	n[EV_STORES] += (access & ACC_WRITE) != 0;
	if (!r->cpu.mmu.env.caches || !mem_is_ram(&r->mem, hpa, size))
		return;
	caches_data(r->cpu.mmu.env.caches, hpa);
	if (caches_split(hpa, size) && page_offset(hpa.u) + size <= PAGE_SIZE)
		caches_data(r->cpu.mmu.env.caches, HPA(hpa.u + size - 1));
}

static bool as_recorded(struct replay *r, const struct trace_record *t)
{
	if (t->flags & TRACE_TRANSLATES)
		translate_as_recorded(r, t);
	if (t->flags & TRACE_COUNTS)
		count_data(r, t->access, HPA(t->hpa), t->size ? t->size : 1);
	return true;
}

/* Tables are built until the access succeeds; NULL: r->wrong. */
static __attribute__((noinline)) const struct tlb_entry *build(struct replay *r, gla_t gla, unsigned access)
{
	const struct tlb_entry *e = NULL;

	for (unsigned i = 0; i < TRIES && !e; i++) {
		if (!replay_tables_fault(&r->tables, gla, access)) {
			r->wrong = "the trace touches more memory than there is to build tables for";
			return NULL;
		}
		e = mmu_access(&r->cpu.mmu, gla, access);
	}
	CHECK(e);
	return e;
}

/* One access within a page; NULL: r->wrong. */
static ALWAYS_INLINE const struct tlb_entry *build_and_translate(struct replay *r, gla_t gla, unsigned access)
{
	if (unlikely(!is_canonical(gla.u, 48))) {
		r->wrong = "an address that is not canonical in 48 bits";
		return NULL;
	}
	const struct tlb_entry *e = mmu_access(&r->cpu.mmu, gla, access);
	return likely(e != NULL) ? e : build(r, gla, access);
}

static ALWAYS_INLINE bool build_access(struct replay *r, uint64_t gla, unsigned size, unsigned access)
{
	unsigned bits = access & (ACC_READ | ACC_WRITE | ACC_FETCH | ACC_USER);
	const struct tlb_entry *e = build_and_translate(r, GLA(gla), bits);
	uint64_t next = page_base(gla + (size ? size - 1 : 0));

	if (unlikely(!e))
		return false;
	hpa_t hpa = tlb_entry_hpa(e, GLA(gla));
	if (unlikely(next != page_base(gla)) && !build_and_translate(r, GLA(next), bits))
		return false;
	if (!(access & ACC_FETCH))
		count_data(r, access, hpa, size ? size : 1);
	return true;
}

static inline bool put_insn(struct replay *r, const struct trace_record *t)
{
	r->accesses++;
	r->cpu.ev.n[EV_INSTRUCTIONS]++;
	r->cpu.ev.n[EV_FETCHES]++;
	cost_step(&r->cpu.cost, COST_INSN_ALU); /* LIMIT: the trace does not tell classes of instructions: all are priced as the simplest */
	if (!r->config.recorded)
		return build_access(r, t->rip, t->size, ACC_FETCH | (t->flags & TRACE_USER ? (unsigned)ACC_USER : 0u));
	if (!r->fetched)
		r->cpu.ev.n[EV_ITLB_HIT_4K + r->fetch_part]++;
	r->fetched = false;
	return true;
}

static inline bool put_built(struct replay *r, const struct trace_record *t)
{
	bool fetch = t->access & ACC_FETCH;

	if (fetch ? r->config.insns : !(t->flags & TRACE_COUNTS))
		return true; /* the instruction fetches; or the access itself comes later, or does not take place */
	return build_access(r, t->gla, t->size, t->access);
}

static bool put_rare(struct replay *r, const struct trace_record *t)
{
	switch (t->kind) {
	case TRACE_REF:
		return keep_entry(r, t);
	case TRACE_WALK:
		r->log_full = t->status == WALK_SECOND && t->code == EXIT_PML_FULL;
		r->piece = (struct replay_piece){GPA(t->gpa), HPA(t->hpa), t->status == WALK_OK ? t->shift : 0};
		return true;
	case TRACE_OPERATION:
		operate(r, t);
		return true;
	case TRACE_MODE:
		take_mode(r, t);
		return true;
	case TRACE_CONTEXT:
		return take_context(r, t);
	default:
		return true;
	}
}

bool replay_put(struct replay *r, const struct trace_record *t)
{
	if (likely(t->kind == TRACE_INSN))
		return put_insn(r, t);
	if (likely(t->kind == TRACE_ACCESS))
		return r->config.recorded ? as_recorded(r, t) : put_built(r, t);
	return !r->config.recorded || put_rare(r, t);
}

/* ---- beginning and end ---- */

static int model_processor(struct replay *r, const struct profile *profile)
{
	int err = caches_init(&r->caches, &profile->caches, &r->cpu.cost);

	if (err)
		return err;
	cost_init(&r->cpu.cost, &r->cpu.clock, &profile->prices);
	err = mmu_model(&r->cpu.mmu, &profile->pscs, &r->caches);
	if (err)
		caches_free(&r->caches);
	return err;
}

/* As much as the host maps, if the trace does not say. */
static int make_memory(struct replay *r)
{
	uint64_t size = r->config.recorded ? r->config.memory : BUILD_MEMORY;
	int err = mem_init(&r->mem, size);

	while (err == -ERR_NOMEM && !r->config.recorded && size > BIT(30))
		err = mem_init(&r->mem, size /= 2);
	r->mem.expected_top = 0;
	return err;
}

int replay_init(struct replay *r, const struct replay_config *config)
{
	const struct profile *profile = config->profile;

	memset(r, 0, sizeof *r);
	r->config = *config;
	int err = make_memory(r);
	if (err)
		return err;
	r->cpu.mem = &r->mem;
	err = mmu_init(&r->cpu.mmu, &r->mem, &r->cpu.ev, profile ? &profile->tlbs : NULL);
	if (err)
		goto free_mem;
	cpu_reset(&r->cpu);
	if (profile && (err = model_processor(r, profile)) < 0)
		goto free_mmu;
	vmx_init(&r->vmx, &r->cpu);
	r->ept.cpu = &r->cpu;
	if (config->recorded || replay_tables_init(&r->tables, &r->cpu, &r->ept, config)) {
		memset(&r->cpu.ev, 0, sizeof r->cpu.ev);
		return 0;
	}
	err = -ERR_NOMEM;
	caches_free(&r->caches);
free_mmu:
	mmu_free(&r->cpu.mmu);
free_mem:
	mem_free(&r->mem);
	return err;
}

void replay_free(struct replay *r)
{
	caches_free(&r->caches);
	mmu_free(&r->cpu.mmu);
	mem_free(&r->mem);
}
