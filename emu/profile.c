/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profile files (profile.h). Every key is a row of one table; every row must be there, once; anything else is an error. The grammar of the
 * values: numbers; sizes (32K); "ENTRIES/WAYS [policy] [xorN]" for TLBs, "ENTRIES/WAYS [policy]" for paging-structure caches, "none".
 * Policies: lru, plru, mru3plru4.
 */
#include "emu/profile.h"

#include "emu/share.h"
#include "emu/size.h"
#include "vmx/exit.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 198, COST_MAX = 1000000, ENTRIES_MAX = 16384 };

struct reader;
typedef bool take_fn(struct reader *r, void *to, const char *value);

struct reader {
	const char *path;
	FILE *file;
	char *error;
	struct profile *profile;
	unsigned line;
	bool bad;	/* error is written */
	bool seen[256]; /* by row */
};

static bool wrong(struct reader *r, const char *section, const char *key, const char *value, const char *why)
{
	if (!r->bad)
		snprintf(r->error, PROFILE_ERROR, "%s:%u: [%s] %s = %.60s: %s", r->path, r->line, section, key, value, why);
	r->bad = true;
	return false;
}

/* ---- values: each returns NULL, or what is wrong ---- */

static const char *number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (end == text || *end || text[0] == '-' || errno)
		return "not a number";
	if (n > max)
		return "too large";
	*value = n;
	return NULL;
}

static const char *take_text(void *to, const char *value)
{
	if (strlen(value) >= PROFILE_TEXT)
		return "longer than 95 bytes";
	memcpy(to, value, strlen(value) + 1);
	return NULL;
}

static const char *take_cost(void *to, const char *value)
{
	uint64_t n;
	const char *bad = number(value, COST_MAX, &n);
	if (!bad)
		*(uint32_t *)to = (uint32_t)n;
	return bad;
}

/* What the engine counts in steps must take time. */
static const char *take_insn(void *to, const char *value)
{
	const char *bad = take_cost(to, value);
	return bad ? bad : *(uint32_t *)to == 0 ? "must be at least 1" : NULL;
}

static const char *take_latency(void *to, const char *value)
{
	uint64_t n;
	const char *bad = number(value, 10000, &n);
	if (!bad)
		*(uint16_t *)to = (uint16_t)n;
	return bad;
}

static const char *take_size(void *to, const char *value)
{
	uint64_t size = 0;
	const char *bad = strcmp(value, "none") != 0 ? size_parse(value, &size) : NULL;
	if (!bad && size > BIT(32))
		bad = "too large";
	if (!bad)
		*(uint64_t *)to = size;
	return bad;
}

static bool policy_named(const char *word, uint8_t *policy)
{
	static const char *const names[POLICY_COUNT] = {"lru", "plru", "mru3plru4"};
	for (unsigned i = 0; i < POLICY_COUNT; i++)
		if (!strcmp(word, names[i])) {
			*policy = (uint8_t)i;
			return true;
		}
	return false;
}

static const char *take_policy(void *to, const char *value)
{
	return policy_named(value, to) ? NULL : "no such policy (lru, plru, mru3plru4)";
}

static const char *take_ways(void *to, const char *value)
{
	uint64_t n;
	const char *bad = number(value, POLICY_WAYS_MAX, &n);
	if (!bad && n == 0)
		bad = "must be at least 1";
	if (!bad)
		*(uint16_t *)to = (uint16_t)n;
	return bad;
}

static const char *take_switch(void *to, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return "must be yes or no";
	*(bool *)to = !strcmp(value, "yes");
	return NULL;
}

struct shape {
	uint64_t entries, ways;
	uint8_t policy, fold;
};

/* "1536/12 mru3plru4 xor7" */
static const char *take_shape(struct shape *shape, const char *value)
{
	char text[LINE_MAX_BYTES + 2], *rest = NULL;
	memset(shape, 0, sizeof *shape);
	if (!strcmp(value, "none"))
		return NULL;
	snprintf(text, sizeof text, "%s", value);
	char *first = strtok_r(text, " \t", &rest), *slash = first ? strchr(first, '/') : NULL;
	if (!slash)
		return "must be ENTRIES/WAYS [policy] [xorN], or none";
	*slash = '\0';
	if (number(first, ENTRIES_MAX, &shape->entries) || number(slash + 1, POLICY_WAYS_MAX, &shape->ways))
		return "entries must be at most 16384, ways at most 16";
	for (char *word; (word = strtok_r(NULL, " \t", &rest));) {
		uint64_t fold;
		if (!strncmp(word, "xor", 3) && !number(word + 3, 20, &fold) && fold >= 1)
			shape->fold = (uint8_t)fold;
		else if (!policy_named(word, &shape->policy))
			return "neither a policy (lru, plru, mru3plru4) nor xorN, N 1 to 20";
	}
	if (!shape->entries || !shape->ways || shape->entries % shape->ways)
		return "entries must be a multiple of ways";
	uint64_t sets = shape->entries / shape->ways;
	if (sets & (sets - 1))
		return "entries / ways, the number of sets, must be a power of two";
	return policy_fits((enum policy)shape->policy, (unsigned)shape->ways)
		   ? NULL
		   : "this policy does not go with so many ways (plru: 1, 2, 4, 8, 16; mru3plru4: 12)";
}

static const char *take_psc(void *to, const char *value)
{
	struct shape shape;
	const char *bad = take_shape(&shape, value);
	if (!bad && shape.fold)
		bad = "paging-structure caches are indexed linearly";
	if (!bad)
		*(struct psc_geometry *)to =
		    (struct psc_geometry){.entries = (uint16_t)shape.entries, .ways = (uint16_t)shape.ways, .policy = shape.policy};
	return bad;
}

/* A part of a TLB: its geometry is at `to`, its rule lies in another array of struct mmu_config. */
static const char *take_tlb(struct tlb_geometry *geometry, struct tlb_rule *rule, const char *value)
{
	struct shape shape;
	const char *bad = take_shape(&shape, value);
	if (!bad) {
		*geometry = (struct tlb_geometry){.entries = (uint16_t)shape.entries, .ways = (uint16_t)shape.ways};
		*rule = (struct tlb_rule){.policy = shape.policy, .fold = shape.fold};
	}
	return bad;
}

/* ---- the keys ---- */

struct row {
	const char *section, *key;
	const char *(*take)(void *to, const char *value); /* NULL: take_tlb */
	size_t at, rule;
};

#define PLACE(field) offsetof(struct profile, field)
#define TLB_ROW(name, key, part)                                                                                                           \
	{                                                                                                                                  \
#name, key, NULL, PLACE(tlbs.name[part]), PLACE(tlbs.name##_rule[part])                                                    \
	}
#define PSC_ROWS(name, field)                                                                                                              \
	{name, "pde", take_psc, PLACE(pscs.field[0]), 0}, {name, "pdpte", take_psc, PLACE(pscs.field[1]), 0},                              \
	    {name, "pml4e", take_psc, PLACE(pscs.field[2]), 0},                                                                            \
	{                                                                                                                                  \
		name, "pml5e", take_psc, PLACE(pscs.field[3]), 0                                                                           \
	}
#define CACHE_ROWS(name, n)                                                                                                                \
	{name, "size", take_size, PLACE(caches.level[n].size), 0}, {name, "ways", take_ways, PLACE(caches.level[n].ways), 0},              \
	    {name, "latency", take_latency, PLACE(caches.level[n].latency), 0},                                                            \
	{                                                                                                                                  \
		name, "policy", take_policy, PLACE(caches.level[n].policy), 0                                                              \
	}

static const struct row rows[] = {
    {"cpu", "text", take_text, PLACE(text), 0},
    TLB_ROW(itlb, "4k", TLB_4K),
    TLB_ROW(itlb, "2m", TLB_2M),
    TLB_ROW(itlb, "1g", TLB_1G),
    TLB_ROW(dtlb, "4k", TLB_4K),
    TLB_ROW(dtlb, "2m", TLB_2M),
    TLB_ROW(dtlb, "1g", TLB_1G),
    {"store dtlb", "4k", NULL, PLACE(tlbs.store[TLB_4K]), PLACE(tlbs.store_rule[TLB_4K])},
    {"store dtlb", "2m", NULL, PLACE(tlbs.store[TLB_2M]), PLACE(tlbs.store_rule[TLB_2M])},
    {"store dtlb", "1g", NULL, PLACE(tlbs.store[TLB_1G]), PLACE(tlbs.store_rule[TLB_1G])},
    TLB_ROW(stlb, "4k", TLB_4K),
    TLB_ROW(stlb, "2m", TLB_2M),
    TLB_ROW(stlb, "1g", TLB_1G),
    {"stlb", "shared", take_switch, PLACE(tlbs.stlb_shared), 0},
    PSC_ROWS("psc", linear),
    PSC_ROWS("ept psc", ept),
    {"ept psc", "nested_tlb", take_psc, PLACE(pscs.nested), 0},
    {"l1i", "size", take_size, PLACE(caches.l1i.size), 0},
    {"l1i", "ways", take_ways, PLACE(caches.l1i.ways), 0},
    {"l1i", "policy", take_policy, PLACE(caches.l1i.policy), 0},
    CACHE_ROWS("l1d", 0),
    CACHE_ROWS("l2", 1),
    CACHE_ROWS("llc", 2),
    {"memory", "latency", take_latency, PLACE(caches.memory_latency), 0},
    {"walk", "walkers", take_cost, PLACE(walkers), 0},
#define COST(symbol, name, section, key, plain, text) {section, key, plain ? take_insn : take_cost, PLACE(prices.of[COST_##symbol]), 0},
#include "mmu/cost.def"
#undef COST
    {"vmx", "exit", take_cost, PLACE(vm_exit), 0},
};
static_assert(ARRAY_LEN(rows) <= sizeof((struct reader){0}.seen), "a mark for each row");

/* "exit.EPT_VIOLATION": the price of one reason, where it differs */
static bool take_exit(struct reader *r, const char *key, const char *value)
{
	for (unsigned reason = 0; reason < COST_REASONS; reason++) {
		const char *name = exit_name(reason);
		if (strcmp(name, "?") == 0 || strcmp(name, key) != 0)
			continue;
		uint32_t cost;
		const char *bad = take_cost(&cost, value);
		if (bad)
			return wrong(r, "vmx exit", key, value, bad);
		r->profile->prices.exit[reason] = cost + 1; /* + 1: given here */
		return true;
	}
	return wrong(r, "vmx exit", key, value, "no such VM-exit reason (names as KVM has them: EPT_VIOLATION)");
}

static int on_key(void *user, const char *section, const char *key, const char *value)
{
	struct reader *r = user;
	if (r->bad)
		return 0;
	if (!strcmp(section, "vmx exit"))
		return take_exit(r, key, value);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		char *to = (char *)r->profile + row->at;
		if (!row->section || strcmp(row->section, section) != 0 || strcmp(row->key, key) != 0)
			continue;
		if (r->seen[i])
			return wrong(r, section, key, value, "given twice");
		r->seen[i] = true;
		const char *bad = row->take ? row->take(to, value) : take_tlb((void *)to, (void *)((char *)r->profile + row->rule), value);
		return bad ? wrong(r, section, key, value, bad) : 1;
	}
	return wrong(r, section, key, value, "no such key");
}

/* A line for inih, counted; NULL at the end of the file. */
static char *next_line(char *line, int size, void *user)
{
	struct reader *r = user;
	if (!fgets(line, size, r->file))
		return NULL;
	r->line++;
	size_t length = strlen(line);
	if (length && line[length - 1] != '\n' && !feof(r->file) && !r->bad) {
		snprintf(r->error, PROFILE_ERROR, "%s:%u: line longer than %d bytes", r->path, r->line, LINE_MAX_BYTES);
		r->bad = true;
	}
	return r->bad ? NULL : line;
}

/* ---- the file as a whole ---- */

static bool whole(struct reader *r, const char *why)
{
	if (!r->bad)
		snprintf(r->error, PROFILE_ERROR, "%s: %s", r->path, why);
	r->bad = true;
	return false;
}

static bool complete(struct reader *r)
{
	char why[128];
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].section && !r->seen[i]) {
			snprintf(why, sizeof why, "[%s] has no key '%s'", rows[i].section, rows[i].key);
			return whole(r, why);
		}
	return true;
}

static bool sensible(struct reader *r)
{
	const struct profile *p = r->profile;
	const struct cache_geometry *l = p->caches.level;
	const struct cache_geometry *const all[] = {&l[0], &l[1], &l[2], &p->caches.l1i};
	static const char *const names[ARRAY_LEN(all)] = {"l1d", "l2", "llc", "l1i"};
	char why[160];
	if (!p->tlbs.itlb[TLB_4K].entries || !p->tlbs.dtlb[TLB_4K].entries || !p->tlbs.stlb[TLB_4K].entries)
		return whole(r, "each TLB needs a part for 4-KiB pages");
	if (p->tlbs.stlb_shared && p->tlbs.stlb[TLB_2M].entries)
		return whole(r, "[stlb] shared = yes: 2-MiB translations live in the 4-KiB part, so 2m must be none");
	if (!p->tlbs.store[TLB_4K].entries && (p->tlbs.store[TLB_2M].entries || p->tlbs.store[TLB_1G].entries))
		return whole(r, "[store dtlb]: without a part for 4-KiB pages the others must be none");
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		if (!cache_geometry_fits(all[i])) {
			snprintf(why, sizeof why,
				 "[%s]: size must be ways x 64 bytes x sets, 16 sets or more, and the policy must suit the ways", names[i]);
			return whole(r, why);
		}
	if (l[0].latency > l[1].latency || l[1].latency > l[2].latency || l[2].latency > p->caches.memory_latency)
		return whole(r, "latencies must not fall from L1 to memory");
	return true;
}

/* The price of every VM-exit reason: its own, or the common one. */
static void spread_exits(struct prices *prices, uint32_t common)
{
	for (unsigned i = 0; i < COST_REASONS; i++)
		prices->exit[i] = prices->exit[i] ? prices->exit[i] - 1 : common;
}

static void take_name(struct profile *profile, const char *path)
{
	const char *base = strrchr(path, '/');
	snprintf(profile->name, sizeof profile->name, "%s", base ? base + 1 : path);
	char *dot = strrchr(profile->name, '.');
	if (dot && !strcmp(dot, ".ini"))
		*dot = '\0';
}

int profile_read(struct profile *profile, const char *path, char error[PROFILE_ERROR])
{
	struct reader r = {.path = path, .error = error, .profile = profile};
	memset(profile, 0, sizeof *profile);
	r.file = fopen(path, "re");
	if (!r.file) {
		snprintf(error, PROFILE_ERROR, "%s: %s", path, strerror(errno));
		return -ERR_IO;
	}
	int line = ini_parse_stream(next_line, &r, on_key, &r);
	bool unread = ferror(r.file);
	fclose(r.file);
	if (line > 0 && (!r.bad || (unsigned)line < r.line)) {
		if (!r.bad)
			snprintf(error, PROFILE_ERROR, "%s:%d: neither [section] nor key = value", path, line);
		r.bad = true;
	}
	if (unread) {
		snprintf(error, PROFILE_ERROR, "%s: cannot be read", path);
		return -ERR_IO;
	}
	if (r.bad || !complete(&r))
		return -ERR_FORMAT;
	take_name(profile, path);
	spread_exits(&profile->prices, profile->vm_exit);
	cache_prices(&profile->caches, &profile->prices);
	return sensible(&r) ? 0 : -ERR_FORMAT;
}

/* false: a word of the list is none of these */
static bool leave_out(struct profile *profile, const char *list)
{
	const struct {
		const char *name;
		void *part;
		size_t size;
	} parts[] = {
	    {"stlb", profile->tlbs.stlb, sizeof profile->tlbs.stlb},   {"psc", profile->pscs.linear, sizeof profile->pscs.linear},
	    {"ept-psc", profile->pscs.ept, sizeof profile->pscs.ept},  {"nested-tlb", &profile->pscs.nested, sizeof profile->pscs.nested},
	    {"l1d", &profile->caches.level[0].size, sizeof(uint64_t)}, {"l1i", &profile->caches.l1i.size, sizeof(uint64_t)},
	    {"l2", &profile->caches.level[1].size, sizeof(uint64_t)},  {"llc", &profile->caches.level[2].size, sizeof(uint64_t)},
	};
	for (const char *word = list; *word;) {
		size_t length = strcspn(word, ","), i = 0;
		while (i < ARRAY_LEN(parts) && (strlen(parts[i].name) != length || memcmp(parts[i].name, word, length) != 0))
			i++;
		if (i == ARRAY_LEN(parts))
			return false;
		memset(parts[i].part, 0, parts[i].size);
		word += length + (word[length] == ',');
	}
	return true;
}

/* ---- finding ---- */

bool profile_folder(char path[PROFILE_PATH])
{
	return share_find("profiles", path);
}

int profile_find(const char *name, char path[PROFILE_PATH], char error[PROFILE_ERROR])
{
	size_t length = strlen(name);
	if (strchr(name, '/') || (length > 4 && !strcmp(name + length - 4, ".ini"))) {
		if (length < PROFILE_PATH) {
			memcpy(path, name, length + 1);
			return 0;
		}
	} else if (profile_folder(path)) {
		size_t used = strlen(path);
		snprintf(path + used, PROFILE_PATH - used, "/%.60s.ini", name);
		if (access(path, R_OK) == 0)
			return 0;
	}
	snprintf(error, PROFILE_ERROR, "no processor '%.60s' (`vtxray cpus` lists them; a file has a '/' or ends in .ini)", name);
	return -ERR_ARG;
}

int profile_load(struct profile *profile, const char *name, const char *without, char error[PROFILE_ERROR])
{
	char path[PROFILE_PATH];
	int err = profile_find(name, path, error);
	if (!err)
		err = profile_read(profile, path, error);
	if (!err && without && !leave_out(profile, without)) {
		snprintf(error, PROFILE_ERROR,
			 "--without '%.100s': a list with commas of stlb, psc, ept-psc, nested-tlb, l1i, l1d, l2, llc", without);
		err = -ERR_ARG;
	}
	return err;
}
