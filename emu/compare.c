/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs an image in several modes and prints what differs (compare.h). Nothing is counted here: all figures come from the events. */
#include "emu/compare_cycles.h"
#include "emu/compare_life.h"
#include "emu/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPTURE_MAX = 64 << 20, TOP_EXITS = 4 };

const struct compare_mode compare_modes[] = {
    {.name = "native", .paging = PAGING_NATIVE},
    {.name = "ept-4k", .paging = PAGING_EPT, .ept_page_shift = PAGE_SHIFT},
    {.name = "ept-2m", .paging = PAGING_EPT, .ept_page_shift = PAGE_SHIFT_2M},
    {.name = "ept-1g", .paging = PAGING_EPT, .ept_page_shift = PAGE_SHIFT_1G},
    {.name = "shadow", .paging = PAGING_SHADOW},
    {.name = "shadow-sync", .paging = PAGING_SHADOW, .no_unsync = true},
    {.name = "agile", .paging = PAGING_AGILE, .on_request = true},
    {.name = NULL},
};

static void take_result(struct compare_run *run, const struct machine *m)
{
	run->exit_status = m->bus.exit_status;
	run->ev = m->cpu.ev;
	run->cycles = m->cpu.clock;
	run->cost = m->cpu.cost;
	run->cost.clock = NULL;
	run->stale_uses = m->stale.mmu ? stale_count(&m->stale) : 0;
	if (m->cpu.vmx)
		memcpy(run->exits, m->vmx.exits, sizeof run->exits);
	run->region = m->region;
	if (m->life.begun || m->region.config.from != REGION_ALL)
		compare_take_life(run, &m->life);
	if (m->config.life && m->life.begun) /* the program's own */
		run->exit_status = run->exit_status >> 1 & 0xff;
}

/* One run with a machine that is ready. */
static int run_machine(struct machine *m, struct compare_run *run, const struct compare_request *request, char error[LOAD_ERROR_SIZE])
{
	struct load_request load = request->load;
	char *line = NULL;

	if (run->mode->guest_page) {
		if (asprintf(&line, "user=%s %s", run->mode->guest_page, load.cmdline) < 0)
			return -ERR_NOMEM;
		load.cmdline = line;
	}
	int err = machine_load(m, &load, error);
	free(line);
	if (err)
		return err;
	if (!request->quiet)
		progress_start(&m->cpu.cost.steps, run->mode->name, m->config.console);
	run->end = machine_run(m);
	progress_stop();
	take_result(run, m);
	if (run->end == END_STOP)
		snprintf(error, LOAD_ERROR_SIZE, "%s: %s", run->mode->name, m->stop_reason);
	return run->end == END_STOP ? -ERR_ENGINE : 0;
}

/* The first run's is kept, the others' are compared with it. */
static int take_console(struct comparison *c, struct compare_run *run, const struct console *console)
{
	size_t n = console->captured;

	run->same_console = c->console && n == c->console_size && !memcmp(console->capture, c->console, n);
	if (c->console)
		return 0;
	run->same_console = true;
	c->console = malloc(n + 1);
	c->console_size = n;
	if (c->console)
		memcpy(c->console, console->capture, n);
	return c->console ? 0 : -ERR_NOMEM;
}

void compare_free(struct comparison *comparison)
{
	free(comparison->console);
	comparison->console = NULL;
}

int compare_run(struct comparison *comparison, const struct compare_request *request, const struct compare_mode *mode,
		char error[LOAD_ERROR_SIZE])
{
	static struct machine m;
	struct console out;
	struct compare_run *run = &comparison->run[comparison->count];
	const struct machine_config config = {.ram_size = request->ram_size,
					      .max_insns = request->max_insns,
					      .life = request->program,
					      .check_invalidation = request->check_invalidation,
					      .region = request->region,
					      .paging = mode->paging,
					      .ept_page_shift = mode->ept_page_shift,
					      .ept_levels = request->ept_levels,
					      .shadow.no_unsync = mode->no_unsync,
					      .console = &out,
					      .tlbs = &mmu_config_default,
					      .profile = request->profile};

	snprintf(error, LOAD_ERROR_SIZE, "%s: the host has not enough memory for this guest", mode->name);
	*run = (struct compare_run){.mode = mode};
	comparison->profile = request->profile;
	if (request->input >= 0 && !request->tape && lseek(request->input, 0, SEEK_SET) != 0) {
		snprintf(error, LOAD_ERROR_SIZE, "standard input: cannot go back to its beginning");
		return -ERR_IO;
	}
	int err = console_init(&out, NULL, request->input, CAPTURE_MAX);
	if (err)
		return err;
	if (request->tape)
		console_play(&out, request->tape);
	if (!comparison->count) /* what the guest kernel says is the same in every mode */
		out.log = stderr;
	err = machine_init(&m, &config);
	if (err)
		goto free_console;
	err = run_machine(&m, run, request, error);
	if (!err)
		err = take_console(comparison, run, &out);
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

static const char *end_text(const struct compare_run *run)
{
	static const char *const texts[] = {[END_EXIT] = "exit",
					    [END_SHUTDOWN] = "triple fault",
					    [END_HALTED] = "halted for ever",
					    [END_MAX_INSNS] = "--max-insns ran out",
					    [END_KICKED] = "interrupted",
					    [END_WATCH] = "watched write",
					    [END_STOP] = "not modelled"};

	return texts[run->end];
}

/* Who did not end as the first did, and how a program ended unless all went well. */
static void table_ends(FILE *out, const struct comparison *c)
{
	const struct compare_run *first = &c->run[0];

	if (first->end != END_EXIT)
		fprintf(out, "   %s ended without an exit: %s\n", first->mode->name, end_text(first));
	else if (first->life.begun && first->exit_status)
		fprintf(out, "   the program's exit status is %d\n", first->exit_status);
	for (const struct compare_run *run = first; run < first + c->count; run++)
		if (!run->same_console || run->exit_status != first->exit_status || run->end != first->end)
			fprintf(out, "   %s ended differently from %s: console %s, exit status %d and %d (%s, %s)\n", run->mode->name,
				first->mode->name, run->same_console ? "the same" : "differs", run->exit_status, first->exit_status,
				end_text(run), end_text(first));
}

void compare_table(FILE *out, const char *title, const struct comparison *c)
{
	fprintf(out, "\n '%s' natively and virtualized%s%s%s:\n\n", title, c->profile ? " on " : "", c->profile ? c->profile->name : "",
		region_text(&c->run[0].region));
	fprintf(out, "   %-11s %14s %14s %9s %12s %12s %9s", "mode", "instructions", "cycles", "overhead", "TLB misses", "walk refs",
		"per miss");
	fprintf(out, "%s %10s %10s\n", c->profile ? "   walk %" : "", "#PF", "VM exits");
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_run *run = &c->run[i];
		uint64_t refs = event_walk_refs(&run->ev);
		fprintf(out, "   %-11s %14" PRIu64 " %14" PRIu64 " %8.2f%% %12" PRIu64 " %12" PRIu64 " %9.2f", run->mode->name,
			run->ev.n[EV_INSTRUCTIONS], run->cycles, overhead(c, run), tlb_misses(run), refs, per(refs, tlb_misses(run)));
		if (c->profile)
			fprintf(out, " %7.2f%%", compare_walk_share(run));
		fprintf(out, " %10" PRIu64 " %10" PRIu64 "\n", run->ev.n[EV_EXC_PF], run->ev.n[EV_VM_EXITS]);
	}
	fputs("\n", out);
	compare_life_table(out, c);
	if (c->profile)
		compare_cycles_table(out, c);
	for (size_t i = 0; i < c->count; i++)
		table_exits(out, &c->run[i]);
	table_ends(out, c);
	if (!c->profile)
		fputs("   without --cpu a cycle is an instruction, a further REP iteration, a delivered event or a VM exit: no measure of "
		      "time\n",
		      out);
	for (size_t i = 0; i < c->count; i++)
		if (c->run[i].region.config.from != REGION_ALL && !c->run[i].region.times)
			fprintf(out, "   %s: what --fast-forward or --roi waits for did not come: nothing was counted\n",
				c->run[i].mode->name);
	for (size_t i = 0; i < c->count; i++)
		if (c->run[i].stale_uses)
			fprintf(out, "   %s: %" PRIu64 " uses of stale translations; `vtxray run --check-invalidation` shows them\n",
				c->run[i].mode->name, c->run[i].stale_uses);
	fputs("\n", out);
}

void compare_csv(FILE *out, const struct comparison *c)
{
	fputs("mode,cpu,cycles,overhead_percent,walk_refs_per_walk,walk_refs_per_miss,walk_cycles_percent,same_console,"
	      "exit_status",
	      out);
	compare_cycles_csv_names(out);
	compare_life_csv_names(out);
	for (const struct event_sum *sum = event_sums; sum->name; sum++)
		fprintf(out, ",%s", sum->name);
	for (unsigned e = 0; e < EVENT_COUNT; e++)
		fprintf(out, ",%s", event_name(e));
	for (unsigned reason = 0; reason < VMX_REASONS; reason++)
		if (exit_is_reason(reason))
			fprintf(out, ",exits_%s", exit_name(reason));
	fputs("\n", out);
	for (size_t i = 0; i < c->count; i++) {
		const struct compare_run *run = &c->run[i];
		uint64_t walks = event_walks(&run->ev), refs = event_walk_refs(&run->ev);
		fprintf(out, "%s,%s,%" PRIu64 ",%.4f,%.4f,%.4f,%.4f,%d,%d", run->mode->name, c->profile ? c->profile->name : "plain",
			run->cycles, overhead(c, run), per(refs, walks), per(refs, tlb_misses(run)), compare_walk_share(run),
			run->same_console, run->exit_status);
		compare_cycles_csv(out, run);
		compare_life_csv(out, run);
		for (const struct event_sum *sum = event_sums; sum->name; sum++)
			fprintf(out, ",%" PRIu64, sum->value(&run->ev));
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
	for (const struct event_sum *sum = event_sums; sum->name; sum++)
		json_object_set_new(counters, sum->name, json_integer((json_int_t)sum->value(&run->ev)));
	for (unsigned reason = 0; reason < VMX_REASONS; reason++)
		if (run->exits[reason])
			json_object_set_new(exits, exit_name(reason), json_integer((json_int_t)run->exits[reason]));
	json_t *object = json_pack("{s:s,s:f,s:f,s:f,s:b,s:i,s:o,s:o,s:o}", "mode", run->mode->name, "overhead_percent", overhead(c, run),
				   "walk_refs_per_miss", per(event_walk_refs(&run->ev), tlb_misses(run)), "walk_cycles_percent",
				   compare_walk_share(run), "same_console", run->same_console, "exit_status", run->exit_status, "counters",
				   counters, "exits", exits, "cycles", compare_cycles_json(run));
	if (object && !compare_life_json(object, run)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *compare_json(const struct comparison *c)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(runs, run_json(c, &c->run[i]));
	return json_pack("{s:s*,s:o}", "cpu", c->profile ? c->profile->name : NULL, "runs", runs);
}
