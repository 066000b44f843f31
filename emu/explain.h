/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One translation, taken apart: every memory reference of its walk with what it read and what that means, the checks that the access
 * passed or failed, what a TLB would have answered, and what follows (SDM 3A, "Paging"; 3C, "EPT Translation Mechanism", "VM Exits
 * Induced by the TLB"). explain_walk makes the structure and touches nothing; explain_text, explain_svg and explain_json draw it.
 *
 *     rows: the guest's levels from the top, then the final address      columns: the EPT levels, then the guest's entry
 */
#ifndef EMU_EXPLAIN_H
#define EMU_EXPLAIN_H

#include "shadow/vmm.h"
#include "vmx/state.h"

#include <jansson.h>
#include <stdio.h>

enum {
	EXPLAIN_ROWS = LEVELS_MAX + 1,
	EXPLAIN_REFS = 72, /* 35 of five by five levels, and EPT walks made again to set the guest's A and D flags */
	EXPLAIN_WORDS = 256,
	EXPLAIN_CHECKS = 16,
	EXPLAIN_BITS = 16,
	EXPLAIN_LINES = 16,
	EXPLAIN_LINE = 192,
};

/* What is asked. */
struct explain_request {
	gla_t gla;
	unsigned access; /* enum access bits */
	/* what the VMCS says, in VMX non-root operation; natively all 0 */
	bool nonroot;
	bool ept;
	uint64_t eptp;
	bool mode_based;	    /* "mode-based execute control for EPT" */
	bool exits_pf;		    /* exception bitmap, bit 14 */
	uint32_t pf_mask, pf_match; /* page-fault error-code mask and match */
	bool shadow;		    /* under the shadow VMM: what the page fault is to it */
	enum shadow_event_kind judged;
	gpa_t judged_gpa;
	uint32_t judged_error;
	bool ve;			   /* "EPT-violation #VE" */
	uint64_t pat;			   /* IA32_PAT */
	bool cache_disable;		   /* CR0.CD */
	bool ve_busy;			   /* the area's 32 bits at offset 4 are not 0, or CR0.PE is 0: no #VE now */
	const char *image, *symbol, *when; /* for the title; NULL: not said */
};

/* One memory reference. */
struct explain_ref {
	unsigned number; /* from 1, in the order in which they are made */
	bool ept;
	bool leaf;	/* maps a page */
	bool reserved;	/* a reserved bit or a reserved combination is set */
	bool present;	/* P; EPT: any of R, W, X (and XU) */
	bool failed;	/* the translation fails at this entry, or for a right that it withholds */
	bool sets_a;	/* the access would set its accessed flag */
	bool sets_d;	/* or its dirty flag */
	uint8_t level;	/* 1..5 */
	uint8_t size;	/* of the entry: 4 or 8 bytes */
	uint16_t index; /* in its table */
	gpa_t gpa;	/* guest entries: of the entry; EPT: the address that is being translated */
	hpa_t hpa;	/* of the entry */
	uint64_t entry;
	char flags[48];		   /* "P RW US A D PS G XD", "RWX WB A D" */
	char words[EXPLAIN_WORDS]; /* their meaning */
	char rights[24];	   /* what all entries up to this one permit together */
};

/* One guest level, or the final address. */
struct explain_row {
	uint8_t level; /* 5..1; 0: the final address */
	gpa_t gpa;     /* of the guest's entry, or the final address */
	hpa_t hpa;     /* what it was translated to */
	bool translated;
	bool pdpte;	    /* PAE: a PDPTE register, no memory reference */
	uint64_t entry;	    /* its value */
	int guest;	    /* in ref[], or -1 */
	int ept, ept_count; /* in ref[] */
};

enum explain_verdict { CHECK_NOT_REACHED, CHECK_NOT_ASKED, CHECK_PASSED, CHECK_FAILED };

struct explain_check {
	const char *text;
	enum explain_verdict verdict;
};

struct explain_bit {
	uint8_t bit;
	bool set;
	const char *name, *text;
};

struct explain_tlb {
	bool held;	  /* some TLB holds a translation */
	bool answers;	  /* and it permits this access, without a walk */
	bool stale;	  /* the tables now say otherwise */
	const char *name; /* "DTLB" ... */
	uint8_t shift;
	hpa_t hpa;
};

/* The memory type of an access that EPT translates (SDM 3C, "EPT and Memory Typing"). */
struct explain_memtype {
	bool known;
	bool ignore_pat;	     /* of the EPT leaf */
	bool paging;		     /* of the guest; with none, its type is WB */
	uint8_t pat_index;	     /* the guest entry's PAT, PCD, PWT */
	uint8_t ept, pat, effective; /* enum memory_type */
};

struct explanation {
	struct explain_request request;
	struct paging_mode mode;
	uint16_t vpid;
	bool canonical;
	unsigned guest_levels, ept_levels; /* rows and columns that the picture needs; ept_levels 0: no second stage */
	unsigned refs, refs_again;	   /* all, and those among them that come again for A and D flags of the guest's entries */
	struct explain_ref ref[EXPLAIN_REFS];
	unsigned rows;
	struct explain_row row[EXPLAIN_ROWS];
	struct walk walk;
	uint64_t qualification; /* WALK_SECOND */
	unsigned checks;
	struct explain_check check[EXPLAIN_CHECKS];
	unsigned bits; /* of the error code or of the exit qualification */
	struct explain_bit bit[EXPLAIN_BITS];
	struct explain_tlb tlb;
	struct explain_memtype memtype;
	unsigned lines; /* what comes of it, in words */
	char line[EXPLAIN_LINES][EXPLAIN_LINE];
};

/*
 * Looks at the translation of request->gla in the MMU's present state. Nothing is counted, set, filled or charged; the observer of
 * mmu->env is replaced during the call and put back.
 */
void explain_walk(struct explanation *e, struct mmu *mmu, const struct explain_request *request);

/* The state of the processor that a request needs: the VMCS's part. */
void explain_request_from(struct explain_request *request, const struct cpu *cpu);

/* list: EPT references one below the other, with their meaning in words, instead of the grid. */
void explain_text(FILE *out, const struct explanation *e, bool list);
int explain_svg(FILE *out, const struct explanation *e); /* 0 or -ERR_NOMEM */
json_t *explain_json(const struct explanation *e);	 /* NULL: no memory left */

/* Shared by the parts of explain: names of levels ("PML4"), of entries ("PML4E"), of kinds of access, of a paging mode. */
const char *explain_table_name(unsigned level);
const char *explain_entry_name(unsigned level);
const char *explain_access_name(unsigned access);
const char *explain_mode_name(const struct paging_mode *mode);
const char *explain_size_name(unsigned shift); /* "4-KiB" */

/* explain_entry.c: what one entry says; fills leaf, reserved, present, flags and words. */
void explain_guest_entry(struct explain_ref *ref, const struct explanation *e);
void explain_ept_entry(struct explain_ref *ref, const struct explanation *e);
/* explain_verdict.c: checks, bits and lines, from all the rest. */
void explain_verdict(struct explanation *e, const struct mmu *mmu);

/* Appends to a string that has size bytes in all; what does not fit is left out. */
void explain_add(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
