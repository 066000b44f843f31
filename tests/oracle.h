/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paging oracle: what one access does according to the text of SDM 3A, "Paging", said again as plainly as possible. It shares
 * no code, constant or type with mmu/, takes the control bits one by one, and never writes: it lists the entries it would change.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum oracle_mode { ORACLE_NONE, ORACLE_32BIT, ORACLE_PAE, ORACLE_4LEVEL, ORACLE_5LEVEL };

struct oracle_machine {
	enum oracle_mode mode;
	bool cr0_wp, cr4_pse, cr4_pge, cr4_smep, cr4_smap, cr4_pke, efer_nxe;
	unsigned maxphyaddr;
	uint32_t pkru;
	uint64_t cr3, pdpte[4];
	const uint8_t *ram; /* physical memory from 0; what lies beyond reads as all ones */
	uint64_t ram_size;
};

struct oracle_access {
	uint64_t linear;
	bool reads, writes, fetches;
	bool user_mode; /* else a supervisor-mode access: */
	bool implicit, eflags_ac;
};

struct oracle_result {
	bool page_fault;
	uint32_t error_code;
	uint64_t physical;
	unsigned page_bits; /* log2 of the page's size */
	bool global;
	unsigned references; /* entries read from memory */
	struct {
		uint64_t address, value;
	} changed[5]; /* entries whose accessed or dirty flag this access sets */
	unsigned changes, entry_bytes;
};

struct oracle_result oracle_translate(const struct oracle_machine *m, const struct oracle_access *a);

#endif
