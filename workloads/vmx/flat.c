/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 64-bit guest that has the host's paging, GDT and IDT (flat.h). */
#include "flat.h"

#include "gdt.h"
#include "trap.h"
#include "vmcs_field.h"
#include "vmx.h"

enum { GUEST_TR_BUSY = 0x8b, GUEST_UNUSABLE = 0x10000 };
#define GUEST_CODE_AR 0xa09bu
#define GUEST_DATA_AR 0xc093u

void flat_guest(u64 rip, u64 rsp)
{
	static const enum vmcs_field zero[] = {GUEST_ES_BASE,
					       GUEST_CS_BASE,
					       GUEST_SS_BASE,
					       GUEST_DS_BASE,
					       GUEST_FS_BASE,
					       GUEST_GS_BASE,
					       GUEST_LDTR_SELECTOR,
					       GUEST_LDTR_BASE,
					       GUEST_LDTR_LIMIT,
					       GUEST_PENDING_DBG,
					       GUEST_INTERRUPTIBILITY,
					       GUEST_ACTIVITY,
					       GUEST_DEBUGCTL,
					       GUEST_SYSENTER_CS,
					       ENTRY_INTR_INFO,
					       EXCEPTION_BITMAP,
					       CR0_MASK,
					       CR4_MASK,
					       CR3_TARGET_COUNT,
					       ENTRY_MSR_LOAD_COUNT,
					       EXIT_MSR_LOAD_COUNT,
					       EXIT_MSR_STORE_COUNT};
	for (unsigned i = 0; i < sizeof zero / sizeof zero[0]; i++)
		vmx_write(zero[i], 0);
	for (unsigned s = 0; s < 6; s++) { /* ES CS SS DS FS GS */
		vmx_write(GUEST_ES_SELECTOR + 2 * s, s == 1 ? KCODE : KDATA);
		vmx_write(GUEST_ES_LIMIT + 2 * s, 0xffffffff);
		vmx_write(GUEST_ES_AR + 2 * s, s == 1 ? GUEST_CODE_AR : GUEST_DATA_AR);
	}
	vmx_write(GUEST_LDTR_AR, GUEST_UNUSABLE);
	vmx_write(GUEST_TR_SELECTOR, TSS_SEL);
	vmx_write(GUEST_TR_BASE, (u64)&tss);
	vmx_write(GUEST_TR_LIMIT, 0x67);
	vmx_write(GUEST_TR_AR, GUEST_TR_BUSY);
	vmx_write(GUEST_GDTR_BASE, (u64)gdt);
	vmx_write(GUEST_GDTR_LIMIT, 8 * GDT_ENTRIES - 1);
	vmx_write(GUEST_IDTR_BASE, (u64)idt);
	vmx_write(GUEST_IDTR_LIMIT, 16 * 256 - 1);
	vmx_write(GUEST_CR0, read_cr0());
	vmx_write(GUEST_CR3, read_cr3());
	vmx_write(GUEST_CR4, read_cr4());
	vmx_write(GUEST_EFER, rdmsr(MSR_EFER));
	vmx_write(GUEST_DR7, 0x400);
	vmx_write(GUEST_RFLAGS, 2);
	vmx_write(GUEST_RSP, rsp);
	vmx_write(GUEST_RIP, rip);
	vmx_write(LINK_POINTER, ~0ull);
}
