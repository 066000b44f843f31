/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One image, or one program in the guest kernel, run natively and under each kind of memory virtualization, and the table that sets the
 * counts side by side.
 */
#ifndef EMU_COMPARE_H
#define EMU_COMPARE_H

#include "emu/machine.h"
#include "vmx/exit.h"

#include <jansson.h>
#include <stdio.h>

/* How one of the runs is made; a row of compare_modes. */
struct compare_mode {
	const char *name; /* "native", "ept-4k" .. */
	enum paging_kind paging;
	unsigned ept_page_shift;
	bool no_unsync;		/* PAGING_SHADOW: leaf tables stay write-protected */
	bool on_request;	/* no processor is like that: only if the mode is named */
	const char *guest_page; /* of a program's own tables: "4k" or "2m"; NULL: as asked for all modes */
};

enum { COMPARE_MODES_MAX = 24 };
extern const struct compare_mode compare_modes[]; /* ended by a NULL name; the first is native */

/* What one run gave. */
struct compare_run {
	const struct compare_mode *mode;
	enum machine_end end;
	int exit_status;
	bool same_console; /* as in the first run */
	struct events ev;
	uint64_t cycles;
	uint64_t exits[VMX_REASONS];
	struct cost cost; /* its clock is NULL: the machine is gone */
	struct life life; /* of a program, or a region: all of the above is of that, if it has begun */
	struct region region;
	uint64_t stale_uses; /* with check_invalidation */
};

struct compare_request {
	struct load_request load;
	uint64_t ram_size, max_insns;
	unsigned ept_levels;	       /* PAGING_EPT: 4 or 5; 0: 4 */
	const struct profile *profile; /* the processor; NULL: the plain model */
	bool quiet;		       /* no progress on a terminal */
	bool program;		       /* load is of the guest kernel with a program: its life is what counts */
	int input;		       /* each run reads it from its beginning; -1: no input */
	struct console_tape *tape; /* input can be read once only: the first run's reading is recorded here; NULL: it is a regular file */
	bool check_invalidation;
	struct region_config region; /* what of each run is counted */
};

struct comparison {
	const struct profile *profile; /* of the runs; NULL: the plain model */
	struct compare_run run[COMPARE_MODES_MAX];
	size_t count;
	char *console; /* what the first run wrote */
	size_t console_size;
};

/*
 * Runs the image in one more mode and appends to the comparison. The console of the first run is kept and compared with in later ones.
 * Returns 0, or -ERR_* with one line in error. compare_free when all is done.
 */
int compare_run(struct comparison *comparison, const struct compare_request *request, const struct compare_mode *mode,
		char error[LOAD_ERROR_SIZE]);
void compare_free(struct comparison *comparison);

/* The table for people, as CSV (one row a run), and as JSON (a new reference; NULL: no memory). */
void compare_table(FILE *out, const char *title, const struct comparison *comparison);
void compare_csv(FILE *out, const struct comparison *comparison);
json_t *compare_json(const struct comparison *comparison);

#endif
