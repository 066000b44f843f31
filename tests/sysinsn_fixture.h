/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A processor with memory and devices, in one of the modes, for the tests of handlers: 16 MiB of RAM; with paging, linear addresses are
 * physical ones through 2-MiB pages that user mode may access. LAYOUT_* say where things lie.
 */
#ifndef TESTS_SYSINSN_FIXTURE_H
#define TESTS_SYSINSN_FIXTURE_H

#include "emu/sysinsn.h"
#include "emu/console.h"
#include "mmu/pte.h"
#include "vmx/offer.h"
#include "tests/test.h"

#include <string.h>

enum {
	LAYOUT_PML4 = 0x1000,
	LAYOUT_PDPT = 0x2000,
	LAYOUT_PD = 0x3000,
	LAYOUT_PDPTE = 0x4000, /* of PAE paging */
	LAYOUT_TSS = 0x5000,
	LAYOUT_STACK = 0x8000,
	LAYOUT_DATA = 0x10000,
	LAYOUT_HOLE = 0x800000, /* not mapped by the tables */
};

enum mode { REAL, PROTECTED, PAE, V86, COMPAT, LONG, MODES };

static const char *const mode_name[MODES] = {"real", "protected", "PAE", "V86", "compatibility", "64-bit"};

struct fixture {
	struct mem mem;
	struct console console;
	struct bus bus;
	struct cpu cpu;
};

static struct fixture fix;

static void fixture_tables(void)
{
	mem_write(&fix.mem, HPA(LAYOUT_PML4), LAYOUT_PDPT | 7, 8);
	mem_write(&fix.mem, HPA(LAYOUT_PDPT), LAYOUT_PD | 7, 8);
	mem_write(&fix.mem, HPA(LAYOUT_PDPTE), LAYOUT_PD | 1, 8);
	for (unsigned i = 0; i < 8; i++)
		if (i << 21 != LAYOUT_HOLE)
			mem_write(&fix.mem, HPA(LAYOUT_PD + 8 * i), (uint64_t)i << 21 | PTE_PS | PTE_P | PTE_RW | PTE_US, 8);
}

static void fixture_segments(enum mode mode, unsigned cpl)
{
	struct cpu *cpu = &fix.cpu;
	const uint32_t dpl = cpl << AR_DPL_SHIFT, flat = AR_P | AR_S | AR_RW | AR_A | dpl | AR_G;
	const bool real = mode == REAL || mode == V86;

	for (unsigned i = 0; i < SEG_COUNT; i++) {
		cpu->seg[i] = (struct segment){.ar = flat | AR_DB, .limit = ~0u, .selector = (uint16_t)(0x10 | cpl)};
		if (real)
			cpu->seg[i] = (struct segment){.ar = AR_P | AR_S | AR_RW | AR_A | dpl, .limit = 0xffff};
	}
	if (!real)
		cpu->seg[SEG_CS].ar = flat | AR_CODE | (mode == LONG ? AR_L : AR_DB);
	cpu->tr = (struct segment){.selector = 8, .ar = AR_P | 11, .limit = 0x67, .base = LAYOUT_TSS};
	cpu->cpl = (uint8_t)cpl;
}

/* The processor in a mode; V86 has CPL 3 whatever cpl says. */
static struct cpu *fixture_enter(enum mode mode, unsigned cpl)
{
	struct cpu *cpu = &fix.cpu;
	const bool paging = mode >= PAE && mode != V86;

	cpu_reset(cpu);
	cpu->efer = mode >= COMPAT ? EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE : 0;
	cpu->cr0 = mode == REAL ? CR0_ET : CR0_ET | CR0_PE | CR0_NE | (paging ? CR0_PG : 0);
	cpu->cr4 = paging ? CR4_PAE : 0;
	cpu->cr3 = mode == PAE ? LAYOUT_PDPTE : LAYOUT_PML4;
	cpu->pdpte[0] = LAYOUT_PD | 1;
	cpu->rflags = FLAG_FIXED | (mode == V86 ? FLAG_VM : 0);
	cpu->gpr[RSP] = LAYOUT_STACK;
	cpu->rip = 0x1000;
	fixture_segments(mode, mode == V86 ? 3 : cpl);
	cpu_paging_changed(cpu);
	cpu->engine_flush = false;
	return cpu;
}

static void fixture_setup(void)
{
	memset(&fix, 0, sizeof fix);
	ck_assert_int_eq(mem_init(&fix.mem, 16 << 20), 0);
	ck_assert_int_eq(mmu_init(&fix.cpu.mmu, &fix.mem, &fix.cpu.ev, NULL), 0);
	fix.cpu.mem = &fix.mem;
	ck_assert_int_eq(console_init(&fix.console, NULL, -1, 0), 0);
	const struct bus_config config = {.ram_size = 16 << 20, .console = &fix.console};
	ck_assert_int_eq(bus_init(&fix.bus, &fix.mem, &fix.cpu.clock, &config), 0);
	fixture_tables();
	fixture_enter(LONG, 0);
}

static void fixture_teardown(void)
{
	bus_free(&fix.bus);
	console_free(&fix.console);
	mmu_free(&fix.cpu.mmu);
	mem_free(&fix.mem);
}

/* One call of a handler. */
static bool fixture_run(sysinsn_fn *handler, struct insn insn, bool *again)
{
	struct sysinsn s = {.cpu = &fix.cpu, .bus = &fix.bus, .insn = &insn, .next_rip = fix.cpu.rip + 2};

	fix.cpu.pending.kind = PENDING_NONE;
	const bool done = handler(&s);

	if (again)
		*again = s.again;
	ck_assert_msg(done == (fix.cpu.pending.kind == PENDING_NONE), "result %d, pending %d", done, fix.cpu.pending.kind);
	return done;
}

/* The vector that a handler raises, or -1 if it completes. */
static inline int fixture_fault(sysinsn_fn *handler, struct insn insn)
{
	if (fixture_run(handler, insn, NULL))
		return -1;
	ck_assert_int_eq(fix.cpu.pending.kind, PENDING_EXCEPTION);
	return fix.cpu.pending.vector;
}

/* An instruction with two registers: ModRM.reg and ModRM.rm. */
static inline struct insn insn_registers(unsigned reg, unsigned rm, unsigned opsize)
{
	return (struct insn){
	    .len = 2, .reg = (uint8_t)reg, .rm = (uint8_t)rm, .opsize = (uint8_t)opsize, .base = REG_NONE, .index = REG_NONE};
}

/* An instruction whose memory operand is at DS:address. */
static inline struct insn insn_memory(unsigned reg, uint64_t address, unsigned opsize)
{
	struct insn insn = insn_registers(reg, REG_NONE, opsize);

	insn.flags = INSN_MEM;
	insn.seg = SEG_DS;
	insn.addrsize = cpu_64bit(&fix.cpu) ? 8 : 4;
	insn.scale = 1;
	insn.disp = (int64_t)address;
	return insn;
}

static inline void add_case(Suite *suite, const char *name, void (*add)(TCase *))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	add(tc);
	suite_add_tcase(suite, tc);
}

#endif
