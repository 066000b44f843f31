/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel's names (report_intel.h). Haswell names them walk_duration and ept.walk_cycles, Skylake and later walk_active, walk_pending and
 * ept.walk_pending: the same cycles here, with one walk at a time. The time of EPT entries is in the latter only, as Intel's texts say.
 *
 * walk_completed is the sum over page sizes, as Intel encodes it (its unit mask is theirs together). Its texts include walks that end in a
 * fault; here they have no page size, so they are in miss_causes_a_walk only. A walk after a hit whose entry does not suffice (tlb_assists)
 * counts like one after a miss: the entry was dropped first. itlb_flush and stlb_any include invalidations of one address ("TLB set clear",
 * "InvPage"); dtlb_thread is of whole flushes.
 */
#include "emu/report_intel.h"

#include <string.h>

static const char *const kind_event[WALK_KINDS] = {"dtlb_load_misses", "dtlb_store_misses", "itlb_misses"};
static const char *const kind_name[WALK_KINDS] = {"load", "store", "fetch"};
static const char *const answer_event[ANSWERS] = {"l1", "l2", "l3", "memory"};
static const char *const level_name[LEVELS_MAX + 1] = {"page", "PT", "PD", "PDPT", "PML4", "PML5"};

struct rows {
	const struct report *report;
	report_row *row;
	void *ctx;
};

static void row(const struct rows *r, const char *family, const char *event, uint64_t value)
{
	char name[96];

	snprintf(name, sizeof name, "%s.%s", family, event);
	r->row(r->ctx, r->report, name, value);
}

/* Cycles of the walks of one kind: their starts, and references to guest entries. */
static uint64_t duration(const struct report *report, enum walk_kind kind)
{
	uint64_t starts = report->ev->n[EV_WALKS_LOAD + kind] * report->caches->cost->price.of[COST_WALK];

	return starts + caches_walk_cycles(report->caches, kind, false);
}

static void tlb_misses(const struct rows *r, enum walk_kind kind)
{
	const uint64_t *n = r->report->ev->n;
	const uint64_t *done = &n[EV_WALKS_LOAD_4K + kind * EVENT_SIZES], *hit = &n[EV_STLB_LOAD_4K + kind * EVENT_SIZES];
	uint64_t walks = n[EV_WALKS_LOAD + kind], cycles = duration(r->report, kind);
	const char *family = kind_event[kind];

	row(r, family, "miss_causes_a_walk", walks);
	row(r, family, "walk_completed", done[0] + done[1] + done[2]);
	row(r, family, "walk_completed_4k", done[0]);
	row(r, family, "walk_completed_2m_4m", done[1]);
	row(r, family, "walk_completed_1g", done[2]);
	row(r, family, "walk_duration", cycles);
	row(r, family, "walk_active", cycles);
	row(r, family, "walk_pending", cycles);
	row(r, family, "stlb_hit", hit[0] + hit[1] + hit[2]);
	row(r, family, "stlb_hit_4k", hit[0]);
	row(r, family, "stlb_hit_2m", hit[1]);
}

static void walker_loads(const struct rows *r, bool ept, bool fetch)
{
	const struct caches *caches = r->report->caches;
	char name[64];

	for (unsigned i = 0; i < ANSWERS; i++) {
		enum answer answer = (enum answer)i;
		uint64_t n =
		    fetch ? caches_walk_refs(caches, WALK_FOR_FETCH, ept, answer)
			  : caches_walk_refs(caches, WALK_FOR_LOAD, ept, answer) + caches_walk_refs(caches, WALK_FOR_STORE, ept, answer);
		snprintf(name, sizeof name, "%s%s_%s", ept ? "ept_" : "", fetch ? "itlb" : "dtlb", answer_event[i]);
		row(r, "page_walker_loads", name, n);
	}
}

void report_intel(const struct report *report, report_row *each, void *ctx)
{
	const struct rows r = {report, each, ctx};
	const uint64_t flushes = report->ev->n[EV_TLB_FLUSHES], addresses = report->ev->n[EV_INVLPG];
	uint64_t ept = 0;

	if (!report->caches)
		return;
	for (unsigned kind = 0; kind < WALK_KINDS; kind++) {
		tlb_misses(&r, (enum walk_kind)kind);
		ept += caches_walk_cycles(report->caches, (enum walk_kind)kind, true);
	}
	for (unsigned i = 0; i < 4; i++)
		walker_loads(&r, i / 2, i % 2);
	row(&r, "ept", "walk_cycles", ept);
	row(&r, "ept", "walk_pending", ept);
	/* each of them strikes all TLBs */
	row(&r, "itlb", "itlb_flush", flushes + addresses);
	row(&r, "tlb_flush", "dtlb_thread", flushes);
	row(&r, "tlb_flush", "stlb_any", flushes + addresses);
}

/* ---- the matrix ---- */

typedef void cell_fn(void *ctx, unsigned kind, bool ept, unsigned level, unsigned served, const uint64_t n[ANSWERS]);

/* In the order of a walk: top down, for each guest level the EPT entries before the guest's own. kind WALK_KINDS: all kinds together. */
static void each_cell(const struct caches *caches, unsigned kind, cell_fn *cell, void *ctx)
{
	for (unsigned served = LEVELS_MAX + 1; served-- > 0;)
		for (unsigned place = LEVELS_MAX + 1; place-- > 0;) {
			bool ept = place > 0; /* place 0: the guest entry of the level served */
			unsigned level = ept ? place : served;
			uint64_t n[ANSWERS] = {0}, sum = 0;
			for (unsigned k = 0; k < WALK_KINDS; k++)
				for (unsigned i = 0; i < ANSWERS && (kind == k || kind == WALK_KINDS); i++)
					n[i] += caches->walk[k][ept][level][ept ? served : 0][i];
			for (unsigned i = 0; i < ANSWERS; i++)
				sum += n[i];
			if (sum)
				cell(ctx, kind, ept, level, served, n);
		}
}

struct table {
	FILE *out;
	const struct caches *caches;
	uint64_t total[ANSWERS], cycles;
};

static void print_counts(const struct table *t, const uint64_t n[ANSWERS], uint64_t cycles)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ANSWERS; i++) {
		fprintf(t->out, " %12llu", (unsigned long long)n[i]);
		sum += n[i];
	}
	fprintf(t->out, " %12llu %14llu\n", (unsigned long long)sum, (unsigned long long)cycles);
}

static void print_cell(void *ctx, unsigned kind, bool ept, unsigned level, unsigned served, const uint64_t n[ANSWERS])
{
	struct table *t = ctx;
	uint64_t cycles = 0;
	char serves[32];

	(void)kind;
	for (unsigned i = 0; i < ANSWERS; i++) {
		cycles += n[i] * t->caches->cost->price.of[(ept ? COST_EPT_L1 : COST_WALK_L1) + i];
		t->total[i] += n[i];
	}
	t->cycles += cycles;
	snprintf(serves, sizeof serves, served ? "guest %s" : "the page", level_name[served]);
	fprintf(t->out, "   %-5s %-5s %-12s", ept ? "EPT" : "guest", level_name[level], ept ? serves : "");
	print_counts(t, n, cycles);
}

void report_references(FILE *out, const struct caches *caches)
{
	struct table t = {.out = out, .caches = caches};

	fputs(" References of page walks:\n\n", out);
	fprintf(out, "   %-11s %-12s %12s %12s %12s %12s %12s %14s\n", "entry", "to locate", "L1", "L2", "LLC", "memory", "all", "cycles");
	each_cell(caches, WALK_KINDS, print_cell, &t);
	fprintf(out, "   %-24s", "all");
	print_counts(&t, t.total, t.cycles);
	fputc('\n', out);
}

static void json_cell(void *ctx, unsigned kind, bool ept, unsigned level, unsigned served, const uint64_t n[ANSWERS])
{
	json_t *object = json_pack("{s:s,s:s,s:s}", "walk", kind_name[kind], "table", ept ? "ept" : "guest", "entry", level_name[level]);

	if (ept)
		json_object_set_new(object, "locates", json_string(level_name[served]));
	for (unsigned i = 0; i < ANSWERS; i++)
		json_object_set_new(object, answer_event[i], json_integer((json_int_t)n[i]));
	json_array_append_new(ctx, object);
}

json_t *report_references_json(const struct caches *caches)
{
	json_t *array = json_array();

	for (unsigned kind = 0; kind < WALK_KINDS; kind++)
		each_cell(caches, kind, json_cell, array);
	return array;
}
