/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM entry (SDM 3C, "VM Entries"): the checks, by section of the SDM, and the loading of guest state.
 */
#ifndef VMX_ENTRY_H
#define VMX_ENTRY_H

#include "vmx/vmx.h"

enum entry_status {
	ENTRY_OK,	    /* the guest's state is loaded; cpu->pending may hold the event to inject */
	ENTRY_BAD_CONTROLS, /* VMfailValid(7): nothing changed */
	ENTRY_BAD_HOST,	    /* VMfailValid(8): nothing changed */
	ENTRY_EXITED,	    /* the entry failed as a VM exit, reason 33 or 34: the host's state is loaded, or cpu->pending has a stop */
};

enum entry_status vmx_entry(struct cpu *cpu);

/* true if the checks of guest state would pass; changes nothing. */
bool entry_guest_is_valid(struct cpu *cpu);

/* A check before those of the VMCS failed (SDM 3C, "Basic VM-Entry Checks"); error: as in struct entry_failure. */
void entry_basic_failed(struct cpu *cpu, int error, const char *text);

/*
 * VM entry failed: <field>: <text>: bits <bits> (it is <value>; SDM 3C, "<section>"), cut at size, always ended; with the number of the
 * entry for an MSR, with the error for what comes before the VMCS's own checks.
 */
void entry_failure_text(const struct entry_failure *failure, char *text, size_t size);

/* exit qualifications of a VM-entry failure due to invalid guest state */
enum entry_qualification { ENTRY_QUAL_PDPTE = 2, ENTRY_QUAL_NMI_STI = 3, ENTRY_QUAL_LINK = 4 };

/* One VM entry being checked. */
struct entry_check {
	const struct cpu *cpu;
	const struct vmx *vmx;
	const struct vmcs *v;
	struct entry_failure *failure;
	uint64_t qualification; /* of the guest-state check that failed */
	bool guest64;		/* "IA-32e mode guest" */
	bool unrestricted;
	bool v86;	   /* the guest will be in virtual-8086 mode */
	uint64_t pdpte[4]; /* PAE guests: what will be loaded */
};

/* One subsection: returns false at the first requirement that does not hold, with check->failure filled. */
typedef bool entry_check_fn(struct entry_check *check);
struct entry_section {
	const char *title;
	entry_check_fn *check;
};

/* Lists in the SDM's order, ended by a NULL check. */
extern const struct entry_section entry_sections_controls[], entry_sections_host[], entry_sections_guest[];

/* Notes the failure; false. bits: of the field, those that are wrong, or 0. */
bool entry_check_fail(struct entry_check *check, enum vmcs_index field, uint64_t bits, const char *text);

/* In an entry_check_fn with its parameter c: the requirement that the SDM states, and the field it is about. */
#define REQUIRE(condition, field, text)                                                                                                    \
	do {                                                                                                                               \
		if (unlikely(!(condition))) {                                                                                              \
			ENTRY_CHECK_HERE(c);                                                                                               \
			return entry_check_fail(c, field, 0, text);                                                                        \
		}                                                                                                                          \
	} while (0)
/* The same where single bits are wrong: there must be none. */
#define REQUIRE_NONE(wrong, field, text)                                                                                                   \
	do {                                                                                                                               \
		uint64_t wrong_bits = (wrong);                                                                                             \
		if (unlikely(wrong_bits)) {                                                                                                \
			ENTRY_CHECK_HERE(c);                                                                                               \
			return entry_check_fail(c, field, wrong_bits, text);                                                               \
		}                                                                                                                          \
	} while (0)
#define ENTRY_CHECK_HERE(c) ((c)->failure->file = __FILE__, (c)->failure->line = __LINE__)

/* Requirements that several subsections share. */
bool entry_check_pat(uint64_t pat);	      /* each byte is a memory type */
bool entry_check_canonical(uint64_t address); /* in the widest linear address that the processor has */

/* LIMIT: no branch recording and no single-stepping on branches: every bit of IA32_DEBUGCTL is reserved. */
#define DEBUGCTL_SUPPORTED 0ull

#endif
