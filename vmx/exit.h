/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM exit (SDM 3C, "VM Exits"): basic reasons, and the one path from the guest to the host.
 */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include "vmx/instruction.h"
#include "vmx/vmx.h"

enum exit_reason {
#define EXIT(number, symbol, kvm, rf, text) EXIT_##symbol = number,
#include "vmx/exit.def"
#undef EXIT
};

#define EXIT_ENTRY_FAILURE BIT(31) /* exit reason: VM-entry failure */

/* What RFLAGS.RF is in the saved image (SDM 3C, "Saving RIP, RSP, RFLAGS, and SSP") */
enum exit_rf {
	RF_KEEP,  /* as it was */
	RF_CLEAR, /* an instruction that causes VM exits */
	RF_SET,	  /* as a fault would save it */
	RF_EVENT, /* by the event, or by the one that was being delivered */
	RF_TASK,  /* as a task switch would save it in the old TSS */
};

/* "EPT_VIOLATION", as KVM names it, and the SDM's words; "?" for numbers that are no reason. */
const char *exit_name(unsigned reason);
const char *exit_text(unsigned reason);
bool exit_is_reason(unsigned reason);

/*
 * Takes the VM exit in cpu->pending: exit-information fields, guest state, MSR areas, host state. Afterwards the processor is in
 * root operation at the host's RIP and cpu->pending is empty, or holds a stop after a VMX abort (then it is in shutdown).
 */
void vmx_exit(struct cpu *cpu);

/* The end of a VM-entry failure (reason 33 or 34, without bit 31): information and host state only. */
void vmx_exit_entry_failure(struct cpu *cpu, enum exit_reason reason, uint64_t qualification);

/* An entry of an MSR area, as it lies in memory. */
struct msr_entry {
	uint32_t index, reserved;
	uint64_t value;
};

/* MSR areas. Each returns 0, or the number of the entry that failed, from 1; *why then says which requirement on *entry does not hold. */
uint32_t msr_area_load(struct cpu *cpu, uint64_t address, uint64_t count, struct msr_entry *entry, const char **why);
uint32_t msr_area_store(struct cpu *cpu, uint64_t address, uint64_t count);

#endif
