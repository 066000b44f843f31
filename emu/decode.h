/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: Capstone's view of an instruction, turned into ours (vmx/instruction.h). The only file that includes Capstone.
 */
#ifndef EMU_DECODE_H
#define EMU_DECODE_H

#include "vmx/instruction.h"

struct decoder;

/* Returns 0 or -ERR_NOMEM / -ERR_ENGINE (a Capstone older than 5 is refused at build time). */
int decoder_new(struct decoder **decoder);
void decoder_free(struct decoder *decoder);

enum decode_status {
	DECODE_OK,	  /* *insn is complete */
	DECODE_TRUNCATED, /* the first `avail` bytes are a proper beginning: more bytes are needed */
};

/*
 * Decodes one instruction from bytes[0..avail), avail 1..15, for code of width 64, 32 or 16. What is no instruction, not in our
 * CPUID, not executable by the engine, or has a LOCK prefix where none may be, gives sys = SYS_UD with len = bytes looked at. More than 15
 * bytes: sys = SYS_UD with len = 15 and imm = 1 (the caller raises #GP).
 */
enum decode_status decode_insn(struct decoder *decoder, const uint8_t *bytes, unsigned avail, unsigned width, struct insn *insn);

/* Text of one instruction in Intel syntax, for traces and explain; returns its length, or 0 if it is none. */
unsigned decode_text(struct decoder *decoder, const uint8_t *bytes, unsigned avail, unsigned width, uint64_t rip, char *text, size_t size);

#endif
