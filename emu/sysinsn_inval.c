/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INVLPG and INVPCID (SDM 2A, their pages; 3A, "Operations that Invalidate TLBs and Paging-Structure Caches").
 */
#include "emu/sysinsn.h"
#include "vmx/offer.h"

enum invpcid_type { INVPCID_ADDRESS, INVPCID_CONTEXT, INVPCID_ALL, INVPCID_ALL_NONGLOBAL };

/* Neither limit nor type of the segment is checked, and an address that is not canonical makes the instruction a NOP. */
static gla_t invlpg_address(const struct cpu *cpu, const struct insn *insn)
{
	const uint64_t offset = insn_offset(cpu, insn);

	if (!cpu_64bit(cpu))
		return GLA((uint32_t)(cpu->seg[insn->seg].base + offset));
	return GLA(insn->seg >= SEG_FS ? cpu->seg[insn->seg].base + offset : offset);
}

bool sys_INVLPG(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (!(s->insn->flags & INSN_MEM))
		return raise_exception(cpu, VEC_UD);
	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	const gla_t gla = invlpg_address(cpu, s->insn);
	if (!is_canonical(gla.u, LINEAR_WIDTH))
		return true;
	mmu_invlpg(&cpu->mmu, gla);
	cpu->engine_inval = true;
	return true;
}

static bool invpcid_valid(const struct cpu *cpu, uint64_t type, const uint64_t descriptor[2])
{
	if (type > INVPCID_ALL_NONGLOBAL || descriptor[0] & ~CR3_PCID)
		return false;
	if (type <= INVPCID_CONTEXT && !(cpu->cr4 & CR4_PCIDE) && descriptor[0])
		return false;
	return type != INVPCID_ADDRESS || is_canonical(descriptor[1], LINEAR_WIDTH);
}

static void invalidate(struct cpu *cpu, uint64_t type, const uint64_t descriptor[2])
{
	const uint16_t pcid = (uint16_t)descriptor[0];

	switch (type) {
	case INVPCID_ADDRESS:
		mmu_invpcid_addr(&cpu->mmu, pcid, GLA(descriptor[1]));
		break;
	case INVPCID_CONTEXT:
		mmu_flush_pcid(&cpu->mmu, pcid);
		break;
	case INVPCID_ALL:
		mmu_flush_all(&cpu->mmu);
		break;
	default:
		mmu_flush_nonglobal(&cpu->mmu);
	}
	cpu->engine_inval = true;
}

bool sys_INVPCID(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint64_t descriptor[2], offset;

	if (!(s->insn->flags & INSN_MEM))
		return raise_exception(cpu, VEC_UD);
	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	offset = insn_offset(cpu, s->insn);
	if (!memop_read_bytes(cpu, s->insn->seg, offset, descriptor, sizeof descriptor))
		return false;
	const uint64_t type = reg_read(cpu, s->insn, s->insn->reg, cpu_64bit(cpu) ? 8 : 4);
	if (!invpcid_valid(cpu, type, descriptor))
		return raise_error(cpu, VEC_GP, 0);
	invalidate(cpu, type, descriptor);
	return true;
}
