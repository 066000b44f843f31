/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 4, for teachers: the solution. */
#include "lab4.h"

enum { GIBS = 4, EPT_LEAF = 0xb7 /* R, W, X, write-back, page */, EPT_TABLE = 7, EPTP_WB_4_LEVELS = 0x1e };

static u64 vmxon_region[512] __attribute__((aligned(4096)));
static u64 vmcs_region[512] __attribute__((aligned(4096)));
static u64 ept_pml4[512] __attribute__((aligned(4096)));
static u64 ept_pdpt[512] __attribute__((aligned(4096)));
static u64 ept_pd[GIBS][512] __attribute__((aligned(4096)));

unsigned enter_vmx(void)
{
	u64 address = (u64)vmxon_region;
	if (!(rdmsr(MSR_FEATURE_CONTROL) & 1))
		wrmsr(MSR_FEATURE_CONTROL, 5); /* lock, VMX outside SMX operation */
	write_cr0(read_cr0() | CR0_NE);
	write_cr4(read_cr4() | CR4_VMXE);
	vmxon_region[0] = vmx_revision();
	return vmx_on(&address);
}

u64 make_vmcs(void)
{
	u64 address = (u64)vmcs_region;
	vmcs_region[0] = vmx_revision();
	vmx_clear(&address);
	vmx_load(&address);
	return address;
}

u32 adjust(u32 msr, u32 wanted)
{
	u64 allowed = rdmsr(msr);
	return (wanted | (u32)allowed) & (u32)(allowed >> 32);
}

void set_controls(void)
{
	vmx_write(PIN_CONTROLS, adjust(MSR_VMX_TRUE_PIN, 0));
	vmx_write(PROC_CONTROLS, adjust(MSR_VMX_TRUE_PROC, PROC_HLT_EXITING | PROC_SECONDARY));
	vmx_write(PROC2_CONTROLS, adjust(MSR_VMX_PROC2, PROC2_EPT));
	vmx_write(EXIT_CONTROLS, adjust(MSR_VMX_TRUE_EXIT, EXIT_HOST_64 | EXIT_SAVE_EFER | EXIT_LOAD_EFER));
	vmx_write(ENTRY_CONTROLS, adjust(MSR_VMX_TRUE_ENTRY, ENTRY_GUEST_64 | ENTRY_LOAD_EFER));
}

void set_host(void)
{
	vmx_write(HOST_CR0, read_cr0());
	vmx_write(HOST_CR3, read_cr3());
	vmx_write(HOST_CR4, read_cr4());
	vmx_write(HOST_EFER, rdmsr(MSR_EFER));
	vmx_write(HOST_CS_SELECTOR, KCODE);
	vmx_write(HOST_SS_SELECTOR, KDATA);
	vmx_write(HOST_DS_SELECTOR, KDATA);
	vmx_write(HOST_ES_SELECTOR, KDATA);
	vmx_write(HOST_TR_SELECTOR, TSS_SEL);
	vmx_write(HOST_TR_BASE, (u64)&tss);
	vmx_write(HOST_GDTR_BASE, (u64)gdt);
	vmx_write(HOST_IDTR_BASE, (u64)idt);
	vmx_write(HOST_RIP, (u64)run_exit);
}

u64 make_ept(void)
{
	ept_pml4[0] = (u64)ept_pdpt | EPT_TABLE;
	for (u64 g = 0; g < GIBS; g++) {
		ept_pdpt[g] = (u64)ept_pd[g] | EPT_TABLE;
		for (u64 i = 0; i < 512; i++)
			ept_pd[g][i] = (g * 512 + i) << 21 | EPT_LEAF;
	}
	return (u64)ept_pml4 | EPTP_WB_4_LEVELS;
}

static void skip_instruction(void)
{
	u64 rip = 0, length = 0;
	vmx_read(GUEST_RIP, &rip);
	vmx_read(EXIT_INSN_LEN, &length);
	vmx_write(GUEST_RIP, rip + length);
}

bool handle_exit(u64 reason, u64 registers[16])
{
	u32 r[4];
	if (reason != EXIT_REASON_CPUID)
		return false;
	cpuid((u32)registers[REG_AX], (u32)registers[REG_CX], r);
	if ((u32)registers[REG_AX] == 1)
		r[2] = (r[2] & ~(1u << 5)) | 1u << 31;
	if ((u32)registers[REG_AX] == 0x40000000) {
		r[0] = 0x40000000;
		r[1] = r[2] = r[3] = 0x3462614c; /* "Lab4" */
	}
	registers[REG_AX] = r[0];
	registers[REG_BX] = r[1];
	registers[REG_CX] = r[2];
	registers[REG_DX] = r[3];
	skip_instruction();
	return true;
}
