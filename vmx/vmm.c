/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the built-in VMMs: from processor state to VMCS, the exit loop, injection. The handlers are in vmm_handlers.c.
 */
#include "vmx/vmm.h"

#include "vmx/debug.h"
#include "vmx/entry.h"
#include "vmx/insn.h"
#include "vmx/vmm_handlers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LDTR = SEG_COUNT, TR, HOST_SELECTOR_CODE = 8, HOST_SELECTOR_DATA = 16, HOST_SELECTOR_TSS = 24 };

#define HOST_CR0 (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG)
#define HOST_CR4 (CR4_PAE | CR4_VMXE)

static void write_segment(struct vmm *vmm, unsigned s, const struct segment *segment)
{
	vmm_put(vmm, VMCS_I_GUEST_ES_SELECTOR + s, segment->selector);
	vmm_put(vmm, VMCS_I_GUEST_ES_AR + s, segment->ar);
	vmm_put(vmm, VMCS_I_GUEST_ES_LIMIT + s, segment->limit);
	vmm_put(vmm, VMCS_I_GUEST_ES_BASE + s, segment->base);
}

/* The guest starts where the processor was. VMX-fixed bits that it lacks are hidden by masks and shadows. */
static void write_guest(struct vmm *vmm)
{
	const struct cpu *cpu = vmm->cpu;
	for (unsigned s = 0; s < SEG_COUNT; s++)
		write_segment(vmm, s, &cpu->seg[s]);
	write_segment(vmm, LDTR, &cpu->ldtr);
	write_segment(vmm, TR, &cpu->tr);
	vmm_write(vmm, GUEST_GDTR_BASE, cpu->gdtr.base);
	vmm_write(vmm, GUEST_GDTR_LIMIT, cpu->gdtr.limit);
	vmm_write(vmm, GUEST_IDTR_BASE, cpu->idtr.base);
	vmm_write(vmm, GUEST_IDTR_LIMIT, cpu->idtr.limit);
	vmm_write(vmm, GUEST_CR0, cpu->cr0 | CR0_NE);
	vmm_write(vmm, CR0_MASK, CR0_NE);
	vmm_write(vmm, CR0_SHADOW, cpu->cr0 & CR0_NE);
	vmm_write(vmm, GUEST_CR3, cpu->cr3);
	vmm_write(vmm, GUEST_CR4, cpu->cr4 | CR4_VMXE);
	vmm_write(vmm, CR4_MASK, CR4_VMXE);
	vmm_write(vmm, CR4_SHADOW, 0);
	vmm_write(vmm, GUEST_EFER, cpu->efer);
	vmm_write(vmm, GUEST_PAT, cpu->pat);
	vmm_write(vmm, GUEST_DR7, cpu->dr[7]);
	vmm_write(vmm, GUEST_SYSENTER_CS, cpu->sysenter_cs);
	vmm_write(vmm, GUEST_SYSENTER_ESP, cpu->sysenter_esp);
	vmm_write(vmm, GUEST_SYSENTER_EIP, cpu->sysenter_eip);
	vmm_write(vmm, GUEST_RIP, cpu->rip);
	vmm_write(vmm, GUEST_RSP, cpu->gpr[RSP]);
	vmm_write(vmm, GUEST_RFLAGS, cpu->rflags);
	vmm_write(vmm, GUEST_ACTIVITY, cpu->activity);
	vmm_write(vmm, GUEST_INTERRUPTIBILITY, cpu->interruptibility);
	vmm_write(vmm, GUEST_PENDING_DBG, 0);
	vmm_write(vmm, LINK_POINTER, VMCS_NONE);
	memcpy(&cpu->vmx->vmcs.guest_pdpte0, cpu->pdpte, sizeof(cpu->pdpte));
}

static void write_host(struct vmm *vmm)
{
	const struct cpu *cpu = vmm->cpu;
	vmm_write(vmm, HOST_CR0, cpu->cr0);
	vmm_write(vmm, HOST_CR3, cpu->cr3);
	vmm_write(vmm, HOST_CR4, cpu->cr4);
	vmm_write(vmm, HOST_EFER, cpu->efer);
	vmm_write(vmm, HOST_PAT, cpu->pat);
	for (unsigned i = VMCS_I_HOST_ES_SELECTOR; i <= VMCS_I_HOST_GS_SELECTOR; i++)
		vmm_put(vmm, i, i == VMCS_I_HOST_CS_SELECTOR ? HOST_SELECTOR_CODE : HOST_SELECTOR_DATA);
	vmm_write(vmm, HOST_TR_SELECTOR, HOST_SELECTOR_TSS);
	vmm_write(vmm, HOST_RIP, VMM_HOST_RIP);
}

static void write_controls(struct vmm *vmm, uint64_t bitmaps)
{
	bool ia32e = cpu_long_mode(vmm->cpu);
	vmm_write(vmm, PIN_CONTROLS, vmx_allowed0(GROUP_PIN) | CTL(PIN, EXTERNAL_INTERRUPT));
	vmm_write(vmm, PROC_CONTROLS,
		  vmx_allowed0(GROUP_PROC) | CTL(PROC, HLT) | CTL(PROC, UNCONDITIONAL_IO) | CTL(PROC, MSR_BITMAPS) | CTL(PROC, SECONDARY));
	vmm_write(vmm, PROC2_CONTROLS, CTL(PROC2, RDTSCP) | CTL(PROC2, INVPCID) | CTL(PROC2, VPID));
	vmm_write(vmm, VPID, 1);
	vmm_write(vmm, EXIT_CONTROLS,
		  vmx_allowed0(GROUP_EXIT) | CTL(EXIT, SAVE_DEBUG) | CTL(EXIT, HOST_64) | CTL(EXIT, SAVE_PAT) | CTL(EXIT, LOAD_PAT) |
		      CTL(EXIT, SAVE_EFER) | CTL(EXIT, LOAD_EFER));
	vmm_write(vmm, ENTRY_CONTROLS,
		  vmx_allowed0(GROUP_ENTRY) | CTL(ENTRY, LOAD_DEBUG) | CTL(ENTRY, LOAD_PAT) | CTL(ENTRY, LOAD_EFER) |
		      (ia32e ? CTL(ENTRY, GUEST_64) : 0));
	vmm_write(vmm, MSR_BITMAP, bitmaps);
}

/* VMX itself is not offered to the guest: IA32_FEATURE_CONTROL and the capability MSRs do not exist there. */
static void trap_vmx_msrs(struct vmm *vmm)
{
	vmm_trap_msr(vmm, VMM_MSR_FEATURE_CONTROL);
	for (uint32_t msr = MSR_VMX_BASIC; msr <= MSR_VMX_VMFUNC; msr++)
		vmm_trap_msr(vmm, msr);
}

/* A host in IA-32e mode. Its CR3 is never walked: the host executes no x86 code and makes no linear accesses. */
static void become_host(struct cpu *cpu)
{
	cpu->cr0 = HOST_CR0 | (cpu->cr0 & (CR0_CD | CR0_NW)); /* transitions keep these: they stay the guest's */
	cpu->cr3 = 0;
	cpu->cr4 = HOST_CR4;
	cpu->efer = EFER_LME | EFER_LMA | EFER_NXE;
	cpu->interruptibility = 0;
	cpu->activity = ACTIVITY_ACTIVE;
	cpu->rip = VMM_HOST_RIP;
	cpu->rflags = FLAG_FIXED;
	cpu->cpl = 0;
	cpu_paging_changed(cpu);
}

void vmm_init(struct vmm *vmm, struct cpu *cpu, const char *name, uint64_t vmxon, uint64_t region, uint64_t bitmaps)
{
	static const uint8_t zero[PAGE_SIZE];
	*vmm = (struct vmm){.name = name, .cpu = cpu};
	vmm_handlers_fill(vmm->row);
	cpu->vmx->vmm = vmm;
	mem_write_bytes(cpu->mem, HPA(region), zero, sizeof(zero));
	mem_write_bytes(cpu->mem, HPA(bitmaps), zero, sizeof(zero));
	mem_write(cpu->mem, HPA(vmxon), VMCS_REVISION, 4);
	mem_write(cpu->mem, HPA(region), VMCS_REVISION, 4);

	const struct cpu guest = *cpu;
	vmx_enter_operation(cpu, vmxon);
	vmx_clear(cpu, region);
	vmx_load_pointer(cpu, region);
	CHECK(cpu->vmx->current == region);
	cpu->rflags = guest.rflags;
	write_guest(vmm);
	write_controls(vmm, bitmaps);
	trap_vmx_msrs(vmm);
	become_host(cpu);
	write_host(vmm);
}

enum vmm_result vmm_stop(struct vmm *vmm, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(vmm->text, sizeof(vmm->text), format, args);
	va_end(args);
	size_t end = strlen(vmm->text);
	snprintf(vmm->text + end, sizeof(vmm->text) - end, ", at guest RIP 0x%llx", (unsigned long long)vmm_read(vmm, GUEST_RIP));
	return VMM_STOPPED;
}

/* VMRESUME or VMLAUNCH; a failure is a fault of the VMM's, told as the check that failed. */
static bool enter(struct vmm *vmm, bool first)
{
	struct cpu *cpu = vmm->cpu;
	bool entered;
	bool result = vmx_launch_or_resume(cpu, first, &entered);
	if (likely(cpu->vmx_op == VMX_NONROOT))
		return result;
	char text[320];
	entry_failure_text(&cpu->vmx->failure, text, sizeof(text));
	vmm_stop(vmm, "%s VMM: %s", vmm->name, text);
	return raise_stop(cpu, vmm->text);
}

bool vmm_enter(struct vmm *vmm)
{
	return enter(vmm, !vmm->cpu->vmx->vmcs.launched);
}

static struct segment read_segment(struct vmm *vmm, unsigned s)
{
	return (struct segment){.selector = (uint16_t)vmm_get(vmm, VMCS_I_GUEST_ES_SELECTOR + s),
				.ar = (uint32_t)vmm_get(vmm, VMCS_I_GUEST_ES_AR + s),
				.limit = (uint32_t)vmm_get(vmm, VMCS_I_GUEST_ES_LIMIT + s),
				.base = vmm_get(vmm, VMCS_I_GUEST_ES_BASE + s)};
}

void vmm_release(struct vmm *vmm, bool (*released)(struct vmm *vmm))
{
	struct cpu *cpu = vmm->cpu;
	for (unsigned s = 0; s < SEG_COUNT; s++)
		cpu->seg[s] = read_segment(vmm, s);
	cpu->ldtr = read_segment(vmm, LDTR);
	cpu->tr = read_segment(vmm, TR);
	cpu->cpl = (uint8_t)FIELD(cpu->seg[SEG_SS].ar, 6, 5);
	cpu->gdtr = (struct table_reg){vmm_read(vmm, GUEST_GDTR_BASE), (uint16_t)vmm_read(vmm, GUEST_GDTR_LIMIT)};
	cpu->idtr = (struct table_reg){vmm_read(vmm, GUEST_IDTR_BASE), (uint16_t)vmm_read(vmm, GUEST_IDTR_LIMIT)};
	cpu->pat = vmm_read(vmm, GUEST_PAT);
	cpu->dr[7] = vmm_read(vmm, GUEST_DR7);
	cpu->sysenter_cs = vmm_read(vmm, GUEST_SYSENTER_CS);
	cpu->sysenter_esp = vmm_read(vmm, GUEST_SYSENTER_ESP);
	cpu->sysenter_eip = vmm_read(vmm, GUEST_SYSENTER_EIP);
	cpu->rip = vmm_read(vmm, GUEST_RIP);
	cpu->gpr[RSP] = vmm_read(vmm, GUEST_RSP);
	cpu->rflags = vmm_read(vmm, GUEST_RFLAGS);
	cpu->activity = (uint8_t)vmm_read(vmm, GUEST_ACTIVITY);
	cpu->interruptibility = (uint8_t)vmm_read(vmm, GUEST_INTERRUPTIBILITY);
	cpu->pending_dbg = vmm_read(vmm, GUEST_PENDING_DBG);
	cpu->vmx_op = VMX_OUTSIDE;
	cpu->vmx->kept.valid = false;
	vmm->interrupt_waits = false;
	vmm->released = released;
}

void vmm_capture(struct vmm *vmm)
{
	vmm->cpu->vmx_op = VMX_ROOT;
	vmm->released = NULL;
	write_guest(vmm);
	vmm_write(vmm, GUEST_PENDING_DBG, vmm->cpu->pending_dbg);
	become_host(vmm->cpu);
	vmm->cpu->pending_dbg = 0;
	vmm_write(vmm, ENTRY_INTR_INFO, 0);
	vmm_write(vmm, PIN_CONTROLS, vmm_read(vmm, PIN_CONTROLS) | CTL(PIN, EXTERNAL_INTERRUPT));
	vmm_write(vmm, PROC_CONTROLS, vmm_read(vmm, PROC_CONTROLS) & ~CTL(PROC, INTERRUPT_WINDOW));
}

bool vmm_start(struct vmm *vmm)
{
	return enter(vmm, true);
}

void vmm_inject(struct vmm *vmm, enum vector vector, bool has_error, uint32_t error)
{
	vmm_write(vmm, ENTRY_INTR_INFO,
		  INTR_VALID | vector | (uint64_t)EVTYPE_HARDWARE << INTR_TYPE_SHIFT | (has_error ? INTR_ERROR_VALID : 0));
	vmm_write(vmm, ENTRY_ERROR_CODE, error);
	if (vector != VEC_DB && vector != VEC_DF) /* the image of RFLAGS that a fault saves has RF = 1 */
		vmm_write(vmm, GUEST_RFLAGS, vmm_read(vmm, GUEST_RFLAGS) | FLAG_RF);
}

void vmm_reinject(struct vmm *vmm)
{
	uint64_t info = vmm_read(vmm, IDT_INFO);
	if (!(info & INTR_VALID))
		return;
	vmm_write(vmm, ENTRY_INTR_INFO, info & ~INTR_NMI_UNBLOCKED);
	vmm_write(vmm, ENTRY_ERROR_CODE, vmm_read(vmm, IDT_ERROR));
	vmm_write(vmm, ENTRY_INSN_LEN, vmm_read(vmm, EXIT_INSN_LEN));
	if (FIELD(info, 10, 8) == EVTYPE_NMI)
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, vmm_read(vmm, GUEST_INTERRUPTIBILITY) & ~BLOCK_NMI);
}

void vmm_completed(struct vmm *vmm)
{
	if (unlikely(vmm_read(vmm, GUEST_RFLAGS) & FLAG_TF))
		vmm_write(vmm, GUEST_PENDING_DBG, vmm_read(vmm, GUEST_PENDING_DBG) | DEBUG_BS);
}

void vmm_advance(struct vmm *vmm)
{
	uint64_t rip = vmm_read(vmm, GUEST_RIP) + vmm_read(vmm, EXIT_INSN_LEN);
	bool wide = (vmm_read(vmm, ENTRY_CONTROLS) & CTL(ENTRY, GUEST_64)) && (vmm_read(vmm, GUEST_CS_AR) & AR_L);
	uint64_t blocking = vmm_read(vmm, GUEST_INTERRUPTIBILITY);
	vmm_write(vmm, GUEST_RIP, wide ? rip : (uint32_t)rip);
	if (blocking & (BLOCK_STI | BLOCK_MOV_SS))
		vmm_write(vmm, GUEST_INTERRUPTIBILITY, blocking & ~(BLOCK_STI | BLOCK_MOV_SS));
	vmm_completed(vmm);
}

void vmm_trap_msr(struct vmm *vmm, uint32_t msr)
{
	uint64_t bitmaps = vmm_read(vmm, MSR_BITMAP);
	uint32_t bit = msr & 0x1fff, half = msr >= 0xc0000000u ? 1024 : 0;
	for (uint32_t write = 0; write <= 2048; write += 2048) {
		hpa_t byte = HPA(bitmaps + half + write + bit / 8);
		mem_write(vmm->cpu->mem, byte, mem_read(vmm->cpu->mem, byte, 1) | BIT(bit % 8), 1);
	}
}

/* A pending interrupt is acknowledged and goes in when the guest can take it; until then its window is asked for. */
static void deliver_interrupt(struct vmm *vmm)
{
	const struct vmm_devices *d = &vmm->devices;
	bool busy = vmm_read(vmm, ENTRY_INTR_INFO) & INTR_VALID;
	bool open = (vmm_read(vmm, GUEST_RFLAGS) & FLAG_IF) && !(vmm_read(vmm, GUEST_INTERRUPTIBILITY) & (BLOCK_STI | BLOCK_MOV_SS));
	uint64_t proc = vmm_read(vmm, PROC_CONTROLS) & ~CTL(PROC, INTERRUPT_WINDOW);
	uint64_t pin = vmm_read(vmm, PIN_CONTROLS) & ~CTL(PIN, EXTERNAL_INTERRUPT);
	open = open && !vmm_read(vmm, GUEST_PENDING_DBG); /* injection would lose them, and they come first */
	if (open && !busy) {
		if (d->interrupt && d->interrupt(d->ctx))
			vmm_write(vmm, ENTRY_INTR_INFO, INTR_VALID | d->acknowledge(d->ctx));
		vmm->interrupt_waits = false;
	}
	/* while one waits, the next must not exit again and again */
	vmm_write(vmm, PIN_CONTROLS, vmm->interrupt_waits ? pin : pin | CTL(PIN, EXTERNAL_INTERRUPT));
	vmm_write(vmm, PROC_CONTROLS, vmm->interrupt_waits ? proc | CTL(PROC, INTERRUPT_WINDOW) : proc);
}

bool vmm_run(struct cpu *cpu)
{
	struct vmm *vmm = cpu->vmx->vmm;
	uint64_t reason = vmm_read(vmm, EXIT_REASON);
	unsigned basic = reason & 0xffff;
	const struct vmm_row *row = &vmm->row[basic < VMX_REASONS ? basic : 0];
	enum vmm_result result;
	if (reason & EXIT_ENTRY_FAILURE || !exit_is_reason(basic))
		result = vmm_stop(vmm, "%s VMM: VM entry failed with exit reason 0x%llx", vmm->name, (unsigned long long)reason);
	else
		result = row->handler(vmm);
	switch (result) {
	case VMM_RESUME:
		if (row->advances)
			vmm_advance(vmm);
		break;
	case VMM_RETRY:
		break;
	case VMM_DOWN:
		cpu->activity = ACTIVITY_SHUTDOWN;
		return false;
	case VMM_RELEASED:
		return true;
	case VMM_STOPPED:
		return raise_stop(cpu, vmm->text);
	}
	if (unlikely(vmm->interrupt_waits))
		deliver_interrupt(vmm);
	return enter(vmm, false);
}
