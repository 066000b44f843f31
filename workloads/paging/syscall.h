/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls: number in RAX, arguments in RDI, RSI, result in RAX; by SYSCALL or by INT 0x80. */
#ifndef PAGING_SYSCALL_H
#define PAGING_SYSCALL_H

enum syscall {
	SYS_EXIT,
	SYS_SAY,    /* RDI: a string */
	SYS_RESULT, /* RDI: a string, RSI: a number */
	SYS_TIMER,  /* RDI: count; 0: off */
	SYS_TICKS,  /* gives the timer interrupts seen so far */
};

#define SYSCALL_INT 0x80

#endif
