/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory operands of the instructions that our code executes, and of event delivery: segmentation, then the MMU.
 * Each returns true, or false with cpu->pending filled (#GP, #SS, #AC, #PF, EPT violation ...). Accesses may split pages;
 * both pages are translated before any byte is written. Nothing is read or written when false is returned.
 */
#ifndef VMX_MEMOP_H
#define VMX_MEMOP_H

#include "vmx/instruction.h"

/*
 * The segment checks of one access of size bytes at seg:offset (SDM 3A, "Segmentation", limit, type, null, canonical), for
 * kind = ACC_READ, ACC_WRITE or both. *gla is the linear address. offset is already truncated to the address size.
 */
bool memop_linear(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, unsigned kind, gla_t *gla);

/* true if size bytes at offset lie within the segment's limit, expand-down segments included; a wrap at 4 GiB is beyond it */
bool memop_within(const struct segment *s, uint64_t offset, unsigned size);
/* Whether the segment's type permits the access; real-address and virtual-8086 mode have no types. */
bool memop_type_permits(const struct segment *s, unsigned kind);
/* Alignment check of one value (CR0.AM, EFLAGS.AC, user-mode access): true, or false with #AC(0) in cpu->pending */
bool memop_aligned(struct cpu *cpu, gla_t gla, unsigned size, unsigned access);

/* Data accesses of the current privilege level at seg:offset; size 1..8 (values) or any up to 4096 (bytes). */
bool memop_read(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, uint64_t *value);
bool memop_write(struct cpu *cpu, enum segreg seg, uint64_t offset, unsigned size, uint64_t value);
bool memop_read_bytes(struct cpu *cpu, enum segreg seg, uint64_t offset, void *to, unsigned size);
bool memop_write_bytes(struct cpu *cpu, enum segreg seg, uint64_t offset, const void *from, unsigned size);

/* The explicit memory operand of an instruction. */
bool memop_read_insn(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t *value);
bool memop_write_insn(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t value);

/*
 * Accesses to a linear address without segmentation. access: ACC_READ or ACC_WRITE (or both: probe for write), with
 * ACC_USER / ACC_AC as cpu_access gives, or ACC_IMPLICIT for descriptor tables and the TSS.
 */
bool linear_read(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, uint64_t *value);
bool linear_write(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, uint64_t value);
bool linear_read_bytes(struct cpu *cpu, gla_t gla, void *to, unsigned size, unsigned access);
bool linear_write_bytes(struct cpu *cpu, gla_t gla, const void *from, unsigned size, unsigned access);
/* Translates every page of [gla, gla+size) for access, as the access itself would, without data. */
bool linear_probe(struct cpu *cpu, gla_t gla, unsigned size, unsigned access);

/*
 * An access that is translated once, before anything happens, and carried out later, perhaps in parts (INS, XSAVE): the pages of
 * [gla, gla+size), size up to 4096. The parts lie within it and are not counted: the caller adds to cpu->insn_loads or insn_stores.
 */
struct linear_span {
	hpa_t hpa[2];
	unsigned len[2]; /* bytes; len[1] is 0 when one page suffices */
};
bool linear_translate(struct cpu *cpu, gla_t gla, unsigned size, unsigned access, struct linear_span *span);
void linear_span_read(const struct cpu *cpu, const struct linear_span *span, unsigned offset, void *to, unsigned size);
void linear_span_write(struct cpu *cpu, const struct linear_span *span, unsigned offset, const void *from, unsigned size);

/* General registers by operand size: byte registers honour REX; 4-byte writes clear the upper half. */
uint64_t reg_read(const struct cpu *cpu, const struct insn *insn, unsigned reg, unsigned size);
void reg_write(struct cpu *cpu, const struct insn *insn, unsigned reg, unsigned size, uint64_t value);

/* The r/m operand, register or memory. */
bool rm_read(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t *value);
bool rm_write(struct cpu *cpu, const struct insn *insn, unsigned size, uint64_t value);

#endif
