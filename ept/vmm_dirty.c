/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dirty logging (SDM 3C, "Page-Modification Logging"): the log's frame goes into a bitmap when it is full, and when asked for. */
#include "ept/vmm_dirty.h"

#include <stdlib.h>

enum { PML_LAST = 511 };

static uint64_t frames(const struct ept_vmm *v)
{
	return v->guest.top >> PAGE_SHIFT;
}

/* Entries 511 down to the index, which points to the next free one (and is FFFFH when the log is full). */
static void drain(struct ept_vmm *v)
{
	struct vmm *vmm = &v->vmm;
	for (unsigned i = (unsigned)(vmm_read(vmm, PML_INDEX) + 1) & 0xffff; i <= PML_LAST; i++) {
		vmm_touch(vmm->cpu, HPA(v->pml + 8 * i), 8);
		uint64_t frame = mem_read(vmm->cpu->mem, HPA(v->pml + 8 * i), 8) >> PAGE_SHIFT;
		if (frame < frames(v))
			v->dirty[frame / 8] |= (uint8_t)BIT(frame % 8);
	}
	vmm_write(vmm, PML_INDEX, PML_LAST);
}

static enum vmm_result log_full(struct vmm *vmm)
{
	if (vmm_read(vmm, EXIT_QUALIFICATION) & QUAL_EPT_NMI_UNBLOCKED)
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, vmm_read(vmm, GUEST_INTERRUPTIBILITY) | BLOCK_NMI);
	vmm_reinject(vmm);
	drain(vmm->own);
	return VMM_RETRY;
}

int ept_vmm_log_dirty(struct ept_vmm *v)
{
	struct vmm *vmm = &v->vmm;
	hpa_t log;
	v->dirty = calloc(1, frames(v) / 8 + 1);
	if (!v->dirty || !ept_pool_frame(&v->pool, &log))
		return -ERR_NOMEM;
	v->pml = log.u;
	vmm->row[EXIT_PML_FULL].handler = log_full;
	vmm_write(vmm, PML_ADDR, v->pml);
	vmm_write(vmm, PML_INDEX, PML_LAST);
	vmm_write(vmm, PROC2_CONTROLS, vmm_read(vmm, PROC2_CONTROLS) | CTL(PROC2, PML));
	return 0;
}

void ept_vmm_take_dirty(struct ept_vmm *v, void (*each)(void *ctx, gpa_t frame), void *ctx)
{
	if (!v->dirty)
		return;
	drain(v);
	for (uint64_t frame = 0; frame < frames(v); frame++) {
		if (!(v->dirty[frame / 8] >> (frame % 8) & 1))
			continue;
		v->dirty[frame / 8] &= (uint8_t)~BIT(frame % 8);
		ept_map_clean(&v->map, GPA(frame << PAGE_SHIFT));
		each(ctx, GPA(frame << PAGE_SHIFT));
	}
	mmu_invept(&v->vmm.cpu->mmu, v->map.root.u | EPTRTA_EPT);
	vmm_invalidated(v->vmm.cpu, COST_INVEPT);
}
