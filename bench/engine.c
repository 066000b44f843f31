/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed of the engine with the whole model behind it, against Unicorn alone and against Unicorn with the same hooks installed and empty, on
 * the same guest code in the same run, in turns: register code, a copy loop, a chase that misses every TLB each time. CSV, a row a program
 * and emulator:
 * loop,emulator,instructions,mips,mips_low,mips_high,ratio,ratio_low,ratio_high,model,model_low,model_high,plain,plain_low,plain_high.
 * mips: millions of instructions a second of processor time; ratio: to that of Unicorn with empty hooks in the same round; model: to that
 * of vtxray without a processor profile (vtxray+cpu: --cpu skylake, all TLBs, caches and prices; vtxray+insn: accounting at every
 * instruction; fast-forward: instructions are counted, accesses are not looked at); plain: to that of Unicorn without hooks; all medians
 * and quartiles of many short ROUNDS, which a busy machine disturbs less than few long ones. Arguments: the programs to measure. To be run
 * in the top folder, where the profiles are.
 */
#include "emu/engine.h"
#include "emu/profile.h"
#include "mmu/pte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unicorn/unicorn.h>

enum { ROUNDS = 41, CHASE_PAGES = 16384 };
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
    {"register", alu, sizeof alu, 8 * 1000000ull, 1, 1000000, 0, 0},
    {"copy", copy, sizeof copy, 6 * 500000ull, 0, 500000, SOURCE, TARGET},
    {"chase", chase, sizeof chase, 3 * 200000ull, SOURCE, 200000, 0, 0},
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

struct model {
	struct mem mem;
	struct cpu cpu;
	struct caches caches; /* in use with a profile */
	struct engine *engine;
};

static struct model without_cpu, with_cpu, by_insn, fast; /* with_cpu: with all that --cpu models */

static void model_start(struct model *m, const struct profile *profile, enum account account)
{
	struct cpu *cpu = &m->cpu;

	CHECK(!mem_init(&m->mem, RAM));
	cpu->mem = &m->mem;
	CHECK(!mmu_init(&cpu->mmu, &m->mem, &cpu->ev, profile ? &profile->tlbs : NULL));
	cpu_reset(cpu);
	if (profile) {
		CHECK(!caches_init(&m->caches, &profile->caches, &cpu->cost));
		cost_init(&cpu->cost, &cpu->clock, &profile->prices);
		CHECK(!mmu_model(&cpu->mmu, &profile->pscs, &m->caches));
	}
	build_tables(m->mem.host);
	build_chase(m->mem.host);
	cpu->cr0 = CR0_PE | CR0_PG | CR0_WP;
	cpu->cr3 = TABLES;
	cpu->cr4 = CR4_PAE | CR4_OSFXSR;
	cpu->efer = EFER_LME | EFER_LMA;
	cpu->seg[SEG_CS].ar = AR_P | AR_S | 11 | AR_L;
	cpu_paging_changed(cpu);
	CHECK(!engine_new(&m->engine, cpu));
	engine_set_account(m->engine, account);
}

static double model_run(struct model *m, const struct program *p)
{
	struct cpu *cpu = &m->cpu;

	CHECK(mem_write_bytes(&m->mem, HPA(CODE), p->code, p->size));
	cpu->gpr[RAX] = p->rax, cpu->gpr[RCX] = p->rcx, cpu->gpr[RSI] = p->rsi, cpu->gpr[RDI] = p->rdi;
	cpu->rip = CODE;
	uint64_t before = cpu->ev.n[EV_INSTRUCTIONS];
	double start = now();
	enum engine_stop stop = engine_run(m->engine, ~0ull);
	double end = now();
	CHECK(stop == ENGINE_SYSTEM && cpu->ev.n[EV_INSTRUCTIONS] - before == p->insns);
	return end - start;
}

static double without_cpu_run(const struct program *p)
{
	return model_run(&without_cpu, p);
}

static double with_cpu_run(const struct program *p)
{
	return model_run(&with_cpu, p);
}

static double by_insn_run(const struct program *p)
{
	return model_run(&by_insn, p);
}

static double fast_run(const struct program *p)
{
	return model_run(&fast, p);
}

/* ---- Unicorn without a model ---- */

struct bare {
	uint8_t *ram;
	uc_engine *uc;
};

static struct bare plain, hooked;

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

static void bare_start(struct bare *b, bool hooks)
{
	uc_hook hook;

	CHECK(!uc_open(UC_ARCH_X86, UC_MODE_64, &b->uc));
	CHECK(!uc_ctl_set_tcg_buffer_size(b->uc, 64 << 20));
	CHECK(!uc_ctl_tlb_mode(b->uc, UC_TLB_VIRTUAL));
	b->ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(b->ram != MAP_FAILED);
	build_chase(b->ram);
	CHECK(!uc_mem_map_ptr(b->uc, 0, RAM, UC_PROT_ALL, b->ram));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_TLB_FILL, (void *)on_fill, NULL, 1, 0));
	if (!hooks)
		return;
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_CODE, (void *)on_code, NULL, 1, 0));
	CHECK(!uc_hook_add(b->uc, &hook, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_memory, NULL, 1, 0));
}

static double bare_run(struct bare *b, const struct program *p)
{
	memcpy(b->ram + CODE, p->code, p->size);
	uc_ctl_remove_cache(b->uc, CODE, CODE + PAGE_SIZE);
	uc_ctl_flush_tlb(b->uc);
	uc_reg_write(b->uc, UC_X86_REG_RAX, &p->rax);
	uc_reg_write(b->uc, UC_X86_REG_RCX, &p->rcx);
	uc_reg_write(b->uc, UC_X86_REG_RSI, &p->rsi);
	uc_reg_write(b->uc, UC_X86_REG_RDI, &p->rdi);
	double start = now();
	uc_err err = uc_emu_start(b->uc, CODE, CODE + p->size - 1, 0, 0);
	double end = now();
	CHECK(!err);
	return end - start;
}

static double plain_run(const struct program *p)
{
	return bare_run(&plain, p);
}

static double hooked_run(const struct program *p)
{
	return bare_run(&hooked, p);
}

/* ---- in turns ---- */

/* The last is what the others are compared with. */
static const struct {
	const char *name;
	double (*run)(const struct program *p);
} emulators[] = {{"vtxray", without_cpu_run}, {"vtxray+cpu", with_cpu_run}, {"vtxray+insn", by_insn_run},
		 {"fast-forward", fast_run},  {"unicorn", plain_run},	    {"unicorn+hooks", hooked_run}};

enum { EMULATORS = ARRAY_LEN(emulators), PLAIN = EMULATORS - 2 };

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_spread(double value[ROUNDS])
{
	qsort(value, ROUNDS, sizeof *value, ascending);
	printf(",%.3f,%.3f,%.3f", value[ROUNDS / 2], value[ROUNDS / 4], value[ROUNDS * 3 / 4]);
}

static void measure(const struct program *p)
{
	double mips[EMULATORS][ROUNDS], ratio[EMULATORS][ROUNDS], model[EMULATORS][ROUNDS], bare[EMULATORS][ROUNDS];

	for (unsigned e = 0; e < EMULATORS; e++) /* to warm up */
		emulators[e].run(p);
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned e = 0; e < EMULATORS; e++)
			mips[e][i] = (double)p->insns / emulators[e].run(p) * 1e-6;
		for (unsigned e = 0; e < EMULATORS; e++) {
			ratio[e][i] = mips[e][i] / mips[EMULATORS - 1][i];
			model[e][i] = mips[e][i] / mips[0][i];
			bare[e][i] = mips[e][i] / mips[PLAIN][i];
		}
	}
	for (unsigned e = 0; e < EMULATORS; e++) {
		printf("%s,%s,%lu", p->name, emulators[e].name, p->insns);
		print_spread(mips[e]);
		print_spread(ratio[e]);
		print_spread(model[e]);
		print_spread(bare[e]);
		printf("\n");
	}
}

/* Arguments: the programs to measure; none: all. */
static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1;
}

int main(int argc, char **argv)
{
	static struct profile profile;
	char error[PROFILE_ERROR];

	if (profile_load(&profile, "emu/profiles/skylake.ini", NULL, error) < 0) {
		fprintf(stderr, "engine: %s\n", error);
		return 1;
	}
	model_start(&without_cpu, NULL, ACCOUNT_BLOCK);
	model_start(&with_cpu, &profile, ACCOUNT_BLOCK);
	model_start(&by_insn, NULL, ACCOUNT_INSN);
	model_start(&fast, NULL, ACCOUNT_FAST);
	bare_start(&plain, false);
	bare_start(&hooked, true);
	printf("loop,emulator,instructions,mips,mips_low,mips_high,ratio,ratio_low,ratio_high,model,model_low,model_high,plain,plain_low,"
	       "plain_high\n");
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (wanted(programs[i].name, argc, argv))
			measure(&programs[i]);
	return 0;
}
