/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One image, run natively and under each kind of memory virtualization, and the table that sets the counts side by side.
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
	bool no_unsync; /* PAGING_SHADOW: leaf tables stay write-protected */
};

enum { COMPARE_MODES_MAX = 8 };
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
};

struct compare_request {
	struct load_request load;
	uint64_t ram_size, max_insns;
};

struct comparison {
	struct compare_run run[COMPARE_MODES_MAX];
	size_t count;
};

/*
 * Runs the image in one more mode and appends to the comparison. The console of the first run is kept in *console (captured text,
 * owned by the caller: free it) and compared with in later ones. Returns 0, or -ERR_* with one line in error.
 */
int compare_run(struct comparison *comparison, const struct compare_request *request, const struct compare_mode *mode, char **console,
		char error[LOAD_ERROR_SIZE]);

/* The table for people, as CSV (one row a run), and as JSON (a new reference; NULL: no memory). */
void compare_table(FILE *out, const char *title, const struct comparison *comparison);
void compare_csv(FILE *out, const struct comparison *comparison);
json_t *compare_json(const struct comparison *comparison);

#endif
