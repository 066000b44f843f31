/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of `vtxray run`, parsed (argp). Bad usage is answered here: a message, and exit status 2.
 */
#ifndef EMU_OPTIONS_H
#define EMU_OPTIONS_H

#include "emu/machine.h"
#include "emu/save.h"

#include <argp.h>

struct run_options {
	uint64_t ram_size, max_insns;
	const char *console, *json; /* NULL: standard output; no JSON */
	bool verbose, quiet, vmx, explain_entry, check_invalidation;
	const char *program; /* what the guest kernel runs: counters are of its life, the exit status is its own; NULL: the image itself */
	enum account account;
	struct region_config region;
	enum paging_kind paging;
	unsigned ept_page_shift, ept_levels;
	const char *dirty;    /* where the dirty log goes; NULL: none */
	bool references;      /* show the table of walk references */
	const char *without;  /* caches of it to leave out; NULL: none */
	const char *trace;    /* where a trace goes; NULL: none */
	uint32_t trace_kinds; /* what it holds: mask of enum trace_kind */
	bool trace_user_only;
	bool top;			 /* the live view */
	const char *cpu;		 /* name or file of a profile; NULL: the plain model */
	struct shadow_vmm_config shadow; /* pages, no_unsync, no_vpid, unprotect */
	const char *shadow_log;		 /* where its events go; NULL: nowhere */
	bool shadow_options;		 /* some of them were given */
	const char *image;
	bool tty;	   /* the guest kernel makes a terminal of the console: Ctrl-C and Ctrl-Z are the program's */
	struct save *save; /* of the program: files to take out */
	size_t saves;
	char *arguments; /* all after --, joined; NULL: none */
	struct load_module *module;
	size_t modules;
};

/* The same options as a part of another subcommand's (argp_child); the input is a struct run_options after options_default. */
extern const struct argp options_argp;
void options_default(struct run_options *options);

/* Parses all; does not return if the usage is bad or help was asked for. options_free undoes it. */
void options_parse(struct run_options *options, int argc, char **argv);
void options_free(struct run_options *options);

#endif
