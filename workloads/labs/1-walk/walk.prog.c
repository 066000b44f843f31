/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 1: makes a problem from a seed (paging structures in memory, and decoys), prints it, solves it, grades an answer. The references are
 * those of the emulator's own walks.
 *
 *     walk SEED              the problem           walk SEED --solve      the answer, for teachers
 *     walk SEED --blank      an empty answer       walk SEED --grade F    lines "GOT MAX text", then mistakes, for grade.sh
 */
#include "ept/eptp.h"
#include "ept/map.h"
#include "ept/walk.h"
#include "mmu/pte.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NATIVE_REFS = 4, NESTED_REFS = 24, RAM = 64 << 20, FRAMES = RAM >> PAGE_SHIFT, GUEST_FRAMES = 4096, DECOYS = 2 };

struct part {
	const char *name;
	unsigned count;
	struct walk_ref ref[NESTED_REFS];
	uint64_t root, gla, final;
};

static struct mem mem;
static struct cpu cpu;
static struct vmx vmx;
static struct ept ept;
static struct ept_pool pool;
static struct ept_map map;
static bool taken[FRAMES], shown[FRAMES];
static uint64_t frame_of_guest[GUEST_FRAMES]; /* host-physical frames of guest-physical ones */
static uint64_t state;

static uint64_t any(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

static uint64_t any_frame(void)
{
	uint64_t frame;
	do
		frame = 256 + any(FRAMES / 2); /* the upper half is the EPT tables' pool */
	while (taken[frame]);
	taken[frame] = true;
	return frame;
}

static void put(hpa_t at, uint64_t value)
{
	mem_write(&mem, at, value, 8);
}

static uint64_t any_flags(void)
{
	return PTE_P | PTE_RW | PTE_A | (any(2) ? PTE_US : 0) | (any(2) ? PTE_D : 0) | (any(4) ? 0 : PTE_XD);
}

static hpa_t place(bool guest, uint64_t frame)
{
	return HPA((guest ? frame_of_guest[frame] : frame) << PAGE_SHIFT);
}

static uint64_t new_frame(bool guest)
{
	if (!guest)
		return any_frame();
	uint64_t frame;
	do
		frame = 1 + any(GUEST_FRAMES - 1);
	while (frame_of_guest[frame]);
	frame_of_guest[frame] = any_frame();
	ept_map_page(&map, GPA(frame << PAGE_SHIFT), place(true, frame), PAGE_SHIFT,
		     EPTE_RWX | EPTE_A | EPTE_D | (uint64_t)MEMTYPE_WB << EPTE_MEMTYPE_SHIFT);
	return frame;
}

/* A table with the entry that is used, and some that are not. */
static void fill_table(bool guest, uint64_t frame, unsigned index, uint64_t entry)
{
	hpa_t table = place(guest, frame);
	shown[table.u >> PAGE_SHIFT] = true;
	for (unsigned i = 0; i < DECOYS; i++)
		put(HPA(table.u + 8 * ((index + 1 + any(500)) & 511)), any(GUEST_FRAMES) << PAGE_SHIFT | any_flags());
	put(HPA(table.u + 8 * index), entry);
}

static uint64_t any_linear(void)
{
	return any(256) << 39 | any(512) << 30 | any(512) << 21 | any(512) << 12 | (8 + any(500) * 8);
}

/* 4-level tables for one linear address; the root. */
static uint64_t build(bool guest, uint64_t gla)
{
	uint64_t next = new_frame(guest);
	for (unsigned level = 1; level <= 4; level++) {
		uint64_t table = new_frame(guest);
		fill_table(guest, table, gla >> level_shift(level) & 511, next << PAGE_SHIFT | any_flags() | (level == 1 ? PTE_D : 0));
		next = table;
	}
	return next << PAGE_SHIFT;
}

static void note(void *ctx, const struct walk_ref *ref)
{
	struct part *part = ctx;
	if (ref->ept)
		shown[ref->hpa.u >> PAGE_SHIFT] = true;
	part->ref[part->count++] = *ref;
}

static void look(struct part *part)
{
	struct paging_regs regs = {.cr0 = CR0_PE | CR0_PG, .cr3 = part->root, .cr4 = CR4_PAE, .efer = EFER_LME | EFER_LMA | EFER_NXE};
	mmu_set_paging(&cpu.mmu, &regs);
	cpu.mmu.env.observer = note;
	cpu.mmu.env.observer_ctx = part;
	struct walk w = mmu_peek(&cpu.mmu, GLA(part->gla), ACC_READ);
	cpu.mmu.env.observer = NULL;
	CHECK(w.status == WALK_OK);
	part->final = w.hpa.u;
}

static void make(uint64_t seed, struct part parts[2])
{
	state = seed * 0x9e3779b97f4a7c15ull + 0x1234567;
	CHECK(mem_init(&mem, RAM) == 0);
	cpu.mem = &mem;
	CHECK(mmu_init(&cpu.mmu, &mem, &cpu.ev, NULL) == 0);
	cpu_reset(&cpu);
	vmx_init(&vmx, &cpu);
	ept_attach(&ept, &cpu);
	ept_pool_init(&pool, &mem, 3ull * RAM / 4);
	CHECK(ept_map_init(&map, &pool, 4));

	parts[0] = (struct part){.name = "native", .gla = any_linear()};
	parts[0].root = build(false, parts[0].gla);
	look(&parts[0]);
	parts[1] = (struct part){.name = "nested", .gla = any_linear()};
	parts[1].root = build(true, parts[1].gla);
	cpu.vmx_op = VMX_NONROOT;
	vmx.vmcs.proc_controls = CTL(PROC, SECONDARY);
	vmx.vmcs.proc2_controls = CTL(PROC2, EPT);
	vmx.hooks.ept_use(&cpu, ept_map_eptp(&map, true), 1);
	look(&parts[1]);
}

static void print_memory(void)
{
	printf("memory (host-physical address: 8-byte words that are not 0)\n");
	for (uint64_t frame = 0; frame < FRAMES; frame++) {
		if (!shown[frame])
			continue;
		printf("  frame 0x%07" PRIx64 "\n", frame << PAGE_SHIFT);
		for (uint64_t at = frame << PAGE_SHIFT; at < (frame + 1) << PAGE_SHIFT; at += 8)
			if (mem_read(&mem, HPA(at), 8))
				printf("    0x%07" PRIx64 ": 0x%016" PRIx64 "\n", at, mem_read(&mem, HPA(at), 8));
	}
}

static void problem(const struct part parts[2], uint64_t seed)
{
	printf("lab 1, seed %" PRIu64 "\n\n", seed);
	printf("native: CR3 = 0x%" PRIx64 "; which addresses does the walk for linear 0x%" PRIx64 " read?\n", parts[0].root, parts[0].gla);
	printf("nested: EPTP = 0x%" PRIx64 ", the guest's CR3 = 0x%" PRIx64 " (guest-physical); linear 0x%" PRIx64 "?\n\n",
	       ept_map_eptp(&map, true), parts[1].root, parts[1].gla);
	print_memory();
}

static void answers(const struct part parts[2], bool solve)
{
	for (unsigned p = 0; p < 2; p++) {
		for (unsigned i = 0; i < parts[p].count; i++)
			printf(solve ? "%s %u 0x%" PRIx64 "\n" : "%s %u ?\n", parts[p].name, i + 1, parts[p].ref[i].hpa.u);
		printf(solve ? "%s final 0x%" PRIx64 "\n" : "%s final ?\n", parts[p].name, parts[p].final);
	}
}

/* ---- grading ---- */

static bool given(FILE *file, const char *part, const char *which, uint64_t *value)
{
	char name[16], number[16], text[64], *end;
	rewind(file);
	for (char line[256]; fgets(line, sizeof line, file);) {
		if (sscanf(line, "%15s %15s %63s", name, number, text) != 3 || strcmp(name, part) != 0 || strcmp(number, which) != 0)
			continue;
		*value = strtoull(text, &end, 16);
		return *end == '\0';
	}
	return false;
}

/* What leads to this wrong address, or NULL. */
static const char *mistake(const struct part *part, unsigned i, uint64_t value)
{
	const struct walk_ref *ref = &part->ref[i];
	uint64_t address = ref->ept ? ref->gpa.u : part->gla, table = page_base(ref->hpa.u);
	uint64_t index = address >> level_shift(ref->level) & 511, before = 0;
	unsigned other = ref->level < 4 ? ref->level + 1u : ref->level - 1u;

	for (unsigned j = i; j-- > 0 && !before;)
		if (part->ref[j].ept == ref->ept && part->ref[j].level == ref->level + 1)
			before = part->ref[j].entry;
	if (value == table + index)
		return "an entry has 8 bytes: the address is table + 8 * index";
	if (page_base(value) == table && value == table + 8 * (address >> level_shift(other) & 511))
		return "the index is that of another level: bits 47:39, 38:30, 29:21, 20:12";
	if (before && value == (before & ~BIT(63)) + 8 * index)
		return "bits 11:0 of the entry above are flags, not address: the table is bits 51:12";
	if (before & BIT(63) && (value & BIT(63)))
		return "bit 63 of the entry above is XD, not address: the table is bits 51:12";
	if (!ref->ept && value == ref->gpa.u)
		return "this is the guest-physical address: EPT says where it lies in memory";
	if (ref->ept && value == table + 8 * (part->gla >> level_shift(ref->level) & 511))
		return "EPT translates the guest-physical address: its index comes from there, not from the linear address";
	if (page_base(value) == table)
		return "the right table, but not the right entry of it";
	if (i == 0)
		return ref->ept ? "the EPT walk begins in the table at bits 51:12 of the EPTP"
				: "the walk begins in the table that CR3 points to";
	return NULL;
}

static unsigned grade_part(FILE *file, const struct part *part, unsigned each, unsigned final)
{
	unsigned right = 0, total = part->count;
	uint64_t value;
	char which[16], first[160] = "";

	for (unsigned i = 0; i < total; i++) {
		snprintf(which, sizeof which, "%u", i + 1);
		bool there = given(file, part->name, which, &value);
		if (there && value == part->ref[i].hpa.u) {
			right++;
			continue;
		}
		const char *why = there ? mistake(part, i, value) : "no number is given";
		if (!first[0])
			snprintf(first, sizeof first, "reference %u: %s", i + 1, why ? why : "not this address");
	}
	printf("%u %u the references of the %s walk (%u of %u)|%s\n", right * each, total * each, part->name, right, total, first);
	bool ok = given(file, part->name, "final", &value) && value == part->final;
	printf("%u %u the page at the end of the %s walk|%s\n", ok ? final : 0, final, part->name,
	       "bits 51:12 of the last entry, and bits 11:0 of the linear address");
	return right;
}

int main(int argc, char **argv)
{
	struct part parts[2];
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;

	make(seed, parts);
	CHECK(parts[0].count == NATIVE_REFS && parts[1].count == NESTED_REFS);
	if (argc == 2) {
		problem(parts, seed);
	} else if (argc == 3 && (!strcmp(argv[2], "--solve") || !strcmp(argv[2], "--blank"))) {
		answers(parts, !strcmp(argv[2], "--solve"));
	} else if (argc == 4 && !strcmp(argv[2], "--grade")) {
		FILE *file = fopen(argv[3], "re");
		if (!file) {
			perror(argv[3]);
			return 2;
		}
		if (!grade_part(file, &parts[0], 5, 4))
			printf("note: this is graded as the answer to SEED=%" PRIu64 ": make lab N=1 SEED=.. grade for another problem\n",
			       seed);
		grade_part(file, &parts[1], 3, 4);
		fclose(file);
	} else {
		fprintf(stderr, "usage: walk SEED [--solve | --blank | --grade FILE]\n");
		return 2;
	}
	return 0;
}
