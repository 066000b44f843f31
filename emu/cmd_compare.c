/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray compare: the same image, or the same program in the guest kernel, natively and virtualized, side by side. The table goes to
 * standard output; --csv and --json to files.
 */
#include "emu/command.h"
#include "emu/compare.h"
#include "emu/hosted.h"
#include "emu/output.h"
#include "emu/profile.h"
#include "emu/program.h"
#include "emu/region_options.h"
#include "emu/size.h"
#include "emu/value.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_CSV = 256, KEY_JSON, KEY_MODES, KEY_CPU, KEY_WITHOUT, KEY_EPT_LEVELS, KEY_CHECK_INVALIDATION };

struct compare_options {
	struct compare_request request;
	struct compare_mode mode[COMPARE_MODES_MAX];
	size_t modes;
	bool modes_named; /* on the command line */
	bool pairs;	  /* with a page size of the guest's */
	const char *csv, *json;
	const char *cpu, *without; /* as `vtxray run` has them */
	struct profile profile;
	char *arguments;
	struct program program; /* instead of an image */
	struct console_tape tape;
};

static const struct argp_option option_table[] = {
    {"mem", 'm', "SIZE", 0, "Guest memory, in bytes or with K, M, G or T (128M)", 0},
    {"max-insns", 'n', "N", 0, "Stop each run after N instructions; K, M and G are powers of 1000", 0},
    {"modes", KEY_MODES, "LIST", 0,
     "Comma-separated: native, ept-4k, ept-2m, ept-1g, shadow, shadow-sync (these if none is given), agile; the first is what others are "
     "compared with. With /4k or /2m after its name a mode has such pages in a program's own tables: native/2m, ept-4k/2m",
     0},
    {"ept-levels", KEY_EPT_LEVELS, "N", 0, "Levels of the EPT tables, 4 or 5 (4)", 0},
    {"cpu", KEY_CPU, "NAME|FILE", 0, "The processor to model; `vtxray cpus` lists them", 0},
    {"without", KEY_WITHOUT, "LIST", 0, "With --cpu: leave caches out: stlb, psc, ept-psc, nested-tlb, l1i, l1d, l2, llc", 0},
    {"check-invalidation", KEY_CHECK_INVALIDATION, NULL, 0, "Look for uses of stale translations (status 10 if there are any)", 0},
    {"quiet", 'q', NULL, 0, "No progress of a long run on a terminal's standard error", 0},
    {"csv", KEY_CSV, "FILE", 0, "Write one row a run there; - is standard output", 0},
    {"json", KEY_JSON, "FILE", 0, "Write all counters of all runs there; - is standard output", 0},
    {0},
};

static const char doc[] =
    "Runs IMAGE, or PROGRAM in the guest kernel as `vtxray exec` does, natively and as the guest of the built-in VMMs, without its "
    "console, "
    "and prints one table of what differs. ARGS are the kernel's command line. Of a program its life alone is compared, without the "
    "kernel's start; a word that is no file may be a workload's name (vtxray workloads). Each run of a program has the same standard "
    "input from its beginning; of a pipe, what the first run reads is kept for the others. A terminal is not read.";

/* NAME, or NAME/GUEST-PAGE. The text stays where it is: it is an argument of the process. */
static void add_mode(struct compare_options *o, struct argp_state *state, const char *name)
{
	size_t length = strcspn(name, "/");
	const char *page = name[length] ? name + length + 1 : NULL;

	if (page && strcmp(page, "4k") != 0 && strcmp(page, "2m") != 0)
		argp_error(state, "--modes '%s': the guest's pages are 4k or 2m", name);
	for (const struct compare_mode *mode = compare_modes; mode->name; mode++) {
		if (strlen(mode->name) != length || memcmp(mode->name, name, length) != 0)
			continue;
		if (o->modes == COMPARE_MODES_MAX)
			argp_error(state, "--modes: at most %d", COMPARE_MODES_MAX);
		o->mode[o->modes] = *mode;
		o->mode[o->modes].name = name;
		o->mode[o->modes++].guest_page = page;
		o->pairs |= page != NULL;
		return;
	}
	argp_error(state, "--modes '%s': not a mode", name);
}

static void add_modes(struct compare_options *o, struct argp_state *state, char *list)
{
	char *rest = NULL;

	o->modes_named = true;
	for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
		add_mode(o, state, name);
}

/* After --, or no file's name (then it is a workload's, or not there). */
static bool is_program(const struct argp_state *state, const char *text)
{
	bool after_dashes = state->quoted && state->next > state->quoted;

	return after_dashes || (!strchr(text, '/') && access(text, F_OK) != 0);
}

/* A file is read anew by each run; what can be read once only is recorded; a terminal is not asked: who types what a comparison shows? */
static void take_input(struct compare_options *o)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) != 0 || isatty(STDIN_FILENO))
		return;
	o->request.input = STDIN_FILENO;
	o->tape.fd = STDIN_FILENO;
	if (!S_ISREG(st.st_mode))
		o->request.tape = &o->tape;
}

/* All from the program on is its own. */
static void take_program(struct compare_options *o, struct argp_state *state)
{
	char error[PROGRAM_ERROR];

	if (!program_take(&o->program, state->argc - state->next + 1, state->argv + state->next - 1, error)) {
		fprintf(stderr, "vtxray: %s\n", error);
		exit(STATUS_USAGE);
	}
	state->next = state->argc;
	o->request.load = program_request(&o->program);
	o->request.program = true;
	take_input(o);
}

static void check_together(const struct compare_options *o, struct argp_state *state)
{
	if (o->without && !o->cpu)
		argp_error(state, "--without: goes with --cpu");
	if (o->program.options && !o->request.program)
		argp_error(state, "--file, --env, --cwd, --guest-page and --kernel go with a program: -- PROGRAM, or a workload's name");
	if (o->request.region.from != REGION_ALL && o->request.check_invalidation)
		argp_error(state, "--check-invalidation looks at the whole run: it does not go with --fast-forward and --roi");
	if (o->pairs && !o->request.program)
		argp_error(state,
			   "--modes: an image has its own page sizes; /4k and /2m go with a program: -- PROGRAM, or a workload's name");
	if (o->program.saves)
		argp_error(state, "--save goes with vtxray exec: here a program runs several times");
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
	case 'q':
		o->request.quiet = true;
		break;
	case KEY_MODES:
		add_modes(o, state, text);
		break;
	case KEY_EPT_LEVELS:
		if (strcmp(text, "4") != 0 && strcmp(text, "5") != 0)
			argp_error(state, "--ept-levels '%s': must be 4 or 5", text);
		o->request.ept_levels = (unsigned)(*text - '0');
		break;
	case KEY_CHECK_INVALIDATION:
		o->request.check_invalidation = true;
		break;
	case KEY_CSV:
		o->csv = text;
		break;
	case KEY_JSON:
		o->json = text;
		break;
	case KEY_CPU:
		o->cpu = text;
		break;
	case KEY_WITHOUT:
		o->without = text;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->program;
		state->child_inputs[1] = &o->request.region;
		break;
	case ARGP_KEY_ARG:
		if (!o->request.load.path && is_program(state, text))
			take_program(o, state);
		else if (!o->request.load.path)
			o->request.load.path = text;
		else if (!value_join(&o->arguments, text))
			argp_failure(state, STATUS_USAGE, ENOMEM, "arguments");
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no image and no program given");
		break;
	case ARGP_KEY_SUCCESS:
		check_together(o, state);
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

static const char *refused(const struct compare_options *o, const struct compare_mode *mode)
{
	return hosted_refuses(mode->paging, o->request.ram_size, 0);
}

/* A mode that was asked for must run. */
static bool modes_can_run(const struct compare_options *o)
{
	for (size_t i = 0; i < o->modes; i++)
		if (o->modes_named && refused(o, &o->mode[i])) {
			fprintf(stderr, "vtxray: --modes %s: %s\n", o->mode[i].name, refused(o, &o->mode[i]));
			return false;
		}
	return true;
}

static void say_refused(const struct compare_options *o)
{
	bool any = false;

	for (size_t i = 0; i < o->modes; i++) {
		const char *why = refused(o, &o->mode[i]);
		if (why)
			printf("   %s is left out: %s\n", o->mode[i].name, why);
		any |= why != NULL;
	}
	if (any)
		putchar('\n');
}

static int compare(struct compare_options *o)
{
	struct comparison comparison = {0};
	char error[LOAD_ERROR_SIZE] = "";
	int err = 0;

	for (size_t i = 0; i < o->modes && !err; i++)
		if (!refused(o, &o->mode[i]))
			err = compare_run(&comparison, &o->request, &o->mode[i], error);
	compare_free(&comparison);
	if (err) {
		fprintf(stderr, "vtxray: %s\n", error);
		return err == -ERR_ENGINE ? STATUS_STOPPED : STATUS_USAGE;
	}
	compare_table(stdout, o->request.program ? o->program.name : o->request.load.path, &comparison);
	say_refused(o);
	bool written = (!o->csv || write_csv(o->csv, &comparison)) && (!o->json || write_json(o->json, &comparison));
	bool stale = false;
	for (size_t i = 0; i < comparison.count; i++)
		stale |= comparison.run[i].stale_uses > 0;
	return !written ? STATUS_USAGE : stale ? STATUS_STALE : STATUS_OK;
}

/* The processor asked for; false, with a message, if there is none such. */
static bool take_cpu(struct compare_options *o)
{
	char error[PROFILE_ERROR];

	if (!o->cpu)
		return true;
	if (profile_load(&o->profile, o->cpu, o->without, error) == 0) {
		o->request.profile = &o->profile;
		return true;
	}
	fprintf(stderr, "vtxray: %s\n", error);
	return false;
}

int cmd_compare(int argc, char **argv)
{
	static const struct argp_child children[] = {
	    {.argp = &program_argp_compare, .header = "Of a program:"}, {.argp = &region_argp}, {0}};
	static const struct argp argp = {.options = option_table,
					 .parser = parse_option,
					 .args_doc = "IMAGE [-- ARGS]\n-- PROGRAM [ARGUMENT...]\nWORKLOAD [ARGUMENT...]",
					 .doc = doc,
					 .children = children};
	struct compare_options o = {.request = {.ram_size = 128 << 20, .input = -1}};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	if (!o.modes)
		for (const struct compare_mode *mode = compare_modes; mode->name; mode++)
			if (!mode->on_request)
				o.mode[o.modes++] = *mode;
	if (!o.request.program)
		o.request.load.cmdline = o.arguments;
	int status = take_cpu(&o) && modes_can_run(&o) ? compare(&o) : STATUS_USAGE;
	program_free(&o.program);
	console_tape_free(&o.tape);
	free(o.arguments);
	return status;
}
