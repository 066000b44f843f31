/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counter table. Events come in the order of event.def; each sum stands before the first event that it adds up. Rows that are
 * zero are left out, except the few that everybody looks for.
 */
#include "emu/report.h"

#include "vmx/exit.h"

#include <inttypes.h>
#include <string.h>

static const struct sum {
	const char *name;
	uint64_t (*value)(const struct events *ev);
	enum event before;
} sums[] = {
    {"dtlb_lookups", event_dtlb_lookups, EV_DTLB_HIT_4K},
    {"itlb_lookups", event_itlb_lookups, EV_ITLB_HIT_4K},
    {"stlb_lookups", event_stlb_lookups, EV_STLB_HIT_4K},
    {"walks", event_walks, EV_WALKS_LOAD},
    {"walk_refs", event_walk_refs, EV_REF_PT},
};

/* What stands behind the `#`: the row as a share of something, or so many of it for one of something. */
static const struct derived {
	const char *name;
	uint64_t (*of)(const struct events *ev); /* NULL: of the cycles */
	bool percent;
	const char *text;
} derived[] = {
    {"instructions", NULL, false, "per cycle"},
    {"dtlb_misses", event_dtlb_lookups, true, "of all data TLB lookups"},
    {"itlb_misses", event_itlb_lookups, true, "of all instruction TLB lookups"},
    {"stlb_misses", event_stlb_lookups, true, "of all second-level TLB lookups"},
    {"walk_refs", event_walks, false, "per walk"},
    {"walks_faulted", event_walks, true, "of all walks"},
};

static const char *const always[] = {
    "cycles",	    "instructions", "loads",	    "stores",	   "fetches", "dtlb_lookups", "dtlb_misses",
    "itlb_lookups", "itlb_misses",  "stlb_lookups", "stlb_misses", "walks",   "walk_refs",    "vm_exits",
};

/* 1234567 as "1,234,567"; text holds the 20 digits and 6 commas of any value */
enum { GROUPED_SIZE = 27 };
static const char *grouped(uint64_t value, char text[GROUPED_SIZE])
{
	char *at = text + GROUPED_SIZE - 1;
	int digits = 0;

	*at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + value % 10);
		digits++;
	} while (value /= 10);
	return at;
}

static bool is_always(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (!strcmp(always[i], name))
			return true;
	return false;
}

static void print_row(FILE *out, const struct report *report, const char *name, uint64_t value)
{
	char text[GROUPED_SIZE];

	if (!value && !is_always(name))
		return;
	fprintf(out, "%18s      ", grouped(value, text));
	for (size_t i = 0; i < ARRAY_LEN(derived); i++) {
		const struct derived *d = &derived[i];
		uint64_t of = d->of ? d->of(report->ev) : report->cycles;

		if (strcmp(d->name, name) != 0 || !of)
			continue;
		fprintf(out, "%-26s #  %6.2f%s %s\n", name, (double)value / (double)of * (d->percent ? 100 : 1), d->percent ? "%" : "",
			d->text);
		return;
	}
	fprintf(out, "%s\n", name);
}

/* Intel's names (linux pmu-events) for what we count. Durations are sums over walks, one at a time. */
static void each_intel_row(const struct report *report, void (*row)(void *ctx, const struct report *, const char *, uint64_t), void *ctx)
{
	static const char *const kind_name[WALK_KINDS] = {"dtlb_load_misses", "dtlb_store_misses", "itlb_misses"};
	static const char *const answer_name[ANSWERS] = {"l1", "l2", "l3", "memory"};
	const struct events *ev = report->ev;
	const struct caches *caches = report->caches;
	char name[64];

	for (unsigned kind = 0; kind < WALK_KINDS; kind++) {
		snprintf(name, sizeof name, "%s.miss_causes_a_walk", kind_name[kind]);
		row(ctx, report, name, ev->n[EV_WALKS_LOAD + kind]);
		snprintf(name, sizeof name, "%s.walk_duration", kind_name[kind]);
		row(ctx, report, name, caches_walk_cycles(caches, (enum walk_kind)kind, false));
	}
	for (unsigned ept = 0; ept < 2; ept++)
		for (unsigned fetch = 0; fetch < 2; fetch++)
			for (unsigned i = 0; i < ANSWERS; i++) {
				enum answer answer = (enum answer)i;
				uint64_t data = caches_walk_refs(caches, WALK_FOR_LOAD, ept, answer) +
						caches_walk_refs(caches, WALK_FOR_STORE, ept, answer);
				snprintf(name, sizeof name, "page_walker_loads.%s%s_%s", ept ? "ept_" : "", fetch ? "itlb" : "dtlb",
					 answer_name[i]);
				row(ctx, report, name, fetch ? caches_walk_refs(caches, WALK_FOR_FETCH, ept, answer) : data);
			}
	uint64_t ept_cycles = 0;
	for (unsigned kind = 0; kind < WALK_KINDS; kind++)
		ept_cycles += caches_walk_cycles(caches, (enum walk_kind)kind, true);
	row(ctx, report, "ept.walk_cycles", ept_cycles);
}

typedef void row_fn(void *ctx, const struct report *report, const char *name, uint64_t value);

static void each_row(const struct report *report, row_fn *row, void *ctx)
{
	row(ctx, report, "cycles", report->cycles);
	for (unsigned e = 0; e < EVENT_COUNT; e++) {
		for (size_t i = 0; i < ARRAY_LEN(sums); i++)
			if (sums[i].before == e)
				row(ctx, report, sums[i].name, sums[i].value(report->ev));
		row(ctx, report, event_name(e), report->ev->n[e]);
	}
	if (report->caches)
		each_intel_row(report, row, ctx);
}

static void print_cause(FILE *out, const struct report *report, const char *name, uint64_t count, uint64_t price)
{
	char text[GROUPED_SIZE], cycles[GROUPED_SIZE];
	double share = report->cycles ? 100.0 * (double)(count * price) / (double)report->cycles : 0;

	if (count && price)
		fprintf(out, "  %-28s %18s x %6llu = %20s  %6.2f%%\n", name, grouped(count, text), (unsigned long long)price,
			grouped(count * price, cycles), share);
}

static void print_exits(FILE *out, const struct cost *cost)
{
	uint64_t samples = 0, time = 0;

	for (unsigned i = 0; i < COST_REASONS; i++) {
		samples += cost->exit[i].handled;
		time += cost->exit[i].time;
	}
	if (!samples)
		return;
	fprintf(out, "\n Analyze events for all VMs, all VCPUs (times in cycles):\n\n%24s %10s %9s %9s %12s %12s %12s\n\n", "VM-EXIT",
		"Samples", "Samples%", "Time%", "Min Time", "Max Time", "Avg time");
	for (unsigned i = 0; i < COST_REASONS; i++) {
		const struct cost_exit *e = &cost->exit[i];

		if (e->handled)
			fprintf(out, "%24s %10llu %8.2f%% %8.2f%% %12llu %12llu %12.2f\n", exit_name(i), (unsigned long long)e->handled,
				100.0 * (double)e->handled / (double)samples, time ? 100.0 * (double)e->time / (double)time : 0,
				(unsigned long long)e->min, (unsigned long long)e->max, (double)e->time / (double)e->handled);
	}
	fprintf(out, "\nTotal Samples:%llu, Total events handled time:%llu cycles.\n", (unsigned long long)samples,
		(unsigned long long)time);
}

void report_cycles(FILE *out, const struct report *report)
{
	const struct cost *cost = report->cost;

	if (!cost)
		return;
	fputs(" Cycles by cause:\n\n", out);
	for (unsigned i = 0; i < COST_COUNT; i++)
		print_cause(out, report, cost_name((enum cost_cause)i), cost->n[i], cost->price.of[i]);
	for (unsigned i = 0; i < COST_REASONS; i++) {
		char name[64];
		snprintf(name, sizeof name, "vm_exit %s", exit_name(i));
		print_cause(out, report, name, cost->exit[i].count, cost->price.exit[i]);
	}
	print_exits(out, cost);
	fputc('\n', out);
}

/* By cause: [count, price]; VM exits by reason under "vm_exits". */
static json_t *cost_json(const struct cost *cost)
{
	json_t *object = json_object(), *exits = json_object();

	for (unsigned i = 0; i < COST_COUNT; i++)
		json_object_set_new(object, cost_name((enum cost_cause)i),
				    json_pack("{s:I,s:I}", "count", (json_int_t)cost->n[i], "price", (json_int_t)cost->price.of[i]));
	for (unsigned i = 0; i < COST_REASONS; i++)
		if (cost->exit[i].count)
			json_object_set_new(exits, exit_name(i),
					    json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "count", (json_int_t)cost->exit[i].count, "price",
						      (json_int_t)cost->price.exit[i], "handled", (json_int_t)cost->exit[i].handled, "time",
						      (json_int_t)cost->exit[i].time, "min", (json_int_t)cost->exit[i].min, "max",
						      (json_int_t)cost->exit[i].max));
	json_object_set_new(object, "vm_exits", exits);
	return object;
}

static void table_row(void *ctx, const struct report *report, const char *name, uint64_t value)
{
	print_row(ctx, report, name, value);
}

void report_table(FILE *out, const char *title, const struct report *report)
{
	double millions = (double)report->ev->n[EV_INSTRUCTIONS] / 1e6;

	fprintf(out, "\n Counters of '%s':\n\n", title);
	each_row(report, table_row, out);
	fprintf(out, "\n%18.6f seconds of the host", report->host_seconds);
	if (report->host_seconds > 0)
		fprintf(out, "             #  %6.2f million instructions a second", millions / report->host_seconds);
	fputs("\n\n", out);
}

static void json_row(void *ctx, const struct report *report, const char *name, uint64_t value)
{
	(void)report;
	json_object_set_new(ctx, name, json_integer((json_int_t)value));
}

json_t *report_json(const struct report *report)
{
	json_t *object = json_object();

	if (object)
		each_row(report, json_row, object);
	if (object && report->cost)
		json_object_set_new(object, "cycles_by_cause", cost_json(report->cost));
	return object;
}
