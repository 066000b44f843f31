/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs an image in several modes and prints what differs (compare.h). Nothing is counted here: all figures come from the events. */
#include "emu/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CAPTURE_MAX = 64 << 20, TOP_EXITS = 4 };

const struct compare_mode compare_modes[] = {
    {.name = "native", .paging = PAGING_NATIVE},
    {.name = "ept-4k", .paging = PAGING_EPT, .ept_page_shift = PAGE_SHIFT},
    {.name = "ept-2m", .paging = PAGING_EPT, .ept_page_shift = PAGE_SHIFT_2M},
    {.name = "ept-1g", .paging = PAGING_EPT, .ept_page_shift = PAGE_SHIFT_1G},
    {.name = "shadow", .paging = PAGING_SHADOW},
    {.name = "shadow-sync", .paging = PAGING_SHADOW, .no_unsync = true},
    {.name = NULL},
};

static char *captured(const struct console *console)
{
	char *text = malloc(console->captured + 1);

	if (!text)
		return NULL;
	if (console->captured)
		memcpy(text, console->capture, console->captured);
	text[console->captured] = '\0';
	return text;
}

static void take_result(struct compare_run *run, const struct machine *m)
{
	run->exit_status = m->bus.exit_status;
	run->ev = m->cpu.ev;
	run->cycles = m->cpu.clock;
	if (m->cpu.vmx)
		memcpy(run->exits, m->vmx.exits, sizeof run->exits);
}

/* One run with a machine that is ready. */
static int run_machine(struct machine *m, struct compare_run *run, const struct compare_request *request, char error[LOAD_ERROR_SIZE])
{
	int err = machine_load(m, &request->load, error);

	if (err)
		return err;
	run->end = machine_run(m);
	take_result(run, m);
	if (run->end == END_STOP)
		snprintf(error, LOAD_ERROR_SIZE, "%s: %s", run->mode->name, m->stop_reason);
	return run->end == END_STOP ? -ERR_ENGINE : 0;
}

static int keep_console(struct compare_run *run, const struct console *console, char **first)
{
	char *text = captured(console);

	if (!text)
		return -ERR_NOMEM;
	run->same_console = !*first || !strcmp(text, *first);
	if (*first)
		free(text);
	else
		*first = text;
	return 0;
}

int compare_run(struct comparison *comparison, const struct compare_request *request, const struct compare_mode *mode, char **console,
		char error[LOAD_ERROR_SIZE])
{
	static struct machine m;
	struct console out;
	struct compare_run *run = &comparison->run[comparison->count];
	const struct machine_config config = {.ram_size = request->ram_size,
					      .max_insns = request->max_insns,
					      .paging = mode->paging,
					      .ept_page_shift = mode->ept_page_shift,
					      .shadow.no_unsync = mode->no_unsync,
					      .console = &out,
					      .tlbs = &mmu_config_default};

	snprintf(error, LOAD_ERROR_SIZE, "%s: the host has not enough memory for this guest", mode->name);
	*run = (struct compare_run){.mode = mode};
	int err = console_init(&out, NULL, -1, CAPTURE_MAX);
	if (err)
		return err;
	err = machine_init(&m, &config);
	if (err)
		goto free_console;
	err = run_machine(&m, run, request, error);
	if (!err)
		err = keep_console(run, &out, console);
	if (!err)
		comparison->count++;
	machine_free(&m);
free_console:
	console_free(&out);
	return err;
}

/* ---- figures of a run ---- */

static uint64_t tlb_misses(const struct compare_run *run)
{
	return run->ev.n[EV_STLB_MISSES];
}

static double per(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : 0;
}

static double overhead(const struct comparison *c, const struct compare_run *run)
{
	return 100 * (per(run->cycles, c->run[0].cycles) - 1);
}

/* The reasons with the most exits, in order; returns how many. */
static unsigned top_exits(const struct compare_run *run, unsigned top[TOP_EXITS])
{
	unsigned count = 0;

	while (count < TOP_EXITS) {
		unsigned best = VMX_REASONS;
		for (unsigned reason = 0; reason < VMX_REASONS; reason++) {
			bool listed = false;
			for (unsigned i = 0; i < count; i++)
				listed |= top[i] == reason;
			if (!listed && run->exits[reason] && (best == VMX_REASONS || run->exits[reason] > run->exits[best]))
				best = reason;
		}
		if (best == VMX_REASONS)
			break;
		top[count++] = best;
	}
	return count;
}

/* ---- output ---- */

static void table_exits(FILE *out, const struct compare_run *run)
{
	unsigned top[TOP_EXITS], count = top_exits(run, top);

	if (!count)
		return;
	fprintf(out, "   %-11s exits:", run->mode->name);
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s %s %" PRIu64, i ? "," : "", exit_name(top[i]), run->exits[top[i]]);
	fputs("\n", out);
}

void compare_table(FILE *out, const char *title, const struct comparison *c)
{
	fprintf(out, "\n '%s' natively and virtualized:\n\n", title);
	fprintf(out, "   %-11s %14s %14s %9s %12s %12s %9s %10s %10s\n", "mode", "instructions", "cycles", "overhead", "TLB misses",
		"walk refs", "per walk", "page", "VM exits");
	fprintf(out, "   %-11s %14s %14s %9s %12s %12s %9s %10s %10s\n", "", "", "", "", "", "", "", "faults", "");
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_run *run = &c->run[i];
		uint64_t refs = event_walk_refs(&run->ev);
		fprintf(out, "   %-11s %14" PRIu64 " %14" PRIu64 " %8.2f%% %12" PRIu64 " %12" PRIu64 " %9.2f %10" PRIu64 " %10" PRIu64 "\n",
			run->mode->name, run->ev.n[EV_INSTRUCTIONS], run->cycles, overhead(c, run), tlb_misses(run), refs,
			per(refs, event_walks(&run->ev)), run->ev.n[EV_EXC_PF], run->ev.n[EV_VM_EXITS]);
	}
	fputs("\n", out);
	for (size_t i = 0; i < c->count; i++)
		table_exits(out, &c->run[i]);
	for (size_t i = 0; i < c->count; i++)
		if (!c->run[i].same_console || c->run[i].exit_status != c->run[0].exit_status)
			fprintf(out, "   %s ended differently from %s: console %s, exit status %d and %d\n", c->run[i].mode->name,
				c->run[0].mode->name, c->run[i].same_console ? "the same" : "differs", c->run[i].exit_status,
				c->run[0].exit_status);
	fputs("\n", out);
}

void compare_csv(FILE *out, const struct comparison *c)
{
	fputs("mode,cycles,overhead_percent,walks,walk_refs,walk_refs_per_walk,same_console,exit_status", out);
	for (unsigned e = 0; e < EVENT_COUNT; e++)
		fprintf(out, ",%s", event_name(e));
	for (unsigned reason = 0; reason < VMX_REASONS; reason++)
		if (exit_is_reason(reason))
			fprintf(out, ",exits_%s", exit_name(reason));
	fputs("\n", out);
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_run *run = &c->run[i];
		uint64_t walks = event_walks(&run->ev), refs = event_walk_refs(&run->ev);
		fprintf(out, "%s,%" PRIu64 ",%.4f,%" PRIu64 ",%" PRIu64 ",%.4f,%d,%d", run->mode->name, run->cycles, overhead(c, run),
			walks, refs, per(refs, walks), run->same_console, run->exit_status);
		for (unsigned e = 0; e < EVENT_COUNT; e++)
			fprintf(out, ",%" PRIu64, run->ev.n[e]);
		for (unsigned reason = 0; reason < VMX_REASONS; reason++)
			if (exit_is_reason(reason))
				fprintf(out, ",%" PRIu64, run->exits[reason]);
		fputs("\n", out);
	}
}

static json_t *run_json(const struct comparison *c, const struct compare_run *run)
{
	json_t *counters = json_object(), *exits = json_object();

	for (unsigned e = 0; e < EVENT_COUNT; e++)
		json_object_set_new(counters, event_name(e), json_integer((json_int_t)run->ev.n[e]));
	json_object_set_new(counters, "cycles", json_integer((json_int_t)run->cycles));
	json_object_set_new(counters, "walks", json_integer((json_int_t)event_walks(&run->ev)));
	json_object_set_new(counters, "walk_refs", json_integer((json_int_t)event_walk_refs(&run->ev)));
	for (unsigned reason = 0; reason < VMX_REASONS; reason++)
		if (run->exits[reason])
			json_object_set_new(exits, exit_name(reason), json_integer((json_int_t)run->exits[reason]));
	return json_pack("{s:s,s:f,s:b,s:i,s:o,s:o}", "mode", run->mode->name, "overhead_percent", overhead(c, run), "same_console",
			 run->same_console, "exit_status", run->exit_status, "counters", counters, "exits", exits);
}

json_t *compare_json(const struct comparison *c)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(runs, run_json(c, &c->run[i]));
	return json_pack("{s:o}", "runs", runs);
}
