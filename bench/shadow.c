/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow VMM's speed: write-protect faults a second, of a guest that stores to a page table which stays protected; and a workload
 * without stores to tables, as a ratio to the same run natively. Below the engine (tests/shadow_pair.h has the same guest); the engine's
 * own share of a fault is in bench/engine.c.
 */
#include "shadow/vmm.h"
#include "emu/machine.h"
#include "mmu/pte.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { RAM = 64 << 20, TABLES = 0x1000000, CODE = 0x100000, DATA = 0x200000, RIGHTS = PTE_P | PTE_RW | PTE_US };

/* processor time: other programs on the machine do not count */
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(struct machine *m, uint64_t gpa, uint64_t value)
{
	mem_write(&m->mem, HPA(gpa), value, 8);
}

/* 64-bit mode; the first 4 MiB and the tables mapped one to one. */
static void build(struct machine *m, const uint8_t *code, size_t size)
{
	struct cpu *cpu = &m->cpu;
	put(m, TABLES, (TABLES + 0x1000) | RIGHTS);
	put(m, TABLES + 0x1000, (TABLES + 0x2000) | RIGHTS);
	for (uint64_t i = 0; i < 2; i++)
		put(m, TABLES + 0x2000 + 8 * i, (TABLES + 0x3000 + i * 0x1000) | RIGHTS);
	put(m, TABLES + 0x2000 + 64, TABLES | PTE_PS | RIGHTS);
	for (uint64_t i = 0; i < 1024; i++)
		put(m, TABLES + 0x3000 + 8 * i, i << 12 | RIGHTS);
	mem_write_bytes(&m->mem, HPA(CODE), code, size);
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = (struct segment){.selector = 0x10, .ar = AR_P | AR_S | 3 | AR_G | AR_DB, .limit = 0xffffffff};
	cpu->seg[SEG_CS] = (struct segment){.selector = 8, .ar = AR_P | AR_S | 11 | AR_G | AR_L, .limit = 0xffffffff};
	cpu->tr = (struct segment){.selector = 8, .ar = AR_P | 11, .limit = 0x67};
	cpu->ldtr.ar = AR_UNUSABLE;
	cpu->cr0 = CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP;
	cpu->cr3 = TABLES;
	cpu->cr4 = CR4_PAE;
	cpu->efer = EFER_LME | EFER_LMA | EFER_NXE;
	cpu->rip = CODE;
	cpu->gpr[RSP] = 0x300000;
	cpu->rflags = FLAG_FIXED;
	cpu_paging_changed(cpu);
}

/* Seconds; the counters are left in *ev. */
static double run(const uint8_t *code, size_t size, uint64_t insns, bool shadow, struct events *ev)
{
	static struct machine m;
	struct machine_config config = {.ram_size = RAM, .max_insns = insns, .paging = shadow ? PAGING_SHADOW : PAGING_NATIVE};
	config.shadow.no_unsync = true;
	config.shadow.unprotect = SHADOW_UNPROTECT_NEVER;
	CHECK(machine_init(&m, &config) == 0);
	build(&m, code, size);
	struct shadow_vmm_config vmm = config.shadow;
	vmm.area = HPA(RAM);
	vmm.area_size = shadow_vmm_area(0);
	CHECK(!shadow || shadow_vmm_start(&m.cpu, &vmm) == 0);
	double start = now();
	enum machine_end end = machine_run(&m);
	double seconds = now() - start;
	CHECK(end == END_MAX_INSNS);
	*ev = m.cpu.ev;
	machine_free(&m);
	return seconds;
}

/* mov rbx, the page table of DATA; mov rax, [DATA]; loop: mov [rbx + 8], rax; inc rax; jmp loop */
static const uint8_t stores[] = {0x48, 0xc7, 0xc3, 0x00, 0x40, 0x00, 0x01, 0x48, 0x8b, 0x04, 0x25, 0x00,
				 0x00, 0x20, 0x00, 0x48, 0x89, 0x43, 0x08, 0x48, 0xff, 0xc0, 0xeb, 0xf7};
/* mov rbx, DATA; loop: mov rax, [rbx + rcx*8]; add [rbx + 8], rax; inc rcx; and ecx, 0xfff; jmp loop */
static const uint8_t plain[] = {0x48, 0xc7, 0xc3, 0x00, 0x00, 0x20, 0x00, 0x48, 0x8b, 0x04, 0xcb, 0x48, 0x01,
				0x43, 0x08, 0x48, 0xff, 0xc1, 0x81, 0xe1, 0xff, 0x0f, 0x00, 0x00, 0xeb, 0xed};

int main(void)
{
	struct events ev;
	double seconds = run(stores, sizeof stores, 4000000, true, &ev);
	uint64_t faults = ev.n[EV_SHADOW_WP_FAULTS];
	printf("what,count,seconds,per_second\n");
	printf("write_protect_faults,%" PRIu64 ",%.3f,%.0f\n", faults, seconds, (double)faults / seconds);
	double native = run(plain, sizeof plain, 50000000, false, &ev), shadow = run(plain, sizeof plain, 50000000, true, &ev);
	printf("native,50000000,%.3f,%.0f\n", native, 5e7 / native);
	printf("shadow,50000000,%.3f,%.0f\n", shadow, 5e7 / shadow);
	printf("ratio,,%.3f,\n", native / shadow);
	return 0;
}
