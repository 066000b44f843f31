/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Printing a VM exit (SDM 3C, "Recording VM-Exit Information and Updating VM-Entry Control Fields"). Names: q exit qualification, gla
 * guest-linear address, gpa guest-physical address, ii interruption information and error code, iv IDT-vectoring information and error
 * code, il instruction length, info instruction information.
 */
#include "outcome.h"
#include "guest.h"
#include "line.h"
#include "run.h"
#include "vmcs.h"
#include "vmx.h"

enum {
	EXIT_EXCEPTION = 0,
	EXIT_EXTERNAL_INTERRUPT = 1,
	EXIT_VMCALL = 18,
	EXIT_TASK_SWITCH = 9,
	EXIT_DESCRIPTOR_FIRST = 46,
	EXIT_DESCRIPTOR_LAST = 47,
	EXIT_EPT_VIOLATION = 48,
	EXIT_EPT_MISCONFIGURATION = 49,
	EXIT_PREEMPTION_TIMER = 52,
};

#define BIT_OF(reason) (1ul << (reason))

/* exits that happen because of an instruction: the length is valid */
static const u64 with_length = BIT_OF(9) | BIT_OF(10) | BIT_OF(11) | BIT_OF(12) | BIT_OF(13) | BIT_OF(14) | BIT_OF(15) | BIT_OF(16) |
			       BIT_OF(17) | BIT_OF(18) | BIT_OF(19) | BIT_OF(20) | BIT_OF(21) | BIT_OF(22) | BIT_OF(23) | BIT_OF(24) |
			       BIT_OF(25) | BIT_OF(26) | BIT_OF(27) | BIT_OF(28) | BIT_OF(29) | BIT_OF(30) | BIT_OF(31) | BIT_OF(32) |
			       BIT_OF(36) | BIT_OF(39) | BIT_OF(40) | BIT_OF(46) | BIT_OF(47) | BIT_OF(50) | BIT_OF(51) | BIT_OF(53) |
			       BIT_OF(54) | BIT_OF(55) | BIT_OF(57) | BIT_OF(58) | BIT_OF(59) | BIT_OF(61);
static const u64 with_information = BIT_OF(19) | BIT_OF(21) | BIT_OF(22) | BIT_OF(23) | BIT_OF(25) | BIT_OF(27) | BIT_OF(46) | BIT_OF(47) |
				    BIT_OF(50) | BIT_OF(53) | BIT_OF(57) | BIT_OF(58) | BIT_OF(61);

static void print_interruption(const char *name, enum vmcs_field info_field, enum vmcs_field error_field)
{
	u64 info = vmcs_read(info_field);
	if (!(info >> 31 & 1))
		return;
	line(" %s=%lx", name, info);
	if (info >> 11 & 1)
		line("/%lx", vmcs_read(error_field));
}

static void print_addresses(unsigned reason, u64 qualification)
{
	if (reason != EXIT_EPT_VIOLATION && reason != EXIT_EPT_MISCONFIGURATION)
		return;
	if (reason == EXIT_EPT_VIOLATION && (qualification & 0x80))
		line(" gla=%lx", vmcs_read(GUEST_LINEAR_ADDR));
	line(" gpa=%lx", vmcs_read(GUEST_PHYSICAL_ADDR));
}

/* The INS and OUTS forms of an I/O exit have instruction information and a linear address. */
static void print_io(u64 qualification)
{
	if (qualification & 0x10)
		line(" info=%lx gla=%lx", vmcs_read(EXIT_INSN_INFO) & 0x38380, vmcs_read(GUEST_LINEAR_ADDR));
}

/* A software exception's or interrupt's length is valid as well. */
static bool has_length(unsigned reason)
{
	if (reason == EXIT_EXCEPTION || reason == EXIT_EPT_VIOLATION || reason == EXIT_TASK_SWITCH || reason == EXIT_EPT_MISCONFIGURATION) {
		u64 info = vmcs_read(reason == EXIT_EXCEPTION ? EXIT_INTR_INFO : IDT_INFO);
		u64 type = info >> 8 & 7;
		return info >> 31 && type >= 4;
	}
	return reason < 64 && with_length >> reason & 1;
}

static void print_exit(unsigned reason)
{
	u64 qualification = vmcs_read(EXIT_QUALIFICATION);
	line("exit %u", reason);
	if (reason == EXIT_PREEMPTION_TIMER)
		return;
	if (reason != EXIT_EPT_MISCONFIGURATION && reason != EXIT_EXTERNAL_INTERRUPT)
		line(" q=%lx", qualification);
	print_addresses(reason, qualification);
	if (reason == 30)
		print_io(qualification);
	print_interruption("ii", EXIT_INTR_INFO, EXIT_INTR_ERROR);
	print_interruption("iv", IDT_INFO, IDT_ERROR);
	if (has_length(reason))
		line(" il=%lx", vmcs_read(EXIT_INSN_LEN));
	if (reason < 64 && with_information >> reason & 1)
		line(" info=%lx", vmcs_read(EXIT_INSN_INFO));
}

/* The guest's own handler of an exception made the VMCALL: what is on its stack. */
static void print_handler(u64 rip)
{
	unsigned vector = (unsigned)(rip - GUEST_HANDLERS) / 16;
	bool wide = vmcs_read(ENTRY_CONTROLS) & ENTRY_GUEST_64;
	u64 sp = vmcs_read(GUEST_RSP) & 0xffff;
	line("handler %u:", vector);
	for (unsigned i = 0; i < 4; i++)
		line(" %lx", wide ? ((u64 *)guest_host(sp))[i] : ((u32 *)guest_host(sp))[i]);
	if (vector == 14)
		line(" cr2=%lx", read_cr2());
}

static void print_guest_state(void)
{
	bool wide = vmcs_read(ENTRY_CONTROLS) & ENTRY_GUEST_64;
	u64 rsp = vmcs_read(GUEST_RSP);
	if (!wide) /* the upper half does not survive outside 64-bit mode */
		rsp &= 0xffffffff;
	line(" rip=%lx rsp=%lx fl=%lx is=%lx", vmcs_read(GUEST_RIP), rsp, vmcs_read(GUEST_RFLAGS), vmcs_read(GUEST_INTERRUPTIBILITY));
	if (vmcs_read(GUEST_ACTIVITY))
		line(" as=%lx", vmcs_read(GUEST_ACTIVITY));
	if (vmcs_read(GUEST_PENDING_DBG))
		line(" pd=%lx", vmcs_read(GUEST_PENDING_DBG));
}

void outcome_print(unsigned result)
{
	if (result != VMX_OK) {
		if (result == VMX_INVALID)
			line("VMfailInvalid");
		else
			line("VMfailValid %u", result);
		return;
	}
	u64 reason = vmcs_read(EXIT_REASON), rip = vmcs_read(GUEST_RIP);
	if (reason >> 31) {
		line("entry failed, exit %lu q=%lx", reason & 0xffff, vmcs_read(EXIT_QUALIFICATION));
		return;
	}
	if (reason == EXIT_VMCALL && rip >= GUEST_HANDLERS && rip < GUEST_HANDLERS + 512)
		print_handler(rip);
	else
		print_exit((unsigned)reason);
	if (reason != EXIT_PREEMPTION_TIMER)
		print_guest_state();
}
