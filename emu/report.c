/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counter table. Events come in the order of event.def; each sum stands before the first event that it adds up. Rows that are
 * zero are left out, except the few that everybody looks for.
 */
#include "emu/report_intel.h"

#include "emu/report_exits.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

const char *report_grouped(uint64_t value, char text[REPORT_GROUPED])
{
	char *at = text + REPORT_GROUPED - 1;
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

bool report_always(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (!strcmp(always[i], name))
			return true;
	return false;
}

void report_name(FILE *out, const struct report *report, const char *name, uint64_t value)
{
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

static void table_row(void *ctx, const struct report *report, const char *name, uint64_t value)
{
	char text[REPORT_GROUPED];

	if (!value && !report_always(name))
		return;
	fprintf(ctx, "%18s      ", report_grouped(value, text));
	report_name(ctx, report, name, value);
}

void report_each(const struct report *report, report_row *row, void *ctx)
{
	row(ctx, report, "cycles", report->cycles);
	for (unsigned e = 0; e < EVENT_COUNT; e++) {
		for (const struct event_sum *sum = event_sums; sum->name; sum++)
			if (sum->before == e)
				row(ctx, report, sum->name, sum->value(report->ev));
		row(ctx, report, event_name(e), report->ev->n[e]);
	}
	report_intel(report, row, ctx);
}

static void print_cause(FILE *out, const struct report *report, const char *name, uint64_t count, uint64_t price)
{
	char text[REPORT_GROUPED], cycles[REPORT_GROUPED];
	double share = report->cycles ? 100.0 * (double)(count * price) / (double)report->cycles : 0;

	if (count && price)
		fprintf(out, "  %-28s %18s x %6llu = %20s  %6.2f%%\n", name, report_grouped(count, text), (unsigned long long)price,
			report_grouped(count * price, cycles), share);
}

/* As perf kvm stat has them: the reason with most samples first. */
static int more_samples(const void *a, const void *b, void *ctx)
{
	const struct cost_exit *exit = ctx;
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	uint64_t of_x = exit[x].handled, of_y = exit[y].handled;

	return of_x != of_y ? (of_x < of_y) - (of_x > of_y) : (x > y) - (x < y);
}

static void print_exits(FILE *out, const struct cost *cost)
{
	struct report_exit row[COST_REASONS];
	unsigned reason[COST_REASONS];

	for (unsigned i = 0; i < COST_REASONS; i++)
		reason[i] = i;
	qsort_r(reason, COST_REASONS, sizeof *reason, more_samples, (void *)(uintptr_t)cost->exit);
	for (unsigned i = 0; i < COST_REASONS; i++) {
		const struct cost_exit *e = &cost->exit[reason[i]];

		row[i] = (struct report_exit){.handled = e->handled, .time = e->time, .min = e->min, .max = e->max};
		snprintf(row[i].name, sizeof row[i].name, "%s", exit_name(reason[i]));
	}
	report_exits(out, "VM-EXIT", row, COST_REASONS);
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

json_t *report_cost_json(const struct cost *cost)
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

void report_host(FILE *out, uint64_t instructions, double seconds)
{
	fprintf(out, "\n%18.6f seconds of the host", seconds);
	if (seconds > 0)
		fprintf(out, "             #  %6.2f million instructions a second", (double)instructions / 1e6 / seconds);
	fputs("\n\n", out);
}

void report_table(FILE *out, const char *title, const struct report *report)
{
	fprintf(out, "\n Counters of '%s':\n\n", title);
	report_each(report, table_row, out);
	report_host(out, report->ev->n[EV_INSTRUCTIONS], report->host_seconds);
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
		report_each(report, json_row, object);
	if (object && report->caches)
		json_object_set_new(object, "walk_references", report_references_json(report->caches));
	if (object && report->cost)
		json_object_set_new(object, "cycles_by_cause", report_cost_json(report->cost));
	return object;
}
