/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns of counters, one for each mode (report_life.h). A row stands when any of its columns does. */
#include "emu/report_life.h"

#include <string.h>

enum { ROWS = 2 * EVENT_COUNT /* cycles, events, and no more sums than events */ };

struct columns {
	FILE *out;
	uint64_t value[LIFE_MODES][ROWS];
	unsigned mode, row; /* what comes next */
	unsigned rows;	    /* that each mode has */
	bool vmm;	    /* there is such a column */
};

static struct report of_mode(const struct life *life, enum life_mode mode)
{
	return (struct report){.ev = &life->by[mode].ev, .cycles = life->by[mode].cycles};
}

struct report report_life(const struct life *life, const struct report *run)
{
	return (struct report){.ev = &life->total.ev,
			       .cycles = life->total.cycles,
			       .cost = run->cost ? &life->cost : NULL,
			       .caches = run->caches ? &life->caches : NULL,
			       .host_seconds = run->host_seconds};
}

static void take_row(void *ctx, const struct report *report, const char *name, uint64_t value)
{
	struct columns *c = ctx;

	(void)report;
	(void)name;
	CHECK(c->row < ROWS);
	c->value[c->mode][c->row++] = value;
}

/* Rows beyond the columns of the modes (the caches') are of the total only. */
static void print_row(void *ctx, const struct report *report, const char *name, uint64_t value)
{
	struct columns *c = ctx;
	unsigned row = c->row++;
	char text[REPORT_GROUPED];

	if (!value && !report_always(name))
		return;
	for (unsigned mode = 0; mode < LIFE_MODES; mode++)
		if (mode != LIFE_VMM || c->vmm)
			fprintf(c->out, "%18s", row < c->rows ? report_grouped(c->value[mode][row], text) : "");
	fprintf(c->out, "%18s      ", report_grouped(value, text));
	report_name(c->out, report, name, value);
}

void report_life_table(FILE *out, const char *title, const struct life *life, const struct report *run)
{
	const struct report total = report_life(life, run);
	struct columns c = {.out = out, .vmm = life->total.ev.n[EV_VM_EXITS]};

	for (; c.mode < LIFE_MODES; c.mode++) {
		const struct report mode = of_mode(life, (enum life_mode)c.mode);
		c.row = 0;
		report_each(&mode, take_row, &c);
		c.rows = c.row;
	}
	fprintf(out, "\n Counters of %s:\n\n%18s%18s", title, "user", "kernel");
	fprintf(out, "%*s%18s\n", c.vmm ? 18 : 0, c.vmm ? "VMM" : "", "all");
	c.row = 0;
	report_each(&total, print_row, &c);
	report_host(out, run->ev->n[EV_INSTRUCTIONS], run->host_seconds);
}

bool report_life_json(json_t *object, const struct life *life)
{
	bool ok = true;

	for (unsigned mode = 0; mode < LIFE_MODES; mode++) {
		const struct report report = of_mode(life, (enum life_mode)mode);
		ok &= json_object_set_new(object, life_mode_name((enum life_mode)mode), report_json(&report)) == 0;
	}
	return ok;
}
