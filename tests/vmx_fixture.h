/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processor of sysinsn_fixture.h in VMX root operation with a current VMCS that is good: a 64-bit host, and a guest in one of the
 * modes, whose tables are the host's. EPT is a stand-in here: the identity, with the EPTPs that end in 5EH or 1EH valid.
 */
#ifndef TESTS_VMX_FIXTURE_H
#define TESTS_VMX_FIXTURE_H

#include "emu/sysinsn_vmx.h"
#include "tests/sysinsn_fixture.h"
#include "vmx/entry.h"
#include "vmx/exit.h"
#include "vmx/insn.h"

enum {
	VMX_LAYOUT_VMXON = 0x20000,
	VMX_LAYOUT_VMCS = 0x21000,
	VMX_LAYOUT_VMCS2 = 0x22000,
	VMX_LAYOUT_IO_A = 0x23000,
	VMX_LAYOUT_IO_B = 0x24000,
	VMX_LAYOUT_MSR = 0x25000,
	VMX_LAYOUT_APIC = 0x26000,
	VMX_LAYOUT_MSR_LOAD = 0x27000,
	VMX_LAYOUT_MSR_STORE = 0x28000,
	VMX_LAYOUT_MSR_HOST = 0x29000,
	VMX_LAYOUT_EPTP_LIST = 0x2a000,
	GUEST_RIP = 0x3000,
	HOST_RIP = 0x4000,
};

#define HOST_STACK 0x9000ull
#define GUEST_STACK 0xa000ull

static struct vmx fix_vmx;
static uint64_t fix_eptp; /* of the last ept_use */

static bool fake_ept_valid(const struct cpu *cpu, uint64_t eptp)
{
	(void)cpu;
	return ((eptp & 0xfff) == 0x5e || (eptp & 0xfff) == 0x1e) && !(eptp >> MAXPHYADDR);
}

static struct second fake_second(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	(void)ctx, (void)access, (void)is_table, (void)guest_user, (void)flags;
	return (struct second){.ok = true, .hpa = HPA(gpa.u), .shift = PAGE_SHIFT_1G, .rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU};
}

static void fake_ept_use(struct cpu *cpu, uint64_t eptp, uint16_t vpid)
{
	fix_eptp = eptp;
	mmu_set_context(&cpu->mmu, vpid, eptp & BITS(51, 12), fake_second, NULL);
}

static inline void set(enum vmcs_encoding field, uint64_t value)
{
	vmcs_set(&fix_vmx.vmcs, vmcs_index(field), field, value);
}

static inline uint64_t get(enum vmcs_encoding field)
{
	return vmcs_get(&fix_vmx.vmcs, vmcs_index(field), field);
}

static inline void set_bits(enum vmcs_encoding field, uint64_t bits)
{
	set(field, get(field) | bits);
}

static inline void clear_bits(enum vmcs_encoding field, uint64_t bits)
{
	set(field, get(field) & ~bits);
}

static void guest_segments(uint32_t code, uint32_t data, uint32_t limit)
{
	for (unsigned s = 0; s < SEG_COUNT; s++) {
		fix_vmx.vmcs.field[VMCS_I_GUEST_ES_SELECTOR + s] = 0x10;
		fix_vmx.vmcs.field[VMCS_I_GUEST_ES_AR + s] = s == SEG_CS ? code : data;
		fix_vmx.vmcs.field[VMCS_I_GUEST_ES_LIMIT + s] = limit;
		fix_vmx.vmcs.field[VMCS_I_GUEST_ES_BASE + s] = 0;
	}
	set(VMCS_GUEST_LDTR_AR, AR_UNUSABLE);
	set(VMCS_GUEST_TR_SELECTOR, 8);
	set(VMCS_GUEST_TR_AR, AR_P | 11);
	set(VMCS_GUEST_TR_LIMIT, 0x67);
	set(VMCS_GUEST_TR_BASE, LAYOUT_TSS);
}

static void good_controls(void)
{
	set(VMCS_PIN_CONTROLS, vmx_allowed0(GROUP_PIN));
	set(VMCS_PROC_CONTROLS, vmx_allowed0(GROUP_PROC) | CTL(PROC, SECONDARY));
	set(VMCS_EXIT_CONTROLS, vmx_allowed0(GROUP_EXIT) | CTL(EXIT, HOST_64) | CTL(EXIT, SAVE_DEBUG));
	set(VMCS_ENTRY_CONTROLS, vmx_allowed0(GROUP_ENTRY) | CTL(ENTRY, LOAD_DEBUG));
	set(VMCS_LINK_POINTER, VMCS_NONE);
	set(VMCS_IO_BITMAP_A, VMX_LAYOUT_IO_A);
	set(VMCS_IO_BITMAP_B, VMX_LAYOUT_IO_B);
	set(VMCS_MSR_BITMAP, VMX_LAYOUT_MSR);
	set(VMCS_VIRTUAL_APIC_ADDR, VMX_LAYOUT_APIC);
	set(VMCS_EPTP_LIST_ADDR, VMX_LAYOUT_EPTP_LIST);
	set(VMCS_EXIT_MSR_STORE_ADDR, VMX_LAYOUT_MSR_STORE);
	set(VMCS_EXIT_MSR_LOAD_ADDR, VMX_LAYOUT_MSR_HOST);
	set(VMCS_ENTRY_MSR_LOAD_ADDR, VMX_LAYOUT_MSR_LOAD);
	set(VMCS_EPTP, 0x5e);
	set(VMCS_TSC_MULTIPLIER, BIT(48));
}

static void good_host(void)
{
	set(VMCS_HOST_CR0, fix.cpu.cr0);
	set(VMCS_HOST_CR3, LAYOUT_PML4);
	set(VMCS_HOST_CR4, CR4_PAE | CR4_VMXE);
	for (unsigned i = VMCS_I_HOST_ES_SELECTOR; i <= VMCS_I_HOST_TR_SELECTOR; i++)
		fix_vmx.vmcs.field[i] = 0x18;
	set(VMCS_HOST_RIP, HOST_RIP);
	set(VMCS_HOST_RSP, HOST_STACK);
	set(VMCS_HOST_FS_BASE, 0xf5000);
	set(VMCS_HOST_GS_BASE, 0x65000);
	set(VMCS_HOST_TR_BASE, LAYOUT_TSS);
	set(VMCS_HOST_PAT, 0x0007040600070406);
	set(VMCS_HOST_EFER, EFER_LMA | EFER_LME);
}

/* The guest's mode. REAL and PROTECTED (without paging) make it an unrestricted guest. COMPAT is 32-bit code in IA-32e mode. */
static void good_guest(enum mode mode)
{
	const uint32_t flat = AR_P | AR_S | AR_RW | AR_A | AR_G;
	bool ia32e = mode == COMPAT || mode == LONG;
	bool unrestricted = mode == REAL || mode == PROTECTED;

	clear_bits(VMCS_ENTRY_CONTROLS, CTL(ENTRY, GUEST_64));
	if (ia32e)
		set_bits(VMCS_ENTRY_CONTROLS, CTL(ENTRY, GUEST_64));
	if (unrestricted)
		set_bits(VMCS_PROC2_CONTROLS, CTL(PROC2, EPT) | CTL(PROC2, UNRESTRICTED));
	set(VMCS_GUEST_CR0, CR0_NE | CR0_ET | (mode == REAL ? 0 : CR0_PE) | (unrestricted ? 0 : CR0_PG));
	set(VMCS_GUEST_CR3, mode == PAE ? LAYOUT_PDPTE : LAYOUT_PML4);
	set(VMCS_GUEST_CR4, CR4_VMXE | (mode == V86 ? CR4_PSE : CR4_PAE));
	set(VMCS_GUEST_EFER, ia32e ? EFER_LMA | EFER_LME : 0);
	guest_segments(flat | AR_CODE | (mode == LONG ? AR_L : AR_DB), flat | AR_DB, 0xffffffff);
	if (mode == REAL)
		guest_segments(AR_P | AR_S | AR_CODE | AR_RW | AR_A, AR_P | AR_S | AR_RW | AR_A, 0xffff);
	if (mode == V86) {
		guest_segments(0xf3, 0xf3, 0xffff);
		for (unsigned s = 0; s < SEG_COUNT; s++)
			fix_vmx.vmcs.field[VMCS_I_GUEST_ES_BASE + s] = 0x100;
	}
	set(VMCS_GUEST_PAT, 0x0007040600070406);
	set(VMCS_GUEST_DR7, 0x400);
	set(VMCS_GUEST_RIP, GUEST_RIP);
	set(VMCS_GUEST_RSP, GUEST_STACK);
	set(VMCS_GUEST_RFLAGS, FLAG_FIXED | (mode == V86 ? FLAG_VM : 0));
}

static void vmx_region(uint64_t region)
{
	mem_write(&fix.mem, HPA(region), VMCS_REVISION, 4);
}

/* Root operation, with the good VMCS current and clear. */
static inline struct cpu *vmx_fixture_enter(enum mode guest)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	vmx_init(&fix_vmx, cpu);
	sysinsn_vmx_attach(&fix_vmx, &fix.bus);
	fix_vmx.hooks.ept_valid = fake_ept_valid;
	fix_vmx.hooks.ept_use = fake_ept_use;
	cpu->feature_control = FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
	cpu->cr4 |= CR4_VMXE;
	cpu->pending = (struct pending){.kind = PENDING_NONE};
	vmx_region(VMX_LAYOUT_VMXON);
	vmx_region(VMX_LAYOUT_VMCS);
	vmx_region(VMX_LAYOUT_VMCS2);
	vmx_enter_operation(cpu, VMX_LAYOUT_VMXON);
	vmx_clear(cpu, VMX_LAYOUT_VMCS);
	vmx_load_pointer(cpu, VMX_LAYOUT_VMCS);
	memset(&fix_vmx.vmcs, 0, sizeof fix_vmx.vmcs);
	good_controls();
	good_host();
	good_guest(guest);
	return cpu;
}

static inline void vmx_fixture_setup(void)
{
	fixture_setup();
	vmx_fixture_enter(LONG);
}

/* VMLAUNCH: true if the guest runs */
static inline bool launch(void)
{
	bool entered;

	vmx_launch_or_resume(&fix.cpu, true, &entered);
	return entered && fix.cpu.vmx_op == VMX_NONROOT;
}

/* The error number of a VMfailValid, 0 for VMsucceed, -1 for VMfailInvalid */
static inline int vm_result(void)
{
	uint64_t flags = fix.cpu.rflags & (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF);

	if (flags == FLAG_ZF)
		return (int)get(VMCS_INSN_ERROR);
	ck_assert_msg(flags == 0 || flags == FLAG_CF, "flags %#lx", (unsigned long)flags);
	return flags ? -1 : 0;
}

#endif
