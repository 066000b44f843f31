/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all built-in VMMs share: a host whose code is C. Its host RIP is VMM_HOST_RIP; when the processor is in root operation there,
 * the machine calls vmm_run, which looks up the exit's handler and ends with VMRESUME, through the same entry path as any VMM. A VMM
 * sees the guest's state through VMREAD and VMWRITE (vmm_read, vmm_write), the general registers in struct cpu, and guest memory.
 */
#ifndef VMX_VMM_H
#define VMX_VMM_H

#include "vmx/exit.h"

#define VMM_HOST_RIP 0xffffffffc0de0000ull

enum vmm_result {
	VMM_RESUME,   /* back to the guest; RIP is advanced if the row says so */
	VMM_RETRY,    /* back to the guest, RIP as it is */
	VMM_DOWN,     /* the guest has shut down (triple fault) */
	VMM_RELEASED, /* the guest goes on outside VMX operation: vmm_release */
	VMM_STOPPED,  /* the VMM cannot go on: vmm->text says why */
};

struct vmm;
typedef enum vmm_result vmm_handler(struct vmm *vmm);

/* One row a basic exit reason. */
struct vmm_row {
	const char *name; /* NULL: no such reason */
	vmm_handler *handler;
	bool advances; /* RIP, over the instruction that caused the exit */
};

/* The devices and the processor's own tables, which lie above: set by the machine. ctx is passed back. */
struct vmm_devices {
	void *ctx;
	uint32_t (*in)(void *ctx, uint16_t port, unsigned size);
	void (*out)(void *ctx, uint16_t port, unsigned size, uint32_t value);
	void (*cpuid)(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t eax_ebx_ecx_edx[4]);
	bool (*rdmsr)(void *ctx, uint32_t msr, uint64_t *value); /* false: #GP(0) */
	bool (*wrmsr)(void *ctx, uint32_t msr, uint64_t value);
	bool (*interrupt)(void *ctx);	   /* an external interrupt is pending */
	uint8_t (*acknowledge)(void *ctx); /* its vector: the interrupt-acknowledge cycle */
	/* true if a device answers in the page of this guest-physical address, outside RAM. NULL: none does */
	bool (*memory)(void *ctx, uint64_t gpa);
};

struct vmm {
	const char *name;
	struct cpu *cpu;
	struct vmm_row row[VMX_REASONS]; /* starts as the common handlers; a VMM puts in its own */
	struct vmm_devices devices;
	/* Guest memory at a guest-linear address, for INS and OUTS: access is ACC_READ or ACC_WRITE. data NULL: only whether it may be
	 * accessed. false: an event is queued, or text set. */
	bool (*access)(struct vmm *vmm, uint64_t gla, void *data, unsigned size, unsigned access);
	bool interrupt_waits; /* an external interrupt is pending, and the guest could not take it yet */
	void *own;	      /* of the VMM */
	/* Not NULL: the guest runs outside VMX operation for now. Asked before each instruction; true: it is in the VMM's hands again, and
	 * has been entered. */
	bool (*released)(struct vmm *vmm);
	char text[448]; /* why it stopped */
};

/*
 * Makes the processor, in any state outside VMX operation, a host with this VMM: the state becomes the guest's, in a VMCS at `region`
 * (VMXON region at `vmxon`, MSR bitmaps at `bitmaps`: three frames of RAM that the guest does not see), with the common controls
 * below. The VMM may then change controls; vmm_start enters the guest. own: vmm->own.
 */
void vmm_init(struct vmm *vmm, struct cpu *cpu, const char *name, uint64_t vmxon, uint64_t region, uint64_t bitmaps);
/* VMLAUNCH. Results as of vmm_run. */
bool vmm_start(struct vmm *vmm);

/* true if the processor is where the machine must call vmm_run instead of executing instructions */
static inline bool vmm_is_next(const struct cpu *cpu)
{
	return cpu->vmx_op == VMX_ROOT && cpu->rip == VMM_HOST_RIP && cpu->vmx->vmm;
}

/*
 * Handles the VM exit that has been taken and enters the guest again. true: the guest goes on. false: cpu->pending holds the event to
 * inject, or a stop; or the processor is in shutdown.
 */
bool vmm_run(struct cpu *cpu);

/*
 * For a state of the guest that VM entry refuses (real-address mode without EPT), which a VMM must execute in software: the processor
 * itself does, outside VMX operation. vmm_release loads the guest's state but for CR0, CR3, CR4 and EFER, which the VMM sets, and the
 * address space; vmm_capture is the way back, to a host with the guest's state in the VMCS; vmm_enter then enters. Results as of vmm_run.
 */
void vmm_release(struct vmm *vmm, bool (*released)(struct vmm *vmm));
void vmm_capture(struct vmm *vmm);
bool vmm_enter(struct vmm *vmm);

/* VMREAD and VMWRITE, counted: vmm_read(vmm, GUEST_RIP). */
#define vmm_read(vmm, symbol) vmm_get(vmm, VMCS_I_##symbol)
#define vmm_write(vmm, symbol, value) vmm_put(vmm, VMCS_I_##symbol, value)
static inline uint64_t vmm_get(struct vmm *vmm, enum vmcs_index index)
{
	vmm->cpu->ev.n[EV_VMREADS]++;
	cost_charge(&vmm->cpu->cost, COST_VMREAD);
	vmx_touch_fields(vmm->cpu, index, 1);
	return vmm->cpu->vmx->vmcs.field[index];
}
static inline void vmm_put(struct vmm *vmm, enum vmcs_index index, uint64_t value)
{
	vmm->cpu->ev.n[EV_VMWRITES]++;
	cost_charge(&vmm->cpu->cost, COST_VMWRITE);
	vmx_touch_fields(vmm->cpu, index, 1);
	vmm->cpu->vmx->vmcs.field[index] = value & vmcs_width_mask(vmcs_field_encoding(index));
}

/*
 * A VMM's own access to memory goes through the data caches, if they are modelled: to its tables, the guest's tables, the guest's data.
 * LIMIT: what a VMM keeps in C structures (which frames it has given, lists of shadow entries) is no memory of the machine: the cost of a
 * handler stands for it.
 */
static inline void vmm_touch(const struct cpu *cpu, hpa_t hpa, uint64_t size)
{
	if (cpu->mmu.env.caches && mem_is_ram(cpu->mem, hpa, size))
		caches_vmm(cpu->mmu.env.caches, hpa, size);
}

/* After an mmu_invvpid or mmu_invept function, which does what the instruction does: its cost (COST_INVVPID or COST_INVEPT). */
static inline void vmm_invalidated(struct cpu *cpu, enum cost_cause cause)
{
	cost_charge(&cpu->cost, cause);
	cpu->engine_inval = true;
}

/* Queues an exception of the guest's for the next VM entry. */
void vmm_inject(struct vmm *vmm, enum vector vector, bool has_error, uint32_t error);
/* Puts back the event during whose delivery the exit happened (IDT-vectoring information), to be delivered again. */
void vmm_reinject(struct vmm *vmm);
/* An instruction that the VMM has emulated, or an iteration of it, is complete: under single step a debug exception is pending then. */
void vmm_completed(struct vmm *vmm);
/* RIP to the next instruction, the end of its interrupt shadow, and vmm_completed. */
void vmm_advance(struct vmm *vmm);
/* A row of the MSR bitmaps: accesses to the MSR exit. */
void vmm_trap_msr(struct vmm *vmm, uint32_t msr);
/* Ends the VMM with a formatted reason, to which the guest's RIP is added. */
enum vmm_result vmm_stop(struct vmm *vmm, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
