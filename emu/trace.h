/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of a trace, and how they become bytes. The format of the file is described in emu/README.md, "Traces".
 *
 * Records are told in the order of what happened: the references of a walk, then what came of it (TRACE_WALK), then that the TLBs had
 * missed (TRACE_TLB), then the access. An exit, fault or operation stands where it took place.
 */
#ifndef EMU_TRACE_H
#define EMU_TRACE_H

#include "mmu/mmu.h"

enum trace_kind {
	TRACE_INSN,	 /* an instruction begins */
	TRACE_ACCESS,	 /* an access to memory, or just the translation of one */
	TRACE_REF,	 /* a memory reference of a walk */
	TRACE_WALK,	 /* a walk has ended */
	TRACE_TLB,	 /* a translation that the first-level TLB did not have */
	TRACE_OPERATION, /* an operation on what is cached: code is enum mmu_op */
	TRACE_MODE,	 /* the paging mode is taken over from the registers */
	TRACE_CONTEXT,	 /* VPID, EPT root, second stage and agile paging from now on */
	TRACE_FAULT,	 /* an exception or interrupt was delivered */
	TRACE_EXIT,	 /* a VM exit */
	TRACE_ENTRY,	 /* a VM entry */
	TRACE_COUNTER,	 /* at the end of a run: one of its counters */
	TRACE_KINDS
};

enum trace_flags {
	TRACE_USER = 1,	      /* at CPL 3 */
	TRACE_TRANSLATES = 2, /* access: the TLBs were asked; a replay asks them again */
	TRACE_COUNTS = 4,     /* access: a load or store took place */
	TRACE_FAULTED = 8,    /* access: the translation ended in a fault or VM exit */
	TRACE_PLACED = 16,    /* access: gpa and hpa are known */
	TRACE_ERROR = 32,     /* fault: has an error code */
	TRACE_EPT = 64,	      /* reference: an entry of EPT */
};

/* second stages of TRACE_CONTEXT */
enum trace_second { SECOND_IS_NONE, SECOND_IS_EPT, SECOND_IS_OTHER };
enum trace_ept_flags { TRACE_EPT_MBEC = 1, TRACE_EPT_EXEC_ONLY = 2 };

enum { TRACE_NAME = 48 };

struct trace_record {
	uint8_t kind;	   /* enum trace_kind */
	uint8_t flags;	   /* enum trace_flags */
	uint8_t access;	   /* enum access */
	uint8_t level;	   /* reference: 1..5 */
	uint8_t for_level; /* reference of EPT: the guest level whose table was looked for, 0: the final address */
	uint16_t size;	   /* bytes of an access, instruction or entry; 0: not known (a translation) */
	uint64_t number;   /* of the record, from 0 */
	uint64_t insn;	   /* instructions recorded before it (of an instruction: before that) */
	uint64_t cycle;	   /* the clock; of accesses that hit, as their instruction began */
	uint64_t rip;	   /* linear address of the instruction */
	uint64_t gla, gpa, hpa;
	uint64_t entry; /* reference: as read */

	/* the fields of rare records, by kind: trace.def */
	uint8_t status;	      /* walk: enum walk_status */
	uint8_t shift;	      /* walk: log2 of the page size */
	uint8_t served;	      /* TLB: enum mmu_served */
	uint8_t vector, type; /* fault: type is enum event_type */
	uint8_t second;	      /* context: enum trace_second */
	uint8_t ept_flags;    /* context: enum trace_ept_flags */
	uint8_t switch_root;  /* context: agile paging, as switch_bit: see struct walk_env */
	uint16_t vpid, pcid;
	uint32_t code; /* walk: error code of the #PF or exit reason; operation; fault: error code; exit: reason */
	uint32_t refs; /* walk: how many references it made */
	uint32_t pkru;
	uint32_t intr_info, intr_error, idt_info;
	uint64_t duration; /* walk: cycles of its references */
	uint64_t eptrta, eptp, switch_bit;
	uint64_t cr0, cr3, cr4, efer, pdpte[4];
	uint64_t qualification;
	uint64_t rax, rbx, rcx, rdx; /* of the guest */
	uint64_t
	    value; /* exit: the register that a MOV to or from CR or DR names; entry: the same, as the VMM left it; counter: its value */
	char name[TRACE_NAME]; /* counter */
};

/* "insn", "access", ... ; what --trace-what and --kind take is in trace_kinds_parse. */
const char *trace_kind_name(enum trace_kind kind);

/*
 * What a user asks for: a list with commas of access, walk, tlb, fault, exit, insn, mode (with context), counter. Returns the mask of kinds
 * (BIT(kind)), or 0 for a word that is none of these. What is in every recording is TRACE_ALWAYS.
 */
#define TRACE_ALWAYS ((uint32_t)(BIT(TRACE_MODE) | BIT(TRACE_CONTEXT) | BIT(TRACE_COUNTER)))
uint32_t trace_kinds_parse(const char *list);

/* ---- records and bytes ---- */

enum {
	TRACE_RECORD_MAX = 256, /* more bytes than a record can take */
	TRACE_PAGES = 1024,
	TRACE_ENTRIES = 4096,
	TRACE_LEVELS = 8,
};

/* What both sides remember within a block: most of a record is what the one before lets expect. */
struct trace_state {
	uint64_t number, insn, cycle, rip, next_rip;
	uint64_t gla[4]; /* the last of each kind of access: read, write, both, fetch */
	uint16_t size[4];
	uint64_t last_page; /* number of the page that was mapped last */
	uint64_t far_gla;   /* the last of the rare records */
	uint64_t ref_hpa[2][TRACE_LEVELS], ref_gpa;
	uint8_t mode; /* access bits beside read, write and fetch */
	struct {
		uint64_t gla, gpa, hpa;
	} page[TRACE_PAGES];
	struct {
		uint64_t hpa, entry;
	} entry[TRACE_ENTRIES];
};

/* The state at the beginning of a block. */
void trace_state_init(struct trace_state *s, uint64_t number, uint64_t insn, uint64_t cycle);

/* Writes a record, numbered by the state, to at; there is room for TRACE_RECORD_MAX bytes. Returns the end. */
uint8_t *trace_encode(struct trace_state *s, const struct trace_record *r, uint8_t *at);

/*
 * The same of hits from *hits to end, each as the record of an access that translates and counts, as long as at is not beyond limit: there
 * too there is room for TRACE_RECORD_MAX bytes. *hits: the first that is not written.
 */
uint8_t *trace_encode_hits(struct trace_state *s, const struct mmu_hit **hits, const struct mmu_hit *end, uint8_t *at,
			   const uint8_t *limit);

/*
 * Reads one from [at, end). Returns where the next begins, or NULL with what is wrong in *wrong. Fields that the kind does not have are
 * undefined, but for flags, gla, gpa, hpa and size.
 */
const uint8_t *trace_decode(struct trace_state *s, const uint8_t *at, const uint8_t *end, struct trace_record *r, const char **wrong);

/* CRC-32 (the polynomial of Ethernet) of some bytes */
uint32_t trace_crc(const void *bytes, size_t len);

#endif
