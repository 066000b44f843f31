/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that the run is for: the first process. The host is told when it begins and when it has ended (README.md, "What the host
 * sees").
 */
#ifndef KERNEL_PROGRAM_H
#define KERNEL_PROGRAM_H

/* Makes process 1 of the words after "init=". */
void program_start(void);
/* Ends the run; status is wait4's. */
_Noreturn void program_end(int status);

#endif
