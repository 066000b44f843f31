/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a long run is: once a second one line on standard error, if that is a terminal, which the next takes the place of. It is written
 * by a timer's signal, which only looks: the run itself does nothing for it, and its counts are the same with and without.
 */
#ifndef EMU_PROGRESS_H
#define EMU_PROGRESS_H

#include "emu/console.h"

/*
 * steps: what counts the instructions, brought up to date at least every ten million. what: stands before them; NULL: nothing does. While
 * the guest's console is on the terminal too, the line appears only between lines of its. Does nothing if standard error is no terminal.
 */
void progress_start(const uint64_t *steps, const char *what, struct console *console);
void progress_stop(void);

#endif
