/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray trace: shows a trace, or writes it in the format of another program, or a part of it.
 */
#include "emu/command.h"
#include "emu/trace_argument.h"
#include "emu/import.h"
#include "emu/output.h"
#include "emu/size.h"
#include "emu/trace_export.h"
#include "vmx/exit.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_AS = 256, KEY_KIND, KEY_ADDRESS, KEY_EXIT, KEY_INSNS };

struct range {
	uint64_t from, to; /* both included */
};

struct trace_options {
	const struct trace_format *format;
	const char *path, *output;
	uint32_t kinds;
	struct range address, insns;
	bool by_address;
	uint64_t exits[2]; /* mask of reasons; 0: all */
};

static const struct argp_option option_table[] = {
    {"as", KEY_AS, "text|csv|lackey|din|champsim|ftrace|perfetto", 0, "The format; without it text", 0},
    {"kind", KEY_KIND, "LIST", 0, "Only these records: access, walk, tlb, fault, exit, insn, mode, counter", 0},
    {"address", KEY_ADDRESS, "A-B", 0, "Only records with a linear, guest-physical or host-physical address from A to B", 0},
    {"exit", KEY_EXIT, "LIST", 0, "Of the VM exits only those with these reasons: names as KVM's, or numbers", 0},
    {"insns", KEY_INSNS, "A-B", 0, "Only from instruction A to instruction B, counted from 0", 0},
    {"output", 'o', "FILE", 0, "Write it there, not to standard output", 0},
    {0},
};

static const struct trace_format *find_format(const char *name)
{
	static const struct trace_format *const all[] = {&trace_as_text,     &trace_as_csv,    &trace_as_lackey,  &trace_as_din,
							 &trace_as_champsim, &trace_as_ftrace, &trace_as_perfetto};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

static bool parse_address(const char *text, uint64_t *value, char **end)
{
	errno = 0;
	*value = strtoull(text, end, 0);
	return *end != text && !errno && *text != '-';
}

static const char *parse_range(const char *text, struct range *range)
{
	char *end;

	if (!parse_address(text, &range->from, &end) || *end != '-' || !parse_address(end + 1, &range->to, &end) || *end)
		return "must be two numbers with - between them";
	return range->from > range->to ? "its end lies before its beginning" : NULL;
}

static const char *parse_counts(char *text, struct range *range)
{
	char *dash = strchr(text, '-');

	if (!dash)
		return "must be two numbers with - between them";
	*dash = '\0';
	const char *wrong = size_parse_count(text, &range->from);
	if (!wrong)
		wrong = size_parse_count(dash + 1, &range->to);
	*dash = '-';
	return !wrong && range->from > range->to ? "its end lies before its beginning" : wrong;
}

static bool add_exit(struct trace_options *options, const char *word, size_t len)
{
	char *end;
	unsigned long number = strtoul(word, &end, 0);

	for (unsigned i = 0; i < VMX_REASONS; i++) {
		bool named = strlen(exit_name(i)) == len && !strncasecmp(exit_name(i), word, len);
		if (exit_is_reason(i) && (named || (end == word + len && number == i))) {
			options->exits[i / 64] |= BIT(i % 64);
			return true;
		}
	}
	return false;
}

static const char *parse_exits(struct trace_options *options, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		if (!len || !add_exit(options, text, len))
			return "must be a list with commas of exit reasons: EPT_VIOLATION, CR_ACCESS, 48 ...";
		text += len;
		if (!*text++)
			return NULL;
	}
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct trace_options *options = state->input;
	const char *wrong = NULL;

	switch (key) {
	case KEY_AS:
		options->format = find_format(text);
		wrong = options->format ? NULL : "no such format; --help lists them";
		break;
	case KEY_KIND:
		options->kinds = trace_kinds_parse(text);
		wrong = options->kinds ? NULL : "a list with commas of access, walk, tlb, fault, exit, insn, mode, counter";
		break;
	case KEY_ADDRESS:
		options->by_address = true;
		wrong = parse_range(text, &options->address);
		break;
	case KEY_EXIT:
		wrong = parse_exits(options, text);
		break;
	case KEY_INSNS:
		wrong = parse_counts(text, &options->insns);
		break;
	case 'o':
		options->output = text;
		break;
	default:
		return trace_argument(&options->path, key, text, state);
	}
	if (wrong)
		argp_error(state, "'%s': %s", text, wrong);
	return 0;
}

/* ---- filters ---- */

static bool within(const struct range *range, uint64_t value)
{
	return value >= range->from && value <= range->to;
}

static bool touches(const struct range *range, const struct trace_record *r)
{
	switch (r->kind) {
	case TRACE_INSN:
		return within(range, r->rip);
	case TRACE_ACCESS:
		return within(range, r->gla) || ((r->flags & TRACE_PLACED) && (within(range, r->gpa) || within(range, r->hpa)));
	case TRACE_REF:
		return within(range, r->gpa) || within(range, r->hpa);
	case TRACE_MODE:
	case TRACE_CONTEXT:
	case TRACE_ENTRY:
	case TRACE_COUNTER:
		return false;
	default:
		return within(range, r->gla) || within(range, r->gpa);
	}
}

static bool passes(const struct trace_options *options, const struct trace_record *r)
{
	unsigned reason = r->code & 0xffff;

	if (!(options->kinds >> r->kind & 1) || !within(&options->insns, r->insn))
		return false;
	if (options->by_address && !touches(&options->address, r))
		return false;
	if (r->kind == TRACE_EXIT && (options->exits[0] | options->exits[1]))
		return reason < 128 && options->exits[reason / 64] >> reason % 64 & 1;
	return true;
}

/* ---- showing ---- */

static int show_records(const struct trace_options *options, struct import *import, struct trace_export *x)
{
	struct trace_record r = {.kind = 0};

	if (import->kind == IMPORT_VTXRAY)
		trace_skip_to(&import->ours, options->insns.from);
	if (options->format->begin && !options->format->begin(x)) {
		fputs("vtxray: the host has no memory left\n", stderr);
		return STATUS_USAGE;
	}
	while (!ferror(x->out) && import_next(import, &r) && (r.insn <= options->insns.to || r.kind == TRACE_COUNTER))
		if (passes(options, &r))
			options->format->put(x, &r);
	if (options->format->end)
		options->format->end(x);
	if (!import->error[0])
		return STATUS_OK;
	fflush(x->out);
	fprintf(stderr, "vtxray: %s\n", import->error);
	return STATUS_USAGE;
}

static int show(void *ctx, struct import *import)
{
	const struct trace_options *options = ctx;
	struct trace_export x = {.out = output_open(options->output)};

	if (!x.out)
		return STATUS_USAGE;
	int status = show_records(options, import, &x);
	return output_close(x.out, options->output) ? status : STATUS_USAGE;
}

int cmd_trace(int argc, char **argv)
{
	static const char doc[] =
	    "Shows a trace that vtxray run or exec recorded with --trace, or a part of it, or writes it in the format of another "
	    "program.\vExit status: 0; 2 if the trace cannot be read, is cut or damaged (what comes before is shown).";
	static const struct argp argp = {.options = option_table, .parser = parse_option, .args_doc = "TRACE", .doc = doc};
	struct trace_options options = {.format = &trace_as_text, .kinds = ~0u, .insns = {0, ~0ull}};

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return trace_use(options.path, NULL, show, &options);
}
