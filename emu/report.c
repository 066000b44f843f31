/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counter table. Events come in the order of event.def; each sum stands before the first event that it adds up. Rows that are
 * zero are left out, except the few that everybody looks for.
 */
#include "emu/report.h"

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
	return object;
}
