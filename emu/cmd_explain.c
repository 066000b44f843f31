/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray explain: runs one guest image for a while, then shows one translation. The guest has no input, and its console goes nowhere
 * unless --console says where, so that standard output holds the explanation only.
 */
#include "emu/command.h"
#include "emu/explain.h"
#include "emu/machine.h"
#include "emu/output.h"
#include "emu/size.h"
#include "emu/value.h"
#include "vmx/vmm.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RAM_DEFAULT (128ull << 20)

enum {
	KEY_AT = 256,
	KEY_AFTER,
	KEY_ACCESS,
	KEY_USER,
	KEY_SUPERVISOR,
	KEY_FIRST_WRITE,
	KEY_SVG,
	KEY_JSON,
	KEY_LIST,
	KEY_PAGING,
	KEY_EPT_PAGE
};

struct explain_options {
	uint64_t ram_size, after;
	bool user, supervisor, list;
	enum paging_kind paging;
	unsigned ept_page_shift; /* 0: not said */
	const char *at, *first_write, *svg, *json, *console, *image;
	unsigned access; /* 0: not said */
	char *arguments;
};

struct explain_run {
	struct explain_options options;
	struct console console;
	struct machine machine;
	FILE *console_out;
	gla_t gla, watched;
	char when[160];
};

static const struct argp_option option_table[] = {
    {"at", KEY_AT, "ADDRESS", 0, "What to translate: a number, or a symbol of the image, also SYMBOL+NUMBER", 0},
    {"after", KEY_AFTER, "N", 0, "Look after N instructions (K, M, G: powers of 1000); else when the guest has ended", 0},
    {"first-write-to", KEY_FIRST_WRITE, "ADDRESS", 0,
     "Look before the first write to this address (or the first attempt); without --at, at this address, for that write", 0},
    {"access", KEY_ACCESS, "KIND", 0, "read (if not given), write, fetch, or rmw (read-modify-write)", 0},
    {"user", KEY_USER, NULL, 0, "A user-mode access; if neither is given, as the guest's CPL is then", 0},
    {"supervisor", KEY_SUPERVISOR, NULL, 0, "A supervisor-mode access", 0},
    {"list", KEY_LIST, NULL, 0, "Under EPT: all references one below the other, in words", 0},
    {"svg", KEY_SVG, "FILE", 0, "Draw it there too", 0},
    {"json", KEY_JSON, "FILE", 0, "Write it there as JSON; - is standard output, instead of the text", 0},
    {"paging", KEY_PAGING, "KIND", 0, "native (if not given), ept, shadow: as the guest of that built-in VMM", 0},
    {"ept-page", KEY_EPT_PAGE, "SIZE", 0, "4k, 2m or 1g: the largest EPT page that the VMM uses (4k)", 0},
    {"mem", 'm', "SIZE", 0, "Guest memory, in bytes or with K, M, G or T (128M)", 0},
    {"console", 'c', "FILE", 0, "Where the guest's console goes", 0},
    {0},
};

static const char doc[] =
    "Runs IMAGE for a while, then shows how one linear address is translated: each memory reference, what it reads and what that means, "
    "what fails, and what follows. Nothing is changed by looking.\vExit status: 0 the access succeeds; 1 it faults or causes a VM exit; 2 "
    "bad usage or bad file, or the guest ended before --after or --first-write-to.";

enum { STATUS_FAULTS = 1 };

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "vtxray: %s: %s\n", what, why);
	return STATUS_USAGE;
}

static const char *parse_access(const char *text, unsigned *access)
{
	static const struct {
		const char *name;
		unsigned access;
	} kinds[] = {{"read", ACC_READ}, {"write", ACC_WRITE}, {"fetch", ACC_FETCH}, {"rmw", ACC_READ | ACC_WRITE}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(text, kinds[i].name)) {
			*access = kinds[i].access;
			return NULL;
		}
	return "not read, write, fetch or rmw";
}

static void add_positional(struct explain_options *options, struct argp_state *state, const char *text)
{
	if (!options->image)
		options->image = text;
	else if (state->quoted && state->next > state->quoted) {
		if (!value_join(&options->arguments, text))
			argp_failure(state, STATUS_USAGE, ENOMEM, "arguments");
	} else
		argp_error(state, "'%s': one image at a time; the guest's arguments stand after --", text);
}

static void check_options(const struct explain_options *options, struct argp_state *state)
{
	if (!options->image)
		argp_error(state, "no image given");
	if (!options->at && !options->first_write)
		argp_error(state, "no address given: --at or --first-write-to");
	if (options->after && options->first_write)
		argp_error(state, "--after and --first-write-to: one of them");
	if (options->paging == PAGING_AGILE)
		argp_error(state, "--paging 'agile': there is no picture of its walks; shadow and ept show the parts");
	if (options->ept_page_shift && options->paging != PAGING_EPT)
		argp_error(state, "--ept-page goes with --paging ept");
	if (options->user && options->supervisor)
		argp_error(state, "--user and --supervisor: one of them");
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct explain_options *options = state->input;
	const char *wrong = NULL, *name = "";

	switch (key) {
	case 'm':
		name = "--mem";
		wrong = size_parse_ram(text, &options->ram_size);
		break;
	case KEY_AFTER:
		name = "--after";
		wrong = size_parse_count(text, &options->after);
		if (!wrong && !options->after)
			wrong = "must be at least 1";
		break;
	case KEY_ACCESS:
		name = "--access";
		wrong = parse_access(text, &options->access);
		break;
	case KEY_PAGING:
		name = "--paging";
		wrong = value_paging(text, &options->paging);
		break;
	case KEY_EPT_PAGE:
		name = "--ept-page";
		wrong = value_page(text, &options->ept_page_shift);
		break;
	case KEY_AT:
		options->at = text;
		break;
	case KEY_FIRST_WRITE:
		options->first_write = text;
		break;
	case KEY_SVG:
		options->svg = text;
		break;
	case KEY_JSON:
		options->json = text;
		break;
	case KEY_USER:
		options->user = true;
		break;
	case KEY_SUPERVISOR:
		options->supervisor = true;
		break;
	case KEY_LIST:
		options->list = true;
		break;
	case 'c':
		options->console = text;
		break;
	case ARGP_KEY_ARG:
		add_positional(options, state, text);
		break;
	case ARGP_KEY_END:
		check_options(options, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (wrong)
		argp_error(state, "%s '%s': %s", name, text, wrong);
	return 0;
}

/* A number (0x.. or decimal), or a symbol of the image, or SYMBOL+NUMBER. */
static bool find_address(const char *image, const char *text, gla_t *gla)
{
	const char *plus = strrchr(text, '+');
	char *end, symbol[256];
	uint64_t base = 0, offset;

	errno = 0;
	offset = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno) {
		*gla = GLA(offset);
		return true;
	}
	snprintf(symbol, sizeof symbol, "%.*s", (int)(plus ? (size_t)(plus - text) : strlen(text)), text);
	offset = plus ? strtoull(plus + 1, &end, 0) : 0;
	if (load_symbol(image, symbol, &base) != 0 || (plus && (plus[1] < '0' || plus[1] > '9' || *end || errno))) {
		fprintf(stderr, "vtxray: %s: neither a number nor a symbol of %s\n", text, image);
		return false;
	}
	*gla = GLA(base + offset);
	return true;
}

/* ---- running */

static int start(struct explain_run *run, uint64_t max_insns)
{
	const struct explain_options *options = &run->options;
	const struct machine_config config = {.ram_size = options->ram_size,
					      .max_insns = max_insns,
					      .paging = options->paging,
					      .ept_page_shift = options->ept_page_shift,
					      .console = &run->console,
					      .tlbs = &mmu_config_default};
	const struct load_request request = {.path = options->image, .cmdline = options->arguments};
	char error[LOAD_ERROR_SIZE] = "";

	if (machine_init(&run->machine, &config) != 0)
		return fail(options->image, "the machine cannot be set up: not enough memory (see --mem), or no engine");
	if (machine_load(&run->machine, &request, error) == 0)
		return STATUS_OK;
	fprintf(stderr, "vtxray: %s\n", error);
	machine_free(&run->machine);
	return STATUS_USAGE;
}

static const char *end_text(enum machine_end end)
{
	static const char *const texts[] = {
	    [END_EXIT] = "the guest had ended",
	    [END_SHUTDOWN] = "the processor had shut down (triple fault)",
	    [END_HALTED] = "the processor had halted for ever",
	    [END_MAX_INSNS] = "the limit was reached",
	    [END_KICKED] = "it was interrupted",
	    [END_WATCH] = "the address was written",
	    [END_STOP] = "it came to something that is not modelled",
	};
	return texts[end];
}

/* What --after and max_insns count. */
static uint64_t steps(const struct explain_run *run)
{
	return run->machine.cpu.cost.steps;
}

/* true if a built-in VMM is about to run: the MMU then has its state, not the guest's. */
static bool in_vmm(const struct explain_run *run)
{
	return run->machine.cpu.vmx && vmm_is_next(&run->machine.cpu);
}

/* Starts afresh and runs so many steps, which the guest is known to make. */
static int run_again(struct explain_run *run, uint64_t count)
{
	machine_free(&run->machine);
	int status = start(run, count);
	if (status == STATUS_OK && count)
		machine_run(&run->machine);
	return status;
}

static int too_early(struct explain_run *run, enum machine_end end)
{
	const char *option = run->options.first_write ? "--first-write-to" : "--after";

	fprintf(stderr, "vtxray: %s: %s before that, after %llu instructions (rip 0x%llx)\n", option, end_text(end),
		(unsigned long long)run->machine.cpu.ev.n[EV_INSTRUCTIONS], (unsigned long long)run->machine.cpu.rip);
	machine_free(&run->machine);
	return STATUS_USAGE;
}

/*
 * Runs until the first write, then again to just before it: two runs of one image are the same. A store has taken its step, and the
 * delivery of an exception one; a VM exit that is still to be taken none.
 */
static int run_to_write(struct explain_run *run)
{
	mem_watch_arm(&run->machine.mem, run->watched);
	enum machine_end end = machine_run(&run->machine);
	if (end != END_WATCH)
		return too_early(run, end);
	return run_again(run, steps(run) - (run->machine.cpu.pending.kind != PENDING_VM_EXIT));
}

static int run_to_step(struct explain_run *run)
{
	enum machine_end end = machine_run(&run->machine);

	if (run->options.after && end != END_MAX_INSNS)
		return too_early(run, end);
	if (end != END_MAX_INSNS)
		snprintf(run->when, sizeof run->when, ": %s", end_text(end));
	while (in_vmm(run) && end == END_MAX_INSNS) { /* on to where the guest goes on */
		run->machine.config.max_insns++;
		end = machine_run(&run->machine);
	}
	uint64_t count = steps(run);
	while (in_vmm(run) && count > 1) { /* it does not: back to before its last exit */
		int status = run_again(run, --count);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* Runs as long as asked; the machine then exists if the result is STATUS_OK. */
static int run_guest(struct explain_run *run)
{
	char why[sizeof run->when];
	int status = start(run, run->options.after);

	if (status == STATUS_OK)
		status = run->options.first_write ? run_to_write(run) : run_to_step(run);
	if (status)
		return status;
	console_flush(&run->console);
	snprintf(why, sizeof why, "%s", run->when);
	snprintf(run->when, sizeof run->when, "after %llu instructions, at rip 0x%llx, CPL %u%.64s",
		 (unsigned long long)run->machine.cpu.ev.n[EV_INSTRUCTIONS], (unsigned long long)run->machine.cpu.rip, run->machine.cpu.cpl,
		 why);
	return STATUS_OK;
}

/* ---- output */

static bool write_file(const char *path, const struct explanation *e, bool svg)
{
	FILE *file = output_open(path);
	bool bad = false;

	if (!file)
		return false;
	if (svg) {
		bad = explain_svg(file, e) != 0;
	} else {
		json_t *object = explain_json(e);
		bad = !object || json_dumpf(object, file, JSON_INDENT(2)) != 0;
		fputc('\n', file);
		json_decref(object);
	}
	return output_close(file, path) && !bad;
}

static int show(struct explain_run *run)
{
	static struct explanation e;
	const struct explain_options *options = &run->options;
	struct cpu *cpu = &run->machine.cpu;
	unsigned kind = options->access ? options->access : options->first_write ? ACC_WRITE : ACC_READ;
	bool user = options->user || (cpu->cpl == 3 && !options->supervisor);
	const char *symbol = options->at ? options->at : options->first_write; /* check_options: there is one */
	struct explain_request request = {
	    .gla = run->gla,
	    .access = kind | (user ? ACC_USER : 0u) | (cpu->rflags & FLAG_AC ? ACC_AC : 0u),
	    .symbol = symbol && (*symbol < '0' || *symbol > '9') ? symbol : NULL,
	    .when = run->when,
	};
	bool text = !(options->json && !strcmp(options->json, "-")) && !(options->svg && !strcmp(options->svg, "-"));

	explain_request_from(&request, cpu);
	request.shadow = request.nonroot && paging_is_shadow(run->machine.config.paging);
	if (request.shadow)
		request.judged = shadow_vmm_judge(cpu, request.gla, request.access, &request.judged_gpa, &request.judged_error);
	explain_walk(&e, &cpu->mmu, &request);
	if (text)
		explain_text(stdout, &e, options->list);
	if (options->svg && !write_file(options->svg, &e, true))
		return STATUS_USAGE;
	if (options->json && !write_file(options->json, &e, false))
		return STATUS_USAGE;
	return e.canonical && e.walk.status == WALK_OK ? STATUS_OK : STATUS_FAULTS;
}

static int with_console(struct explain_run *run)
{
	if (console_init(&run->console, run->console_out, -1, 0) != 0)
		return fail("console", "the host has not enough memory");
	int status = run_guest(run);
	if (status == STATUS_OK) {
		status = show(run);
		machine_free(&run->machine);
	}
	console_free(&run->console);
	return status;
}

int cmd_explain(int argc, char **argv)
{
	static const struct argp argp = {.options = option_table, .parser = parse_option, .args_doc = "IMAGE [-- ARGS...]", .doc = doc};
	static struct explain_run run;
	struct explain_options *options = &run.options;
	int status = STATUS_USAGE;

	options->ram_size = RAM_DEFAULT;
	argp_parse(&argp, argc, argv, 0, NULL, options);
	if (options->console && !(run.console_out = fopen(options->console, "we")))
		return fail(options->console, strerror(errno));
	if (find_address(options->image, options->at ? options->at : options->first_write, &run.gla) &&
	    (!options->first_write || find_address(options->image, options->first_write, &run.watched)))
		status = with_console(&run);
	if (run.console_out)
		fclose(run.console_out);
	free(options->arguments);
	return status;
}
