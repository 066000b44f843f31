/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lab 4: calls the student's functions one after another, looks at what each has done, makes the guest's state, and runs the guest. Prints
 * lines "GOT MAX text|why" for grade.sh. Runs on vtxray and, from a disk, on Bochs.
 */
#include "lab4.h"

#include "fault.h"
#include "finish.h"
#include "flat.h"
#include "print.h"
#include "serial.h"

enum { EXITS_MAX = 40, SIGNATURE = 0x3462614c };
#define ADDRESS 0x000ffffffffff000ull
#define MIB (1ull << 20)

u64 fault_resume, fault_vector = FAULT_NONE, fault_error;
void main(u64 multiboot);

void trap(struct trap *t)
{
	if (!fault_resume) {
		print("0 0 fault|your code faults: vector %lu, error code %lx, RIP %lx, address %lx\n", t->vector, t->error, t->rip,
		      read_cr2());
		finish(1);
	}
	fault_vector = t->vector;
	fault_error = t->error;
	t->rip = fault_resume;
	fault_resume = 0;
}

static bool points(unsigned all, bool ok, const char *text, const char *why)
{
	print("%u %u %s|%s\n", ok ? all : 0, all, text, ok ? "" : why);
	return ok;
}

static u64 field(enum vmcs_field f)
{
	u64 value = 0;
	vmx_read(f, &value);
	return value;
}

/* ---- the student's steps ---- */

static bool check_vmxon(void)
{
	u64 pointer = 0;
	write_cr0(read_cr0() & ~(u64)CR0_NE);
	unsigned result = enter_vmx();
	const char *why = "VMXON failed: the region's first 4 bytes are the revision identifier, bits 30:0 of IA32_VMX_BASIC";
	if (!(read_cr4() & CR4_VMXE))
		why = "CR4.VMXE (bit 13) is not set: VMXON is #UD";
	else if (!(read_cr0() & CR0_NE))
		why = "CR0.NE (bit 5) is not set: VMXON is #GP";
	else if (!(rdmsr(MSR_FEATURE_CONTROL) & 1))
		why = "IA32_FEATURE_CONTROL is not locked (bits 0 and 2 must be 1): VMXON is #GP";
	else if (result == VMX_OK)
		why = "enter_vmx() says VMX_OK, but the processor is not in VMX operation";
	return points(12, result == VMX_OK && vmx_store(&pointer) == VMX_OK, "VMXON", why);
}

static bool check_vmcs(void)
{
	u64 address = make_vmcs(), pointer = 0;
	vmx_store(&pointer);
	return points(4, address && pointer == address, "VMPTRLD",
		      pointer == ~0ull ? "no VMCS is current: revision identifier? VMCLEAR, then VMPTRLD"
				       : "another VMCS is current than the one returned");
}

static bool allowed(enum vmcs_field f, u32 msr, u32 wanted, const char *name)
{
	u64 capability = rdmsr(msr), value = field(f);
	u32 missing = (u32)capability & ~(u32)value, excess = (u32)value & ~(u32)(capability >> 32);
	if (!missing && !excess && (value & wanted) == wanted)
		return true;
	print("note: %s: bits that must be 1 and are 0: %x; must be 0 and are 1: %x; wanted and 0: %x\n", name, missing, excess,
	      wanted & ~(u32)value);
	return false;
}

static bool check_controls(void)
{
	set_controls();
	bool ok = allowed(PIN_CONTROLS, MSR_VMX_TRUE_PIN, 0, "PIN_CONTROLS");
	ok &= allowed(PROC_CONTROLS, MSR_VMX_TRUE_PROC, PROC_HLT_EXITING | PROC_SECONDARY, "PROC_CONTROLS");
	ok &= allowed(PROC2_CONTROLS, MSR_VMX_PROC2, PROC2_EPT, "PROC2_CONTROLS");
	ok &= allowed(EXIT_CONTROLS, MSR_VMX_TRUE_EXIT, EXIT_HOST_64 | EXIT_SAVE_EFER | EXIT_LOAD_EFER, "EXIT_CONTROLS");
	ok &= allowed(ENTRY_CONTROLS, MSR_VMX_TRUE_ENTRY, ENTRY_GUEST_64 | ENTRY_LOAD_EFER, "ENTRY_CONTROLS");
	return points(18, ok, "control fields", "bits 31:0 of the capability MSR must be 1, bits that are 0 in 63:32 must be 0");
}

static bool check_host(void)
{
	const struct {
		enum vmcs_field field;
		u64 value;
		const char *name;
	} fields[] = {
	    {HOST_CR0, read_cr0(), "HOST_CR0"},
	    {HOST_CR3, read_cr3(), "HOST_CR3"},
	    {HOST_CR4, read_cr4(), "HOST_CR4"},
	    {HOST_EFER, rdmsr(MSR_EFER), "HOST_EFER"},
	    {HOST_CS_SELECTOR, KCODE, "HOST_CS_SELECTOR"},
	    {HOST_SS_SELECTOR, KDATA, "HOST_SS_SELECTOR"},
	    {HOST_TR_SELECTOR, TSS_SEL, "HOST_TR_SELECTOR"},
	    {HOST_TR_BASE, (u64)&tss, "HOST_TR_BASE"},
	    {HOST_GDTR_BASE, (u64)gdt, "HOST_GDTR_BASE"},
	    {HOST_IDTR_BASE, (u64)idt, "HOST_IDTR_BASE"},
	    {HOST_RIP, (u64)run_exit, "HOST_RIP"},
	};
	bool ok = true;
	set_host();
	for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (field(fields[i].field) == fields[i].value)
			continue;
		print("note: %s is %lx, should be %lx\n", fields[i].name, field(fields[i].field), fields[i].value);
		ok = false;
	}
	return points(14, ok, "host state", "what the processor is to have after a VM exit: what it has now, and run_exit");
}

/* VMLAUNCH asks for a VMCS that is clear; the one that has just run is not. */
static void check_vmclear(bool entered)
{
	unsigned result = VMX_OK;
	if (entered) {
		make_vmcs();
		result = run(false);
	}
	points(4, entered && result != 4, "VMCLEAR",
	       entered ? "after make_vmcs() a VMCS that has run before cannot be launched (VM-instruction error 4): VMCLEAR makes it clear"
		       : "seen when a guest has run");
}

/* What is wrong with the EPT mapping of one address; NULL: nothing. */
static const char *mapping_wrong(u64 table, u64 gpa)
{
	for (int level = 4;; level--) {
		u64 entry = ((const u64 *)(table & ADDRESS))[gpa >> (12 + 9 * (level - 1)) & 511];
		bool leaf = level == 1 || (level < 4 && entry & 0x80);
		u64 offset = (1ull << (12 + 9 * (level - 1))) - 1;
		if ((entry & 7) != 7)
			return "memory is not mapped with R, W and X (bits 0 to 2, in the entries of all levels)";
		if (leaf && (entry >> 3 & 7) != 6)
			return "the memory type of a page (bits 5:3) should be 6, write-back";
		if (leaf && ((entry & ADDRESS & ~offset) | (gpa & offset)) != gpa)
			return "guest-physical addresses should be host-physical ones: identity";
		if (!leaf && entry & 0x78)
			return level == 2 ? "a PD entry that maps 2 MiB has bit 7 set; without it, it refers to a table"
					  : "bits 6:3 of an entry that refers to a table must be 0";
		if (leaf)
			return NULL;
		table = entry;
	}
}

static bool check_ept(void)
{
	u64 eptp = make_ept();
	const char *why = NULL;
	if ((eptp & 0xfff & ~0x40ull) != 0x1e || !(eptp & ADDRESS))
		why = "the EPTP: bits 2:0 memory type 6, 5:3 page-walk length - 1, 51:12 address of the PML4 table";
	for (u64 gpa = 0; gpa < 128 * MIB && !why; gpa += 2 * MIB)
		why = mapping_wrong(eptp, gpa + 0x1234);
	vmx_write(EPTP, eptp);
	return points(20, !why, "EPT identity map of 128 MiB", why ? why : "");
}

/* ---- the guest ---- */

static u64 guest_stack[512] __attribute__((aligned(16)));
static u32 seen[2][4];
static volatile u64 guest_wrote;

static void guest(void)
{
	cpuid(0x40000000, 0, seen[0]);
	cpuid(1, 0, seen[1]);
	guest_wrote = 0x600d;
	for (;;)
		asm volatile("hlt");
}

/* Runs the guest to its end. NULL, or what went wrong; *entered: there was a VM exit. */
static const char *run_guest(bool *entered, u64 *cpuids, u64 *last)
{
	for (unsigned exits = 0; exits < EXITS_MAX; exits++) {
		unsigned result = run(exits > 0);
		if (result != VMX_OK) {
			print("note: VMLAUNCH or VMRESUME failed: VM-instruction error %u (%s)\n", result,
			      result == 7   ? "invalid control fields"
			      : result == 8 ? "invalid host state"
					    : "see SDM 3C, VM-Instruction Error Numbers");
			return "the VM entry failed: what vtxray says is below";
		}
		u64 reason = field(EXIT_REASON), rip = field(GUEST_RIP);
		*last = reason;
		if (reason >> 31) {
			print("note: VM-entry failure, exit reason %lu\n", reason & 0xffff);
			return "the VM entry failed while loading the guest's state";
		}
		*entered = true;
		if (reason == 48 || reason == 49) {
			print("note: EPT %s at guest-physical %lx, qualification %lx\n", reason == 48 ? "violation" : "misconfiguration",
			      field(GUEST_PHYSICAL_ADDR), field(EXIT_QUALIFICATION));
			return "the guest's memory is not all in your EPT tables";
		}
		*cpuids += reason == EXIT_REASON_CPUID;
		bool on = handle_exit(reason, run_registers);
		if (!on)
			return NULL;
		if (field(GUEST_RIP) == rip)
			return "GUEST_RIP has not moved: the guest would execute the same instruction for ever (RIP += EXIT_INSN_LEN)";
	}
	return "the guest comes to no end";
}

static void check_run(void)
{
	bool entered = false;
	u64 cpuids = 0, last = 0;
	flat_guest((u64)guest, (u64)(guest_stack + 511));
	const char *why = run_guest(&entered, &cpuids, &last);
	points(10, entered, "VM entry", why);
	bool answered = cpuids == 2 && seen[0][1] == SIGNATURE && seen[0][2] == SIGNATURE && seen[0][3] == SIGNATURE;
	bool hidden = cpuids == 2 && !(seen[1][2] & 1u << 5) && seen[1][2] & 1u << 31 && seen[1][3] & 1;
	points(6, answered, "CPUID 40000000H", why ? why : "EBX, ECX and EDX should be 3462614CH");
	points(4, hidden, "CPUID 1", why ? why : "the processor's own answer, but with ECX bit 5 (VMX) 0 and bit 31 (hypervisor) 1");
	points(8, !why && last == EXIT_REASON_HLT && guest_wrote == 0x600d, "HLT",
	       why ? why : "handle_exit() should say false at HLT, and only there");
	check_vmclear(entered);
}

void main(u64 multiboot)
{
	(void)multiboot;
	serial_init();
	gdt_init();
	trap_init();
	if (check_vmxon() && check_vmcs() && check_controls() + check_host() + check_ept() == 3)
		check_run();
	print("\n\n\n"); /* Bochs loses what it has not sent yet when it ends */
	finish(0);
}
