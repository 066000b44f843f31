/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one translation costs the host: nanoseconds for a first-level hit, an STLB hit, a walk of four levels, a MOV to CR3 and an
 * INVLPG. Pages are visited in a fixed shuffled order, so that host prefetchers do not help. Prints one CSV line for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mmu/mmu.h"
#include "mmu/pte.h"

enum { RAM = 64 << 20, TABLES = 1 << 20, PAGES = 8192, ROUNDS = 4000000 };

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* 4-level tables at TABLES: linear page i of PAGES is physical page i */
static uint64_t make_tables(struct mem *mem)
{
	uint64_t pml4 = TABLES, pdpt = pml4 + PAGE_SIZE, pd = pdpt + PAGE_SIZE, pt = pd + PAGE_SIZE;
	mem_write(mem, HPA(pml4), pdpt | PTE_P | PTE_RW | PTE_US, 8);
	mem_write(mem, HPA(pdpt), pd | PTE_P | PTE_RW | PTE_US, 8);
	for (unsigned i = 0; i < PAGES / 512; i++)
		mem_write(mem, HPA(pd + 8 * i), (pt + i * PAGE_SIZE) | PTE_P | PTE_RW | PTE_US, 8);
	for (unsigned i = 0; i < PAGES; i++)
		mem_write(mem, HPA(pt + 8 * i), i * PAGE_SIZE | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D, 8);
	return pml4;
}

static void shuffle(uint32_t *page, unsigned count)
{
	uint32_t x = 12345;
	for (unsigned i = 0; i < count; i++)
		page[i] = i;
	for (unsigned i = count - 1; i > 0; i--) {
		x = x * 1664525 + 1013904223;
		unsigned j = (x >> 8) % (i + 1);
		uint32_t t = page[i];
		page[i] = page[j];
		page[j] = t;
	}
}

static void measure(struct mmu *mmu, const char *what, unsigned pages)
{
	static uint32_t page[PAGES];
	uint64_t sum = 0;
	shuffle(page, pages);
	for (unsigned i = 0; i < pages; i++)
		mmu_access(mmu, GLA((uint64_t)page[i] << PAGE_SHIFT), ACC_READ);
	struct events before = *mmu->env.ev;
	double start = now_ns();
	for (unsigned i = 0, at = 0; i < ROUNDS; i++) {
		const struct tlb_entry *e = mmu_access(mmu, GLA((uint64_t)page[at] << PAGE_SHIFT), ACC_READ);
		sum += e ? e->frame : 1;
		if (++at == pages)
			at = 0;
	}
	double ns = (now_ns() - start) / ROUNDS;
	printf("%s,%u,%.2f,%.3f,%.3f,%llx\n", what, pages, ns, (double)(mmu->env.ev->n[EV_DTLB_MISSES] - before.n[EV_DTLB_MISSES]) / ROUNDS,
	       (double)(event_walk_refs(mmu->env.ev) - event_walk_refs(&before)) / ROUNDS, (unsigned long long)sum);
}

static void measure_again(struct mmu *mmu)
{
	struct tlb_entry *e = mmu_access(mmu, GLA(0), ACC_READ);
	CHECK(e);
	uint64_t sum = 0;
	double start = now_ns();
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (mmu_entry_serves(mmu, e, GLA(0)) && mmu_entry_permits(mmu, e, ACC_READ))
			mmu_hit_again(mmu, e, ACC_READ);
		sum += tlb_entry_hpa(e, GLA(i & 4095)).u;
		__asm__ volatile("" ::: "memory");
	}
	printf("hit again,1,%.2f,,,%llx\n", (now_ns() - start) / ROUNDS, (unsigned long long)sum);
}

int main(void)
{
	static struct mem mem;
	static struct events ev;
	static struct mmu mmu;
	if (mem_init(&mem, RAM) < 0 || mmu_init(&mmu, &mem, &ev, NULL) < 0)
		return EXIT_FAILURE;
	struct paging_regs regs = {
	    .cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = make_tables(&mem), .cr4 = CR4_PAE | CR4_PGE, .efer = EFER_LME | EFER_LMA | EFER_NXE};
	mmu_set_paging(&mmu, &regs);
	printf("what,pages,ns,dtlb misses each,references each,checksum\n");
	measure(&mmu, "hit", 32);
	measure_again(&mmu);
	measure(&mmu, "stlb hit", 1024);
	measure(&mmu, "walk", PAGES);
	double start = now_ns();
	for (unsigned i = 0; i < 100000; i++) {
		mmu_set_paging(&mmu, &regs);
		mmu_flush_pcid(&mmu, 0);
	}
	printf("mov cr3,,%.1f,,,\n", (now_ns() - start) / 100000);
	measure(&mmu, "refill", 1024);
	start = now_ns();
	for (unsigned i = 0; i < 100000; i++)
		mmu_invlpg(&mmu, GLA((uint64_t)i << PAGE_SHIFT));
	printf("invlpg,,%.1f,,,\n", (now_ns() - start) / 100000);
	mmu_free(&mmu);
	mem_free(&mem);
	return EXIT_SUCCESS;
}
