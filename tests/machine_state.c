/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole machine for a few instructions (machine_state.h). */
#include "tests/machine_state.h"

#include "mmu/pte.h"

#include <string.h>

enum { HANDLER_SIZE = 64, RIGHTS = PTE_P | PTE_RW | PTE_US, X2APIC_BASE = 0x800 };

/* what handlers do: [RSP] is RIP, R14 is theirs */
BOX_ASM(box_trap, "mov r14,[rsp]; mov [r15],r14; add r15,8; iretq");
BOX_ASM(box_debug, "mov r14,[rsp]; mov [r15],r14; add r15,8; or dword ptr [rsp+16],0x10000; iretq");
BOX_ASM(box_fault, "mov r14,[rsp]; mov [r15],r14; add r15,8; mov [rsp],r13; iretq");
BOX_ASM(box_fault_code, "add rsp,8; mov r14,[rsp]; mov [r15],r14; add r15,8; mov [rsp],r13; iretq");

uint64_t box_word(const struct box *box, uint64_t at)
{
	uint64_t value;

	memcpy(&value, box->m.mem.host + at, sizeof value);
	return value;
}

void box_set_word(struct box *box, uint64_t at, uint64_t value)
{
	memcpy(box->m.mem.host + at, &value, sizeof value);
}

void box_handler(struct box *box, unsigned vector, const uint8_t *code, const uint8_t *end)
{
	uint64_t at = BOX_HANDLERS + (uint64_t)vector * HANDLER_SIZE;

	memcpy(box->m.mem.host + at, code, (size_t)(end - code));
	box_set_word(box, BOX_IDT + 16 * vector, (at & 0xffff) | 8ull << 16 | 0x8eull << 40 | (at >> 16 & 0xffff) << 48);
}

static void build_idt(struct box *box)
{
	for (unsigned v = 0; v < 0x60; v++) {
		if (v == VEC_DB)
			box_handler(box, v, box_debug, box_debug_end);
		else if (v == VEC_DF || (v >= VEC_TS && v <= VEC_PF) || v == VEC_AC)
			box_handler(box, v, box_fault_code, box_fault_code_end);
		else if (v == VEC_NMI || v == VEC_BP || v == VEC_OF || v >= 32)
			box_handler(box, v, box_trap, box_trap_end);
		else
			box_handler(box, v, box_fault, box_fault_end);
	}
}

static void build_tables(struct box *box)
{
	const uint64_t page = 0x1000, device = 0xfee00000;

	box_set_word(box, BOX_TABLES, (BOX_TABLES + page) | RIGHTS);
	box_set_word(box, BOX_TABLES + page, (BOX_TABLES + 2 * page) | RIGHTS);
	box_set_word(box, BOX_TABLES + page + 24, (BOX_TABLES + 3 * page) | RIGHTS);
	box_set_word(box, BOX_TABLES + 2 * page, (BOX_TABLES + 4 * page) | RIGHTS);
	box_set_word(box, BOX_TABLES + 3 * page + 8 * (device >> 21 & 511), (device & ~0x1fffffull) | RIGHTS | PTE_PS);
	for (uint64_t i = 0; i < 512; i++)
		box_set_word(box, BOX_TABLES + 4 * page + 8 * i, i * page | RIGHTS);
}

static void build_state(struct cpu *cpu)
{
	cpu->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP;
	cpu->cr3 = BOX_TABLES;
	cpu->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	cpu->efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE;
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x10, .ar = AR_P | AR_S | 3 | AR_G | AR_DB, .limit = 0xffffffff};
	cpu->seg[SEG_CS] = (struct segment){.selector = 8, .ar = AR_P | AR_S | 11 | AR_G | AR_L, .limit = 0xffffffff};
	cpu->gdtr = (struct table_reg){BOX_GDT, 0x17};
	cpu->idtr = (struct table_reg){BOX_IDT, 0xfff};
	cpu_paging_changed(cpu);
	cpu->gpr[RSP] = BOX_STACK;
	cpu->gpr[R15] = BOX_LOG;
}

void box_start(struct box *box, uint64_t max_insns)
{
	box_start_as(box, &(struct machine_config){.max_insns = max_insns});
}

void box_start_as(struct box *box, const struct machine_config *as)
{
	struct machine_config config = *as;

	CHECK(!console_init(&box->console, NULL, -1, 0));
	config.ram_size = BOX_RAM;
	config.console = &box->console;
	CHECK(!machine_init(&box->m, &config));
	build_tables(box);
	build_idt(box);
	box_set_word(box, BOX_GDT + 8, 0x00af9b000000ffff);
	box_set_word(box, BOX_GDT + 16, 0x00cf93000000ffff);
	build_state(&box->m.cpu);
}

void box_stop(struct box *box)
{
	machine_free(&box->m);
	console_free(&box->console);
}

void box_code(struct box *box, const uint8_t *code, const uint8_t *end)
{
	memcpy(box->m.mem.host + BOX_CODE, code, (size_t)(end - code));
	box->m.cpu.rip = BOX_CODE;
}

unsigned box_logged(const struct box *box)
{
	return (unsigned)(box->m.cpu.gpr[R15] - BOX_LOG) / 8;
}

uint64_t box_log(const struct box *box, unsigned i)
{
	return box_word(box, BOX_LOG + 8 * i) - BOX_CODE;
}

static void apic_write(struct box *box, uint32_t reg, uint64_t value)
{
	CHECK(bus_wrmsr(&box->m.bus, X2APIC_BASE + reg, value));
}

static void apic_on(struct box *box)
{
	CHECK(bus_wrmsr(&box->m.bus, 0x1b, 0xfee00000 | BIT(11) | BIT(10) | BIT(8)));
	apic_write(box, 0x0f, 0x1ff);
}

void box_timer(struct box *box, uint32_t count, bool periodic)
{
	apic_on(box);
	apic_write(box, 0x32, BOX_INTERRUPT | (periodic ? BIT(17) : 0));
	apic_write(box, 0x3e, 0xb); /* divide by 1 */
	apic_write(box, 0x38, count);
}

void box_interrupt_now(struct box *box)
{
	apic_on(box);
	apic_write(box, 0x3f, BOX_INTERRUPT); /* self IPI */
}
