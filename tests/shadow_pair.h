/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same guest twice, below the engine: natively, and under the shadow VMM. Each step (an access, a system instruction) is made on both,
 * and gives an outcome; both should give the same, and the guest's memory should be the same after it.
 */
#ifndef TESTS_SHADOW_PAIR_H
#define TESTS_SHADOW_PAIR_H

#include "emu/sysinsn.h"
#include "ept/eptp.h"
#include "mmu/pte.h"
#include "shadow/shadow.h"

enum { PAIR_RAM = 4 << 20, PAIR_TABLES = 16 * PAGE_SIZE /* what pair_same_memory compares: the guests' tables lie here */ };

struct pair_side {
	struct mem mem;
	struct cpu cpu;
	struct vmx vmx;
	struct ept ept;
	bool shadow;
};

struct outcome {
	bool fault, down, stop;
	uint8_t vector;
	uint32_t error;
	uint64_t cr2, value;
};

struct pair {
	struct pair_side native, shadow;
	struct outcome a, b; /* of the last step */
	bool decode;	     /* set after pair_init: the VMM may decode the instruction at RIP */
};

/* What the guest starts with. levels: 0, 2, 3, 4, 5. */
struct pair_guest {
	unsigned levels;
	uint64_t cr3, cr0_more, cr4_more, efer_more;
};

/* Starts both sides with 4 MiB of zeroes; memory is filled, and then the guest started, by pair_start. config: area is set here. */
void pair_init(struct pair *pair, unsigned pages);
void pair_poke(struct pair *pair, uint64_t gpa, uint64_t value, unsigned size);
int pair_start(struct pair *pair, const struct pair_guest *guest, struct shadow_vmm_config config);
void pair_free(struct pair *pair);
struct shadow *pair_shadow(struct pair *pair);

/* One step on both sides. true: the same outcome. access: enum access bits; CPL and EFLAGS.AC are set to agree with them. */
bool pair_access(struct pair *pair, gla_t gla, unsigned size, unsigned access, uint64_t value);
bool pair_mov_cr(struct pair *pair, unsigned cr, uint64_t value);
bool pair_invlpg(struct pair *pair, gla_t gla);
/* The descriptor is at that offset of a segment. */
bool pair_invpcid(struct pair *pair, uint64_t type, enum segreg seg, uint64_t offset);
bool pair_efer(struct pair *pair, uint64_t value);
/* Changes bits of CR4 as the guest sees it. */
bool pair_cr4(struct pair *pair, uint64_t clear, uint64_t set);
uint64_t pair_cr(const struct pair *pair, unsigned cr);

/* true if the guest's tables, or all of its memory, are the same */
bool pair_same_tables(const struct pair *pair);
bool pair_same_memory(const struct pair *pair);

/* On one side only. */
struct outcome side_access(struct pair_side *side, gla_t gla, unsigned size, unsigned access, uint64_t value);

#endif
