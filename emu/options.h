/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of `vtxray run`, parsed (argp). Bad usage is answered here: a message, and exit status 2.
 */
#ifndef EMU_OPTIONS_H
#define EMU_OPTIONS_H

#include "emu/machine.h"

enum { MODULES_MAX = 64 };

struct run_options {
	uint64_t ram_size, max_insns;
	const char *console, *json; /* NULL: standard output; no JSON */
	bool verbose, vmx, explain_entry;
	bool program_status; /* the exit status is what was written to port 0xF4, bits 7:0: the guest kernel's program's */
	enum paging_kind paging;
	unsigned ept_page_shift, ept_levels;
	const char *dirty;		 /* where the dirty log goes; NULL: none */
	const char *without;		 /* caches of it to leave out; NULL: none */
	const char *cpu;		 /* name or file of a profile; NULL: the plain model */
	struct shadow_vmm_config shadow; /* pages, no_unsync, no_vpid, unprotect */
	bool shadow_options;		 /* some of them were given */
	const char *image;
	char *arguments; /* all after --, joined; NULL: none */
	struct load_module module[MODULES_MAX];
	size_t modules;
};

/* Parses all; does not return if the usage is bad or help was asked for. options_free undoes it. */
void options_parse(struct run_options *options, int argc, char **argv);
void options_free(struct run_options *options);

#endif
