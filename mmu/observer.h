/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the memory management unit does, told to an observer (traces): every translation that is asked for, every operation on what is
 * cached, every change of mode and context. What is told, done again in the same order on an equal MMU with equal tables, gives the same
 * hits, misses and walks: mmu_access for a translation, mmu_operate for an operation. The references of walks have their own observer
 * (walk.h).
 */
#ifndef MMU_OBSERVER_H
#define MMU_OBSERVER_H

#include "mmu/walk.h"

struct tlb_entry;

/* The operations: the functions of mmu.h that have these names. */
enum mmu_op {
	MMU_OP_INVLPG,
	MMU_OP_FLUSH_PCID,
	MMU_OP_FLUSH_NONGLOBAL,
	MMU_OP_FLUSH_ALL,
	MMU_OP_INVPCID_ADDR,
	MMU_OP_INVVPID_ADDR,
	MMU_OP_INVVPID,
	MMU_OP_INVVPID_ALL,
	MMU_OP_INVVPID_NONGLOBAL,
	MMU_OP_INVEPT,
	MMU_OP_INVEPT_ALL,
	MMU_OP_SET_PAGING,
	MMU_OP_SET_CONTEXT,
	MMU_OP_SET_SWITCH, /* agile paging: where walks switch from shadow tables to nested ones */
	MMU_OP_PDPTES,	   /* the second stage translates gpa, for the load of PDPTE registers */
	MMU_OP_COUNT
};

struct mmu_operation {
	enum mmu_op op;
	uint16_t vpid, pcid;
	gla_t gla;
	gpa_t gpa;
	uint64_t eptrta;
	const struct paging_regs *regs; /* MMU_OP_SET_PAGING */
	second_fn *second;		/* MMU_OP_SET_CONTEXT */
	void *second_ctx;
	uint64_t switch_bit; /* MMU_OP_SET_SWITCH */
	uint8_t switch_root;
};

/* who answered a translation */
enum mmu_served { SERVED_FIRST, SERVED_STLB, SERVED_WALK };

/* An access that the first level serves, and that takes place: what insn, access and data are told of it, together. */
struct mmu_hit {
	gla_t gla;
	gla_t insn;	/* its instruction */
	uint64_t clock; /* as that begins */
	const struct tlb_entry *entry;
	uint16_t size;
	uint8_t access;
	uint8_t len;
	bool begins; /* insn is told first; else it is a further access of the same */
};

/* Members that are NULL are not told. */
struct mmu_observer {
	void *ctx;
	/*
	 * A translation was asked for (mmu_access). entry: what serves it now; NULL: the access faults, walk says why. With this member not
	 * NULL no translation is found on the short path, and so none goes untold.
	 */
	void (*access)(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served);
	/* A load or store of an instruction, whose pages have been translated; told by those who execute instructions. */
	void (*data)(void *ctx, gla_t gla, unsigned size, unsigned access);
	/*
	 * An instruction of len bytes begins, or a further iteration of a REP instruction (len 0); with it the clock is this. What is told
	 * next belongs to it.
	 */
	void (*insn)(void *ctx, gla_t gla, unsigned len, uint64_t clock);
	bool each_insn; /* insn is told of each, not only of those that access data */
	/* Several hits in place of insn, access and data of each; NULL: these are told. */
	void (*hits)(void *ctx, const struct mmu_hit *hit, unsigned count);
	void (*operation)(void *ctx, const struct mmu_operation *op);
};

/* true if it is told of instructions and accesses one by one; operations alone do not need that. */
static inline bool mmu_observes_accesses(const struct mmu_observer *observer)
{
	return observer && (observer->access || observer->data || observer->insn);
}

void mmu_tell_each(const struct mmu_observer *observer, const struct mmu_hit *hit, unsigned count);

static inline void mmu_tell_hits(const struct mmu_observer *observer, const struct mmu_hit *hit, unsigned count)
{
	if (likely(observer->hits))
		observer->hits(observer->ctx, hit, count);
	else
		mmu_tell_each(observer, hit, count);
}

static inline void mmu_tell_observer(const struct mmu_observer *observer, const struct mmu_operation *op)
{
	if (unlikely(observer && observer->operation))
		observer->operation(observer->ctx, op);
}

#endif
