/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real-address mode, which VM entry refuses without "unrestricted guest" (SDM 3C, "Checks on Guest Control Registers, Debug Registers, and
 * MSRs"). CHOICE: as VMMs of processors without it did, this one executes such code in software; the software is the model itself: the
 * guest runs outside VMX operation, with the VMM's area still out of its reach, until VM entry would accept its state. No shadow page
 * outlives that, since stores of the guest go unseen.
 * LIMIT: there CPUID reports VMX, and its MSRs can be read.
 */
#include "shadow/shadow.h"

#include "vmx/entry.h"

static void zap_all(struct shadow *s)
{
	s->root = PAGE_ROOT;
	agile_take_back_all(s);
	for (uint32_t slot = PAGE_ROOT * SLOTS; slot < PAGE_ROOT * SLOTS + 4; slot++)
		slot_write(s, slot, 0, 0);
	for (uint32_t p = PAGE_ROOT + 1; p <= s->total; p++)
		if (s->page[p].used)
			page_zap(s, p);
}

/* Mode changes of the guest on its own are kept, if VM entry will have them; else all is as it was. */
static bool capture(struct vmm *vmm)
{
	struct shadow *s = shadow_of(vmm);
	struct cpu *cpu = s->cpu, before = *cpu;
	if (!(cpu->cr0 & CR0_PE) || cpu->pending.kind != PENDING_NONE)
		return false;
	s->cr0 = cpu->cr0;
	s->cr3 = cpu->cr3;
	s->cr4 = cpu->cr4;
	s->efer = cpu->efer;
	for (unsigned i = 0; i < 4; i++)
		s->pdpte[i] = cpu->pdpte[i];
	vmm_capture(vmm);
	control_start(s);
	if (!entry_guest_is_valid(cpu)) {
		*cpu = before;
		zap_all(s);
		vmm->released = capture;
		return false;
	}
	s->flush = true;
	inval_pending(s);
	vmm_enter(vmm);
	return true;
}

enum vmm_result real_enter(struct shadow *s)
{
	struct cpu *cpu = s->cpu;
	zap_all(s);
	inval_pending(s);
	vmm_release(&s->vmm, capture);
	cpu->cr0 = s->cr0;
	cpu->cr3 = s->cr3;
	cpu->cr4 = s->cr4;
	cpu->efer = s->efer;
	mmu_set_switch(&cpu->mmu, 0, SWITCH_NONE);
	mmu_set_context(&cpu->mmu, 0, 0, fill_identity, s);
	cpu_paging_changed(cpu);
	mmu_flush_all(&cpu->mmu);
	return VMM_RELEASED;
}
