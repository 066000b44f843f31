/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 3, for teachers: the solution. Always in sync, by the plainest means: whatever might be out of date goes. */
#include "lab3.h"

#define P (1ull << 0)
#define RW (1ull << 1)
#define US (1ull << 2)
#define A (1ull << 5)
#define D (1ull << 6)
#define PS (1ull << 7)
#define XD (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull

static uint64_t guest_cr3;
static bool is_table[GUEST_FRAMES];

static uint64_t entry_at(uint64_t table, uint64_t gla, int level)
{
	return table + 8 * (gla >> (12 + 9 * (level - 1)) & 511);
}

static struct gwalk deny(struct gwalk g, unsigned access, bool present)
{
	g.ok = false;
	g.error = (present ? 1 : 0) | (access & WRITE ? 2 : 0) | (access & USER ? 4 : 0) | (access & FETCH ? 16 : 0);
	return g;
}

static bool permitted(const struct gwalk *g, unsigned access)
{
	if (access & WRITE && !g->writable)
		return false;
	if (access & USER && !g->user)
		return false;
	return !(access & FETCH) || g->executable;
}

struct gwalk gwalk(uint64_t cr3, uint64_t gla, unsigned access)
{
	struct gwalk g = {.ok = true, .writable = true, .user = true, .executable = true};
	uint64_t table = cr3 & ADDRESS, at[4], entry = 0;
	int level = 4;

	for (;; level--) {
		at[g.tables] = entry_at(table, gla, level);
		g.table[g.tables] = table;
		entry = guest_read(at[g.tables++]);
		if (!(entry & P))
			return deny(g, access, false);
		g.writable &= (entry & RW) != 0;
		g.user &= (entry & US) != 0;
		g.executable &= (entry & XD) == 0;
		if (level == 1 || (level < 4 && entry & PS))
			break;
		table = entry & ADDRESS;
	}
	if (!permitted(&g, access))
		return deny(g, access, true);
	for (int i = 0; i < g.tables; i++) {
		uint64_t old = guest_read(at[i]), want = old | A | (access & WRITE && i == g.tables - 1 ? D : 0);
		if (want != old)
			guest_write(at[i], want);
		entry = want;
	}
	uint64_t offset = (1ull << (12 + 9 * (level - 1))) - 1;
	g.gpa = (entry & ADDRESS & ~offset) | (gla & offset);
	g.dirty = entry & D;
	return g;
}

/* Forgets all shadow entries; which frames are tables stays known. */
static void drop(void)
{
	for (int i = 0; i < TABLE_ENTRIES; i++)
		host_write(shadow_root() + 8 * i, 0);
	host_frames_free();
	tlb_flush();
}

static uint64_t frame(void)
{
	uint64_t hpa = host_frame();
	if (hpa)
		return hpa;
	drop();
	return 0;
}

static bool map(uint64_t gla, uint64_t leaf)
{
	uint64_t table = shadow_root();
	for (int level = 4; level > 1; level--) {
		uint64_t at = entry_at(table, gla, level);
		if (!(host_read(at) & P)) {
			uint64_t below = frame();
			if (!below)
				return false;
			host_write(at, below | P | RW | US);
		}
		table = host_read(at) & ADDRESS;
	}
	host_write(entry_at(table, gla, 1), leaf);
	tlb_flush();
	return true;
}

static bool table_at(uint64_t gpa)
{
	return gpa >> 12 < GUEST_FRAMES && is_table[gpa >> 12];
}

enum outcome miss(uint64_t gla, unsigned access, uint32_t *error)
{
	struct gwalk g = gwalk(guest_cr3, gla, access);
	bool fresh = false;

	*error = g.error;
	if (!g.ok)
		return GUEST_FAULT;
	for (int i = 0; i < g.tables; i++) {
		if (g.table[i] >> 12 >= GUEST_FRAMES || is_table[g.table[i] >> 12])
			continue;
		is_table[g.table[i] >> 12] = true;
		fresh = true; /* it may be mapped writable: away with that */
	}
	if (fresh)
		drop();
	bool write = g.writable && g.dirty && !table_at(g.gpa);
	uint64_t leaf = (host_of(g.gpa) & ADDRESS) | P | (write ? RW : 0) | (g.user ? US : 0) | (g.executable ? 0 : XD);
	if (!map(gla, leaf))
		map(gla, leaf);
	return access & WRITE && table_at(g.gpa) ? TABLE_WRITE : FILLED;
}

void table_written(uint64_t gpa)
{
	drop();
}

void flush(uint64_t cr3)
{
	guest_cr3 = cr3;
	for (int i = 0; i < GUEST_FRAMES; i++)
		is_table[i] = false;
	drop();
}
