/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in EPT VMM: an unmodified image runs in VMX non-root operation, its memory backed lazily, its devices emulated.
 *
 *     host-physical    0 ... loaded_end    what the loader has put, at the guest-physical addresses: mapped in place when touched
 *                      above               pages given to the guest from below, EPT tables and the VMM's own frames from above
 */
#ifndef EPT_VMM_H
#define EPT_VMM_H

#include "ept/map.h"
#include "vmx/vmm.h"

struct ept_vmm_config {
	uint64_t guest_ram;  /* bytes, laid out as mmu/mem.h does; the machine has about twice as much */
	uint64_t loaded_end; /* the loader has put nothing at or above it */
	unsigned page_shift; /* 12, 21 or 30: the largest page that backs guest memory */
	unsigned levels;     /* 4 or 5 */
	bool log_dirty;	     /* page-modification logging from the start */
	struct vmm_devices devices;
};

struct ept_vmm {
	struct vmm vmm;
	struct ept_vmm_config config;
	struct mem guest; /* only its geometry is used: which guest-physical addresses are RAM */
	struct ept_pool pool;
	struct ept_map map;
	uint64_t pml;	   /* page-modification log, 0 until first asked for */
	uint8_t *dirty;	   /* one bit a 4-KiB frame of guest-physical memory, since the last ept_vmm_take_dirty; NULL without logging */
	bool stepping;	   /* the guest executes one instruction with the device's page mapped */
	gpa_t stepped_gpa; /* of the device access */
	gla_t stepped_gla;
	uint64_t faults, steps, filled[3]; /* EPT violations of RAM; device accesses; pages given, of 4 KiB, 2 MiB, 1 GiB */
};

/*
 * Makes the processor, as the loader left it, the host of this VMM and enters the guest. The processor has VMX and EPT attached. Returns
 * 0, -ERR_ARG (page size, levels) or -ERR_NOMEM; or -ERR_FORMAT when VM entry refused the state: v->vmm.text says why.
 */
int ept_vmm_start(struct ept_vmm *v, struct cpu *cpu, const struct ept_vmm_config *config);
void ept_vmm_free(struct ept_vmm *v);

/*
 * Takes the log's entries into the bitmap, hands the bitmap out through each (guest-physical addresses of 4-KiB frames; a large page
 * stands for the frames that were logged) and begins a new round: dirty flags off, cached translations invalidated.
 */
void ept_vmm_take_dirty(struct ept_vmm *v, void (*each)(void *ctx, gpa_t frame), void *ctx);

#endif
