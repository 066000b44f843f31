/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray exits: the VM exits of a trace as `perf kvm stat report` shows them.
 */
#include "emu/command.h"
#include "emu/trace_argument.h"
#include "emu/exits.h"
#include "emu/import.h"
#include "emu/output.h"

#include <argp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_EVENT = 256, KEY_JSON };

struct exits_options {
	const char *path, *json;
	enum exits_by by;
	bool by_time;
};

static const struct argp_option option_table[] = {
    {"event", KEY_EVENT, "vmexit|ioport|msr|cr|rip|page", 0,
     "What VM exits are added up by: their reason (vmexit, as without it), port, MSR, control register, where the guest was (rip), or the "
     "guest-physical page of EPT violations and misconfigurations (page)",
     0},
    {"key", 'k', "sample|time", 0, "What comes first: the most of them (sample, as without it), or what took longest (time)", 0},
    {"json", KEY_JSON, "FILE", 0, "Write the same as JSON there; - is standard output", 0},
    {0},
};

static const char *parse_event(struct exits_options *options, const char *text)
{
	for (unsigned i = 0; i < EXITS_BYS; i++)
		if (!strcmp(exits_event_name(i), text)) {
			options->by = (enum exits_by)i;
			return NULL;
		}
	return "must be vmexit, ioport, msr, cr, rip or page";
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct exits_options *options = state->input;
	const char *wrong = NULL;

	switch (key) {
	case KEY_EVENT:
		wrong = parse_event(options, text);
		break;
	case 'k':
		options->by_time = !strcmp(text, "time");
		if (!options->by_time && strcmp(text, "sample") != 0)
			wrong = "must be sample or time";
		break;
	case KEY_JSON:
		options->json = text;
		break;
	default:
		return trace_argument(&options->path, key, text, state);
	}
	if (wrong)
		argp_error(state, "'%s': %s", text, wrong);
	return 0;
}

/* ---- what came of it ---- */

static json_t *rows_json(const struct exits *x)
{
	json_t *array = json_array();

	for (size_t i = 0; i < x->rows; i++) {
		const struct report_exit *e = &x->row[i].sum;

		json_array_append_new(array, json_pack("{s:s,s:I,s:I,s:I,s:I}", "name", e->name, "handled", (json_int_t)e->handled, "time",
						       (json_int_t)e->time, "min", (json_int_t)e->min, "max", (json_int_t)e->max));
	}
	return array;
}

static bool write_json(const struct exits_options *options, const struct exits *x)
{
	FILE *file = output_open(options->json);
	json_t *object = NULL;

	if (file)
		object = json_pack("{s:s,s:s,s:s,s:o,s:I}", "version", VTXRAY_VERSION, "trace", options->path, "event",
				   exits_event_name(options->by), "exits", rows_json(x), "unanswered", (json_int_t)x->unanswered);
	bool ok = object && json_dumpf(object, file, JSON_INDENT(2)) == 0 && fputc('\n', file) != EOF;

	if (file && !object)
		output_fail("--json", "no memory left, or a name that is not UTF-8");
	json_decref(object);
	return file && output_close(file, options->json) && ok;
}

/* false: the host has no memory left */
static bool print_table(const struct exits_options *options, const struct exits *x)
{
	struct report_exit *row = calloc(x->rows + 1, sizeof *row);

	if (!row)
		return output_fail(options->path, "the host has no memory left");
	for (size_t i = 0; i < x->rows; i++)
		row[i] = x->row[i].sum;
	report_exits(stdout, exits_head(options->by), row, x->rows);
	free(row);
	if (!x->rows)
		printf("\n No VM exits%s that a VM entry followed\n", options->by == EXITS_BY_REASON ? "" : " of this kind");
	if (x->unanswered)
		printf("\n %llu VM exits without a VM entry after them are not in the table\n", (unsigned long long)x->unanswered);
	return fflush(stdout) == 0 || output_fail("standard output", "not all of it could be written");
}

/* ---- reading ---- */

/* A trace that cannot have VM exits is an error: an empty table would say that there were none. */
static bool holds_exits(const struct exits_options *options, const struct import *import)
{
	const uint32_t needed = BIT(TRACE_EXIT) | BIT(TRACE_ENTRY);

	if (import->kind != IMPORT_VTXRAY)
		return output_fail(options->path, "an address trace: it holds no VM exits");
	if (((uint64_t)json_integer_value(json_object_get(import->ours.description, "kinds")) & needed) == needed)
		return true;
	return output_fail(options->path, "it was recorded without VM exits: `exit` was not in --trace-what");
}

static int read_all(const struct exits_options *options, struct import *import, struct exits *x)
{
	struct trace_record r = {.kind = 0};

	while (import_next(import, &r))
		if (!exits_put(x, &r)) {
			output_fail(options->path, "the host has no memory left");
			return STATUS_USAGE;
		}
	exits_sort(x, options->by_time);
	bool ok = print_table(options, x) && (!options->json || write_json(options, x));
	if (import->error[0])
		fprintf(stderr, "vtxray: %s\n", import->error);
	return ok && !import->error[0] ? STATUS_OK : STATUS_USAGE;
}

static int with_trace(void *ctx, struct import *import)
{
	const struct exits_options *options = ctx;
	struct exits exits;
	int status = STATUS_USAGE;

	if (!holds_exits(options, import))
		return status;
	if (exits_init(&exits, options->by))
		status = read_all(options, import, &exits);
	else
		output_fail(options->path, "the host has no memory left");
	exits_free(&exits);
	return status;
}

int cmd_exits(int argc, char **argv)
{
	static const char doc[] =
	    "Shows the VM exits of a trace that vtxray run or exec recorded with --trace (--trace-what exit suffices): how many of each "
	    "kind, "
	    "and the cycles from the exit to the next VM entry, laid out as `perf kvm stat report` does.\v"
	    "Exit status: 0; 2 if the trace cannot be read or holds no VM exits, is cut or damaged (the table up to there is shown).";
	static const struct argp argp = {.options = option_table, .parser = parse_option, .args_doc = "TRACE", .doc = doc};
	struct exits_options options = {.by = EXITS_BY_REASON};

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return trace_use(options.path, NULL, with_trace, &options);
}
