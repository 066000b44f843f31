/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EPT that is in use: the EPT pointer and the controls that bear on the walk, decoded once at VM entry or EPTP switching
 * (SDM 3C, "Extended-Page-Table Pointer (EPTP)"). What attaches EPT to a processor with VMX.
 */
#ifndef EPT_EPTP_H
#define EPT_EPTP_H

#include "ept/epte.h"
#include "vmx/vmx.h"

struct ept {
	struct cpu *cpu;
	uint64_t root;
	uint8_t levels;			   /* 4 or 5 */
	uint8_t width;			   /* of the guest-physical addresses that it translates: 48 or 57 */
	bool ad;			   /* accessed and dirty flags */
	bool mbec;			   /* mode-based execute control */
	uint64_t present;		   /* bits of which one makes an entry present */
	uint32_t misplaced;		   /* bit n: the rights n (R, W, X, with mode-based execute control XU) are a misconfiguration */
	uint64_t reserved[LEVELS_MAX + 1]; /* entries that reference a table */
	uint64_t reserved_leaf[LEVELS_MAX + 1]; /* entries that map a page */
};

/* Decodes a valid EPTP, and the masks that follow from mode-based execute control and from the capability execute-only. */
void ept_decode(struct ept *ept, uint64_t eptp, bool mbec, bool exec_only);

/* true if VM entry accepts it: memory type UC or WB, 4 or 5 levels, reserved bits 0 (SDM 3C, "VM-Execution Control Fields"). */
bool eptp_valid(uint64_t eptp);

/* Offers EPT on a processor with VMX (cpu->vmx): sets its hooks. The caller owns ept. */
void ept_attach(struct ept *ept, struct cpu *cpu);

#endif
