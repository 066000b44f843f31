/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The missing-invalidation finder (mmu/stale.h) in a machine, and its reports for people and programs. */
#ifndef EMU_FINDER_H
#define EMU_FINDER_H

#include "emu/machine.h"

#include <jansson.h>
#include <stdio.h>

/* Returns 0 or -ERR_NOMEM; stale_free(&machine->stale) undoes it. */
int finder_attach(struct machine *machine);

/* The reports, some lines each, and a line that sums up; nothing if machine has no finder. */
void finder_text(FILE *out, const struct machine *machine);
/* A new reference to an array of objects with stable names; NULL without a finder, or without memory. */
json_t *finder_json(const struct machine *machine);

#endif
