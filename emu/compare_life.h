/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compared runs of a program: its life alone is compared, and where in it the difference is: in user mode, kernel mode or the VMM.
 */
#ifndef EMU_COMPARE_LIFE_H
#define EMU_COMPARE_LIFE_H

#include "emu/compare.h"

/* Takes the run's figures from the life instead of the whole run. */
void compare_take_life(struct compare_run *run, const struct life *life);

/* A row a run by mode; nothing for an image. */
void compare_life_table(FILE *out, const struct comparison *comparison);
/* Columns MODE_instructions, MODE_cycles and MODE_walk_refs, each with a comma before it; of an image they are empty. */
void compare_life_csv_names(FILE *out);
void compare_life_csv(FILE *out, const struct compare_run *run);
/* Adds "user", "kernel" and "vmm"; false: no memory. */
bool compare_life_json(json_t *object, const struct compare_run *run);

#endif
