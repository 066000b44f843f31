/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray compare: the same image natively and virtualized, side by side. The table goes to standard output; --csv and --json to files.
 */
#include "emu/command.h"
#include "emu/compare.h"
#include "emu/output.h"
#include "emu/size.h"
#include "emu/value.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CSV = 256, KEY_JSON, KEY_MODES };

struct compare_options {
	struct compare_request request;
	const struct compare_mode *mode[COMPARE_MODES_MAX];
	size_t modes;
	const char *csv, *json;
	char *arguments;
};

static const struct argp_option option_table[] = {
    {"mem", 'm', "SIZE", 0, "Guest memory, in bytes or with K, M, G or T (128M)", 0},
    {"max-insns", 'n', "N", 0, "Stop each run after N instructions; K, M and G are powers of 1000", 0},
    {"modes", KEY_MODES, "LIST", 0,
     "Comma-separated: native, ept-4k, ept-2m, ept-1g, shadow, shadow-sync (all); the first is what others are compared with", 0},
    {"csv", KEY_CSV, "FILE", 0, "Write one row a run there; - is standard output", 0},
    {"json", KEY_JSON, "FILE", 0, "Write all counters of all runs there; - is standard output", 0},
    {0},
};

static const char doc[] =
    "Runs IMAGE natively and as the guest of the built-in VMMs, without its console, and prints one table of what differs. "
    "ARGS are the kernel's command line.";

static void add_mode(struct compare_options *o, struct argp_state *state, const char *name)
{
	for (const struct compare_mode *mode = compare_modes; mode->name; mode++) {
		if (strcmp(mode->name, name) != 0)
			continue;
		if (o->modes == COMPARE_MODES_MAX)
			argp_error(state, "--modes: at most %d", COMPARE_MODES_MAX);
		o->mode[o->modes++] = mode;
		return;
	}
	argp_error(state, "--modes '%s': not a mode", name);
}

static void add_modes(struct compare_options *o, struct argp_state *state, char *list)
{
	char *rest = NULL;

	for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
		add_mode(o, state, name);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct compare_options *o = state->input;
	const char *wrong = NULL;

	switch (key) {
	case 'm':
		wrong = size_parse_ram(text, &o->request.ram_size);
		break;
	case 'n':
		wrong = size_parse_count(text, &o->request.max_insns);
		break;
	case KEY_MODES:
		add_modes(o, state, text);
		break;
	case KEY_CSV:
		o->csv = text;
		break;
	case KEY_JSON:
		o->json = text;
		break;
	case ARGP_KEY_ARG:
		if (!o->request.load.path)
			o->request.load.path = text;
		else if (!value_join(&o->arguments, text))
			argp_failure(state, STATUS_USAGE, ENOMEM, "arguments");
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no image given");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (wrong)
		argp_error(state, "'%s': %s", text, wrong);
	return 0;
}

static bool write_csv(const char *path, const struct comparison *c)
{
	FILE *file = output_open(path);

	if (!file)
		return false;
	compare_csv(file, c);
	return output_close(file, path);
}

static bool write_json(const char *path, const struct comparison *c)
{
	FILE *file = output_open(path);
	json_t *object = file ? compare_json(c) : NULL;

	if (!file)
		return false;
	if (object)
		json_dumpf(object, file, JSON_INDENT(2));
	json_decref(object);
	fputs("\n", file);
	return output_close(file, path) && object;
}

static int compare(struct compare_options *o)
{
	struct comparison comparison = {0};
	char error[LOAD_ERROR_SIZE] = "", *console = NULL;
	int err = 0;

	for (size_t i = 0; i < o->modes && !err; i++)
		err = compare_run(&comparison, &o->request, o->mode[i], &console, error);
	free(console);
	if (err) {
		fprintf(stderr, "vtxray: %s\n", error);
		return err == -ERR_ENGINE ? STATUS_STOPPED : STATUS_USAGE;
	}
	compare_table(stdout, o->request.load.path, &comparison);
	bool written = (!o->csv || write_csv(o->csv, &comparison)) && (!o->json || write_json(o->json, &comparison));
	return written ? STATUS_OK : STATUS_USAGE;
}

int cmd_compare(int argc, char **argv)
{
	const struct argp argp = {option_table, parse_option, "IMAGE [-- ARGS]", doc, NULL, NULL, NULL};
	struct compare_options o = {.request = {.ram_size = 128 << 20}};

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!o.modes)
		for (const struct compare_mode *mode = compare_modes; mode->name; mode++)
			o.mode[o.modes++] = mode;
	o.request.load.cmdline = o.arguments;
	int status = compare(&o);
	free(o.arguments);
	return status;
}
