/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compared lives of a program (compare_life.h). */
#include "emu/compare_life.h"

#include "emu/report_life.h"

#include <inttypes.h>

void compare_take_life(struct compare_run *run, const struct life *life)
{
	run->life = *life;
	run->ev = life->total.ev;
	run->cycles = life->total.cycles;
	run->cost = life->cost;
	for (unsigned reason = 0; reason < VMX_REASONS; reason++)
		run->exits[reason] = life->cost.exit[reason].count;
}

static double share(const struct compare_run *run, enum life_mode mode)
{
	return run->cycles ? 100 * (double)run->life.by[mode].cycles / (double)run->cycles : 0;
}

void compare_life_table(FILE *out, const struct comparison *c)
{
	if (!c->run[0].life.begun)
		return;
	fprintf(out, "   %-11s %14s %9s %9s %9s %14s %14s %10s %10s\n", "", "user", "user", "kernel", "VMM", "user", "kernel", "user",
		"kernel");
	fprintf(out, "   %-11s %14s %9s %9s %9s %14s %14s %10s %10s\n", "mode", "instructions", "cycles %", "cycles %", "cycles %",
		"walk refs", "walk refs", "VM exits", "VM exits");
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_run *run = &c->run[i];
		const struct life_counts *user = &run->life.by[LIFE_USER], *kernel = &run->life.by[LIFE_KERNEL];
		fprintf(out, "   %-11s %14" PRIu64 " %8.2f%% %8.2f%% %8.2f%% %14" PRIu64 " %14" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
			run->mode->name, user->ev.n[EV_INSTRUCTIONS], share(run, LIFE_USER), share(run, LIFE_KERNEL), share(run, LIFE_VMM),
			event_walk_refs(&user->ev), event_walk_refs(&kernel->ev), user->ev.n[EV_VM_EXITS], kernel->ev.n[EV_VM_EXITS]);
	}
	fputs("\n", out);
}

void compare_life_csv_names(FILE *out)
{
	for (unsigned mode = 0; mode < LIFE_MODES; mode++) {
		const char *name = life_mode_name((enum life_mode)mode);
		fprintf(out, ",%s_instructions,%s_cycles,%s_walk_refs", name, name, name);
	}
}

void compare_life_csv(FILE *out, const struct compare_run *run)
{
	for (unsigned mode = 0; mode < LIFE_MODES; mode++) {
		const struct life_counts *n = &run->life.by[mode];
		if (run->life.begun)
			fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, n->ev.n[EV_INSTRUCTIONS], n->cycles, event_walk_refs(&n->ev));
		else
			fputs(",,,", out);
	}
}

bool compare_life_json(json_t *object, const struct compare_run *run)
{
	return !run->life.begun || report_life_json(object, &run->life);
}
