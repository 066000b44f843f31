/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM without EPT: it keeps shadow page tables, guest-linear to host-physical, that the processor walks in place of the guest's, and
 * makes the guest see its own (SDM 3C, "Virtualizing Memory", the shadow-paging technique: "Memory Virtualization").
 *
 * Guest-physical addresses are host-physical ones, but for the VMM's own area of RAM, which for the guest is not there: reads give all
 * ones, writes are dropped, as beyond RAM. Devices in memory are the guest's own.
 */
#ifndef SHADOW_VMM_H
#define SHADOW_VMM_H

#include "vmx/vmm.h"

enum shadow_event_kind {
	SHADOW_TRUE_FAULT,   /* before: the guest's error code; after: 0 */
	SHADOW_HIDDEN_FAULT, /* before, after: the shadow entry that changed */
	SHADOW_WP_FAULT,     /* address: guest-physical of the store; before: the 8 bytes there */
	SHADOW_PTE_WRITE,    /* before, after: the guest's entry */
	SHADOW_UNSYNC,	     /* address: of the table that became writable */
	SHADOW_RESYNC,	     /* address: of the table */
	SHADOW_ALLOCATE,     /* address: of the table, or piece of a large page, that has a new shadow page; after: its role */
	SHADOW_REUSE,	     /* the same, for a shadow page that was there; before, after: its role */
	SHADOW_ZAP,	     /* the same, for a shadow page that went; before: its role */
	SHADOW_CR3_EXIT,     /* MOV to CR3: before, after: the guest's CR3 */
	SHADOW_INVLPG_EXIT,  /* INVLPG, INVPCID: address: the linear address invalidated, or 0; before: INVPCID's type */
	SHADOW_NEST,	     /* address: of the table that nested walks use now */
	SHADOW_RETURN,	     /* address: of the table that has shadow pages again */
	SHADOW_EVENT_KINDS
};

struct shadow_event {
	enum shadow_event_kind kind;
	uint32_t error;	  /* #PF error code of the exit, for the faults */
	uint64_t rip;	  /* of the guest */
	uint64_t gla;	  /* the linear address of the fault, 0 if there is none */
	uint64_t address; /* guest-physical, see above */
	uint64_t before, after;
};
typedef void shadow_event_fn(void *ctx, const struct shadow_event *event);
const char *shadow_event_name(enum shadow_event_kind kind);

struct shadow_vmm_config {
	hpa_t area;	    /* RAM of the VMM's own, page-aligned, below 4 GiB (the PDPT of PAE paging must lie there) */
	uint64_t area_size; /* shadow_vmm_area of the pool's pages, or more */
	unsigned pages;	    /* shadow pages, at least 8; 0: the default */
	bool no_unsync;	    /* leaf tables stay write-protected */
	bool no_vpid;
	bool step;	    /* every store to a table is stepped, none decoded */
	bool agile;	    /* agile paging: needs no_unsync, and shadow_vmm_area_agile of RAM */
	uint64_t interval;  /* its interval, in cycles; 0: the default */
	unsigned unprotect; /* a table written this often, and not walked meanwhile, is one no longer; 0: the default */
	struct vmm_devices devices;
	shadow_event_fn *trace; /* NULL: nobody asks */
	void *trace_ctx;
};

enum { SHADOW_PAGES_MIN = 8, SHADOW_PAGES_DEFAULT = 1024, SHADOW_UNPROTECT_DEFAULT = 3 };
#define SHADOW_UNPROTECT_NEVER (~0u)
#define SHADOW_INTERVAL_DEFAULT 1000000ull

/* Bytes of RAM that a VMM with so many shadow pages (0: the default) needs. */
uint64_t shadow_vmm_area(unsigned pages);
/* The same for agile paging, with so much guest RAM below it. */
uint64_t shadow_vmm_area_agile(unsigned pages, uint64_t ram);

/*
 * Makes the processor, outside VMX operation with VMX attached, the guest of a new VMM, and enters it. Returns 0, -ERR_ARG or
 * -ERR_NOMEM; after 0, cpu->pending may hold a stop if the guest's state is one that VM entry refuses.
 */
int shadow_vmm_start(struct cpu *cpu, const struct shadow_vmm_config *config);
/*
 * true if the guest's own tables, as they now are, let this access go to this page, and no table of the guest's is written behind the VMM's
 * back by it. Looks without touching; for who checks the processor's cached translations, which may outlive the shadow entries.
 */
bool shadow_vmm_given(const struct cpu *cpu, gla_t gla, unsigned access, hpa_t page);
/*
 * What a page fault of this access would be to the VMM: SHADOW_TRUE_FAULT (*error: what the guest gets), SHADOW_WP_FAULT (*gpa: of the
 * store) or SHADOW_HIDDEN_FAULT. Looks without touching.
 */
enum shadow_event_kind shadow_vmm_judge(const struct cpu *cpu, gla_t gla, unsigned access, gpa_t *gpa, uint32_t *error);
/* Frees what the VMM of this processor holds in host memory; the guest must not run any more. */
void shadow_vmm_free(struct cpu *cpu);

#endif
