/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests made from numbers (shadow_random.h). */
#include "tests/shadow_random.h"

#include "vmx/offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 16, PLACES = 12, TEXT = 200, PCIDS = 3 };

uint64_t numbers_next(struct numbers *n)
{
	uint64_t z = n->state += 0x9e3779b97f4a7c15ull;
	if (n->data) {
		z = 0;
		for (unsigned i = 0; i < 2 && n->size; i++, n->size--)
			z = z << 8 | *n->data++;
		return z * 0x100010001ull;
	}
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

struct guest_run {
	struct pair pair;
	struct numbers *n;
	unsigned levels;
	bool pcide, over;
	uint64_t root[PCIDS]; /* by PCID: what may be cached of it was made from this table; 0: nothing is */
	gla_t place[PLACES];
	char *text;
};

static uint64_t below(struct guest_run *r, uint64_t limit)
{
	return numbers_next(r->n) % limit;
}

static bool chance(struct guest_run *r, unsigned percent)
{
	return below(r, 100) < percent;
}

/* ---- tables ---- */

static unsigned entry_size(const struct guest_run *r)
{
	return r->levels == 2 ? 4 : 8;
}

static unsigned some_index(struct guest_run *r)
{
	static const uint16_t of8[] = {0, 1, 2, 511}, of4[] = {0, 1, 512, 1023};
	return entry_size(r) == 4 ? of4[below(r, 4)] : of8[below(r, 4)];
}

static uint64_t some_address(struct guest_run *r, bool large)
{
	if (large && chance(r, 95))
		return below(r, 3) << (entry_size(r) == 4 ? 22 : 21);
	switch (below(r, 20)) {
	case 0:
		return PAIR_RAM + below(r, 8) * PAGE_SIZE; /* the VMM's area */
	case 1:
		return 0x80000000ull; /* nothing there */
	case 2:
		return 0x200000;
	default:
		return below(r, FRAMES) * PAGE_SIZE;
	}
}

static uint64_t some_entry(struct guest_run *r)
{
	bool large = chance(r, 12);
	uint64_t e = some_address(r, large) | (large ? PTE_PS : 0);
	e |= chance(r, 92) ? PTE_P : 0;
	e |= chance(r, 80) ? PTE_RW : 0;
	e |= chance(r, 75) ? PTE_US : 0;
	e |= chance(r, 30) ? PTE_A : 0;
	e |= chance(r, 30) ? PTE_D : 0;
	e |= chance(r, 15) ? PTE_G : 0;
	e |= chance(r, 10) ? PTE_PWT : 0;
	if (entry_size(r) == 4)
		return e;
	e |= chance(r, 8) ? PTE_XD : 0;
	e |= chance(r, 2) ? BIT(50) : 0;
	e |= r->levels >= 4 && chance(r, 10) ? below(r, 16) << PTE_PKEY_SHIFT : 0;
	return e;
}

static void make_tables(struct guest_run *r)
{
	unsigned size = entry_size(r);
	for (unsigned f = 0; f < FRAMES; f++)
		for (unsigned k = 0; k < 6; k++)
			pair_poke(&r->pair, f * PAGE_SIZE + some_index(r) * size, some_entry(r), size);
	/* a way down that works, and, for PAE, PDPTEs that can be loaded */
	for (unsigned l = r->levels; l > 1; l--)
		pair_poke(&r->pair, (1 + r->levels - l) * PAGE_SIZE, ((2 + r->levels - l) * PAGE_SIZE) | PTE_P | PTE_RW | PTE_US, size);
	for (unsigned i = 0; r->levels == 3 && i < 4; i++)
		pair_poke(&r->pair, PAGE_SIZE + 8 * i, (2 + below(r, 3)) * PAGE_SIZE | (chance(r, 90) ? PTE_P : 0), 8);
}

static gla_t some_place(struct guest_run *r)
{
	uint64_t gla = 0;
	for (unsigned level = 1; level <= r->levels; level++)
		gla |= (uint64_t)some_index(r) << (entry_size(r) == 4 ? PAGE_SHIFT + 10 * (level - 1) : level_shift(level));
	if (r->levels == 0)
		gla = some_address(r, false);
	if (r->levels < 4)
		return GLA((uint32_t)gla);
	unsigned unused = r->levels == 5 ? 7 : 16;
	return GLA((uint64_t)((int64_t)(gla << unused) >> unused));
}

/* ---- steps ---- */

static bool differs(struct guest_run *r, const char *what, uint64_t where)
{
	const struct outcome *a = &r->pair.a, *b = &r->pair.b;
	snprintf(r->text, TEXT, "%s %llx: native vector %d error %x cr2 %llx value %llx, shadow %s%s%d %x %llx %llx", what,
		 (unsigned long long)where, a->fault ? a->vector : -1, a->error, (unsigned long long)a->cr2, (unsigned long long)a->value,
		 b->stop ? "stops " : "", b->down ? "down " : "", b->fault ? b->vector : -1, b->error, (unsigned long long)b->cr2,
		 (unsigned long long)b->value);
	return false;
}

/* Everything, in all PCIDs: MOV to CR4 that changes PGE. */
static bool flush_all(struct guest_run *r)
{
	uint64_t pge = pair_cr(&r->pair, 4) & CR4_PGE;
	bool good = pair_cr4(&r->pair, pge, CR4_PGE ^ pge) || differs(r, "MOV to CR4", 0);
	r->over |= r->pair.a.fault; /* PDPTEs that cannot be loaded: what is cached now is anybody's guess */
	return good;
}

static bool flush_places(struct guest_run *r)
{
	for (unsigned i = 0; i < 2 * PLACES; i++) {
		gla_t gla = GLA(r->place[i / 2].u + (i & 1) * PAGE_SIZE);
		gla = r->levels < 4 ? GLA((uint32_t)gla.u) : gla;
		if (!pair_invlpg(&r->pair, gla))
			return differs(r, "INVLPG", gla.u);
	}
	return true;
}

static bool flush_cr3(struct guest_run *r)
{
	uint64_t cr3 = pair_cr(&r->pair, 3);
	bool good = pair_mov_cr(&r->pair, 3, cr3) || differs(r, "MOV to CR3", cr3);
	r->over |= r->pair.a.fault;
	return good;
}

/* Each PCID by a MOV to CR3 of its own, then back to where the guest was, with what that has cached. */
static bool flush_pcids(struct guest_run *r)
{
	uint64_t cr3 = pair_cr(&r->pair, 3);
	for (uint64_t i = 0; i < PCIDS; i++) {
		uint64_t pcid = (cr3 + i + 1) % PCIDS; /* the present one comes somewhere among them */
		if (!pair_mov_cr(&r->pair, 3, (cr3 & ~CR3_PCID) | pcid))
			return differs(r, "MOV to CR3", cr3);
	}
	return pair_mov_cr(&r->pair, 3, cr3 | CR3_NO_FLUSH) || differs(r, "MOV to CR3", cr3);
}

static bool invalidate(struct guest_run *r)
{
	bool globals = pair_cr(&r->pair, 4) & CR4_PGE;
	memset(r->root, 0, sizeof r->root);
	r->root[pair_cr(&r->pair, 3) & CR3_PCID & 3] = pair_cr(&r->pair, 3) & ~CR3_PCID;
	if (r->pcide)
		return globals || chance(r, 30) ? flush_all(r) : flush_pcids(r);
	switch (below(r, globals ? 2 : 3)) {
	case 0:
		return flush_all(r);
	case 1:
		return flush_places(r);
	default:
		return flush_cr3(r);
	}
}

/* true if what a write changes was no entry that a processor may have cached: nothing there was present. */
static bool may_go_without(struct guest_run *r, gla_t gla, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		struct walk w = mmu_peek(&r->pair.native.cpu.mmu, GLA(gla.u + i), ACC_READ | ACC_AC);
		if (w.status != WALK_OK || !mem_is_ram(&r->pair.native.mem, w.hpa, 1))
			continue;
		hpa_t entry = HPA(w.hpa.u & ~(uint64_t)(entry_size(r) - 1));
		if (mem_read(&r->pair.native.mem, entry, entry_size(r)) & PTE_P)
			return false;
	}
	return true;
}

static bool access_step(struct guest_run *r, gla_t gla, unsigned size, unsigned access, uint64_t value)
{
	bool without = !(access & ACC_WRITE) || may_go_without(r, gla, size);
	if (!pair_access(&r->pair, gla, size, access, value))
		return differs(r, access & ACC_WRITE ? "write" : access & ACC_FETCH ? "fetch" : "read", gla.u);
	return without || r->pair.a.fault || invalidate(r);
}

static bool any_access(struct guest_run *r)
{
	static const unsigned kinds[] = {ACC_READ, ACC_READ, ACC_WRITE, ACC_WRITE, ACC_READ | ACC_WRITE, ACC_FETCH};
	unsigned kind = kinds[below(r, ARRAY_LEN(kinds))], size = 1u << below(r, 4);
	unsigned who = chance(r, 40) ? (unsigned)ACC_USER : chance(r, 30) ? (unsigned)ACC_AC : chance(r, 5) ? (unsigned)ACC_IMPLICIT : 0;
	uint64_t offset = chance(r, 3) ? PAGE_SIZE - 2 : below(r, PAGE_SIZE / 8) * 8;
	gla_t gla = GLA(r->place[below(r, PLACES)].u + offset);
	if (kind & ACC_FETCH || page_offset(gla.u) + size > PAGE_SIZE * (gla.u + PAGE_SIZE < gla.u ? 0 : 1))
		size = 1;
	if (chance(r, 2) && !(kind & ACC_FETCH) && page_base(gla.u) != page_base(~0ull) && page_base(gla.u) != 0xfffff000 &&
	    page_base(gla.u) != page_base(BIT(47) - 1) && page_base(gla.u) != page_base(BIT(56) - 1)) {
		gla.u = page_base(gla.u) + PAGE_SIZE - 4;
		size = 8;
	}
	return access_step(r, gla, size, kind | who, numbers_next(r->n));
}

/* A store of an entry to where the guest can reach one. */
static bool store_entry(struct guest_run *r)
{
	unsigned size = entry_size(r);
	gla_t gla = GLA(r->place[below(r, PLACES)].u + some_index(r) * size);
	uint64_t value = some_entry(r);
	if (size == 4 && chance(r, 20)) {
		size = 8;
		value |= some_entry(r) << 32;
		gla.u &= ~7ull;
	}
	return access_step(r, gla, size, ACC_WRITE | (chance(r, 20) ? (unsigned)ACC_USER : (unsigned)ACC_AC), value);
}

static bool switch_to(struct guest_run *r, uint64_t cr3, bool flushed)
{
	if (!pair_mov_cr(&r->pair, 3, cr3))
		return differs(r, "MOV to CR3", cr3);
	/* other tables behind cached translations, or global pages that are not the same everywhere: the guest must flush */
	return (flushed || !r->pcide) && !(pair_cr(&r->pair, 4) & CR4_PGE) ? true : flush_all(r);
}

/* A PCID is used with the tables that what is cached under it was made from, or is invalidated. */
static bool switch_pcid(struct guest_run *r, uint64_t cr3)
{
	uint64_t pcid = below(r, PCIDS), keep = chance(r, 60) ? CR3_NO_FLUSH : 0;
	bool good = !keep || !r->root[pcid] || r->root[pcid] == cr3;
	r->root[pcid] = cr3;
	return switch_to(r, cr3 | pcid | keep, good);
}

static bool switch_cr3(struct guest_run *r)
{
	static const uint8_t roots[] = {1, 1, 2, 6};
	uint64_t cr3 = roots[below(r, ARRAY_LEN(roots))] * (uint64_t)PAGE_SIZE;
	if (r->levels == 3)
		cr3 = PAGE_SIZE + below(r, 2) * 0x20 * chance(r, 10);
	return r->pcide ? switch_pcid(r, cr3) : switch_to(r, cr3, false);
}

static bool change_mode(struct guest_run *r)
{
	static const uint64_t bits[] = {CR4_SMEP, CR4_SMAP, CR4_PSE, CR4_PKE, CR4_PGE};
	uint64_t cr0 = pair_cr(&r->pair, 0), cr4 = pair_cr(&r->pair, 4), bit = bits[below(r, ARRAY_LEN(bits))];
	switch (below(r, 4)) {
	case 0:
		return pair_mov_cr(&r->pair, 0, cr0 ^ CR0_WP) || differs(r, "MOV to CR0", cr0 ^ CR0_WP);
	case 1:
		return (pair_efer(&r->pair, r->pair.native.cpu.efer ^ EFER_NXE) || differs(r, "WRMSR", 0)) && flush_all(r);
	case 2:
		if (r->levels < 4)
			return pair_mov_cr(&r->pair, 0, cr0 ^ CR0_PG) || differs(r, "MOV to CR0", cr0 ^ CR0_PG);
		r->pair.native.cpu.pkru = r->pair.shadow.cpu.pkru = (uint32_t)numbers_next(r->n);
		cpu_paging_changed(&r->pair.native.cpu);
		cpu_paging_changed(&r->pair.shadow.cpu);
		return true;
	default:
		return (pair_mov_cr(&r->pair, 4, cr4 ^ bit) || differs(r, "MOV to CR4", cr4 ^ bit)) && flush_all(r);
	}
}

static bool one_step(struct guest_run *r)
{
	unsigned what = (unsigned)below(r, 100);
	gla_t gla = r->place[below(r, PLACES)];
	if (what < 60)
		return any_access(r);
	if (what < 85)
		return store_entry(r);
	if (what < 90)
		return pair_invlpg(&r->pair, gla) || differs(r, "INVLPG", gla.u);
	return what < 96 ? switch_cr3(r) : change_mode(r);
}

/* ---- one guest ---- */

static void start(struct guest_run *r)
{
	static const uint8_t levels[] = {4, 2, 3, 5, 0, 4};
	struct shadow_vmm_config config = {.pages = chance(r, 50) ? 8 : 48};
	struct pair_guest guest = {.cr3 = PAGE_SIZE};
	guest.levels = r->levels = levels[below(r, ARRAY_LEN(levels))];
	config.agile = r->levels >= 4 && chance(r, 50);
	config.interval = chance(r, 50) ? 1 + below(r, 40) : 0;
	config.no_unsync = config.agile || chance(r, 50);
	config.no_vpid = chance(r, 25);
	config.unprotect = !config.agile && chance(r, 50) ? SHADOW_UNPROTECT_DEFAULT : SHADOW_UNPROTECT_NEVER;
	r->pcide = r->levels >= 4 && chance(r, 30);
	guest.cr0_more = config.agile || chance(r, 70) ? CR0_WP : 0;
	guest.cr4_more = (chance(r, 50) ? CR4_PSE : 0) | (chance(r, 50) ? CR4_PGE : 0) | (r->pcide ? CR4_PCIDE : 0);
	guest.efer_more = chance(r, 70) ? EFER_NXE : 0;
	pair_init(&r->pair, config.pages);
	if (r->levels)
		make_tables(r);
	for (unsigned i = 0; i < PLACES; i++)
		r->place[i] = i ? some_place(r) : GLA(0);
	r->root[0] = PAGE_SIZE;
	CHECK(pair_start(&r->pair, &guest, config) == 0);
}

/* The frames that the guests' entries and places lead to. */
static bool same_memory(const struct guest_run *r)
{
	for (uint64_t frame = 0; frame < PAIR_RAM / PAGE_SIZE; frame++) {
		const uint8_t *a = r->pair.native.mem.host + frame * PAGE_SIZE, *b = r->pair.shadow.mem.host + frame * PAGE_SIZE;
		if ((frame & 511) < FRAMES || (frame & 511) == 511)
			if (memcmp(a, b, PAGE_SIZE) != 0)
				return false;
	}
	return true;
}

/* Bounded memory, and lists that agree with the entries. */
static bool sound(struct guest_run *r)
{
	const struct shadow *s = pair_shadow(&r->pair);
	if (s->used <= s->limit + RESERVE)
		return true;
	snprintf(r->text, TEXT, "%u shadow pages in use", s->used);
	return false;
}

bool shadow_random_guest(struct numbers *n, unsigned steps, char *text)
{
	struct guest_run *r = calloc(1, sizeof *r);
	CHECK(r);
	r->n = n;
	r->text = text;
	start(r);
	bool good = true;
	for (unsigned i = 0; good && !r->over && i < steps && (!n->data || n->size); i++) {
		good = one_step(r) && sound(r);
		if (good && !pair_same_tables(&r->pair)) {
			good = false;
			snprintf(text, TEXT, "step %u: the tables differ", i);
		}
	}
	if (good && !same_memory(r)) {
		good = false;
		snprintf(text, TEXT, "at the end the memory differs");
	}
	pair_free(&r->pair);
	free(r);
	return good;
}
