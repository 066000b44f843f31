/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segment and descriptor-table registers: MOV, PUSH and POP of segment registers, LDS/LES/LFS/LGS/LSS, LLDT, LTR, SLDT, STR, LGDT, LIDT,
 * SGDT, SIDT, and LAR, LSL, VERR, VERW, ARPL (SDM 2A and 2B, their pages). A base may be any address that is canonical for the widest
 * linear address the processor supports, whatever CR4.LA57 (SDM 3A, "Canonicality Checking"), as in MSRs.
 */
#include "emu/sysinsn.h"

#include "vmx/offer.h"
#include "vmx/segment.h"
#include "vmx/stack.h"

static bool undefined(struct cpu *cpu)
{
	return raise_exception(cpu, VEC_UD);
}

/* ---- segment registers ---- */

bool sys_MOV_TO_SEG(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint64_t selector;

	if (s->insn->reg == SEG_CS || s->insn->reg >= SEG_COUNT)
		return undefined(cpu);
	if (!rm_read(cpu, s->insn, 2, &selector) || !segment_load(cpu, s->insn->reg, (uint16_t)selector))
		return false;
	if (s->insn->reg == SEG_SS)
		cpu->interruptibility |= BLOCK_MOV_SS;
	return true;
}

/* To memory always 16 bits; to a register zero-extended to the operand size. */
bool sys_MOV_FROM_SEG(struct sysinsn *s)
{
	const struct insn *insn = s->insn;

	if (insn->reg >= SEG_COUNT)
		return undefined(s->cpu);
	return rm_write(s->cpu, insn, insn->flags & INSN_MEM ? 2 : insn->opsize, s->cpu->seg[insn->reg].selector);
}

/* With 32-bit operand size recent processors move the stack pointer by 4 but write 2 bytes (SDM 2B, "PUSH"): CHOICE. */
bool sys_PUSH_SEG(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	struct stack stack = stack_current(cpu);
	unsigned size = s->insn->opsize;

	if (s->insn->reg >= SEG_COUNT)
		return undefined(cpu);
	if (!stack_room(cpu, &stack, 1, size))
		return false;
	if (size == 4)
		stack_skip(&stack, -2ull);
	if (!stack_push(cpu, &stack, size == 4 ? 2 : size, cpu->seg[s->insn->reg].selector))
		return false;
	stack_commit(cpu, &stack);
	return true;
}

/* CHOICE: only the two bytes of the selector are read. */
bool sys_POP_SEG(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	struct stack stack = stack_current(cpu);
	enum segreg seg = s->insn->reg;
	unsigned size = s->insn->opsize;
	uint64_t selector;

	if (seg == SEG_CS || seg >= SEG_COUNT)
		return undefined(cpu);
	if (!stack_holds(cpu, &stack, 1, size) || !stack_pop(cpu, &stack, 2, &selector))
		return false;
	stack_skip(&stack, size - 2);
	if (!segment_load(cpu, seg, (uint16_t)selector))
		return false;
	cpu->gpr[RSP] = stack.rsp; /* moved by the width that the stack had before POP SS */
	if (seg == SEG_SS)
		cpu->interruptibility |= BLOCK_MOV_SS;
	return true;
}

static enum segreg far_register(const struct insn *insn)
{
	switch (insn->opcode) {
	case 0xc4:
		return SEG_ES;
	case 0xc5:
		return SEG_DS;
	case 0xb2:
		return SEG_SS;
	case 0xb4:
		return SEG_FS;
	default: /* B5 */
		return SEG_GS;
	}
}

bool sys_LOAD_FAR(struct sysinsn *s)
{
	const struct insn *insn = s->insn;
	struct cpu *cpu = s->cpu;
	uint64_t at = insn_offset(cpu, insn), offset, selector;

	if (!memop_read(cpu, insn->seg, at, insn->opsize, &offset))
		return false;
	at += insn->opsize;
	if (insn->addrsize < 8)
		at &= BITS(8 * insn->addrsize - 1, 0);
	if (!memop_read(cpu, insn->seg, at, 2, &selector) || !segment_load(cpu, far_register(insn), (uint16_t)selector))
		return false;
	reg_write(cpu, insn, insn->reg, insn->opsize, offset);
	return true;
}

/* ---- GDTR and IDTR ---- */

static bool load_table(struct sysinsn *s, struct table_reg *table)
{
	struct cpu *cpu = s->cpu;
	unsigned size = cpu_64bit(cpu) ? 10 : 6;
	uint8_t raw[10] = {0};
	uint64_t base = 0;

	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	if (!memop_read_bytes(cpu, s->insn->seg, insn_offset(cpu, s->insn), raw, size))
		return false;
	for (unsigned i = size; i > 2; i--)
		base = base << 8 | raw[i - 1];
	if (size == 10 && !is_canonical(base, LINEAR_WIDTH))
		return raise_error(cpu, VEC_GP, 0);
	if (size == 6 && s->insn->opsize == 2)
		base &= BITS(23, 0);
	*table = (struct table_reg){.base = base, .limit = (uint16_t)(raw[0] | raw[1] << 8)};
	return true;
}

/* UMIP keeps SGDT, SIDT, SLDT, STR (and SMSW) from user code */
static bool umip_permits(const struct cpu *cpu)
{
	return !(cpu->cr4 & CR4_UMIP) || cpu->cpl == 0;
}

static bool store_table(struct sysinsn *s, const struct table_reg *table)
{
	struct cpu *cpu = s->cpu;
	uint8_t raw[10] = {(uint8_t)table->limit, (uint8_t)(table->limit >> 8)};

	if (!umip_permits(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	for (unsigned i = 0; i < 8; i++)
		raw[2 + i] = (uint8_t)(table->base >> (8 * i));
	return memop_write_bytes(cpu, s->insn->seg, insn_offset(cpu, s->insn), raw, cpu_64bit(cpu) ? 10 : 6);
}

bool sys_LGDT(struct sysinsn *s)
{
	return load_table(s, &s->cpu->gdtr);
}

bool sys_LIDT(struct sysinsn *s)
{
	return load_table(s, &s->cpu->idtr);
}

bool sys_SGDT(struct sysinsn *s)
{
	return store_table(s, &s->cpu->gdtr);
}

bool sys_SIDT(struct sysinsn *s)
{
	return store_table(s, &s->cpu->idtr);
}

/* ---- LDTR and TR ---- */

/* The faults that LLDT and LTR share, then the selector. */
static bool read_system_selector(struct sysinsn *s, uint16_t *selector)
{
	struct cpu *cpu = s->cpu;
	uint64_t value;

	if (cpu_real_segments(cpu))
		return undefined(cpu);
	if (cpu->cpl != 0)
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn) || !rm_read(cpu, s->insn, 2, &value))
		return false;
	*selector = (uint16_t)value;
	return true;
}

/* A system descriptor in the GDT, with one of the types in the mask. */
static bool read_system_descriptor(struct cpu *cpu, uint16_t selector, unsigned types, struct descriptor *d)
{
	if (selector & 4)
		return raise_error(cpu, VEC_GP, selector_error(selector));
	if (!descriptor_read(cpu, selector, VEC_GP, d))
		return false;
	if (!descriptor_is_system(d) || !(types >> descriptor_type(d) & 1))
		return raise_error(cpu, VEC_GP, selector_error(selector));
	if (!descriptor_present(d))
		return raise_error(cpu, VEC_NP, selector_error(selector));
	if (!descriptor_read_high(cpu, VEC_GP, d))
		return false;
	if (cpu_long_mode(cpu) && !is_canonical(descriptor_segment(d).base, LINEAR_WIDTH))
		return raise_error(cpu, VEC_GP, selector_error(selector));
	return true;
}

bool sys_LLDT(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	struct descriptor d;
	uint16_t selector;

	if (!read_system_selector(s, &selector))
		return false;
	if (selector_is_null(selector)) {
		cpu->ldtr = segment_null(selector, 0);
		return true;
	}
	if (!read_system_descriptor(cpu, selector, BIT(TYPE_LDT), &d))
		return false;
	cpu->ldtr = descriptor_segment(&d);
	return true;
}

bool sys_LTR(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	unsigned types = BIT(TYPE_TSS_AVAILABLE) | (cpu_long_mode(cpu) ? 0 : BIT(TYPE_TSS16_AVAILABLE));
	struct descriptor d;
	uint16_t selector;

	if (!read_system_selector(s, &selector))
		return false;
	if (selector_is_null(selector))
		return raise_error(cpu, VEC_GP, 0);
	if (!read_system_descriptor(cpu, selector, types, &d) || !descriptor_set_busy(cpu, &d))
		return false;
	cpu->tr = descriptor_segment(&d);
	return true;
}

static bool store_selector(struct sysinsn *s, uint16_t selector)
{
	struct cpu *cpu = s->cpu;

	if (cpu_real_segments(cpu))
		return undefined(cpu);
	if (!umip_permits(cpu))
		return raise_error(cpu, VEC_GP, 0);
	if (vmx_intercept(cpu, s->insn))
		return false;
	return rm_write(cpu, s->insn, s->insn->flags & INSN_MEM ? 2 : s->insn->opsize, selector);
}

bool sys_SLDT(struct sysinsn *s)
{
	return store_selector(s, s->cpu->ldtr.selector);
}

bool sys_STR(struct sysinsn *s)
{
	return store_selector(s, s->cpu->tr.selector);
}

/* ---- questions about descriptors: the answer is ZF ---- */

static void set_zf(struct cpu *cpu, bool zf)
{
	cpu->rflags = (cpu->rflags & ~FLAG_ZF) | (zf ? FLAG_ZF : 0);
}

/* Visible at CPL and RPL: conforming code always, else DPL at least both. */
static bool is_visible(const struct cpu *cpu, const struct descriptor *d)
{
	unsigned dpl = descriptor_dpl(d);

	if (descriptor_is_code(d) && descriptor_is_conforming(d))
		return true;
	return dpl >= cpu->cpl && dpl >= selector_rpl(d->selector);
}

#define TYPES_TSS16 (BIT(TYPE_TSS16_AVAILABLE) | BIT(TYPE_TSS16_BUSY))
#define TYPES_TSS (BIT(TYPE_TSS_AVAILABLE) | BIT(TYPE_TSS_BUSY))
#define TYPES_GATES (BIT(TYPE_CALL_GATE16) | BIT(TYPE_TASK_GATE))

/* The system types that LAR and LSL know (SDM 2A, tables "Segment and Gate Types"). */
static unsigned known_types(const struct cpu *cpu, bool lar)
{
	unsigned gates = lar ? BIT(TYPE_CALL_GATE) : 0;

	if (cpu_long_mode(cpu))
		return BIT(TYPE_LDT) | TYPES_TSS | gates;
	return BIT(TYPE_LDT) | TYPES_TSS | TYPES_TSS16 | gates | (lar ? TYPES_GATES : 0);
}

/* Reads the selector operand and its descriptor. *found: it is there and its kind and privilege let it be seen. */
static bool look(struct sysinsn *s, unsigned types, struct descriptor *d, bool *found)
{
	struct cpu *cpu = s->cpu;
	uint64_t selector;

	if (cpu_real_segments(cpu))
		return undefined(cpu);
	if (!rm_read(cpu, s->insn, 2, &selector) || !descriptor_look(cpu, (uint16_t)selector, d, found))
		return false;
	*found = *found && (!descriptor_is_system(d) || (types >> descriptor_type(d) & 1)) && is_visible(cpu, d);
	return true;
}

bool sys_LAR(struct sysinsn *s)
{
	struct descriptor d;
	bool found;

	if (!look(s, known_types(s->cpu, true), &d, &found))
		return false;
	if (found)
		reg_write(s->cpu, s->insn, s->insn->reg, s->insn->opsize, d.low >> 32 & 0x00f0ff00);
	set_zf(s->cpu, found);
	return true;
}

bool sys_LSL(struct sysinsn *s)
{
	struct descriptor d;
	bool found;

	if (!look(s, known_types(s->cpu, false), &d, &found))
		return false;
	if (found)
		reg_write(s->cpu, s->insn, s->insn->reg, s->insn->opsize, descriptor_segment(&d).limit);
	set_zf(s->cpu, found);
	return true;
}

bool sys_VERR(struct sysinsn *s)
{
	struct descriptor d;
	bool found;

	if (!look(s, 0, &d, &found))
		return false;
	set_zf(s->cpu, found && (!descriptor_is_code(&d) || (descriptor_ar(&d) & AR_RW)));
	return true;
}

bool sys_VERW(struct sysinsn *s)
{
	struct descriptor d;
	bool found;

	if (!look(s, 0, &d, &found))
		return false;
	set_zf(s->cpu, found && !descriptor_is_code(&d) && (descriptor_ar(&d) & AR_RW));
	return true;
}

/* CHOICE: the destination is translated for reading, and for writing only when it changes. */
bool sys_ARPL(struct sysinsn *s)
{
	struct cpu *cpu = s->cpu;
	uint64_t to, from;

	if (cpu_real_segments(cpu) || cpu_64bit(cpu))
		return undefined(cpu);
	if (!rm_read(cpu, s->insn, 2, &to))
		return false;
	from = reg_read(cpu, s->insn, s->insn->reg, 2);
	if ((to & 3) < (from & 3) && !rm_write(cpu, s->insn, 2, (to & ~3ull) | (from & 3)))
		return false;
	set_zf(cpu, (to & 3) < (from & 3));
	return true;
}
