/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program for the guest kernel, as `vtxray exec` and `vtxray compare` are given it: the file, or the name of a workload, its arguments,
 * environment and files. It becomes what the kernel wants (workloads/kernel/README.md): words of a command line, and Multiboot modules.
 */
#ifndef EMU_PROGRAM_H
#define EMU_PROGRAM_H

#include "emu/load.h"
#include "emu/save.h"

#include <argp.h>

enum { PROGRAM_ERROR = 1024 };

struct program {
	char *name; /* as the user gave it; NULL: none yet */
	char *line; /* the kernel's words, then init= and the program's */
	char *kernel;
	struct load_module *module; /* what is in them is owned */
	size_t modules;
	struct save *save; /* --save: files to take out at the end */
	size_t saves;
	bool tty_said, tty; /* --kernel tty=: given; on */
	bool options;	    /* some of program_argp's were given */
};

/* The options that describe a program, for argp_child; the input is a struct program, all zero at first. */
extern const struct argp program_argp, program_argp_compare; /* for compare: without --save, which it refuses */

/*
 * The program itself: argv[0] is its file or, without a slash, a workload's name (vtxray workloads); the others its arguments. Returns
 * false with one line in error: not there, or not what the guest kernel can run.
 */
bool program_take(struct program *program, int argc, char **argv, char error[PROGRAM_ERROR]);

/* Kernel, command line and modules; they stay the program's. */
struct load_request program_request(const struct program *program);

void program_free(struct program *program);

/* For the files of program_*.c: each returns false when the host has no memory left; path, bytes and string are copied. */
bool program_module(struct program *program, const char *host, const char *guest, const char *kind);
bool program_module_bytes(struct program *program, const char *bytes, size_t size, const char *guest, const char *kind);
/* name and then value, encoded, as one more word */
bool program_word(struct program *program, const char *name, const char *value);

/* --file HOST[:GUEST]: a file, or a folder with all that is in it. false with one line in error. */
bool program_add_files(struct program *program, const char *text, char error[PROGRAM_ERROR]);

#endif
