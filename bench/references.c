/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * References per page walk: every guest page size and number of levels with every EPT page size and number of levels, without caches (the
 * first walk of all, whose count the formula (g + 1)(h + 1) - 1 gives) and with the caches of a processor's profile, over PAGES random
 * pages of a range; then agile paging, by the guest's table that a walk switches at. Only translations are made, no data is touched. CSV:
 * one row a combination and set of caches; walks, references to guest entries and to EPT entries of ROUNDS accesses after as many to warm
 * up, and the references of the first walk (cold) with its formula's value. Argument: the profile (emu/profiles/skylake.ini).
 */
#include "emu/profile.h"
#include "ept/eptp.h"
#include "ept/map.h"
#include "mmu/pte.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 8192, ROUNDS = 100000, VPID = 1 };
#define RANGE_MAX BIT(36)
#define TABLES_AT (RANGE_MAX + BIT(32)) /* guest-physical: behind all pages and the device hole's shift */
#define POOL_AT (TABLES_AT + BIT(30))	/* host-physical: the EPT tables */
#define MEMORY (POOL_AT + BIT(30))
#define EPT_BITS (EPTE_RWX | (uint64_t)MEMTYPE_WB << EPTE_MEMTYPE_SHIFT)
#define SWITCH BIT(52) /* in an entry: agile paging goes on nested from here */

static const unsigned sizes[] = {12, 21, 30};
static const char *const size_names[] = {"4k", "2m", "1g"};
static const struct {
	const char *name;
	const char *without; /* NULL: the plain model, without any cache */
} cache_sets[] = {{"none", NULL}, {"psc", "nested-tlb,l1d,l2,llc"}, {"psc+nested", "l1d,l2,llc"}};

static const char *const switch_names[] = {"shadow", "pt", "pd", "pdpt", "pml4", "all"};
enum { SWITCHES = ARRAY_LEN(switch_names) };

struct setup {
	unsigned guest_levels, guest_shift, ept_levels, ept_shift; /* ept_levels 0: native */
	bool agile;
	unsigned
	    switched; /* agile: the level of the first table that is the guest's; 0: none, SWITCHES - 1: all, by guest-physical address */
	uint64_t range;
};

static struct mem mem;
static struct cpu cpu;
static struct vmx vmx;
static struct ept ept;
static struct ept_pool pool;
static struct ept_map map;
static uint64_t next_table; /* guest-physical */
static uint64_t page[PAGES];

static uint64_t random_next(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	return x;
}

/* In the EPT tables, if there are any: guest-physical = host-physical. */
static void back(const struct setup *s, uint64_t gpa)
{
	uint64_t base = gpa & ~(BIT(s->ept_shift) - 1);

	if (s->ept_levels)
		CHECK(ept_map_page(&map, GPA(base), HPA(base), s->ept_shift, EPT_BITS));
}

static uint64_t new_table(const struct setup *s)
{
	uint64_t at = next_table;

	next_table += PAGE_SIZE;
	back(s, at);
	return at;
}

static void map_linear(const struct setup *s, uint64_t top, uint64_t linear)
{
	const uint64_t bits = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;
	unsigned leaf = (s->guest_shift - 12) / 9 + 1;
	uint64_t table = top, frame = linear & ~(BIT(s->guest_shift) - 1);

	for (unsigned level = s->guest_levels; level > leaf; level--) {
		hpa_t at = HPA(table + 8 * (linear >> level_shift(level) & 511));
		if (!mem_read(&mem, at, 8))
			mem_write(&mem, at, new_table(s) | bits | (s->agile && level == s->switched + 1 ? SWITCH : 0), 8);
		table = mem_read(&mem, at, 8) & BITS(45, 12);
	}
	mem_write(&mem, HPA(table + 8 * (linear >> level_shift(leaf) & 511)), frame | bits | (leaf > 1 ? PTE_PS : 0), 8);
	back(s, linear);
}

/* A processor whose tables map the pages as the setup says. */
static void start(const struct setup *s, const struct profile *profile)
{
	CHECK(!mem_init(&mem, MEMORY));
	memset(&cpu, 0, sizeof cpu);
	cpu.mem = &mem;
	CHECK(!mmu_init(&cpu.mmu, &mem, &cpu.ev, profile ? &profile->tlbs : NULL));
	CHECK(!profile || !mmu_model(&cpu.mmu, &profile->pscs, NULL));
	cpu_reset(&cpu);
	vmx_init(&vmx, &cpu);
	ept_attach(&ept, &cpu);
	ept_pool_init(&pool, &mem, POOL_AT);
	next_table = TABLES_AT;
	if (s->ept_levels) {
		cpu.vmx_op = VMX_NONROOT;
		vmx.vmcs.proc_controls = CTL(PROC, SECONDARY);
		vmx.vmcs.proc2_controls = CTL(PROC2, EPT) | CTL(PROC2, VPID);
		CHECK(ept_map_init(&map, &pool, s->ept_levels));
	}
	uint64_t top = new_table(s);
	for (unsigned i = 0; i < PAGES; i++) {
		page[i] = random_next() % s->range & ~(uint64_t)(PAGE_SIZE - 1);
		page[i] += page[i] >= MEM_LOW_MAX ? BIT(32) : 0; /* not in the hole */
		map_linear(s, top, page[i]);
	}
	cpu.cr0 = CR0_PE | CR0_PG | CR0_WP | CR0_NE;
	cpu.cr3 = top;
	cpu.cr4 = CR4_PAE | (s->guest_levels == 5 ? CR4_LA57 : 0);
	cpu.efer = EFER_LME | EFER_LMA | EFER_NXE;
	cpu_paging_changed(&cpu);
	if (s->ept_levels) {
		vmx.vmcs.eptp = ept_map_eptp(&map, false);
		vmx.hooks.ept_use(&cpu, vmx.vmcs.eptp, VPID);
	}
	if (s->agile) { /* guest-physical = host-physical: the same tables serve as shadow tables */
		cpu.mmu.env.switch_bit = SWITCH;
		cpu.mmu.env.switch_root = (uint8_t)(s->switched == SWITCHES - 1	     ? SWITCH_ALL
						    : s->switched == s->guest_levels ? s->switched
										     : SWITCH_NONE);
	}
}

static void stop(void)
{
	mmu_free(&cpu.mmu);
	mem_free(&mem);
}

static void touch(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		CHECK(mmu_access(&cpu.mmu, GLA(page[random_next() % PAGES]), ACC_READ));
}

static uint64_t ept_refs(const struct events *ev)
{
	uint64_t sum = 0;

	for (unsigned level = 0; level < LEVELS_MAX; level++)
		sum += ev->n[EV_REF_EPT_PT + level];
	return sum;
}

static unsigned levels_read(unsigned levels, unsigned shift)
{
	return levels ? levels - (shift - 12) / 9 : 0;
}

/* Of a walk without caches: in agile paging every table of the guest's, and the page, are found by their predecessor, but for the first. */
static unsigned formula(const struct setup *s)
{
	unsigned g = levels_read(s->guest_levels, s->guest_shift), h = levels_read(s->ept_levels, s->ept_shift);

	return s->agile && s->switched < SWITCHES - 1 ? g + s->switched * h : (g + 1) * (h + 1) - 1;
}

static void measure(const struct setup *s, unsigned set, const struct profile *profile)
{

	start(s, profile);
	touch(1);
	uint64_t cold = event_walk_refs(&cpu.ev);
	touch(ROUNDS);
	struct events before = cpu.ev;
	touch(ROUNDS);
	uint64_t walks = event_walks(&cpu.ev) - event_walks(&before), refs = event_walk_refs(&cpu.ev) - event_walk_refs(&before);
	uint64_t second = ept_refs(&cpu.ev) - ept_refs(&before);
	printf("%u,%s,%u,%s,%s,%" PRIu64 ",%s,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.4f\n", s->guest_levels,
	       size_names[(s->guest_shift - 12) / 9], s->ept_levels, s->ept_levels ? size_names[(s->ept_shift - 12) / 9] : "",
	       s->agile ? switch_names[s->switched] : "", s->range >> 30, cache_sets[set].name, formula(s), cold, walks, refs - second,
	       second, walks ? (double)refs / (double)walks : 0.0);
	stop();
}

static void measure_all(struct setup s, const struct profile *profile)
{
	static const uint64_t ranges[] = {BIT(30), RANGE_MAX};

	for (unsigned set = 0; set < ARRAY_LEN(cache_sets); set++)
		for (unsigned r = 0; r < ARRAY_LEN(ranges); r++) {
			s.range = ranges[r];
			measure(&s, set, cache_sets[set].without ? &profile[set] : NULL);
		}
}

int main(int argc, char **argv)
{
	static struct profile profile[ARRAY_LEN(cache_sets)];
	char error[PROFILE_ERROR];

	for (unsigned set = 0; set < ARRAY_LEN(cache_sets); set++)
		if (cache_sets[set].without &&
		    profile_load(&profile[set], argc > 1 ? argv[1] : "emu/profiles/skylake.ini", cache_sets[set].without, error)) {
			fprintf(stderr, "references: %s\n", error);
			return 1;
		}
	printf(
	    "guest_levels,guest_page,ept_levels,ept_page,switch,range_gib,caches,formula,cold,walks,guest_refs,ept_refs,refs_per_walk\n");
	for (unsigned g = 4; g <= 5; g++)
		for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
			measure_all((struct setup){.guest_levels = g, .guest_shift = sizes[i]}, profile);
			for (unsigned h = 4; h <= 5; h++)
				for (unsigned j = 0; j < ARRAY_LEN(sizes); j++)
					measure_all(
					    (struct setup){
						.guest_levels = g, .guest_shift = sizes[i], .ept_levels = h, .ept_shift = sizes[j]},
					    profile);
		}
	for (unsigned level = 0; level < SWITCHES; level++)
		measure_all((struct setup){4, sizes[0], 4, sizes[0], true, level, 0}, profile);
	return 0;
}
