/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the engine with the whole model behind it, against bare Unicorn with the same hooks installed and empty, on the same guest code
 * in the same run, interleaved: register code, a copy loop, a chase that misses every TLB each time. Prints a CSV line a program:
 * program,instructions,model_mips,unicorn_mips,ratio,ratio_min,ratio_max (processor time; medians of ROUNDS; ratio = model / Unicorn).
 */
#include "emu/engine.h"
#include "mmu/pte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unicorn/unicorn.h>

enum { ROUNDS = 5, CHASE_PAGES = 16384 };
#define RAM (256ull << 20)
#define CODE 0x400000ull
#define TABLES 0x500000ull
#define SOURCE 0x1000000ull /* 16 MiB: chase and copy data; 64 MiB of it */
#define TARGET 0x6000000ull

struct program {
	const char *name;
	const uint8_t *code;
	size_t size;
	uint64_t insns;
	uint64_t rax, rcx, rsi, rdi;
};

/* 1: add rax,rbx; xor rdx,rax; lea rbx,[rax+rdx]; ror rax,7; sub rbx,rcx; imul rdx,rax; dec rcx; jnz 1b; hlt */
static const uint8_t alu[] = {0x48, 0x01, 0xd8, 0x48, 0x31, 0xc2, 0x48, 0x8d, 0x1c, 0x10, 0x48, 0xc1, 0xc8, 0x07,
			      0x48, 0x29, 0xcb, 0x48, 0x0f, 0xaf, 0xd0, 0x48, 0xff, 0xc9, 0x75, 0xe6, 0xf4};
/* 1: mov rax,[rsi]; mov [rdi],rax; add rsi,8; add rdi,8; dec rcx; jnz 1b; hlt */
static const uint8_t copy[] = {0x48, 0x8b, 0x06, 0x48, 0x89, 0x07, 0x48, 0x83, 0xc6, 0x08,
			       0x48, 0x83, 0xc7, 0x08, 0x48, 0xff, 0xc9, 0x75, 0xed, 0xf4};
/* 1: mov rax,[rax]; dec rcx; jnz 1b; hlt */
static const uint8_t chase[] = {0x48, 0x8b, 0x00, 0x48, 0xff, 0xc9, 0x75, 0xf8, 0xf4};

static const struct program programs[] = {
    {"register", alu, sizeof alu, 8 * 4000000ull, 1, 4000000, 0, 0},
    {"copy", copy, sizeof copy, 6 * 2000000ull, 0, 2000000, SOURCE, TARGET},
    {"chase", chase, sizeof chase, 3 * 1000000ull, SOURCE, 1000000, 0, 0},
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* One pointer a page, at a cache line that varies, in one random cycle. */
static void build_chase(uint8_t *ram)
{
	static uint32_t order[CHASE_PAGES];
	uint64_t x = 88172645463325252ull;

	for (uint32_t i = 0; i < CHASE_PAGES; i++)
		order[i] = i;
	for (uint32_t i = CHASE_PAGES - 1; i > 0; i--) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		uint32_t j = (uint32_t)(x % i), t = order[i];
		order[i] = order[j], order[j] = t;
	}
	for (uint64_t i = 0; i < CHASE_PAGES; i++) {
		uint64_t next = order[i];
		uint64_t at = SOURCE + i * PAGE_SIZE + (i ? i * 64 % PAGE_SIZE : 0), to = SOURCE + next * PAGE_SIZE + next * 64 % PAGE_SIZE;
		memcpy(ram + at, &to, 8);
	}
}

static void build_tables(uint8_t *ram)
{
	uint64_t *pml4 = (uint64_t *)(ram + TABLES), *pdpt = pml4 + 512, *pd = pdpt + 512, *pt = pd + 512;

	*pml4 = (TABLES + 0x1000) | PTE_P | PTE_RW;
	*pdpt = (TABLES + 0x2000) | PTE_P | PTE_RW;
	for (uint64_t i = 0; i < RAM >> 21; i++)
		pd[i] = (TABLES + 0x3000 + i * 0x1000) | PTE_P | PTE_RW;
	for (uint64_t i = 0; i < RAM >> 12; i++)
		pt[i] = i << 12 | PTE_P | PTE_RW;
}

/* ---- with the model ---- */

static struct mem mem;
static struct cpu cpu;
static struct engine *engine;

static void model_start(void)
{
	CHECK(!mem_init(&mem, RAM));
	cpu.mem = &mem;
	CHECK(!mmu_init(&cpu.mmu, &mem, &cpu.ev, NULL));
	cpu_reset(&cpu);
	build_tables(mem.host);
	build_chase(mem.host);
	cpu.cr0 = CR0_PE | CR0_PG | CR0_WP;
	cpu.cr3 = TABLES;
	cpu.cr4 = CR4_PAE | CR4_OSFXSR;
	cpu.efer = EFER_LME | EFER_LMA;
	cpu.seg[SEG_CS].ar = AR_P | AR_S | 11 | AR_L;
	cpu_paging_changed(&cpu);
	CHECK(!engine_new(&engine, &cpu));
}

static double model_run(const struct program *p)
{
	CHECK(mem_write_bytes(&mem, HPA(CODE), p->code, p->size));
	cpu.gpr[RAX] = p->rax, cpu.gpr[RCX] = p->rcx, cpu.gpr[RSI] = p->rsi, cpu.gpr[RDI] = p->rdi;
	cpu.rip = CODE;
	uint64_t before = cpu.ev.n[EV_INSTRUCTIONS];
	double start = now();
	enum engine_stop stop = engine_run(engine, ~0ull);
	double end = now();
	CHECK(stop == ENGINE_SYSTEM && cpu.ev.n[EV_INSTRUCTIONS] - before == p->insns);
	return end - start;
}

/* ---- bare Unicorn, hooks empty ---- */

static uint8_t *bare_ram;
static uc_engine *bare;

static bool on_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *result, void *user)
{
	(void)uc, (void)type, (void)user;
	result->paddr = address & (RAM - 1);
	result->perms = UC_PROT_ALL;
	return true;
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	(void)uc, (void)address, (void)size, (void)user;
}

static void on_memory(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user)
{
	(void)uc, (void)type, (void)address, (void)size, (void)value, (void)user;
}

static void bare_start(void)
{
	uc_hook hook;

	CHECK(!uc_open(UC_ARCH_X86, UC_MODE_64, &bare));
	CHECK(!uc_ctl_set_tcg_buffer_size(bare, 64 << 20));
	CHECK(!uc_ctl_tlb_mode(bare, UC_TLB_VIRTUAL));
	bare_ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(bare_ram != MAP_FAILED);
	build_chase(bare_ram);
	CHECK(!uc_mem_map_ptr(bare, 0, RAM, UC_PROT_ALL, bare_ram));
	CHECK(!uc_hook_add(bare, &hook, UC_HOOK_TLB_FILL, (void *)on_fill, NULL, 1, 0));
	CHECK(!uc_hook_add(bare, &hook, UC_HOOK_CODE, (void *)on_code, NULL, 1, 0));
	CHECK(!uc_hook_add(bare, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_memory, NULL, 1, 0));
}

static double bare_run(const struct program *p)
{
	memcpy(bare_ram + CODE, p->code, p->size);
	uc_ctl_remove_cache(bare, CODE, CODE + PAGE_SIZE);
	uc_ctl_flush_tlb(bare);
	uc_reg_write(bare, UC_X86_REG_RAX, &p->rax);
	uc_reg_write(bare, UC_X86_REG_RCX, &p->rcx);
	uc_reg_write(bare, UC_X86_REG_RSI, &p->rsi);
	uc_reg_write(bare, UC_X86_REG_RDI, &p->rdi);
	double start = now();
	uc_err err = uc_emu_start(bare, CODE, CODE + p->size - 1, 0, 0);
	double end = now();
	CHECK(!err);
	return end - start;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct program *p)
{
	double model[ROUNDS], unicorn[ROUNDS], ratio[ROUNDS];

	for (unsigned i = 0; i < ROUNDS + 1; i++) { /* the first round warms up */
		double m = model_run(p), u = bare_run(p);
		if (!i)
			continue;
		model[i - 1] = (double)p->insns / m * 1e-6;
		unicorn[i - 1] = (double)p->insns / u * 1e-6;
		ratio[i - 1] = u / m;
	}
	qsort(model, ROUNDS, sizeof *model, ascending);
	qsort(unicorn, ROUNDS, sizeof *unicorn, ascending);
	qsort(ratio, ROUNDS, sizeof *ratio, ascending);
	printf("%s,%lu,%.1f,%.1f,%.3f,%.3f,%.3f\n", p->name, p->insns, model[ROUNDS / 2], unicorn[ROUNDS / 2], ratio[ROUNDS / 2], ratio[0],
	       ratio[ROUNDS - 1]);
}

int main(void)
{
	model_start();
	bare_start();
	printf("program,instructions,model_mips,unicorn_mips,ratio,ratio_min,ratio_max\n");
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		measure(&programs[i]);
	return 0;
}
