/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attempts: short pieces of assembly that are run to see which exception they raise, if any, and with what on the stack.
 * A piece ends by INT 0x81 (END), wherever it runs; whatever event comes first ends the attempt.
 */
#ifndef GUEST_ATTEMPT_H
#define GUEST_ATTEMPT_H

#include "trap.h"

enum { VECTOR_END = 0x81, VECTOR_NONE = 256 };

/* What ended the last attempt; vector VECTOR_NONE: the piece came to its end. */
extern struct trap caught;
extern u64 caught_cr2, caught_dr6, caught_frame; /* frame: where the event's frame ends, that is the RSP it was pushed from */
extern u8 user_stack[8192];

/* serial, command line, GDT, TSS, IDT: what main does first */
void attempt_init(u64 multiboot);

/* Runs a piece in 64-bit mode at CPL 0; with BOOT_USER added, at CPL 3 on user_stack; in compatibility mode at CPL 0 or CPL 3. */
void attempt(void (*piece)(void));
void attempt_user(void (*piece)(void));
void attempt_compat(void (*piece)(void));
void attempt_compat_user(void (*piece)(void));
/* Enters a piece by IRETQ with these CS, SS, RSP and RFLAGS. */
void attempt_iret(u64 rip, u64 cs, u64 rflags, u64 rsp, u64 ss);

/* Prints the name and what ended the attempt: vector, error code, RIP relative to at, CPL, and for #PF CR2 relative to cr2_base. */
void report(const char *name, const char *at);
extern u64 report_cr2_base;

/* Defines piece t_NAME; its label at_NAME marks the instruction under test. */
#define PIECE(name, before, insn)                                                                                                          \
	void t_##name(void);                                                                                                               \
	extern const char at_##name[];                                                                                                     \
	asm(".pushsection .text\n.code64\nt_" #name ": " before "\nat_" #name ": " insn "\nint $0x81\n.popsection")
#define PIECE32(name, before, insn)                                                                                                        \
	void t_##name(void);                                                                                                               \
	extern const char at_##name[];                                                                                                     \
	asm(".pushsection .text\n.code32\nt_" #name ": " before "\nat_" #name ": " insn "\nint $0x81\n.code64\n.popsection")

/* Runs a piece one way and prints what came of it. */
#define TRY(how, name, text) (how(t_##name), report(text, at_##name))

#endif
