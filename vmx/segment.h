/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading segment registers: what may go into a data segment register, SS and CS, with the checks of SDM 3A, "Privilege Level
 * Checking When Accessing Data Segments", "... When Loading the SS Register", "... When Transferring Program Control Between Code
 * Segments". The functions that check change nothing.
 */
#ifndef VMX_SEGMENT_H
#define VMX_SEGMENT_H

#include "vmx/descriptor.h"

/* Loads DS, ES, FS, GS or SS as MOV does, in every mode. False: cpu->pending has the fault, nothing changed. */
bool segment_load(struct cpu *cpu, enum segreg seg, uint16_t selector);

/*
 * Reads and checks a stack segment for privilege level cpl: beyond limit, RPL, DPL or type wrong: vector(selector), #GP or #TS; not
 * present: #SS(selector). A null selector is allowed for 64-bit code of cpl < 3 (null_ok) and else vector(0).
 */
bool segment_check_stack(struct cpu *cpu, uint16_t selector, unsigned cpl, enum vector vector, bool null_ok, struct descriptor *d);
/* SS as it is after loading what segment_check_stack found good: sets the accessed bit in memory first (false: that faulted). */
bool segment_stack(struct cpu *cpu, struct descriptor *d, struct segment *ss);

/* Ways that code is entered, by what they ask of the code segment's DPL. */
enum code_entry {
	ENTRY_DIRECT,	/* CALL and JMP: conforming DPL <= CPL; else RPL <= CPL and DPL == CPL */
	ENTRY_RETURN,	/* RET and IRET: RPL >= CPL; conforming DPL <= RPL; else DPL == RPL */
	ENTRY_GATE,	/* CALL through a gate, events: DPL <= CPL */
	ENTRY_GATE_JMP, /* JMP through a gate: conforming DPL <= CPL; else DPL == CPL */
};

/*
 * Reads and checks a code segment: null #GP(0); beyond the limit, no code, L and D both set in IA-32e mode, privilege: #GP(selector); not
 * present: #NP(selector).
 */
bool segment_check_code(struct cpu *cpu, uint16_t selector, enum code_entry entry, struct descriptor *d);

/* The same for a descriptor that has been read. */
bool segment_permits_code(struct cpu *cpu, const struct descriptor *d, enum code_entry entry);

/* #GP(0) if a code offset is beyond the limit of the segment, or not canonical when it is a 64-bit one. */
bool segment_check_target(struct cpu *cpu, const struct segment *cs, uint64_t offset);
/* true if code of this segment would be 64-bit */
bool segment_is_64bit(const struct cpu *cpu, const struct segment *cs);

/* CS as it is after a transfer to privilege level cpl: sets the accessed bit in memory first (false: that faulted). */
bool segment_code(struct cpu *cpu, struct descriptor *d, unsigned cpl, struct segment *cs);

/* Puts CS and the privilege level into place, in protected mode; and, in real-address and virtual-8086 mode, any segment. */
void segment_set_code(struct cpu *cpu, const struct segment *cs, unsigned cpl);
void segment_set_real(struct cpu *cpu, enum segreg seg, uint16_t selector);
/* virtual-8086 mode's segment for a selector: base selector << 4, limit FFFFH, DPL 3, read/write data */
struct segment segment_v86(uint16_t selector);
/* A null selector in a data segment register or SS (cpl goes to SS.DPL). */
struct segment segment_null(uint16_t selector, unsigned dpl);
/* After a return to an outer privilege level: data segments that cpl may not use become null. */
void segment_drop_inner(struct cpu *cpu);

#endif
