/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray exec: runs one static Linux program in the guest kernel (workloads/kernel). It is `vtxray run` with the kernel as image, the
 * program and further files as modules, and the program's words on the kernel's command line; the exit status is the program's, and the
 * counters are those of its life.
 */
#include "emu/command.h"
#include "emu/options.h"
#include "emu/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct exec {
	struct run_options run;
	struct program program;
};

static const char doc[] =
    "Runs PROGRAM, a static Linux program or a workload (vtxray workloads), in the guest kernel, with this standard input and output, and "
    "shows the counters from its first instruction to its end, apart for user and kernel mode. At a terminal the program has one too: "
    "Ctrl-C and Ctrl-Z are the program's, Ctrl-\\ ends the run.\v"
    "Exit status: the program's own (128 + n: it died of signal n); 2 bad usage or bad file; 4 something that is not modelled; 124 "
    "--max-insns ran out; 130 Ctrl-C.";

/* A program at a terminal has one in the guest too, unless --kernel tty= says otherwise. */
static bool take_terminal(struct exec *x)
{
	if (x->program.tty_said || x->run.console || x->run.top || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return true;
	x->program.tty = true;
	return program_word(&x->program, "tty=", "on");
}

/* All from the program on is its own. */
static void take_program(struct exec *x, struct argp_state *state)
{
	char error[PROGRAM_ERROR];

	if (!take_terminal(x)) {
		fputs("vtxray: exec: the host has no memory left\n", stderr);
		exit(STATUS_USAGE);
	}
	if (!program_take(&x->program, state->argc - state->next + 1, state->argv + state->next - 1, error)) {
		fprintf(stderr, "vtxray: %s\n", error);
		exit(STATUS_USAGE);
	}
	state->next = state->argc;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct exec *x = state->input;

	(void)text;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &x->run;
		state->child_inputs[1] = &x->program;
		return 0;
	case ARGP_KEY_ARG:
		take_program(x, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no program given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Modules that the user gave himself come first. */
static bool fill(struct run_options *run, const struct program *program)
{
	const struct load_request request = program_request(program);
	struct load_module *all = realloc(run->module, (run->modules + request.modules) * sizeof *all);

	if (!all)
		return false;
	run->module = all;
	run->arguments = strdup(request.cmdline);
	if (!run->arguments)
		return false;
	memcpy(all + run->modules, request.module, request.modules * sizeof *all);
	run->modules += request.modules;
	run->image = request.path;
	run->program = program->name;
	run->tty = program->tty;
	run->save = program->save;
	run->saves = program->saves;
	return true;
}

int cmd_exec(int argc, char **argv)
{
	static const struct argp_child children[] = {{.argp = &options_argp}, {.argp = &program_argp}, {0}};
	static const struct argp argp = {.parser = parse_option, .args_doc = "PROGRAM [ARGUMENT...]", .doc = doc, .children = children};
	struct exec x = {.program = {0}};
	int status = STATUS_USAGE;

	options_default(&x.run);
	x.run.program = "";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &x);
	if (fill(&x.run, &x.program))
		status = run_with(&x.run);
	else
		fputs("vtxray: exec: the host has no memory left\n", stderr);
	options_free(&x.run);
	program_free(&x.program);
	return status;
}
