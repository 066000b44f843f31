/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest invalidates (INVLPG, INVPCID), and the invalidation that the VMM itself needs, by INVVPID (SDM 3C, "Operations that
 * Invalidate Cached Mappings"). Without VPIDs every VM entry invalidates everything, and there is nothing to do.
 */
#include "shadow/shadow.h"

#include "vmx/memop.h"
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
	vmm_invalidated(s->cpu, COST_INVVPID);
}

void inval_nonglobal(struct shadow *s)
{
	uint16_t vpid = vpid_of(s);
	if (!vpid || s->flush)
		return;
	mmu_invvpid_nonglobal(&s->cpu->mmu, vpid);
	vmm_invalidated(s->cpu, COST_INVVPID);
}

void inval_pending(struct shadow *s)
{
	uint16_t vpid = vpid_of(s);
	if (vpid && s->flush) {
		mmu_invvpid(&s->cpu->mmu, vpid);
		vmm_invalidated(s->cpu, COST_INVVPID);
	}
	if (s->flush || !vpid) {
		s->stale_writable = s->stale_pieces = false;
		s->stale_nested = s->nesteds != 0;
	}
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

void inval_fault(struct shadow *s, gla_t gla)
{
	sync_address(s, gla);
	s->flush |= s->stale_pieces;
}

enum vmm_result inval_invlpg(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	gla_t gla = GLA(vmm_read(vmm, EXIT_QUALIFICATION));
	s->cpu->ev.n[EV_SHADOW_INVLPG_EXITS]++;
	shadow_note(s, SHADOW_INVLPG_EXIT, gla.u, 0, 0);
	if (is_canonical(gla.u, LINEAR_WIDTH))
		invalidate_page(s, s->mode.levels >= 4 ? gla : GLA((uint32_t)gla.u));
	return VMM_RESUME;
}

/* ---- INVPCID ---- */

static uint64_t gpr(const struct vmm *vmm, unsigned reg)
{
	return reg == RSP ? vmm->cpu->vmx->vmcs.guest_rsp : vmm->cpu->gpr[reg];
}

static bool in_64bit_code(struct shadow *s)
{
	return (s->efer & EFER_LMA) && (vmm_read(&s->vmm, GUEST_CS_AR) & AR_L);
}

/* Outside 64-bit mode: the segment can be read, and has these bytes (SDM 3A, "Protection"). */
static bool segment_permits(struct vmm *vmm, unsigned segment, uint32_t offset, unsigned size)
{
	const struct segment seg = {.ar = (uint32_t)vmm_get(vmm, VMCS_I_GUEST_ES_AR + segment),
				    .limit = (uint32_t)vmm_get(vmm, VMCS_I_GUEST_ES_LIMIT + segment)};
	bool readable = !(seg.ar & AR_CODE) || seg.ar & AR_RW;
	return !(seg.ar & AR_UNUSABLE) && readable && memop_within(&seg, offset, size);
}

static uint64_t descriptor_offset(struct vmm *vmm, uint64_t info)
{
	unsigned size = (unsigned)FIELD(info, 9, 7);
	uint64_t offset = vmm_read(vmm, EXIT_QUALIFICATION);
	if (!(info & INFO_BASE_INVALID))
		offset += gpr(vmm, (unsigned)FIELD(info, 26, 23));
	if (!(info & INFO_INDEX_INVALID))
		offset += gpr(vmm, (unsigned)FIELD(info, 21, 18)) << FIELD(info, 1, 0);
	return size == 0 ? (uint16_t)offset : size == 1 ? (uint32_t)offset : offset;
}

/* The linear address of the descriptor of size bytes; false: #GP(0) or #SS(0) is queued. */
static bool descriptor_address(struct vmm *vmm, uint64_t info, unsigned size, gla_t *gla)
{
	struct shadow *s = shadow_of(vmm);
	bool wide = in_64bit_code(s), good;
	unsigned segment = (unsigned)FIELD(info, 17, 15), width = s->mode.linear_width;
	uint64_t offset = descriptor_offset(vmm, info);
	segment = segment < SEG_COUNT ? segment : SEG_DS;
	uint64_t base = vmm_get(vmm, VMCS_I_GUEST_ES_BASE + segment);
	*gla = wide ? GLA((segment >= SEG_FS ? base : 0) + offset) : GLA((uint32_t)(base + offset));
	if (wide)
		good = is_canonical(gla->u, width) && is_canonical(gla->u + size - 1, width);
	else
		good = segment_permits(vmm, segment, (uint32_t)offset, size);
	if (!good)
		vmm_inject(vmm, segment == SEG_SS ? VEC_SS : VEC_GP, true, 0);
	return good;
}

static bool invpcid_valid(const struct shadow *s, uint64_t type, const uint64_t descriptor[2])
{
	if (type > INVPCID_ALL_NONGLOBAL || descriptor[0] & ~CR3_PCID)
		return false;
	if (type <= INVPCID_CONTEXT && !(s->cr4 & CR4_PCIDE) && descriptor[0])
		return false;
	return type != INVPCID_ADDRESS || is_canonical(descriptor[1], LINEAR_WIDTH);
}

/* One page of another PCID than the current one: it goes in all, or, if it may be there in pieces, with all of its PCID. */
static void invalidate_other(struct shadow *s, uint16_t pcid, gla_t gla)
{
	sync_all(s);
	inval_address(s, gla);
	if (s->stale_pieces)
		pcid_invalidate(s, pcid);
}

static void invpcid(struct shadow *s, uint64_t type, const uint64_t descriptor[2])
{
	uint16_t pcid = (uint16_t)descriptor[0];
	if (type == INVPCID_ADDRESS && pcid == s->mode.pcid) {
		invalidate_page(s, GLA(descriptor[1]));
		return;
	}
	if (type == INVPCID_ADDRESS) {
		invalidate_other(s, pcid, GLA(descriptor[1]));
		return;
	}
	sync_resync_all(s);
	if (type == INVPCID_ALL)
		s->flush = true;
	else if (type == INVPCID_CONTEXT && s->mode.pcide)
		pcid_invalidate(s, pcid);
	else
		inval_nonglobal(s);
}

/* As the instruction; *address becomes the linear address that its descriptor names. */
static enum vmm_result carry_out(struct vmm *vmm, uint64_t info, uint64_t type, uint64_t *address)
{
	uint64_t descriptor[2];
	gla_t gla;
	if (!descriptor_address(vmm, info, sizeof(descriptor), &gla) || !vmm->access(vmm, gla.u, descriptor, sizeof(descriptor), ACC_READ))
		return VMM_RETRY;
	*address = type == INVPCID_ADDRESS ? descriptor[1] : 0;
	if (!invpcid_valid(shadow_of(vmm), type, descriptor)) {
		vmm_inject(vmm, VEC_GP, true, 0);
		return VMM_RETRY;
	}
	invpcid(shadow_of(vmm), type, descriptor);
	return VMM_RESUME;
}

enum vmm_result inval_invpcid(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	uint64_t info = vmm_read(vmm, EXIT_INSN_INFO), type = gpr(vmm, (unsigned)FIELD(info, 31, 28)), address = 0;
	s->cpu->ev.n[EV_SHADOW_INVLPG_EXITS]++;
	type = in_64bit_code(s) ? type : (uint32_t)type;
	enum vmm_result result = carry_out(vmm, info, type, &address);
	shadow_note(s, SHADOW_INVLPG_EXIT, address, type, 0);
	return result;
}
