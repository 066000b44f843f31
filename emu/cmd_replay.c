/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray replay: drives the modelled MMU with the accesses of a trace, and shows the counters.
 */
#include "emu/command.h"
#include "emu/trace_argument.h"
#include "emu/import.h"
#include "emu/output.h"
#include "emu/profile.h"
#include "emu/replay.h"
#include "emu/replay_compare.h"
#include "emu/replay_configure.h"
#include "emu/report.h"
#include "emu/size.h"
#include "emu/value.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_PAGING = 256, KEY_GUEST_PAGE, KEY_EPT_PAGE, KEY_CPU, KEY_WITHOUT, KEY_FORMAT, KEY_JSON };

static const struct argp_option option_table[] = {
    {"paging", KEY_PAGING, "KIND", 0,
     "Build tables as the pages are touched, for native, ept or shadow paging; without it as in the recorded run, or native", 0},
    {"guest-page", KEY_GUEST_PAGE, "SIZE", 0, "The same; the guest's pages: 4k (the default), 2m or 1g", 0},
    {"ept-page", KEY_EPT_PAGE, "SIZE", 0, "The same; with --paging ept the largest EPT page: 4k (the default), 2m or 1g", 0},
    {"cpu", KEY_CPU, "NAME|FILE", 0,
     "The processor to model; without it the one of the recording, or the plain model; `none`: the plain model", 0},
    {"without", KEY_WITHOUT, "LIST", 0, "With --cpu, leave these caches out: stlb, psc, ept-psc, nested-tlb, l1i, l1d, l2, llc", 0},
    {"format", KEY_FORMAT, "vtxray|lackey|din|drmemtrace|champsim", 0, "What the trace is, if it is not recognised", 0},
    {"max-records", 'n', "N", 0, "Stop after N records; K, M and G are powers of 1000", 0},
    {"json", KEY_JSON, "FILE", 0, "Write configuration and counters there; - is standard output", 0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct replay_options *options = state->input;
	const char *wrong = NULL;

	switch (key) {
	case KEY_PAGING:
		wrong = value_paging(text, &options->config.paging);
		if (!wrong && options->config.paging == PAGING_AGILE)
			wrong = "must be native, ept or shadow: when a table switches is decided by stores that are not in a trace";
		options->paging_given = options->build = true;
		break;
	case KEY_GUEST_PAGE:
		wrong = value_page(text, &options->config.guest_shift);
		options->build = true;
		break;
	case KEY_EPT_PAGE:
		wrong = value_page(text, &options->config.ept_shift);
		options->build = true;
		break;
	case KEY_CPU:
		options->plain_cpu = !strcmp(text, "none");
		options->cpu = options->plain_cpu ? NULL : text;
		break;
	case KEY_WITHOUT:
		options->without = text;
		break;
	case KEY_FORMAT:
		options->kind_given = true;
		if (!import_kind_parse(text, &options->kind))
			wrong = "must be vtxray, lackey, din, drmemtrace or champsim";
		break;
	case 'n':
		wrong = size_parse_count(text, &options->max_records);
		break;
	case KEY_JSON:
		options->json = text;
		break;
	case ARGP_KEY_END:
		if (options->config.ept_shift && options->config.paging != PAGING_EPT)
			argp_error(state, "--ept-page goes with --paging ept");
		break;
	default:
		return trace_argument(&options->path, key, text, state);
	}
	if (wrong)
		argp_error(state, "'%s': %s", text, wrong);
	return 0;
}

/* ---- what came of it ---- */

static json_t *replay_json(const struct replay_options *options, const struct import *import, const struct report *report)
{
	const struct replay_config *config = &options->config;

	return json_pack("{s:s,s:{s:s,s:s,s:s*,s:s*,s:b,s:s,s:I,s:I},s:o*}", "version", VTXRAY_VERSION, "configuration", "trace",
			 options->path, "format", import_kind_name(import->kind), "cpu", options->cpu, "without", options->without,
			 "tables_recorded", config->recorded, "paging", config->recorded ? "as recorded" : paging_name(config->paging),
			 "guest_page", (json_int_t)BIT(config->guest_shift), "ept_page", (json_int_t)BIT(config->ept_shift), "counters",
			 report_json(report));
}

static bool write_json(const struct replay_options *options, const struct import *import, const struct report *report)
{
	FILE *file = output_open(options->json);
	json_t *object = file ? replay_json(options, import, report) : NULL;
	bool ok = object && json_dumpf(object, file, JSON_INDENT(2)) == 0 && fputc('\n', file) != EOF;

	if (file && !object)
		output_fail("--json", "no memory left, or a name that is not UTF-8");
	json_decref(object);
	return file && output_close(file, options->json) && ok;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void say_tables(const struct replay_options *options, const struct import *import, const struct replay *replay)
{
	const struct replay_tables *t = &replay->tables;

	if (replay->config.recorded) {
		if (replay->differences)
			printf(" %llu translations ended otherwise than when recorded (other TLBs than then meet entries that have changed "
			       "since)\n\n",
			       (unsigned long long)replay->differences);
		return;
	}
	if (import->kind == IMPORT_VTXRAY && options->without_tables && !options->build)
		printf(" The trace brings no tables (%s): they were built, for %s paging as in the recorded run\n", options->without_tables,
		       paging_name(t->paging));
	printf(" Tables built (%s paging): %llu pages of the guest, %llu tables of the guest", paging_name(t->paging),
	       (unsigned long long)t->guest_pages, (unsigned long long)t->guest_tables);
	if (t->paging == PAGING_EPT)
		printf(", %llu EPT tables", (unsigned long long)t->map.tables);
	if (t->paging == PAGING_SHADOW)
		printf(", %llu shadow tables", (unsigned long long)t->shadow_tables);
	fputs("\n\n", stdout);
}

static bool report_all(const struct replay_options *options, const struct import *import, const struct replay *replay,
		       const struct replay_comparison *c, double seconds)
{
	const struct report report = {.ev = &replay->cpu.ev,
				      .cycles = replay->cpu.clock,
				      .cost = options->cpu ? &replay->cpu.cost : NULL,
				      .caches = replay->cpu.mmu.env.caches,
				      .host_seconds = seconds};

	report_table(stdout, options->path, &report);
	report_cycles(stdout, &report);
	say_tables(options, import, replay);
	if (replay->config.recorded)
		replay_say_comparison(c);
	fprintf(stdout, " %llu accesses replayed, %.2f million a second\n", (unsigned long long)replay->accesses,
		seconds > 0 ? (double)replay->accesses / seconds / 1e6 : 0);
	return !options->json || write_json(options, import, &report);
}

/* ---- replaying ---- */

static int replay_all(const struct replay_options *options, struct import *import, struct replay *replay)
{
	struct replay_comparison c = {.same = 0};
	struct trace_record r = {.kind = 0};
	uint64_t left = options->max_records ? options->max_records : UINT64_MAX;
	double started = now();
	bool ok = true;

	while (ok && left-- && import_next(import, &r)) {
		ok = replay_put(replay, &r);
		if (unlikely(r.kind == TRACE_COUNTER))
			replay_compare(&c, &replay->cpu.ev, &r);
	}
	bool reported = report_all(options, import, replay, &c, now() - started);
	fflush(stdout);
	if (!ok && import->kind == IMPORT_VTXRAY)
		fprintf(stderr, "vtxray: %s: record %llu: %s\n", options->path, (unsigned long long)r.number, replay->wrong);
	else if (!ok)
		fprintf(stderr, "vtxray: %s: %s %llu: %s\n", options->path, import->kind == IMPORT_CHAMPSIM ? "record" : "line",
			(unsigned long long)(import->kind == IMPORT_CHAMPSIM ? import->records - 1 : import->source.line), replay->wrong);
	else if (import->error[0])
		fprintf(stderr, "vtxray: %s\n", import->error);
	else if (!replay->accesses && !options->max_records)
		ok = output_fail(options->path, "no access in it: nothing was replayed");
	return ok && reported && !import->error[0] ? STATUS_OK : STATUS_USAGE;
}

static int with_trace(void *ctx, struct import *import)
{
	struct replay_options *options = ctx;
	static struct replay replay;
	static struct profile profile;

	if (!replay_configure(options, import, &profile))
		return STATUS_USAGE;
	int err = replay_init(&replay, &options->config);
	if (err) {
		output_fail(options->path, err == -ERR_NOMEM ? "the host has not enough memory for this"
							     : "its description asks for a memory that cannot be");
		return STATUS_USAGE;
	}
	int status = replay_all(options, import, &replay);
	replay_free(&replay);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	static const char doc[] =
	    "Replays the accesses of a trace on the modelled TLBs and page walks, and shows the counters. A trace of vtxray brings its "
	    "paging "
	    "structures, unless an option asks for others; for traces of others they are built as pages are touched.\v"
	    "Exit status: 0; 2 bad usage, or a trace that cannot be read, has no accesses, is cut or damaged (the counters up to there are "
	    "shown).";
	static const struct argp argp = {.options = option_table, .parser = parse_option, .args_doc = "TRACE", .doc = doc};
	struct replay_options options = {.config.paging = PAGING_NATIVE};

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return trace_use(options.path, options.kind_given ? &options.kind : NULL, with_trace, &options);
}
