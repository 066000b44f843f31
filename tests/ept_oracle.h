/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the SDM asks of EPT, written down once more from the text and sharing nothing with ept/ and mmu/: one guest-physical address, and
 * a whole access through a guest's 4-level tables. Slow and plain; entries are given by level, and come back with their flags.
 */
#ifndef TESTS_EPT_ORACLE_H
#define TESTS_EPT_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

struct oracle_ept {
	bool ad, mbec, exec_only;
	unsigned levels; /* 4 or 5 */
};

enum oracle_kind {
	ORACLE_READ,
	ORACLE_WRITE,
	ORACLE_RMW,
	ORACLE_FETCH_SUPERVISOR, /* of a supervisor-mode linear address */
	ORACLE_FETCH_USER,
	ORACLE_TABLE,	    /* a guest paging-structure entry is read to translate a linear address */
	ORACLE_TABLE_FLAGS, /* and its accessed or dirty flag is written */
	ORACLE_KINDS
};

enum { ORACLE_VIOLATION = 48, ORACLE_MISCONFIG = 49, ORACLE_PAGE_FAULT = 1000 };

struct oracle_entries {
	uint64_t of[6]; /* by level, 1 to 5 */
};

struct oracle_result {
	unsigned reason;	/* 0: translated */
	uint64_t qualification; /* EPT violation: bits 0 to 6 */
	bool convertible;	/* EPT violation */
	uint64_t hpa;		/* translated */
	unsigned leaf;		/* level at which it ended */
};

struct oracle_result oracle_translate(const struct oracle_ept *ept, struct oracle_entries *e, uint64_t gpa, enum oracle_kind kind);

/* A linear address under 4-level paging (CR0.WP = 1, EFER.NXE = 1, no SMEP, SMAP, PKE), each of whose five gpas has EPT entries. */
struct oracle_guest {
	uint64_t entry[5];		/* by level; 4 is the PML4 entry; all present, none reserved, no large page */
	uint64_t entry_gpa[5];		/* where each lies */
	uint64_t final_gpa;		/* what entry[1] leads to */
	struct oracle_entries table[5]; /* EPT entries for entry_gpa */
	struct oracle_entries final;
};

struct oracle_outcome {
	unsigned reason; /* 0, 48, 49 or ORACLE_PAGE_FAULT */
	uint32_t error;	 /* of a page fault */
	uint64_t qualification, gpa, hpa;
	bool convertible;
};

struct oracle_outcome oracle_access(const struct oracle_ept *ept, struct oracle_guest *g, enum oracle_kind kind, bool user);

#endif
