/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random guest code over random page tables, descriptor tables and register values, in every mode: nothing that a guest does may crash the
 * emulator, be undefined, or run beyond the limit. The input's first bytes choose mode and registers, the rest is written over a guest that
 * would work: tables that map one to one, a flat GDT, an IDT of gates to the code page.
 */
#include "emu/machine.h"
#include "mmu/pte.h"

#include <string.h>
#include <sys/mman.h>

enum {
	RAM = 16 << 20,
	CODE = 0x1000,	 /* two pages */
	TABLES = 0x4000, /* PML5, PML4, PDPT, PD, PT */
	GDT = 0xa000,
	IDT = 0xb000,
	TSS = 0xc000,
	STACK = 0xf000,
	USED = 0x10000,
	LIMIT = 2000,
};

enum mode { REAL, PROTECTED, PAGING32, PAE, LONG64, COMPAT, LA57, MODES };

static struct machine machine;
static struct console console;

static void put64(uint32_t at, uint64_t value)
{
	memcpy(machine.mem.host + at, &value, 8);
}

static void build_tables(enum mode mode)
{
	uint64_t rights = PTE_P | PTE_RW | PTE_US;

	if (mode == PAGING32) {
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t entry = i << 22 | (uint32_t)rights | (uint32_t)PTE_PS;
			memcpy(machine.mem.host + TABLES + 4 * i, &entry, 4);
		}
		return;
	}
	put64(TABLES, (TABLES + 0x1000) | rights);
	put64(TABLES + 0x1000, (TABLES + 0x2000) | rights);
	put64(TABLES + 0x2000, (TABLES + 0x3000) | (mode == PAE ? (uint64_t)PTE_P : rights));
	put64(TABLES + 0x3000, (TABLES + 0x4000) | rights);
	for (uint32_t i = 1; i < 8; i++)
		put64(TABLES + 0x3000 + 8 * i, (uint64_t)i << 21 | rights | PTE_PS);
	for (uint32_t i = 0; i < 512; i++)
		put64(TABLES + 0x4000 + 8 * i, (uint64_t)i << 12 | rights);
}

static void build_descriptors(void)
{
	static const uint64_t gdt[] = {0,
				       0x00af9b000000ffff,
				       0x00cf93000000ffff,
				       0x00cf9b000000ffff,
				       0x00affb000000ffff,
				       0x00cff3000000ffff,
				       0x000089000000ffff | (uint64_t)TSS << 16,
				       0,
				       0x008f9b000000ffff};

	memcpy(machine.mem.host + GDT, gdt, sizeof gdt);
	for (uint32_t i = 0; i < 256; i++) {
		uint64_t target = CODE + 16 * (i % 64);
		put64(IDT + 16 * i, (target & 0xffff) | 8ull << 16 | 0x8e00ull << 32);
		put64(IDT + 16 * i + 8, 0);
	}
	put64(TSS + 4, STACK);
}

static void build_registers(enum mode mode, const uint8_t *choice)
{
	struct cpu *cpu = &machine.cpu;
	bool user = mode != REAL && choice[0] & 1, wide = mode == LONG64 || mode == LA57;
	uint32_t dpl = user ? 3u << AR_DPL_SHIFT : 0;

	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x10, .ar = AR_P | AR_S | 3 | AR_G | AR_DB | dpl, .limit = 0xffffffff};
	cpu->seg[SEG_CS] = (struct segment){.selector = 8,
					    .ar = AR_P | AR_S | 11 | AR_G | dpl |
						  (wide		   ? AR_L
						   : choice[0] & 2 ? 0
								   : AR_DB),
					    .limit = 0xffffffff};
	if (mode == REAL)
		for (unsigned i = 0; i < SEG_COUNT; i++)
			cpu->seg[i] = (struct segment){.ar = AR_P | AR_S | 3, .limit = 0xffff};
	cpu->cpl = user ? 3 : 0;
	cpu->gdtr = (struct table_reg){GDT, 0x7f};
	cpu->idtr = (struct table_reg){mode == REAL ? 0 : IDT, 0xfff};
	cpu->tr = (struct segment){.selector = 0x30, .ar = AR_P | 11, .limit = 0x67, .base = TSS};
	cpu->cr0 = mode == REAL ? CR0_ET : CR0_ET | CR0_PE | (choice[0] & 4 ? CR0_WP : 0) | (choice[0] & 8 ? CR0_NE : 0);
	if (mode >= PAGING32)
		cpu->cr0 |= CR0_PG;
	cpu->cr3 = mode == LA57 || mode == PAGING32 ? TABLES : mode == PAE ? TABLES + 0x2000 : TABLES + 0x1000;
	cpu->cr4 = (mode >= PAE ? CR4_PAE : CR4_PSE) | CR4_OSFXSR | (mode == LA57 ? CR4_LA57 : 0) | (choice[0] & 16 ? CR4_SMEP : 0) |
		   (choice[0] & 32 ? CR4_SMAP : 0) | (choice[0] & 64 && mode >= LONG64 ? CR4_PKE : 0);
	cpu->efer = mode >= LONG64 ? EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE : choice[0] & 128 ? EFER_NXE : 0;
	if (mode == PAE)
		memcpy(cpu->pdpte, machine.mem.host + TABLES + 0x2000, sizeof cpu->pdpte);
	cpu->rflags = FLAG_FIXED | (choice[1] & 1 ? FLAG_IF : 0) | (choice[1] & 2 ? FLAG_TF : 0) | (choice[1] & 4 ? FLAG_AC : 0) |
		      (choice[1] & 8 ? FLAG_IOPL : 0);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		cpu->gpr[i] = (uint64_t)choice[2 + i] << (choice[18 + i] % 64);
	cpu->gpr[RSP] = STACK;
	cpu->rip = CODE;
	cpu_paging_changed(cpu);
}

/* As new, but for the engine, which takes long to make: it is told that everything it may have cached has changed. */
static void reset(void)
{
	struct bus_config bus = {.ram_size = RAM, .console = &console};

	for (uint64_t frame = 0; frame < RAM >> PAGE_SHIFT; frame++)
		if (machine.mem.frame_flags[frame])
			mem_note_store(&machine.mem, HPA(frame << PAGE_SHIFT), PAGE_SIZE, true);
	memset(machine.mem.host, 0, USED);
	madvise(machine.mem.host + USED, RAM - USED, MADV_DONTNEED);
	mmu_empty(&machine.cpu.mmu);
	memset(&machine.cpu.pending, 0, sizeof machine.cpu.pending);
	memset(&machine.cpu.delivery, 0, sizeof machine.cpu.delivery);
	machine.cpu.clock = machine.idle = 0;
	cpu_reset(&machine.cpu);
	bus_free(&machine.bus);
	CHECK(!bus_init(&machine.bus, &machine.mem, &machine.cpu.clock, &bus));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct machine_config config = {.ram_size = RAM, .max_insns = LIMIT, .console = &console};

	(void)argc;
	(void)argv;
	CHECK(!console_init(&console, NULL, -1, 0));
	return machine_init(&machine, &config);
}

/* The rest of the input: pieces of (where, length, bytes) over the guest's first pages; what is left is code. */
static void overwrite(const uint8_t *data, size_t size)
{
	while (size > 4 && (data[0] & 0x80)) {
		uint32_t at = ((uint32_t)data[0] & 0x7f) << 8 | data[1];
		size_t len = data[2] % 32;
		if (len + 3 > size)
			len = size - 3;
		memcpy(machine.mem.host + TABLES + at % (USED - TABLES - 32), data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	memcpy(machine.mem.host + CODE, data, size < 0x2000 ? size : 0x2000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { HEADER = 40 };

	if (size < HEADER)
		return 0;
	enum mode mode = data[0] % MODES;
	reset();
	build_tables(mode);
	build_descriptors();
	overwrite(data + HEADER, size - HEADER);
	build_registers(mode, data + 1);
	machine_run(&machine);
	return 0;
}
