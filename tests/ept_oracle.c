/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle of ept_oracle.h. Bits are named by their numbers in the SDM's tables. */
#include "tests/ept_oracle.h"

#include <stddef.h>

enum { PHYSICAL_WIDTH = 46 };

static bool bit(uint64_t value, unsigned n)
{
	return value >> n & 1;
}

/* bits high..low of the value */
static uint64_t bits(uint64_t value, unsigned high, unsigned low)
{
	return value << (63 - high) >> (63 - high + low);
}

/* "Format of an EPT ...": what must be 0, by kind of entry */
static const struct format {
	unsigned level;
	bool page;
	unsigned reserved[2][2]; /* high, low */
} formats[] = {
    {5, false, {{7, 3}, {0, 0}}}, {4, false, {{7, 3}, {0, 0}}},	 {3, false, {{6, 3}, {0, 0}}}, {3, true, {{29, 12}, {0, 0}}},
    {2, false, {{6, 3}, {0, 0}}}, {2, true, {{20, 12}, {0, 0}}}, {1, true, {{0, 0}, {0, 0}}},
};

static const struct format *format_of(uint64_t entry, unsigned level)
{
	bool page = level == 1 || (level <= 3 && bit(entry, 7));
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (formats[i].level == level && formats[i].page == page)
			return &formats[i];
	return NULL;
}

static bool present(const struct oracle_ept *ept, uint64_t entry)
{
	return bit(entry, 0) || bit(entry, 1) || bit(entry, 2) || (ept->mbec && bit(entry, 10));
}

/* "EPT Misconfigurations", condition by condition, of an entry that is present */
static bool misconfigured(const struct oracle_ept *ept, uint64_t entry, unsigned level)
{
	const struct format *f = format_of(entry, level);
	if (!bit(entry, 0)) {
		if (bit(entry, 1))
			return true;
		if (!ept->exec_only && bit(entry, 2))
			return true;
		if (!ept->exec_only && ept->mbec && bit(entry, 10))
			return true;
	}
	if (bits(entry, 51, PHYSICAL_WIDTH))
		return true;
	if (f->reserved[0][0] && bits(entry, f->reserved[0][0], f->reserved[0][1]))
		return true;
	if (f->page) {
		uint64_t type = bits(entry, 5, 3);
		return type == 2 || type == 3 || type == 7;
	}
	return false;
}

struct needs {
	bool read, write, fetch, fetch_user;
};

/* "EPT Violations"; accesses to guest paging structures are writes when accessed and dirty flags are enabled */
static struct needs needs_of(const struct oracle_ept *ept, enum oracle_kind kind)
{
	bool table = kind == ORACLE_TABLE || kind == ORACLE_TABLE_FLAGS;
	return (struct needs){
	    .read = kind == ORACLE_READ || kind == ORACLE_RMW || table,
	    .write = kind == ORACLE_WRITE || kind == ORACLE_RMW || kind == ORACLE_TABLE_FLAGS || (kind == ORACLE_TABLE && ept->ad),
	    .fetch = kind == ORACLE_FETCH_SUPERVISOR || (kind == ORACLE_FETCH_USER && !ept->mbec),
	    .fetch_user = kind == ORACLE_FETCH_USER && ept->mbec,
	};
}

static bool in_all(const struct oracle_ept *ept, const struct oracle_entries *e, unsigned last, unsigned n)
{
	for (unsigned level = ept->levels; level >= last; level--)
		if (!bit(e->of[level], n))
			return false;
	return true;
}

static struct oracle_result violate(const struct oracle_ept *ept, const struct oracle_entries *e, unsigned last, struct needs n)
{
	struct oracle_result r = {.reason = ORACLE_VIOLATION, .leaf = last, .convertible = !bit(e->of[last], 63)};
	r.qualification |= n.read ? 1 : 0;
	r.qualification |= n.write ? 2 : 0;
	r.qualification |= n.fetch || n.fetch_user ? 4 : 0;
	r.qualification |= in_all(ept, e, last, 0) ? 8 : 0;
	r.qualification |= in_all(ept, e, last, 1) ? 16 : 0;
	r.qualification |= in_all(ept, e, last, 2) ? 32 : 0;
	r.qualification |= ept->mbec && in_all(ept, e, last, 10) ? 64 : 0;
	return r;
}

struct oracle_result oracle_translate(const struct oracle_ept *ept, struct oracle_entries *e, uint64_t gpa, enum oracle_kind kind)
{
	struct needs n = needs_of(ept, kind);
	unsigned level = ept->levels;

	for (;; level--) {
		if (!present(ept, e->of[level]))
			return violate(ept, e, level, n);
		if (misconfigured(ept, e->of[level], level))
			return (struct oracle_result){.reason = ORACLE_MISCONFIG, .leaf = level};
		if (format_of(e->of[level], level)->page)
			break;
	}
	if ((n.read && !in_all(ept, e, level, 0)) || (n.write && !in_all(ept, e, level, 1)) || (n.fetch && !in_all(ept, e, level, 2)) ||
	    (n.fetch_user && !in_all(ept, e, level, 10)))
		return violate(ept, e, level, n);
	if (ept->ad)
		for (unsigned l = ept->levels; l >= level; l--)
			e->of[l] |= 1ull << 8;
	if (ept->ad && n.write)
		e->of[level] |= 1ull << 9;
	unsigned width = level == 1 ? 12 : level == 2 ? 21 : 30;
	uint64_t frame = bits(e->of[level], PHYSICAL_WIDTH - 1, width) << width;
	return (struct oracle_result){.hpa = frame | bits(gpa, width - 1, 0), .leaf = level};
}

/* One guest-physical access of the whole: false when the outcome is decided. paging: of a paging-structure entry. */
static bool second(const struct oracle_ept *ept, struct oracle_entries *e, uint64_t gpa, enum oracle_kind kind, bool paging,
		   const struct oracle_guest *g, struct oracle_outcome *out)
{
	struct oracle_result r = oracle_translate(ept, e, gpa, kind);
	out->hpa = r.hpa;
	if (!r.reason)
		return true;
	*out = (struct oracle_outcome){.reason = r.reason, .gpa = gpa, .convertible = r.convertible};
	if (r.reason == ORACLE_MISCONFIG)
		return false;
	out->qualification = r.qualification | 1u << 7; /* the linear address is valid */
	if (paging)
		return false;
	bool user_mode = true, read_write = true, execute_disable = false;
	for (unsigned level = 4; level >= 1; level--) {
		user_mode = user_mode && bit(g->entry[level], 2);
		read_write = read_write && bit(g->entry[level], 1);
		execute_disable = execute_disable || bit(g->entry[level], 63);
	}
	out->qualification |= 1u << 8 | (unsigned)user_mode << 9 | (unsigned)read_write << 10 | (unsigned)execute_disable << 11;
	return false;
}

static bool guest_permits(const struct oracle_guest *g, bool write, bool fetch, bool user)
{
	for (unsigned level = 4; level >= 1; level--) {
		if (user && !bit(g->entry[level], 2))
			return false;
		if (write && !bit(g->entry[level], 1))
			return false;
		if (fetch && bit(g->entry[level], 63))
			return false;
	}
	return true;
}

static bool user_page(const struct oracle_guest *g)
{
	return bit(g->entry[1], 2) && bit(g->entry[2], 2) && bit(g->entry[3], 2) && bit(g->entry[4], 2);
}

struct oracle_outcome oracle_access(const struct oracle_ept *ept, struct oracle_guest *g, enum oracle_kind kind, bool user)
{
	struct oracle_outcome out = {.reason = 0};
	bool write = kind == ORACLE_WRITE || kind == ORACLE_RMW, fetch = kind == ORACLE_FETCH_SUPERVISOR || kind == ORACLE_FETCH_USER;

	for (unsigned level = 4; level >= 1; level--)
		if (!second(ept, &g->table[level], g->entry_gpa[level], ORACLE_TABLE, true, g, &out))
			return out;
	if (!guest_permits(g, write, fetch, user))
		return (struct oracle_outcome){.reason = ORACLE_PAGE_FAULT,
					       .error = 1u | (write ? 2u : 0u) | (user ? 4u : 0u) | (fetch ? 16u : 0u)};
	for (unsigned level = 4; level >= 1; level--) {
		uint64_t flags = level == 1 && write ? 1u << 5 | 1u << 6 : 1u << 5;
		if ((g->entry[level] & flags) == flags)
			continue;
		if (!second(ept, &g->table[level], g->entry_gpa[level], ORACLE_TABLE_FLAGS, true, g, &out))
			return out;
		g->entry[level] |= flags;
	}
	if (fetch)
		kind = user_page(g) ? ORACLE_FETCH_USER : ORACLE_FETCH_SUPERVISOR;
	second(ept, &g->final, g->final_gpa, kind, false, g, &out);
	return out;
}
