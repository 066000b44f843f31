/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of a program's life (emu/life.h): columns for user mode, kernel mode, the VMM if there is one, and all of it.
 */
#ifndef EMU_REPORT_LIFE_H
#define EMU_REPORT_LIFE_H

#include "emu/life.h"
#include "emu/report.h"

/* The whole life as a report: its events, cycles and, where the run has them, causes and caches; it points into life. */
struct report report_life(const struct life *life, const struct report *run);

/* instructions, host_seconds: of the whole run, for the last line */
void report_life_table(FILE *out, const char *title, const struct life *life, const struct report *run);

/* Adds "user", "kernel" and "vmm" to the object: of each mode the rows that report_json gives for all. false: no memory. */
bool report_life_json(json_t *object, const struct life *life);

#endif
