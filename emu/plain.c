/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks on plain instructions that the engine leaves out (plain.h). Order as in SDM 2, "Exceptions" of each instruction: #UD and #NM
 * first, then segments, then alignment. LIMIT: of instructions with several implicit accesses (PUSHA, POPA, ENTER with levels) each is
 * checked against SS as one access of all their bytes. LIMIT: SIMD floating-point exceptions are as if masked, and MXCSR's
 * exception flags are not set: no #XM.
 * LIMIT: of the x87 exception flags only ZE is set, by every division by zero (0/0 too), so #MF comes from nothing else; FISTTP stores the
 * largest integer for a value beyond 32 or 64 bits, not the integer indefinite.
 */
#include "emu/plain.h"

#define MXCSR_OFFERED 0xffffu /* with DAZ */
#define X87_ES BIT(7)	      /* status word: an unmasked exception is pending */

enum { FX_MXCSR = 24 }; /* in the FXSAVE area */
enum { FLAT_BITS = INSN_READ | INSN_WRITE | INSN_STACK };

static bool is_flat(const struct segment *seg)
{
	bool writable_data = (seg->ar & (AR_S | AR_CODE | AR_RW | AR_DC)) == (AR_S | AR_RW);

	return !(seg->ar & AR_UNUSABLE) && writable_data && seg->limit == 0xffffffff;
}

static bool alignment_checked(const struct cpu *cpu)
{
	return (cpu->cr0 & CR0_AM) && (cpu->rflags & FLAG_AC) && cpu->cpl == 3;
}

uint32_t plain_slow_flags(const struct cpu *cpu)
{
	uint32_t flags = INSN_ALIGN16 | INSN_X87 | INSN_CHECKED;

	if (cpu->cr0 & (CR0_EM | CR0_TS))
		flags |= INSN_X87 | INSN_MMX | INSN_SSE;
	if (!(cpu->cr4 & CR4_OSFXSR))
		flags |= INSN_SSE;
	if ((cpu->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))
		flags |= INSN_FWAIT;
	if (alignment_checked(cpu))
		flags |= FLAT_BITS;
	if (cpu_64bit(cpu))
		return flags;
	if (!is_flat(&cpu->seg[SEG_ES]) || !is_flat(&cpu->seg[SEG_SS]) || !is_flat(&cpu->seg[SEG_DS]))
		flags |= FLAT_BITS;
	if (!is_flat(&cpu->seg[SEG_FS]) || !is_flat(&cpu->seg[SEG_GS]))
		flags |= INSN_FSGS;
	return flags;
}

static bool available(struct cpu *cpu, uint32_t flags, uint16_t x87_status)
{
	if ((flags & INSN_SSE) && ((cpu->cr0 & CR0_EM) || !(cpu->cr4 & CR4_OSFXSR)))
		return raise_exception(cpu, VEC_UD);
	if ((flags & INSN_MMX) && (cpu->cr0 & CR0_EM))
		return raise_exception(cpu, VEC_UD);
	if ((flags & INSN_X87) && (cpu->cr0 & (CR0_EM | CR0_TS)))
		return raise_exception(cpu, VEC_NM);
	if ((flags & (INSN_MMX | INSN_SSE)) && (cpu->cr0 & CR0_TS))
		return raise_exception(cpu, VEC_NM);
	if ((flags & INSN_X87) && !(flags & INSN_X87_NOWAIT) && (x87_status & X87_ES) && (cpu->cr0 & CR0_NE))
		return raise_exception(cpu, VEC_MF);
	if ((flags & INSN_FWAIT) && (cpu->cr0 & CR0_MP) && (cpu->cr0 & CR0_TS))
		return raise_exception(cpu, VEC_NM);
	return true;
}

static unsigned kind_of(const struct insn *insn)
{
	unsigned kind = (insn->flags & INSN_READ ? (unsigned)ACC_READ : 0u) | (insn->flags & INSN_WRITE ? (unsigned)ACC_WRITE : 0u);

	return insn->flags & INSN_RMW ? (unsigned)(ACC_READ | ACC_WRITE) : kind;
}

static uint64_t truncate(uint64_t value, unsigned bytes)
{
	return bytes == 8 ? value : value & (BIT(bytes * 8) - 1);
}

/* Segment, canonical form, alignment of one operand. */
static bool operand(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, unsigned kind)
{
	gla_t gla;

	return memop_linear(cpu, seg, offset, size, kind, &gla) && memop_aligned(cpu, gla, size, cpu_access(cpu, kind));
}

/* One implicit operand: segment, register, and what is done to it. */
static bool check_string(struct cpu *cpu, const struct insn *insn)
{
	uint64_t rsi = truncate(cpu->gpr[RSI], insn->addrsize), rdi = truncate(cpu->gpr[RDI], insn->addrsize);
	bool both = false, source = false, dest_write = false;

	if ((insn->flags & INSN_REP) && !truncate(cpu->gpr[RCX], insn->addrsize))
		return true;
	switch (insn->opcode) {
	case 0xa4:
	case 0xa5:
		both = true;
		dest_write = true;
		break; /* MOVS */
	case 0xa6:
	case 0xa7:
		both = true;
		break; /* CMPS */
	case 0xaa:
	case 0xab:
		dest_write = true;
		break; /* STOS */
	case 0xac:
	case 0xad:
		source = true;
		break; /* LODS */
	default:
		break; /* SCAS */
	}
	if ((both || source) && !operand(cpu, insn->seg, rsi, insn->opsize, ACC_READ))
		return false;
	return source || operand(cpu, SEG_ES, rdi, insn->opsize, dest_write ? ACC_WRITE : ACC_READ);
}

static unsigned stack_width(const struct cpu *cpu)
{
	return cpu_64bit(cpu) ? 8 : cpu->seg[SEG_SS].ar & AR_DB ? 4 : 2;
}

/* PUSH, CALL, ENTER, PUSHA go down from RSP; POP, RET, POPA up from it; LEAVE up from RBP. */
static bool check_stack(struct cpu *cpu, const struct insn *insn)
{
	unsigned width = stack_width(cpu), size = insn->opsize;
	bool down = insn->flags & INSN_WRITE, explicit_write = (insn->flags & INSN_MEM) && insn->opcode == 0x8f;
	uint64_t sp = cpu->gpr[insn->opcode == 0xc9 ? RBP : RSP];

	if (insn->opcode == 0x60 || insn->opcode == 0x61) /* PUSHA, POPA */
		size *= 8;
	if (explicit_write) /* POP m */
		down = false;
	return operand(cpu, SEG_SS, truncate(down ? sp - size : sp, width), size, down ? ACC_WRITE : ACC_READ);
}

static bool check_memory(struct cpu *cpu, const struct insn *insn)
{
	bool string = insn->cls == CLASS_STRING && !(insn->flags & INSN_MEM);

	if (insn->flags & INSN_STACK) {
		if (!check_stack(cpu, insn))
			return false;
	} else if (string) {
		return check_string(cpu, insn);
	}
	if (!(insn->flags & INSN_MEM) || !(insn->flags & (INSN_READ | INSN_WRITE)))
		return true;
	unsigned kind = kind_of(insn), size = insn->memsize ? insn->memsize : 1;
	if (insn->flags & INSN_STACK) /* PUSH m and CALL m read it, POP m writes it */
		kind = insn->opcode == 0x8f ? ACC_WRITE : ACC_READ;
	return operand(cpu, insn->seg, insn_offset(cpu, insn), size, kind);
}

static bool check_align16(struct cpu *cpu, const struct insn *insn)
{
	uint64_t gla = insn_offset(cpu, insn);

	if (!cpu_64bit(cpu) || insn->seg == SEG_FS || insn->seg == SEG_GS)
		gla += cpu->seg[insn->seg].base;
	return gla & 15 ? raise_error(cpu, VEC_GP, 0) : true;
}

bool plain_loads_mxcsr(const struct insn *insn)
{
	bool fxrstor = (insn->flags & INSN_ALIGN16) && (insn->reg & 7) == 1;
	bool ldmxcsr = (insn->flags & INSN_SSE) && (insn->reg & 7) == 2;

	return insn->opcode == 0xae && insn->cls == CLASS_FP && (insn->flags & INSN_READ) && (fxrstor || ldmxcsr);
}

bool plain_mxcsr(uint32_t mxcsr)
{
	return !(mxcsr & ~MXCSR_OFFERED);
}

/* Looks at the new MXCSR without touching it: where it cannot be read, the instruction itself will fault. */
static bool check_mxcsr(struct cpu *cpu, const struct insn *insn)
{
	gla_t gla;
	uint32_t mxcsr = 0;
	unsigned at = insn->flags & INSN_ALIGN16 ? FX_MXCSR : 0;

	if (!memop_linear(cpu, insn->seg, insn_offset(cpu, insn), insn->memsize ? insn->memsize : 1, ACC_READ, &gla))
		return false;
	for (unsigned i = 0; i < sizeof mxcsr; i++) {
		struct walk walk = mmu_peek(&cpu->mmu, GLA(gla.u + at + i), cpu_access(cpu, ACC_READ));
		if (walk.status != WALK_OK)
			return true;
		mxcsr |= (uint32_t)mem_read(cpu->mem, walk.hpa, 1) << 8 * i;
	}
	return plain_mxcsr(mxcsr) ? true : raise_error(cpu, VEC_GP, 0);
}

bool plain_check(struct cpu *cpu, const struct insn *insn, uint16_t x87_status)
{
	if (!available(cpu, insn->flags, x87_status))
		return false;
	if ((insn->flags & plain_slow_flags(cpu) & (FLAT_BITS | INSN_FSGS | INSN_CHECKED)) && !check_memory(cpu, insn))
		return false;
	if (plain_loads_mxcsr(insn) && !check_mxcsr(cpu, insn))
		return false;
	return !(insn->flags & INSN_ALIGN16) || !(insn->flags & INSN_MEM) || check_align16(cpu, insn);
}
