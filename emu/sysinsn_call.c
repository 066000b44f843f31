/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the system that do not go through CS:RIP operands: INT n, INT3, INT1, INTO; SYSCALL, SYSRET, SYSENTER, SYSEXIT with their flat
 * segments; SWAPGS and the FS and GS base instructions (SDM 2A and 2B, their pages; SDM 3A, "Fast System Calls in 64-Bit Mode").
 */
#include "emu/sysinsn.h"

#include "vmx/offer.h"
#include "vmx/segment.h"

/* ---- software interrupts: put into cpu->pending, delivered by the machine ---- */

static bool raise_software(struct sysinsn *s, uint8_t vector, enum event_type type)
{
	s->cpu->pending = (struct pending){.kind = PENDING_EXCEPTION, .vector = vector, .type = (uint8_t)type, .insn_len = s->insn->len};
	return false;
}

bool sys_INT_N(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;

	if (cpu_v86(cpu) && FIELD(cpu->rflags, 13, 12) < 3)
		return raise_error(cpu, VEC_GP, 0);
	return raise_software(s, (uint8_t)s->insn->imm, EVTYPE_SOFT_INT);
}

bool sys_INT3(struct sysinsn *s)
{
	return raise_software(s, VEC_BP, EVTYPE_SOFT_EXC);
}

bool sys_INT1(struct sysinsn *s)
{
	return raise_software(s, VEC_DB, EVTYPE_PRIV_SOFT);
}

bool sys_INTO(struct sysinsn *s)
{
	if (cpu_64bit(s->cpu))
		return raise_exception(s->cpu, VEC_UD);
	return !(s->cpu->rflags & FLAG_OF) || raise_software(s, VEC_OF, EVTYPE_SOFT_EXC);
}

/* ---- fast system calls: fixed flat segments, nothing read from memory ---- */

static void set_flat(struct cpu *cpu, enum segreg seg, uint16_t selector, uint32_t ar)
{
	cpu->seg[seg] = (struct segment){.selector = selector, .ar = ar | AR_P | AR_S | AR_A | AR_RW | AR_G, .limit = 0xffffffff};
}

/* CS and SS for privilege level cpl; code64: CS.L instead of CS.D */
static void set_flat_pair(struct cpu *cpu, uint16_t cs, uint16_t ss, unsigned cpl, bool code64)
{
	uint32_t dpl = cpl << AR_DPL_SHIFT;

	set_flat(cpu, SEG_CS, (uint16_t)((cs & 0xfffc) | cpl), (uint32_t)(AR_CODE | dpl | (code64 ? AR_L : AR_DB)));
	set_flat(cpu, SEG_SS, (uint16_t)((ss & 0xfffc) | cpl), (uint32_t)(AR_DB | dpl));
	cpu->cpl = (uint8_t)cpl;
}

static bool canonical(const struct cpu *cpu, uint64_t addr)
{
	return is_canonical(addr, cpu->mmu.mode.linear_width);
}

bool sys_SYSCALL(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint16_t cs = (uint16_t)(cpu->star >> 32);

	if (!cpu_64bit(cpu) || !(cpu->efer & EFER_SCE))
		return raise_exception(cpu, VEC_UD);
	cpu->gpr[RCX] = s->next_rip;
	cpu->gpr[R11] = cpu->rflags & ~FLAG_RF;
	s->next_rip = cpu->lstar;
	cpu->rflags = (cpu->rflags & ~cpu->sfmask) | FLAG_FIXED;
	set_flat_pair(cpu, cs & 0xfffc, (uint16_t)(cs + 8), 0, true);
	cpu->seg[SEG_SS].selector = (uint16_t)(cs + 8); /* low bits as they are in IA32_STAR */
	return true;
}

#define SYSRET_FLAGS 0x3c7fd7u /* what SYSRET takes from R11 */

bool sys_SYSRET(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	bool to64 = s->insn->opsize == 8;
	uint16_t base = (uint16_t)(cpu->star >> 48);

	if (!cpu_64bit(cpu) || !(cpu->efer & EFER_SCE))
		return raise_exception(cpu, VEC_UD);
	if (cpu->cpl != 0 || (to64 && !canonical(cpu, cpu->gpr[RCX])))
		return raise_error(cpu, VEC_GP, 0);
	s->next_rip = to64 ? cpu->gpr[RCX] : (uint32_t)cpu->gpr[RCX];
	cpu->rflags = (cpu->gpr[R11] & SYSRET_FLAGS) | FLAG_FIXED;
	set_flat_pair(cpu, (uint16_t)(to64 ? base + 16 : base), (uint16_t)(base + 8), 3, to64);
	return true;
}

bool sys_SYSENTER(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint16_t cs = (uint16_t)cpu->sysenter_cs & 0xfffc;
	bool wide = cpu_long_mode(cpu);

	if (!cpu_protected(cpu) || !cs)
		return raise_error(cpu, VEC_GP, 0);
	cpu->rflags &= ~(FLAG_VM | FLAG_IF | FLAG_RF);
	cpu->gpr[RSP] = wide ? cpu->sysenter_esp : (uint32_t)cpu->sysenter_esp;
	s->next_rip = wide ? cpu->sysenter_eip : (uint32_t)cpu->sysenter_eip;
	set_flat_pair(cpu, cs, (uint16_t)(cs + 8), 0, wide);
	return true;
}

bool sys_SYSEXIT(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint16_t cs = (uint16_t)cpu->sysenter_cs & 0xfffc;
	bool to64 = s->insn->opsize == 8;

	if (!cpu_protected(cpu) || !cs || cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (to64 && (!canonical(cpu, cpu->gpr[RCX]) || !canonical(cpu, cpu->gpr[RDX])))
		return raise_error(cpu, VEC_GP, 0);
	cpu->gpr[RSP] = to64 ? cpu->gpr[RCX] : (uint32_t)cpu->gpr[RCX];
	s->next_rip = to64 ? cpu->gpr[RDX] : (uint32_t)cpu->gpr[RDX];
	set_flat_pair(cpu, (uint16_t)(cs + (to64 ? 32 : 16)), (uint16_t)(cs + (to64 ? 40 : 24)), 3, to64);
	return true;
}

/* ---- bases of FS and GS ---- */

bool sys_SWAPGS(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint64_t base = cpu->seg[SEG_GS].base;

	if (!cpu_64bit(cpu))
		return raise_exception(cpu, VEC_UD);
	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	cpu->seg[SEG_GS].base = cpu->kernel_gs_base;
	cpu->kernel_gs_base = base;
	return true;
}

static bool base_offered(struct cpu *cpu)
{
	return (cpu_64bit(cpu) && (cpu->cr4 & CR4_FSGSBASE)) || raise_exception(cpu, VEC_UD);
}

static bool read_base(struct sysinsn *s, enum segreg seg)
{
	if (!base_offered(s->cpu))
		return false;
	reg_write(s->cpu, s->insn, s->insn->rm, s->insn->opsize, s->cpu->seg[seg].base);
	return true;
}

static bool write_base(struct sysinsn *s, enum segreg seg)
{
	struct cpu *cpu = s->cpu;
	uint64_t base;

	if (!base_offered(cpu))
		return false;
	base = reg_read(cpu, s->insn, s->insn->rm, s->insn->opsize);
	if (!is_canonical(base, LINEAR_WIDTH)) /* whatever CR4.LA57, as the base's MSR */
		return raise_error(cpu, VEC_GP, 0);
	cpu->seg[seg].base = base;
	return true;
}

bool sys_RDFSBASE(struct sysinsn *s)
{
	return read_base(s, SEG_FS);
}

bool sys_RDGSBASE(struct sysinsn *s)
{
	return read_base(s, SEG_GS);
}

bool sys_WRFSBASE(struct sysinsn *s)
{
	return write_base(s, SEG_FS);
}

bool sys_WRGSBASE(struct sysinsn *s)
{
	return write_base(s, SEG_GS);
}
