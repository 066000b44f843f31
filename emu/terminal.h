/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's terminal and signals while a guest runs: keys go to COM1 one by one and without echo; Ctrl-C, SIGTERM and a closed
 * pipe ask the machine to stop; the terminal is as it was before when the program ends or is suspended.
 */
#ifndef EMU_TERMINAL_H
#define EMU_TERMINAL_H

#include "mmu/base.h"

/*
 * kick is called from signal handlers with ctx. At most one terminal_start is in force at a time. guest_interrupts: the guest has the
 * terminal, and Ctrl-C and Ctrl-Z are bytes for it; Ctrl-\ still ends the run.
 */
void terminal_start(void (*kick)(void *ctx), void *ctx, bool guest_interrupts);
/* Undoes it: terminal settings and signal handlers. */
void terminal_stop(void);

/* The signal that asked for the stop; 0 if none did. */
int terminal_signal(void);

#endif
