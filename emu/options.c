/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of the subcommands that run a guest: what each means, its help text, and what is wrong with a bad one.
 */
#include "emu/options.h"

#include "emu/command.h"
#include "emu/region_options.h"
#include "emu/size.h"
#include "emu/trace.h"
#include "emu/value.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAM_DEFAULT (128ull << 20)

enum {
	KEY_JSON = 256,
	KEY_MODULE,
	KEY_VMX,
	KEY_EXPLAIN_ENTRY,
	KEY_CHECK_INVALIDATION,
	KEY_PAGING,
	KEY_EPT_PAGE,
	KEY_EPT_LEVELS,
	KEY_LOG_DIRTY,
	KEY_CPU,
	KEY_WITHOUT,
	KEY_REFERENCES,
	KEY_SHADOW_LOG,
	KEY_AGILE_INTERVAL,
	KEY_SHADOW_PAGES,
	KEY_SHADOW_UNSYNC,
	KEY_SHADOW_UNPROTECT,
	KEY_VPID,
	KEY_TRACE,
	KEY_TRACE_WHAT,
	KEY_TRACE_USER_ONLY,
	KEY_TOP,
	KEY_ACCOUNT
};

static const struct argp_option option_table[] = {
    {"mem", 'm', "SIZE", 0, "Guest memory, in bytes or with K, M, G or T (128M)", 0},
    {"max-insns", 'n', "N", 0, "Stop after N instructions; K, M and G are powers of 1000", 0},
    {"console", 'c', "FILE", 0, "Where the guest's console goes; - is standard output", 0},
    {"json", KEY_JSON, "FILE", 0, "Write configuration, end and counters there; - is standard output", 0},
    {"module", KEY_MODULE, "FILE[=CMDLINE]", 0, "Load a Multiboot module; may be given several times", 0},
    {"paging", KEY_PAGING, "KIND", 0,
     "native: the image runs on the processor itself; ept, shadow, agile: as the guest of a built-in VMM with EPT, with shadow page "
     "tables, or with walks that begin in these and end nested",
     0},
    {"ept-page", KEY_EPT_PAGE, "SIZE", 0, "The largest page that backs the guest's memory: 4k (the default), 2m or 1g", 0},
    {"ept-levels", KEY_EPT_LEVELS, "N", 0, "Levels of that VMM's EPT tables: 4 or 5 (4)", 0},
    {"log-dirty", KEY_LOG_DIRTY, "FILE", 0, "Page-modification logging: write the guest-physical frames that were written", 0},
    {"shadow-log", KEY_SHADOW_LOG, "FILE", 0, "Write the shadow VMM's events there, one a line", 0},
    {"agile-interval", KEY_AGILE_INTERVAL, "N", 0,
     "Cycles: a table written twice within so many goes over to nested walks, one not written for so many comes back (1000000)", 0},
    {"shadow-pages", KEY_SHADOW_PAGES, "N", 0, "Shadow pages in the pool, at least 8 (1024)", 0},
    {"shadow-unsync", KEY_SHADOW_UNSYNC, "on|off", 0, "Leaf tables that the guest writes become writable until it invalidates (on)", 0},
    {"shadow-unprotect", KEY_SHADOW_UNPROTECT, "N", 0,
     "A table written N times, and not walked meanwhile, is a table no longer; 0: never (3)", 0},
    {"vpid", KEY_VPID, "on|off", 0, "Whether the shadow VMM uses a VPID; without, VM entries flush the TLBs (on)", 0},
    {"vmx", KEY_VMX, NULL, 0, "Offer VT-x to the image itself: it may be a hypervisor", 0},
    {"explain-entry", KEY_EXPLAIN_ENTRY, NULL, 0, "Say on stderr which check a failing VM entry failed", 0},
    {"check-invalidation", KEY_CHECK_INVALIDATION, NULL, 0,
     "Report uses of stale translations that the guest or VMM should have invalidated (status 10 if there are any)", 0},
    {"references", KEY_REFERENCES, NULL, 0, "With --cpu, show where the references of page walks went, by entry, level served and cache",
     0},
    {"without", KEY_WITHOUT, "LIST", 0, "With --cpu, leave these caches out: stlb, psc, ept-psc, nested-tlb, l1i, l1d, l2, llc", 0},
    {"cpu", KEY_CPU, "NAME|FILE", 0, "The processor to model: TLBs, caches, prices; `vtxray cpus` lists them", 0},
    {"quiet", 'q', NULL, 0, "No progress of a long run on a terminal's standard error", 0},
    {"trace", KEY_TRACE, "FILE", 0, "Record what happens there, for vtxray trace and vtxray replay; compressed if the name ends in .zst",
     0},
    {"top", KEY_TOP, NULL, 0, "Show rates, the hottest pages and the VM exits while it runs; needs --console FILE on a terminal", 0},
    {"trace-what", KEY_TRACE_WHAT, "LIST", 0, "Record these only: access, walk, tlb, fault, exit, insn (all)", 0},
    {"trace-user-only", KEY_TRACE_USER_ONLY, NULL, 0, "Of instructions, accesses, walks and TLB misses record those at CPL 3 only", 0},
    {"account", KEY_ACCOUNT, "block|insn", 0,
     "Account for instructions by block, where that can be done, or one by one: slower, with the same counts and cycles", 0},
    {"verbose", 'v', NULL, 0, "Name each unassigned port and address that the guest uses, once", 0},
    {0},
};

static const char doc[] =
    "Runs IMAGE (Multiboot 1, or a flat boot sector) and shows its console, then its counters. ARGS are the kernel's command line."
    "\vExit status: the guest's own (0, or odd: what it wrote to port 0xF4, times two, plus one); 2 bad usage or bad file; 4 something "
    "that "
    "is not modelled; 6 shutdown after a triple fault; 8 halted for ever; 10 --check-invalidation found something; 124 --max-insns ran "
    "out; 130 Ctrl-C.";

static void add_module(struct run_options *options, struct argp_state *state, char *text)
{
	struct load_module *larger = realloc(options->module, (options->modules + 1) * sizeof *larger);
	char *equals = strchr(text, '=');

	if (!larger) {
		argp_failure(state, STATUS_USAGE, ENOMEM, "modules");
		return;
	}
	options->module = larger;
	if (equals)
		*equals = '\0';
	options->module[options->modules++] = (struct load_module){.path = text, .cmdline = equals ? equals + 1 : ""};
}

static void add_positional(struct run_options *options, struct argp_state *state, const char *text)
{
	bool after_dashes = state->quoted && state->next > state->quoted;

	if (!options->image)
		options->image = text;
	else if (!after_dashes)
		argp_error(state, "'%s': one image at a time; the guest's arguments stand after --", text);
	else if (!value_join(&options->arguments, text))
		argp_failure(state, STATUS_USAGE, ENOMEM, "arguments");
}

static bool is_off(struct argp_state *state, const char *option, const char *text)
{
	bool off = strcmp(text, "off") == 0;

	if (!off && strcmp(text, "on") != 0)
		argp_error(state, "%s '%s': must be on or off", option, text);
	return off;
}

static unsigned number(struct argp_state *state, const char *option, const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value < least || value > most)
		argp_error(state, "%s '%s': must be a number from %lu to %lu", option, text, least, most);
	return (unsigned)value;
}

/* true if key is an option of the shadow VMM */
static bool parse_shadow(struct run_options *options, int key, const char *text, struct argp_state *state)
{
	switch (key) {
	case KEY_AGILE_INTERVAL:
		options->shadow.interval = number(state, "--agile-interval", text, 1, 4000000000ul);
		break;
	case KEY_SHADOW_LOG:
		options->shadow_log = text;
		break;
	case KEY_SHADOW_PAGES:
		options->shadow.pages = number(state, "--shadow-pages", text, SHADOW_PAGES_MIN, 500000);
		break;
	case KEY_SHADOW_UNSYNC:
		options->shadow.no_unsync = is_off(state, "--shadow-unsync", text);
		break;
	case KEY_SHADOW_UNPROTECT:
		options->shadow.unprotect = number(state, "--shadow-unprotect", text, 0, 1000000);
		if (!options->shadow.unprotect)
			options->shadow.unprotect = SHADOW_UNPROTECT_NEVER;
		break;
	case KEY_VPID:
		options->shadow.no_vpid = is_off(state, "--vpid", text);
		break;
	default:
		return false;
	}
	options->shadow_options = true;
	return true;
}

static void check_together(struct run_options *options, struct argp_state *state)
{
	if ((options->ept_page_shift || options->ept_levels || options->dirty) && options->paging != PAGING_EPT)
		argp_error(state, "--ept-page, --ept-levels and --log-dirty go with --paging ept");
	if (options->shadow_options && !paging_is_shadow(options->paging))
		argp_error(state,
			   "--shadow-log, --shadow-pages, --shadow-unsync, --shadow-unprotect and --vpid go with --paging shadow or agile");
	if ((options->without || options->references) && !options->cpu)
		argp_error(state, "--without and --references go with --cpu");
	if (options->top && options->trace)
		argp_error(state, "--top does not go with --trace");
	if (options->top && (!options->console || !strcmp(options->console, "-")) && isatty(STDOUT_FILENO))
		argp_error(state,
			   "--top has the terminal for itself: the guest's console needs --console FILE, or standard output elsewhere");
	if (options->region.from != REGION_ALL && (options->trace || options->check_invalidation))
		argp_error(state, "--trace and --check-invalidation look at the whole run: they do not go with --fast-forward and --roi");
	if (!options->trace && (options->trace_kinds || options->trace_user_only))
		argp_error(state, "--trace-what and --trace-user-only go with --trace");
	if (!options->trace_kinds)
		options->trace_kinds = ~0u;
	if (options->shadow.interval && options->paging != PAGING_AGILE)
		argp_error(state, "--agile-interval goes with --paging agile");
	if (options->vmx && options->paging != PAGING_NATIVE)
		argp_error(state, "--vmx goes with --paging native: the built-in VMMs offer no VT-x to their guests");
	if (options->explain_entry && !options->vmx)
		argp_error(state, "--explain-entry goes with --vmx: no VM entry of the image's own can fail without it");
}

static const char *option_name(int key)
{
	const struct argp_option *option = option_table;

	while (option->key != key)
		option++;
	return option->name;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct run_options *options = state->input;
	const char *wrong = NULL;

	if (parse_shadow(options, key, text, state))
		return 0;
	switch (key) {
	case 'm':
		wrong = size_parse_ram(text, &options->ram_size);
		break;
	case 'n':
		wrong = size_parse_count(text, &options->max_insns);
		if (!wrong && !options->max_insns)
			wrong = "must be at least 1";
		break;
	case 'c':
		options->console = text;
		break;
	case KEY_JSON:
		options->json = text;
		break;
	case KEY_MODULE:
		add_module(options, state, text);
		break;
	case 'v':
		options->verbose = true;
		break;
	case 'q':
		options->quiet = true;
		break;
	case KEY_VMX:
		options->vmx = true;
		break;
	case KEY_REFERENCES:
		options->references = true;
		break;
	case KEY_WITHOUT:
		options->without = text;
		break;
	case KEY_CPU:
		options->cpu = text;
		break;
	case KEY_TRACE:
		options->trace = text;
		break;
	case KEY_TRACE_WHAT:
		options->trace_kinds = trace_kinds_parse(text);
		if (!options->trace_kinds)
			wrong = "a list with commas of access, walk, tlb, fault, exit, insn";
		options->trace_kinds |= TRACE_ALWAYS;
		break;
	case KEY_TOP:
		options->top = true;
		break;
	case KEY_TRACE_USER_ONLY:
		options->trace_user_only = true;
		break;
	case KEY_CHECK_INVALIDATION:
		options->check_invalidation = true;
		break;
	case KEY_EXPLAIN_ENTRY:
		options->explain_entry = true;
		break;
	case KEY_ACCOUNT:
		options->account = !strcmp(text, "insn") ? ACCOUNT_INSN : ACCOUNT_BLOCK;
		if (strcmp(text, "insn") != 0 && strcmp(text, "block") != 0)
			argp_error(state, "--account '%s': must be block or insn", text);
		break;
	case KEY_PAGING:
		wrong = value_paging(text, &options->paging);
		break;
	case KEY_EPT_PAGE:
		wrong = value_page(text, &options->ept_page_shift);
		break;
	case KEY_EPT_LEVELS:
		options->ept_levels = !strcmp(text, "5") ? 5 : 4;
		if (strcmp(text, "4") != 0 && strcmp(text, "5") != 0)
			argp_error(state, "--ept-levels '%s': must be 4 or 5", text);
		break;
	case KEY_LOG_DIRTY:
		options->dirty = text;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->region;
		break;
	case ARGP_KEY_SUCCESS:
		check_together(options, state);
		break;
	case ARGP_KEY_ARG:
		add_positional(options, state, text);
		break;
	case ARGP_KEY_NO_ARGS:
		if (!options->program)
			argp_error(state, "no image given");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (wrong)
		argp_error(state, "--%s '%s': %s", option_name(key), text, wrong);
	return 0;
}

static const struct argp_child children[] = {{.argp = &region_argp}, {0}};
const struct argp options_argp = {.options = option_table, .parser = parse_option, .children = children};

void options_default(struct run_options *options)
{
	*options = (struct run_options){.ram_size = RAM_DEFAULT};
}

void options_parse(struct run_options *options, int argc, char **argv)
{
	const struct argp argp = {
	    .options = option_table, .parser = parse_option, .args_doc = "IMAGE [-- ARGS...]", .doc = doc, .children = children};

	options_default(options);
	argp_parse(&argp, argc, argv, 0, NULL, options);
}

void options_free(struct run_options *options)
{
	free(options->module);
	free(options->arguments);
}
