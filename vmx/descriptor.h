/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segment and system descriptors in the GDT and the LDT: finding, reading and decoding them, and their accessed and busy bits
 * (SDM 3A, "Segment Descriptors", "System Descriptor Types", "Segment Descriptor Tables in IA-32e Mode").
 */
#ifndef VMX_DESCRIPTOR_H
#define VMX_DESCRIPTOR_H

#include "vmx/memop.h"

/* types of system descriptors (S = 0); the names of 32-bit mode */
enum system_type {
	TYPE_TSS16_AVAILABLE = 1,
	TYPE_LDT = 2,
	TYPE_TSS16_BUSY = 3,
	TYPE_CALL_GATE16 = 4,
	TYPE_TASK_GATE = 5,
	TYPE_INTERRUPT_GATE16 = 6,
	TYPE_TRAP_GATE16 = 7,
	TYPE_TSS_AVAILABLE = 9,
	TYPE_TSS_BUSY = 11,
	TYPE_CALL_GATE = 12,
	TYPE_INTERRUPT_GATE = 14,
	TYPE_TRAP_GATE = 15,
};

struct descriptor {
	uint16_t selector; /* that it was found by */
	gla_t gla;	   /* of its first byte */
	uint64_t low;	   /* the descriptor */
	uint64_t high;	   /* the second half of a 16-byte system descriptor, else 0 */
};

/* A call, interrupt, trap or task gate. */
struct gate {
	uint8_t type; /* enum system_type */
	uint8_t dpl;
	uint8_t ist;	/* 64-bit interrupt and trap gates: 0..7 */
	uint8_t params; /* 16- and 32-bit call gates: 0..31 */
	bool present;
	uint16_t selector;
	uint64_t offset;
};

static inline bool selector_is_null(uint16_t selector)
{
	return !(selector & 0xfffc);
}
static inline unsigned selector_rpl(uint16_t selector)
{
	return selector & 3;
}
/* the error code that names a selector; raise_error adds EXT */
static inline uint32_t selector_error(uint16_t selector)
{
	return selector & 0xfffc;
}

/* the access-rights bits in the layout of struct segment, and what they say */
static inline uint32_t descriptor_ar(const struct descriptor *d)
{
	return (uint32_t)(d->low >> 40) & 0xf0ff;
}
static inline unsigned descriptor_dpl(const struct descriptor *d)
{
	return (unsigned)FIELD(d->low, 46, 45);
}
static inline bool descriptor_present(const struct descriptor *d)
{
	return d->low & BIT(47);
}
static inline bool descriptor_is_system(const struct descriptor *d)
{
	return !(d->low & BIT(44));
}
static inline unsigned descriptor_type(const struct descriptor *d)
{
	return (unsigned)FIELD(d->low, 43, 40);
}
static inline bool descriptor_is_code(const struct descriptor *d)
{
	return (descriptor_ar(d) & (AR_S | AR_CODE)) == (AR_S | AR_CODE);
}
static inline bool descriptor_is_conforming(const struct descriptor *d)
{
	return descriptor_ar(d) & AR_DC;
}

/*
 * Reads the 8-byte descriptor of a selector that is not null. Beyond the limit of its table (or LDTR unusable): vector with
 * the selector as error code. False also for faults of the read itself.
 */
bool descriptor_read(struct cpu *cpu, uint16_t selector, enum vector vector, struct descriptor *d);
/* The same without a fault for what LAR, LSL, VERR and VERW answer with ZF: *found says whether the selector lies in its table. */
bool descriptor_look(struct cpu *cpu, uint16_t selector, struct descriptor *d, bool *found);
/*
 * In IA-32e mode, the second half of a system descriptor: beyond the limit, or its type field not 0, is vector(selector).
 * Else nothing to do.
 */
bool descriptor_read_high(struct cpu *cpu, enum vector vector, struct descriptor *d);

/* base, limit and access rights, without any check */
struct segment descriptor_segment(const struct descriptor *d);
/* Decodes a gate; wide: a 16-byte gate of IA-32e mode. */
struct gate descriptor_gate(const struct descriptor *d, bool wide);

/* Set the accessed bit of a code or data descriptor, unless set; the busy bit of a TSS descriptor. False: the write faulted. */
bool descriptor_set_accessed(struct cpu *cpu, struct descriptor *d);
bool descriptor_set_busy(struct cpu *cpu, struct descriptor *d);

#endif
