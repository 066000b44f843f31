/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O: IN, OUT, INS, OUTS (SDM 2A and 2B, their pages; 1, "I/O Permission Bit Map"; 3B, "General-Purpose I/O breakpoints" of "Debug
 * Registers"). A REP prefix makes one iteration a call: interrupts are taken between iterations.
 */
#include "emu/sysinsn.h"

#include "vmx/debug.h"

enum {
	TSS32_AVAILABLE = 9,
	TSS32_BUSY = 11,
	TSS_IO_MAP_BASE = 0x66, /* also in the 64-bit TSS */
	TSS32_LIMIT_MIN = 0x67,
	OPCODE_DX = 8, /* of the opcode: the port is DX, not an immediate */
};

static bool tss_has_map(const struct cpu *cpu)
{
	const unsigned type = cpu->tr.ar & AR_TYPE;

	return !(cpu->tr.ar & AR_UNUSABLE) && (type == TSS32_AVAILABLE || type == TSS32_BUSY) && cpu->tr.limit >= TSS32_LIMIT_MIN;
}

static bool read_tss(struct cpu *cpu, uint64_t offset, uint64_t *value)
{
	const uint64_t linear = cpu->tr.base + offset;

	return linear_read(cpu, GLA(cpu_long_mode(cpu) ? linear : (uint32_t)linear), 2, ACC_READ | ACC_IMPLICIT, value);
}

/* The map's two bytes that hold the first port's bit are read, always; both must be within the TSS. */
static bool map_permits(struct cpu *cpu, uint16_t port, unsigned size)
{
	uint64_t base, bits;

	if (!tss_has_map(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (!read_tss(cpu, TSS_IO_MAP_BASE, &base))
		return false;
	const uint64_t offset = base + port / 8;
	if (offset + 1 > cpu->tr.limit)
		return raise_error(cpu, VEC_GP, 0);
	if (!read_tss(cpu, offset, &bits))
		return false;
	if ((bits >> (port % 8)) & (BIT(size) - 1))
		return raise_error(cpu, VEC_GP, 0);
	return true;
}

static bool port_permitted(struct cpu *cpu, uint16_t port, unsigned size)
{
	const unsigned iopl = (unsigned)FIELD(cpu->rflags, 13, 12);

	if (!cpu_protected(cpu) || (cpu->cpl <= iopl && !cpu_v86(cpu)))
		return true;
	return map_permits(cpu, port, size);
}

static uint16_t port_of(const struct sysinsn *s)
{
	return s->insn->opcode & OPCODE_DX ? (uint16_t)s->cpu->gpr[RDX] : (uint8_t)s->insn->imm;
}

/* The access is done: an I/O breakpoint on one of its ports is a trap, after the instruction or iteration. */
static void match_breakpoints(struct cpu *cpu, uint16_t port, unsigned size)
{
	if (cpu->cr4 & CR4_DE)
		cpu->pending_dbg |= debug_io_breakpoints(cpu->dr, cpu->dr[7], port, size);
}

static uint32_t port_in(struct sysinsn *s, uint16_t port)
{
	match_breakpoints(s->cpu, port, s->insn->opsize);
	return bus_in(s->bus, port, s->insn->opsize);
}

static void port_out(struct sysinsn *s, uint16_t port, uint64_t value)
{
	match_breakpoints(s->cpu, port, s->insn->opsize);
	bus_out(s->bus, port, s->insn->opsize, (uint32_t)value);
}

bool sys_IN(struct sysinsn *s)
{
	const uint16_t port = port_of(s);

	if (!port_permitted(s->cpu, port, s->insn->opsize) || vmx_intercept(s->cpu, s->insn))
		return false;
	reg_write(s->cpu, s->insn, RAX, s->insn->opsize, port_in(s, port));
	return true;
}

bool sys_OUT(struct sysinsn *s)
{
	const uint16_t port = port_of(s);

	if (!port_permitted(s->cpu, port, s->insn->opsize) || vmx_intercept(s->cpu, s->insn))
		return false;
	port_out(s, port, reg_read(s->cpu, s->insn, RAX, s->insn->opsize));
	return true;
}

/* RCX, RSI and RDI by address size */
static uint64_t counter_mask(const struct insn *insn)
{
	return insn->addrsize == 8 ? ~0ull : BITS(8 * insn->addrsize - 1, 0);
}

static void step_register(struct sysinsn *s, enum gpr reg, uint64_t by)
{
	reg_write(s->cpu, s->insn, reg, s->insn->addrsize, s->cpu->gpr[reg] + by);
}

/* One iteration is complete: moves the index register, and says whether more are to come. */
static void iterate(struct sysinsn *s, enum gpr index)
{
	const uint64_t size = s->insn->opsize;

	step_register(s, index, s->cpu->rflags & FLAG_DF ? -size : size);
	if (!(s->insn->flags & INSN_REP))
		return;
	step_register(s, RCX, -1ull);
	s->again = s->cpu->gpr[RCX] & counter_mask(s->insn);
}

static bool nothing_to_do(const struct sysinsn *s)
{
	return (s->insn->flags & INSN_REP) && !(s->cpu->gpr[RCX] & counter_mask(s->insn));
}

/* The destination is translated before the port is read, so that a fault loses no datum. */
bool sys_INS(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const unsigned size = s->insn->opsize, access = cpu_access(cpu, ACC_WRITE);
	const uint16_t port = (uint16_t)cpu->gpr[RDX];
	const uint64_t offset = cpu->gpr[RDI] & counter_mask(s->insn);
	struct linear_span span;
	gla_t gla;

	if (nothing_to_do(s))
		return true;
	if (!port_permitted(cpu, port, size) || vmx_intercept(cpu, s->insn))
		return false;
	if (!memop_linear(cpu, SEG_ES, offset, size, ACC_WRITE, &gla) || !memop_aligned(cpu, gla, size, access) ||
	    !linear_translate(cpu, gla, size, access, &span))
		return false;
	const uint32_t value = port_in(s, port);
	linear_span_write(cpu, &span, 0, &value, size);
	cpu->insn_stores++;
	iterate(s, RDI);
	return true;
}

bool sys_OUTS(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	const uint16_t port = (uint16_t)cpu->gpr[RDX];
	const uint64_t offset = cpu->gpr[RSI] & counter_mask(s->insn);
	uint64_t value;

	if (nothing_to_do(s))
		return true;
	if (!port_permitted(cpu, port, s->insn->opsize) || vmx_intercept(cpu, s->insn))
		return false;
	if (!memop_read(cpu, s->insn->seg, offset, s->insn->opsize, &value))
		return false;
	port_out(s, port, value);
	iterate(s, RSI);
	return true;
}
