/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A good VMCS: every field that a VM entry looks at is written. */
#include "vmcs.h"
#include "ept.h"
#include "gdt.h"
#include "trap.h"
#include "vmx.h"

static u64 region[512] __attribute__((aligned(4096)));
static u64 bitmaps[3][512] __attribute__((aligned(4096)));

extern char run_exit[]; /* run_switch.S */

u64 vmcs_read(enum vmcs_field field)
{
	u64 value = 0;
	vmx_read(field, &value);
	return value;
}

void vmcs_write(enum vmcs_field field, u64 value)
{
	vmx_write(field, value);
}

u64 vmcs_address(void)
{
	return (u64)region;
}

struct value {
	enum vmcs_field field;
	u64 value;
};

static void write_all(const struct value *v, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		vmcs_write(v[i].field, v[i].value);
}

static void set_controls(enum guest_mode mode)
{
	u64 unrestricted = mode == GUEST_UNPAGED ? PROC2_UNRESTRICTED : 0;
	const struct value values[] = {
	    {PIN_CONTROLS, PIN_DEFAULT | PIN_NMI},
	    {PROC_CONTROLS, PROC_DEFAULT | PROC_HLT | PROC_SECONDARY},
	    {PROC2_CONTROLS, PROC2_EPT | unrestricted},
	    {EXIT_CONTROLS, EXIT_DEFAULT | EXIT_SAVE_DEBUG | EXIT_HOST_64 | EXIT_SAVE_EFER | EXIT_LOAD_EFER},
	    {ENTRY_CONTROLS, ENTRY_DEFAULT | ENTRY_LOAD_DEBUG | ENTRY_LOAD_EFER | (mode == GUEST_64 ? ENTRY_GUEST_64 : 0)},
	    {VPID, 1},
	    {EPTP, ept_pointer()},
	    {EXCEPTION_BITMAP, 0xffffffff},
	    {IO_BITMAP_A, (u64)bitmaps[0]},
	    {IO_BITMAP_B, (u64)bitmaps[1]},
	    {MSR_BITMAP, (u64)bitmaps[2]},
	    {PF_MASK, 0},
	    {PF_MATCH, 0},
	    {CR3_TARGET_COUNT, 0},
	    {EXIT_MSR_STORE_COUNT, 0},
	    {EXIT_MSR_LOAD_COUNT, 0},
	    {ENTRY_MSR_LOAD_COUNT, 0},
	    {EXIT_MSR_STORE_ADDR, 0},
	    {EXIT_MSR_LOAD_ADDR, 0},
	    {ENTRY_MSR_LOAD_ADDR, 0},
	    {ENTRY_INTR_INFO, 0},
	    {ENTRY_ERROR_CODE, 0},
	    {ENTRY_INSN_LEN, 0},
	    {TPR_THRESHOLD, 0},
	    {TSC_OFFSET, 0},
	    {CR0_MASK, 0},
	    {CR4_MASK, 0},
	    {CR0_SHADOW, 0},
	    {CR4_SHADOW, 0},
	    {CR3_TARGET0, 0},
	    {CR3_TARGET1, 0},
	    {CR3_TARGET2, 0},
	    {CR3_TARGET3, 0},
	};
	write_all(values, sizeof(values) / sizeof(values[0]));
}

static void set_host(void)
{
	const struct value values[] = {
	    {HOST_CS_SELECTOR, KCODE}, {HOST_SS_SELECTOR, KDATA}, {HOST_DS_SELECTOR, KDATA},	{HOST_ES_SELECTOR, KDATA},
	    {HOST_FS_SELECTOR, 0},     {HOST_GS_SELECTOR, 0},	  {HOST_TR_SELECTOR, TSS_SEL},	{HOST_CR0, read_cr0()},
	    {HOST_CR3, read_cr3()},    {HOST_CR4, read_cr4()},	  {HOST_EFER, rdmsr(MSR_EFER)}, {HOST_FS_BASE, 0},
	    {HOST_GS_BASE, 0},	       {HOST_TR_BASE, (u64)&tss}, {HOST_GDTR_BASE, (u64)gdt},	{HOST_IDTR_BASE, (u64)idt},
	    {HOST_SYSENTER_CS, 0},     {HOST_SYSENTER_ESP, 0},	  {HOST_SYSENTER_EIP, 0},	{HOST_RIP, (u64)run_exit},
	};
	write_all(values, sizeof(values) / sizeof(values[0]));
}

static void set_segments(enum guest_mode mode, unsigned cpl)
{
	u64 code = (mode == GUEST_64 ? 0xa09b : 0xc09b) | cpl << 5, data = 0xc093 | cpl << 5;
	const struct value values[] = {
	    {GUEST_CS_SELECTOR, cpl ? (mode == GUEST_64 ? UCODE : UCODE32) : (mode == GUEST_64 ? KCODE : KCODE32)},
	    {GUEST_CS_AR, code},
	    {GUEST_TR_SELECTOR, TSS_SEL},
	    {GUEST_TR_BASE, GUEST_TSS},
	    {GUEST_TR_LIMIT, 0x67},
	    {GUEST_TR_AR, 0x8b},
	    {GUEST_LDTR_SELECTOR, 0},
	    {GUEST_LDTR_BASE, 0},
	    {GUEST_LDTR_LIMIT, 0},
	    {GUEST_LDTR_AR, 0x10000},
	    {GUEST_GDTR_BASE, GUEST_GDT},
	    {GUEST_GDTR_LIMIT, 8 * GDT_ENTRIES - 1},
	    {GUEST_IDTR_BASE, GUEST_IDT},
	    {GUEST_IDTR_LIMIT, mode == GUEST_64 ? 32 * 16 - 1 : 32 * 8 - 1},
	};
	write_all(values, sizeof(values) / sizeof(values[0]));
	for (unsigned i = 0; i < 6; i++) { /* ES CS SS DS FS GS */
		vmcs_write(GUEST_ES_BASE + 2 * i, 0);
		vmcs_write(GUEST_ES_LIMIT + 2 * i, 0xffffffff);
		if (i != 1) {
			vmcs_write(GUEST_ES_SELECTOR + 2 * i, cpl ? UDATA : KDATA);
			vmcs_write(GUEST_ES_AR + 2 * i, data);
		}
	}
}

static void set_registers(enum guest_mode mode, unsigned cpl)
{
	u64 paging = mode == GUEST_UNPAGED ? 0 : CR0_PG;
	u64 pae = mode == GUEST_64 || mode == GUEST_PAE ? CR4_PAE : CR4_PSE;
	const struct value values[] = {
	    {GUEST_CR0, CR0_PE | CR0_NE | CR0_ET | CR0_WP | paging},
	    {GUEST_CR3, GUEST_TABLES + (mode == GUEST_PAE ? 0x1000 : 0)},
	    {GUEST_CR4, pae | CR4_VMXE},
	    {GUEST_EFER, EFER_NXE | EFER_SCE | (mode == GUEST_64 ? EFER_LME | 0x400 : 0)},
	    {GUEST_DR7, 0x400},
	    {GUEST_RSP, cpl ? GUEST_USER_STACK + GUEST_USER : GUEST_STACK},
	    {GUEST_RIP, GUEST_CODE + (cpl ? GUEST_USER : 0)},
	    {GUEST_RFLAGS, 2},
	    {GUEST_PENDING_DBG, 0},
	    {GUEST_SYSENTER_CS, 0},
	    {GUEST_SYSENTER_ESP, 0},
	    {GUEST_SYSENTER_EIP, 0},
	    {GUEST_INTERRUPTIBILITY, 0},
	    {GUEST_ACTIVITY, 0},
	    {GUEST_DEBUGCTL, 0},
	    {LINK_POINTER, ~0ul},
	    {GUEST_PDPTE0, (GUEST_TABLES + 0x2000) | 1},
	    {GUEST_PDPTE1, 0},
	    {GUEST_PDPTE0 + 2 * GUEST_PAE_INDEX, guest_test_pdpte()},
	    {GUEST_PDPTE3, 0},
	};
	write_all(values, sizeof(values) / sizeof(values[0]));
}

void vmcs_init(enum guest_mode mode, unsigned cpl)
{
	u64 address = (u64)region;
	vmx_clear(&address);
	region[0] = vmx_revision();
	vmx_load(&address);
	set_controls(mode);
	set_host();
	set_segments(mode, cpl);
	set_registers(mode, cpl);
	guest_set_mode(mode);
}
