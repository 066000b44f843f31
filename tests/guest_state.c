/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A processor ready to run code bytes (guest_state.h). */
#include "tests/guest_state.h"

#include <string.h>

enum { TABLE_RIGHTS = PTE_P | PTE_RW | PTE_US };

static uint64_t *table(struct guest *g, unsigned n)
{
	return (uint64_t *)(g->mem.host + GUEST_TABLES + n * PAGE_SIZE);
}

uint64_t *guest_pte(struct guest *g, uint64_t gla)
{
	return &table(g, 3 + (unsigned)(gla >> 21))[(gla >> 12) & 511];
}

static void build_tables(struct guest *g)
{
	*table(g, 0) = (GUEST_TABLES + 1 * PAGE_SIZE) | TABLE_RIGHTS;
	*table(g, 1) = (GUEST_TABLES + 2 * PAGE_SIZE) | TABLE_RIGHTS;
	for (unsigned i = 0; i < 2; i++)
		table(g, 2)[i] = (GUEST_TABLES + (3 + i) * PAGE_SIZE) | TABLE_RIGHTS;
	for (uint64_t gla = 0; gla < 4 << 20; gla += PAGE_SIZE)
		*guest_pte(g, gla) = gla | TABLE_RIGHTS;
}

static void flat64(struct cpu *cpu)
{
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x10, .ar = AR_P | AR_S | 3 | AR_G | AR_DB, .limit = 0xffffffff};
	cpu->seg[SEG_CS] = (struct segment){.selector = 8, .ar = AR_P | AR_S | 11 | AR_G | AR_L, .limit = 0xffffffff};
}

void guest_start(struct guest *g)
{
	memset(g, 0, sizeof *g);
	CHECK(!mem_init(&g->mem, GUEST_RAM));
	g->cpu.mem = &g->mem;
	CHECK(!mmu_init(&g->cpu.mmu, &g->mem, &g->cpu.ev, NULL));
	cpu_reset(&g->cpu);
	build_tables(g);
	g->cpu.cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP;
	g->cpu.cr3 = GUEST_TABLES;
	g->cpu.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	g->cpu.efer = EFER_LME | EFER_LMA | EFER_NXE | EFER_SCE;
	flat64(&g->cpu);
	cpu_paging_changed(&g->cpu);
	g->cpu.gpr[RSP] = GUEST_STACK;
	g->cpu.rip = GUEST_CODE;
	CHECK(!engine_new(&g->engine, &g->cpu));
}

void guest_stop(struct guest *g)
{
	engine_free(g->engine);
	mmu_free(&g->cpu.mmu);
	mem_free(&g->mem);
}

void guest_code(struct guest *g, const void *code, size_t size)
{
	CHECK(mem_write_bytes(&g->mem, HPA(GUEST_CODE), code, size));
	g->cpu.rip = GUEST_CODE;
}

void guest_invlpg(struct guest *g, uint64_t gla)
{
	mmu_invlpg(&g->cpu.mmu, GLA(gla));
	g->cpu.engine_flush = true;
}
