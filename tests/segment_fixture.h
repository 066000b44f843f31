/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A GDT, an LDT, an IDT and a TSS in emulated memory, on top of the processor of tests/sysinsn_fixture.h. Linear addresses are physical.
 */
#ifndef TESTS_SEGMENT_FIXTURE_H
#define TESTS_SEGMENT_FIXTURE_H

#include "tests/sysinsn_fixture.h"
#include "vmx/task.h"

enum {
	AT_GDT = 0x20000,
	AT_LDT = 0x21000,
	AT_IDT = 0x22000,
	AT_TSS = 0x24000,
	INNER_STACK = 0x30000, /* of level 0, in the TSS */
	IST1_STACK = 0x31008,  /* not a multiple of 16 */
	OUTER_STACK = 0x32000, /* where RSP is at the start */
	AT_HANDLER = 0x40000,
};

/* The descriptors of the GDT: S_<what>_<DPL>. 64-bit code in IA-32e mode, 32-bit code else, where the name does not say. */
enum selectors {
	S_TSS = 0x08, /* busy */
	S_CODE_0 = 0x18,
	S_DATA_0 = 0x20,
	S_CODE_3 = 0x28,
	S_DATA_3 = 0x30,
	S_CODE32_0 = 0x38,
	S_CODE32_3 = 0x40,
	S_CONFORMING_0 = 0x48,
	S_READ_ONLY = 0x50,    /* DPL 3 */
	S_EXECUTE_ONLY = 0x58, /* DPL 3, 32-bit */
	S_ABSENT_DATA = 0x60,  /* DPL 0 */
	S_ABSENT_CODE = 0x68,  /* DPL 0 */
	S_LDT = 0x70,
	S_GATE = 0x80,		/* call gate to S_CODE_0, DPL 3 */
	S_TSS_AVAILABLE = 0x90, /* DPL 3 */
	S_TASK_GATE = 0xa0,
	S_CODE_1 = 0xa8,
	S_BAD_CODE = 0xb0, /* L and D both set */
	S_ABSENT_LDT = 0xb8,
	S_SHORT_CODE_0 = 0xc8, /* 32-bit code, limit FFFH */
	S_ABSENT_DATA_3 = 0xd0,
	S_DATA_1 = 0xd8,
	S_END = 0xe0, /* the first selector beyond the limit */
	S_IN_LDT = 0x04,
};

enum {
	DATA = AR_P | AR_S | AR_RW | AR_DB | AR_G,
	CODE32 = AR_P | AR_S | AR_RW | AR_CODE | AR_DB | AR_G,
	CODE64 = AR_P | AR_S | AR_RW | AR_CODE | AR_L | AR_G,
	DPL1 = 1 << AR_DPL_SHIFT,
	DPL3 = 3 << AR_DPL_SHIFT,
};

static inline void put_descriptor(uint64_t table, unsigned selector, uint32_t ar, uint64_t base, uint32_t limit)
{
	uint64_t low = (limit & 0xffff) | (base & 0xffffff) << 16 | (uint64_t)ar << 40 | (uint64_t)(limit >> 16 & 0xf) << 48 |
		       (base >> 24 & 0xff) << 56;

	mem_write(&fix.mem, HPA(table + (selector & 0xfff8)), low, 8);
}

static inline uint64_t gdt_entry(unsigned selector)
{
	return mem_read(&fix.mem, HPA(AT_GDT + (selector & 0xfff8)), 8);
}

/* A gate: of the GDT or IDT at an address; its second half too in IA-32e mode. */
static inline void put_gate(uint64_t at, unsigned type, unsigned dpl, uint16_t selector, uint64_t offset, unsigned extra)
{
	uint64_t low = (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)extra << 32 | (uint64_t)(0x80 | dpl << 5 | type) << 40 |
		       (offset >> 16 & 0xffff) << 48;

	mem_write(&fix.mem, HPA(at), low, 8);
	if (cpu_long_mode(&fix.cpu))
		mem_write(&fix.mem, HPA(at + 8), offset >> 32, 8);
}

static inline uint64_t idt_at(unsigned vector)
{
	return AT_IDT + vector * (cpu_long_mode(&fix.cpu) ? 16u : 8u);
}

static inline void put_tables(void)
{
	const uint32_t code = cpu_long_mode(&fix.cpu) ? CODE64 : CODE32;
	static const struct {
		uint16_t selector;
		uint32_t ar;
	} fixed[] = {{S_DATA_0, DATA},
		     {S_DATA_3, DATA | DPL3},
		     {S_CODE32_0, CODE32},
		     {S_CODE32_3, CODE32 | DPL3},
		     {S_READ_ONLY, (DATA & ~AR_RW) | DPL3},
		     {S_EXECUTE_ONLY, (CODE32 & ~AR_RW) | DPL3},
		     {S_ABSENT_DATA, DATA & ~AR_P},
		     {S_ABSENT_DATA_3, (DATA & ~AR_P) | DPL3},
		     {S_BAD_CODE, CODE64 | AR_DB},
		     {S_DATA_1, DATA | DPL1}};

	for (unsigned i = 0; i < ARRAY_LEN(fixed); i++)
		put_descriptor(AT_GDT, fixed[i].selector, fixed[i].ar, 0, 0xfffff);
	put_descriptor(AT_GDT, S_CODE_0, code, 0, 0xfffff);
	put_descriptor(AT_GDT, S_CODE_1, code | DPL1, 0, 0xfffff);
	put_descriptor(AT_GDT, S_CODE_3, code | DPL3, 0, 0xfffff);
	put_descriptor(AT_GDT, S_CONFORMING_0, code | AR_DC, 0, 0xfffff);
	put_descriptor(AT_GDT, S_ABSENT_CODE, (uint32_t)(code & ~AR_P), 0, 0xfffff);
	put_descriptor(AT_GDT, S_SHORT_CODE_0, CODE32 & ~AR_G, 0, 0xfff);
	put_descriptor(AT_GDT, S_TSS, AR_P | TYPE_TSS_BUSY, AT_TSS, 0x67);
	put_descriptor(AT_GDT, S_TSS_AVAILABLE, AR_P | TYPE_TSS_AVAILABLE | DPL3, AT_TSS, 0x67);
	put_descriptor(AT_GDT, S_LDT, AR_P | TYPE_LDT, AT_LDT, 0x0f);
	put_descriptor(AT_GDT, S_ABSENT_LDT, TYPE_LDT, AT_LDT, 0x0f);
	put_descriptor(AT_LDT, S_IN_LDT, DATA | DPL3, 0x1000, 0xfffff);
	put_gate(AT_GDT + S_GATE, TYPE_CALL_GATE, 3, S_CODE_0, AT_HANDLER, 0);
	mem_write(&fix.mem, HPA(AT_GDT + S_TASK_GATE), (uint64_t)S_TSS_AVAILABLE << 16 | (uint64_t)(0xe0 | TYPE_TASK_GATE) << 40, 8);
}

static inline void put_tss(void)
{
	if (cpu_long_mode(&fix.cpu)) {
		mem_write(&fix.mem, HPA(AT_TSS + 4), INNER_STACK, 8);
		mem_write(&fix.mem, HPA(AT_TSS + 36), IST1_STACK, 8);
	} else {
		mem_write(&fix.mem, HPA(AT_TSS + 4), INNER_STACK, 4);
		mem_write(&fix.mem, HPA(AT_TSS + 8), S_DATA_0, 2);
	}
}

/* Interrupt gates to S_CODE_0, DPL 0, each vector with a handler of its own; in real-address mode an IVT. */
static inline void put_idt(void)
{
	for (unsigned v = 0; v < 256; v++) {
		if (cpu_protected(&fix.cpu))
			put_gate(idt_at(v), TYPE_INTERRUPT_GATE, 0, S_CODE_0, AT_HANDLER + v, 0);
		else
			mem_write(&fix.mem, HPA(AT_IDT + 4 * v), 0x4000u << 16 | v, 4);
	}
}

/* The processor in a mode and at a level, with tables; CS and SS are those of the GDT. */
static inline struct cpu *segment_enter(enum mode mode, unsigned cpl)
{
	struct cpu *cpu = fixture_enter(mode, cpl);

	put_tables();
	put_tss();
	put_idt();
	cpu->gdtr = (struct table_reg){.base = AT_GDT, .limit = S_END - 1};
	cpu->idtr = (struct table_reg){.base = AT_IDT, .limit = 0xfff};
	cpu->ldtr = (struct segment){.selector = S_LDT, .ar = AR_P | TYPE_LDT, .limit = 0x0f, .base = AT_LDT};
	cpu->tr = (struct segment){.selector = S_TSS, .ar = AR_P | TYPE_TSS_BUSY, .limit = 0x67, .base = AT_TSS};
	cpu->gpr[RSP] = mode == REAL || mode == V86 ? 0x7000 : OUTER_STACK;
	if (mode == REAL || mode == V86)
		return cpu;
	cpu->seg[SEG_SS].selector = (uint16_t)(cpl ? S_DATA_3 | 3 : S_DATA_0);
	cpu->seg[SEG_CS].selector = (uint16_t)(mode == COMPAT ? (cpl ? S_CODE32_3 | 3 : S_CODE32_0) : cpl ? S_CODE_3 | 3 : S_CODE_0);
	return cpu;
}

/* The n-th word on the current stack */
static inline uint64_t stack_word(unsigned n, unsigned size)
{
	return mem_read(&fix.mem, HPA(fix.cpu.seg[SEG_SS].base + fix.cpu.gpr[RSP] + n * size), size);
}

/* asserts that pending is this exception; error -1: none */
static inline void expect_fault(const char *row, int vector, long error)
{
	const struct pending *p = &fix.cpu.pending;
	long got = p->kind == PENDING_EXCEPTION && p->has_error ? (long)p->error : -1;

	if (vector < 0) {
		ck_assert_msg(p->kind == PENDING_NONE, "%s: fault %d(%lx), none expected", row, p->vector, got);
		return;
	}
	ck_assert_msg(p->kind == PENDING_EXCEPTION && p->vector == vector && got == error,
		      "%s: kind %d vector %d error %lx, expected %d(%lx)", row, p->kind, p->vector, got, vector, error);
}

#endif
