/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMX state of the processor beyond struct cpu: the VMXON and current-VMCS pointers, the current VMCS decoded, what non-root
 * operation tracks, and the hooks through which modules above vmx (ept, emu) take part.
 *
 * How the machine drives it (SDM 3C, "VM Entries", "VM Exits"):
 *   - a handler or event that causes a VM exit leaves it in cpu->pending (PENDING_VM_EXIT); the machine calls vmx_exit(cpu);
 *   - VMLAUNCH and VMRESUME are instructions: insn_vmlaunch. When VM entry happened, cpu holds the guest's state and cpu->pending the
 *     event to inject (PENDING_EXCEPTION with `injected` set, any event type; false is returned), or nothing (true);
 *   - before each instruction in non-root operation: vmx_before_instruction.
 */
#ifndef VMX_VMX_H
#define VMX_VMX_H

#include "vmx/control.h"
#include "vmx/msr.h"
#include "vmx/state.h"
#include "vmx/vmcs.h"

struct vmm;

/* Why the last VM entry failed: one check of SDM 3C, "VM Entries". */
struct entry_failure {
	const char *section; /* title of the subsection; NULL: none failed yet */
	const char *text;    /* the requirement that does not hold, in the SDM's words */
	int field;	     /* enum vmcs_index of the field concerned; -1: none */
	uint64_t value;	     /* of that field; MSR loading: of the MSR */
	uint64_t bits;	     /* those that are wrong, where single bits are; else 0 */
	uint32_t entry, msr; /* MSR loading: the number of the entry, from 1, and its MSR; else entry is 0 */
	int error;	     /* VM-instruction error; -1: VMfailInvalid; 0: VM-entry failure that is a VM exit */
	const char *file;    /* where the requirement stands in the source */
	int line;
	uint64_t count; /* failures so far */
};

struct vmx_hooks {
	/* RDMSR and WRMSR for the MSR areas: false for #GP(0). NULL: none exists. */
	bool (*rdmsr)(struct cpu *cpu, uint32_t msr, uint64_t *value);
	bool (*wrmsr)(struct cpu *cpu, uint32_t msr, uint64_t value);
	/* The interrupt-acknowledge cycle, for "acknowledge interrupt on exit". */
	uint8_t (*acknowledge)(struct cpu *cpu);
	/* true if VM entry would accept this EPTP. NULL: EPT is refused. */
	bool (*ept_valid)(const struct cpu *cpu, uint64_t eptp);
	/* Makes EPT the second stage of the MMU: calls mmu_set_context with this VPID. */
	void (*ept_use)(struct cpu *cpu, uint64_t eptp, uint16_t vpid);
	/*
	 * The second stage has failed for the guest-physical address: fills cpu->pending with the VM exit, or #VE, and returns false. walk:
	 * the translation of gla that needed it; NULL: no linear address did (PDPTEs).
	 */
	bool (*ept_failed)(struct cpu *cpu, const struct second *fail, gpa_t gpa, const struct walk *walk, gla_t gla);
	void *ept; /* what EPT has attached */
	/* A VM entry failed its checks: --explain-entry. NULL: nobody asks. */
	void (*explain)(struct cpu *cpu, const struct entry_failure *failure);
	void *bus;  /* the machine's, for rdmsr, wrmsr and acknowledge */
	void *user; /* of whoever set explain */
};

/*
 * What the MMU and the engine were left with when a VM exit went to a built-in VMM, which executes no x86 code and makes no linear
 * access: they keep the guest's translations, and if VM entry finds all this unchanged it need not touch them.
 */
struct vmx_kept {
	bool valid;
	struct paging_regs regs;
	struct segment seg[SEG_COUNT];
	uint8_t cpl;
	bool ac;
	bool ept;
	uint16_t vpid;
	uint64_t eptp;
};

enum { VMX_REASONS = 65 }; /* basic exit reasons 0..64 */

struct vmx {
	uint64_t vmxon;	  /* VMXON pointer */
	uint64_t current; /* current-VMCS pointer, or VMCS_NONE */
	struct vmcs vmcs; /* the current VMCS */
	struct vmx_hooks hooks;

	/* non-root operation */
	uint64_t timer_deadline;      /* clock at which the VMX-preemption timer reaches zero */
	uint64_t timer_start;	      /* its tick (clock >> VMX_TIMER_RATE) at VM entry */
	bool mtf_pending;	      /* an MTF VM exit is due before the next instruction */
	bool tpr_below_threshold;     /* a MOV to CR8 lowered the virtual TPR below the threshold */
	uint64_t ple_first, ple_last; /* clock of the first and last PAUSE of a loop */
	bool ple_active;	      /* a PAUSE was seen since VM entry at CPL 0 */

	struct entry_failure failure;
	uint64_t exits[VMX_REASONS]; /* by basic reason */
	uint64_t entry_failures;     /* of them, VM-entry failures (reason bit 31) */

	struct vmm *vmm; /* the built-in VMM, or NULL */
	struct vmx_kept kept;
};

/* The present state, as struct vmx_kept has it; vpid and EPTP from the VMCS. */
struct vmx_kept vmx_keep(const struct cpu *cpu);
bool vmx_kept_same(const struct vmx_kept *a, const struct vmx_kept *b);

/* Attaches VMX, outside VMX operation, to a processor. The caller owns vmx. */
void vmx_init(struct vmx *vmx, struct cpu *cpu);

/*
 * What the processor reads or writes of a VMX structure in memory goes through the data caches, if they are modelled: fields of the current
 * VMCS, bitmaps, MSR areas, logs.
 * CHOICE: VMREAD and VMWRITE access their field in the region, VM entry and VM exit each line of all fields; nothing of it is kept
 * elsewhere.
 */
static inline void vmx_touch(const struct cpu *cpu, uint64_t at, uint64_t size)
{
	if (cpu->mmu.env.caches && mem_is_ram(cpu->mem, HPA(at), size))
		caches_vmcs(cpu->mmu.env.caches, HPA(at), size);
}
static inline void vmx_touch_fields(const struct cpu *cpu, unsigned first, unsigned count)
{
	vmx_touch(cpu, cpu->vmx->current + VMCS_OFFSET_FIELDS + 8 * first, 8 * count);
}

/* The controls of the current VMCS; the secondary ones are all 0 when "activate secondary controls" is 0. */
static inline bool vmx_pin(const struct vmx *vmx, uint64_t control)
{
	return vmx->vmcs.pin_controls & control;
}
static inline bool vmx_proc(const struct vmx *vmx, uint64_t control)
{
	return vmx->vmcs.proc_controls & control;
}
static inline bool vmx_proc2(const struct vmx *vmx, uint64_t control)
{
	return vmx_proc(vmx, CTL(PROC, SECONDARY)) && (vmx->vmcs.proc2_controls & control);
}
static inline uint16_t vmx_vpid(const struct vmx *vmx)
{
	return vmx_proc2(vmx, CTL(PROC2, VPID)) ? (uint16_t)vmx->vmcs.vpid : 0;
}
/* Bits that a physical address in the VMCS must not have beyond alignment: above the physical-address width. */
static inline bool vmx_phys_ok(uint64_t address, uint64_t alignment)
{
	return !(address & (alignment - 1)) && !(address >> MAXPHYADDR);
}

#endif
