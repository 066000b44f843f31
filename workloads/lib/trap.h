/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IDT: 256 stubs that save everything and call the image's trap function. */
#ifndef LIB_TRAP_H
#define LIB_TRAP_H

#include "x86.h"

/* What a stub leaves on the stack; changes to it take effect at the IRET. */
struct trap {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error; /* error: 0 for vectors without one */
	u64 rip, cs, rflags, rsp, ss;
};

/* the image's own: called with interrupts off */
void trap(struct trap *t);

/* Fills the IDT with interrupt gates of DPL 0 and loads it. */
void trap_init(void);
/* Changes one gate: its DPL and IST index. */
void trap_gate(unsigned vector, unsigned dpl, unsigned ist);

extern u64 idt[256][2];

#endif
