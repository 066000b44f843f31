/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest invalidates (INVLPG, INVPCID), and the invalidation that the VMM itself needs, by INVVPID (SDM 3C, "Operations that
 * Invalidate Cached Mappings"). Without VPIDs every VM entry invalidates everything, and there is nothing to do.
 * CHOICE: INVPCID types 0 and 1 for another PCID than the current one invalidate all non-global translations of the guest: INVVPID cannot
 * name a PCID.
 */
#include "shadow/shadow.h"

#include "vmx/offer.h"

enum invpcid_type { INVPCID_ADDRESS, INVPCID_CONTEXT, INVPCID_ALL, INVPCID_ALL_NONGLOBAL };

#define INFO_INDEX_INVALID BIT(22)
#define INFO_BASE_INVALID BIT(27)

static uint16_t vpid_of(struct shadow *s)
{
	return s->config.no_vpid ? 0 : (uint16_t)vmm_read(&s->vmm, VPID);
}

void inval_address(struct shadow *s, gla_t gla)
{
	uint16_t vpid = vpid_of(s);
	if (!vpid)
		return;
	mmu_invvpid_addr(&s->cpu->mmu, vpid, gla);
	s->cpu->engine_flush = true;
}

void inval_nonglobal(struct shadow *s)
{
	uint16_t vpid = vpid_of(s);
	if (!vpid || s->flush)
		return;
	mmu_invvpid_nonglobal(&s->cpu->mmu, vpid);
	s->cpu->engine_flush = true;
}

void inval_pending(struct shadow *s)
{
	uint16_t vpid = vpid_of(s);
	if (vpid && s->flush) {
		mmu_invvpid(&s->cpu->mmu, vpid);
		s->cpu->engine_flush = true;
	}
	if (s->flush || !vpid)
		s->stale_writable = s->stale_pieces = false;
	s->flush = false;
}

/* One page of the guest, which the TLB may hold in pieces. */
static void invalidate_page(struct shadow *s, gla_t gla)
{
	sync_all(s);
	s->flush |= s->stale_pieces;
	if (!s->flush)
		inval_address(s, gla);
}

enum vmm_result inval_invlpg(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	gla_t gla = GLA(vmm_read(vmm, EXIT_QUALIFICATION));
	s->cpu->ev.n[EV_SHADOW_INVLPG_EXITS]++;
	if (is_canonical(gla.u, LINEAR_WIDTH))
		invalidate_page(s, s->mode.levels >= 4 ? gla : GLA((uint32_t)gla.u));
	return VMM_RESUME;
}

/* ---- INVPCID ---- */

static uint64_t gpr(const struct vmm *vmm, unsigned reg)
{
	return reg == RSP ? vmm->cpu->vmx->vmcs.guest_rsp : vmm->cpu->gpr[reg];
}

/* The linear address of the descriptor. LIMIT: segment limits and types are not checked, which matters outside 64-bit mode only. */
static bool descriptor_address(struct vmm *vmm, uint64_t info, gla_t *gla)
{
	struct shadow *s = shadow_of(vmm);
	bool wide = (s->efer & EFER_LMA) && (vmm_read(vmm, GUEST_CS_AR) & AR_L);
	unsigned segment = (unsigned)FIELD(info, 17, 15), size = (unsigned)FIELD(info, 9, 7);
	uint64_t offset = vmm_read(vmm, EXIT_QUALIFICATION);
	if (!(info & INFO_BASE_INVALID))
		offset += gpr(vmm, (unsigned)FIELD(info, 26, 23));
	if (!(info & INFO_INDEX_INVALID))
		offset += gpr(vmm, (unsigned)FIELD(info, 21, 18)) << FIELD(info, 1, 0);
	offset = size == 0 ? (uint16_t)offset : size == 1 ? (uint32_t)offset : offset;
	uint64_t base = vmm_get(vmm, VMCS_I_GUEST_ES_BASE + (segment < SEG_COUNT ? segment : SEG_DS));
	*gla = wide ? GLA((segment >= SEG_FS ? base : 0) + offset) : GLA((uint32_t)(base + offset));
	if (!wide || (is_canonical(gla->u, s->mode.linear_width) && is_canonical(gla->u + 15, s->mode.linear_width)))
		return true;
	vmm_inject(vmm, segment == SEG_SS ? VEC_SS : VEC_GP, true, 0);
	return false;
}

static bool invpcid_valid(const struct shadow *s, uint64_t type, const uint64_t descriptor[2])
{
	if (type > INVPCID_ALL_NONGLOBAL || descriptor[0] & ~CR3_PCID)
		return false;
	if (type <= INVPCID_CONTEXT && !(s->cr4 & CR4_PCIDE) && descriptor[0])
		return false;
	return type != INVPCID_ADDRESS || is_canonical(descriptor[1], LINEAR_WIDTH);
}

static void invpcid(struct shadow *s, uint64_t type, const uint64_t descriptor[2])
{
	sync_resync_all(s);
	if (type == INVPCID_ALL)
		s->flush = true;
	else if (type == INVPCID_ADDRESS && descriptor[0] == s->mode.pcid)
		invalidate_page(s, GLA(descriptor[1]));
	else if (s->stale_pieces)
		s->flush = true;
	else
		inval_nonglobal(s);
}

enum vmm_result inval_invpcid(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	uint64_t info = vmm_read(vmm, EXIT_INSN_INFO), descriptor[2];
	gla_t gla;
	s->cpu->ev.n[EV_SHADOW_INVLPG_EXITS]++;
	if (!descriptor_address(vmm, info, &gla) || !vmm->access(vmm, gla.u, descriptor, sizeof(descriptor), ACC_READ))
		return VMM_RETRY;
	uint64_t type = gpr(vmm, (unsigned)FIELD(info, 31, 28));
	type = (s->efer & EFER_LMA) && (vmm_read(vmm, GUEST_CS_AR) & AR_L) ? type : (uint32_t)type;
	if (!invpcid_valid(s, type, descriptor)) {
		vmm_inject(vmm, VEC_GP, true, 0);
		return VMM_RETRY;
	}
	invpcid(s, type, descriptor);
	return VMM_RESUME;
}
