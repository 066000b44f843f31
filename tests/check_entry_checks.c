/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every check of VM entry (SDM 3C, "VM Entries"): a good VMCS, one thing broken, and exactly that check fails, with the error number or
 * the exit that belongs to it. The last test reads the checks' source: no requirement there is without a row here.
 */
#include "tests/vmx_fixture.h"

#include <stdio.h>

enum where { CONTROLS, HOST, GUEST };
enum operation { SET, OR, CLEAR };
/* fixture modes, and V86 guests made otherwise */
enum { REAL_VM = MODES, IA32E_VM };

#define INTR(type, vector) (INTR_VALID | (vector) | (uint64_t)(type) << INTR_TYPE_SHIFT)
#define F(symbol) VMCS_I_##symbol

struct row {
	int mode;
	enum where where;
	int field; /* enum vmcs_index */
	const char *text;
	uint64_t qualification;
	struct {
		int encoding;
		uint64_t value;
		enum operation operation;
	} change[6];
	unsigned changes;
};

/* clang-format off */
static const struct row rows[] = {
	{LONG, CONTROLS, F(PIN_CONTROLS), "reserved bits must be set as IA32_VMX_PINBASED_CTLS says", 0, {{VMCS_PIN_CONTROLS, BIT(7), OR}}, 1},
	{LONG, CONTROLS, F(PIN_CONTROLS), "reserved bits must be set as IA32_VMX_PINBASED_CTLS says", 0, {{VMCS_PIN_CONTROLS, BIT(8), OR}}, 1},
	{LONG, CONTROLS, F(PIN_CONTROLS), "reserved bits must be set as IA32_VMX_PINBASED_CTLS says", 0, {{VMCS_PIN_CONTROLS, BIT(31), OR}}, 1},
	{LONG, CONTROLS, F(PROC_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS says", 0, {{VMCS_PROC_CONTROLS, BIT(17), OR}}, 1},
	{LONG, CONTROLS, F(PROC_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS says", 0, {{VMCS_PROC_CONTROLS, BIT(0), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(0), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(4), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(8), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(9), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(14), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(20), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS2 says", 0, {{VMCS_PROC2_CONTROLS, BIT(31), OR}}, 1},
	{LONG, CONTROLS, F(EXIT_CONTROLS), "reserved bits must be set as IA32_VMX_EXIT_CTLS says", 0, {{VMCS_EXIT_CONTROLS, BIT(12), OR}}, 1},
	{LONG, CONTROLS, F(EXIT_CONTROLS), "reserved bits must be set as IA32_VMX_EXIT_CTLS says", 0, {{VMCS_EXIT_CONTROLS, BIT(23), OR}}, 1},
	{LONG, CONTROLS, F(EXIT_CONTROLS), "reserved bits must be set as IA32_VMX_EXIT_CTLS says", 0, {{VMCS_EXIT_CONTROLS, BIT(31), OR}}, 1},
	{LONG, CONTROLS, F(ENTRY_CONTROLS), "reserved bits must be set as IA32_VMX_ENTRY_CTLS says", 0, {{VMCS_ENTRY_CONTROLS, BIT(10), OR}}, 1},
	{LONG, CONTROLS, F(ENTRY_CONTROLS), "reserved bits must be set as IA32_VMX_ENTRY_CTLS says", 0, {{VMCS_ENTRY_CONTROLS, BIT(11), OR}}, 1},
	{LONG, CONTROLS, F(ENTRY_CONTROLS), "reserved bits must be set as IA32_VMX_ENTRY_CTLS says", 0, {{VMCS_ENTRY_CONTROLS, BIT(13), OR}}, 1},
	{LONG, CONTROLS, F(ENTRY_CONTROLS), "reserved bits must be set as IA32_VMX_ENTRY_CTLS says", 0, {{VMCS_ENTRY_CONTROLS, BIT(31), OR}}, 1},
	{LONG, CONTROLS, F(PIN_CONTROLS), "reserved bits must be set as IA32_VMX_PINBASED_CTLS says", 0, {{VMCS_PIN_CONTROLS, BIT(1), CLEAR}}, 1},
	{LONG, CONTROLS, F(PROC_CONTROLS), "reserved bits must be set as IA32_VMX_PROCBASED_CTLS says", 0, {{VMCS_PROC_CONTROLS, BIT(26), CLEAR}}, 1},
	{LONG, CONTROLS, F(EXIT_CONTROLS), "reserved bits must be set as IA32_VMX_EXIT_CTLS says", 0, {{VMCS_EXIT_CONTROLS, BIT(0), CLEAR}}, 1},
	{LONG, CONTROLS, F(ENTRY_CONTROLS), "reserved bits must be set as IA32_VMX_ENTRY_CTLS says", 0, {{VMCS_ENTRY_CONTROLS, BIT(0), CLEAR}}, 1},
	{LONG, CONTROLS, F(CR3_TARGET_COUNT), "must not be greater than 4", 0, {{VMCS_CR3_TARGET_COUNT, 5, SET}}, 1},
	{LONG, CONTROLS, F(IO_BITMAP_A), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, IO_BITMAPS), OR}, {VMCS_IO_BITMAP_A, 0x23800, SET}}, 2},
	{LONG, CONTROLS, F(IO_BITMAP_A), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, IO_BITMAPS), OR}, {VMCS_IO_BITMAP_A, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(IO_BITMAP_A), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, IO_BITMAPS), OR}, {VMCS_IO_BITMAP_A, ~0xfffull, SET}}, 2},
	{LONG, CONTROLS, F(IO_BITMAP_B), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, IO_BITMAPS), OR}, {VMCS_IO_BITMAP_B, 0x23800, SET}}, 2},
	{LONG, CONTROLS, F(IO_BITMAP_B), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, IO_BITMAPS), OR}, {VMCS_IO_BITMAP_B, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(IO_BITMAP_B), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, IO_BITMAPS), OR}, {VMCS_IO_BITMAP_B, ~0xfffull, SET}}, 2},
	{LONG, CONTROLS, F(MSR_BITMAP), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, MSR_BITMAPS), OR}, {VMCS_MSR_BITMAP, 0x23800, SET}}, 2},
	{LONG, CONTROLS, F(MSR_BITMAP), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, MSR_BITMAPS), OR}, {VMCS_MSR_BITMAP, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(MSR_BITMAP), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, MSR_BITMAPS), OR}, {VMCS_MSR_BITMAP, ~0xfffull, SET}}, 2},
	{LONG, CONTROLS, F(VIRTUAL_APIC_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, TPR_SHADOW), OR}, {VMCS_VIRTUAL_APIC_ADDR, 0x23800, SET}}, 2},
	{LONG, CONTROLS, F(VIRTUAL_APIC_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, TPR_SHADOW), OR}, {VMCS_VIRTUAL_APIC_ADDR, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(VIRTUAL_APIC_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, TPR_SHADOW), OR}, {VMCS_VIRTUAL_APIC_ADDR, ~0xfffull, SET}}, 2},
	{LONG, CONTROLS, F(TPR_THRESHOLD), "bits 31:4 must be 0", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, TPR_SHADOW), OR}, {VMCS_TPR_THRESHOLD, 0x10, SET}}, 2},
	{LONG, CONTROLS, F(TPR_THRESHOLD), "bits 3:0 must not be greater than bits 7:4 of VTPR", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, TPR_SHADOW), OR}, {VMCS_TPR_THRESHOLD, 1, SET}}, 2},
	{LONG, CONTROLS, F(PIN_CONTROLS), "\"virtual NMIs\" requires \"NMI exiting\"", 0, {{VMCS_PIN_CONTROLS, CTL(PIN, VIRTUAL_NMIS), OR}}, 1},
	{LONG, CONTROLS, F(PROC_CONTROLS), "\"NMI-window exiting\" requires \"virtual NMIs\"", 0, {{VMCS_PROC_CONTROLS, CTL(PROC, NMI_WINDOW), OR}, {VMCS_PIN_CONTROLS, CTL(PIN, NMI), OR}}, 2},
	{LONG, CONTROLS, F(VPID), "must not be 0000H", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VPID), OR}}, 1},
	{LONG, CONTROLS, F(EPTP), "memory type, page-walk length, accessed and dirty control and reserved bits must be supported", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_EPTP, 0x5d, SET}}, 2},
	{LONG, CONTROLS, F(EPTP), "memory type, page-walk length, accessed and dirty control and reserved bits must be supported", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_EPTP, 0x66, SET}}, 2},
	{LONG, CONTROLS, F(EPTP), "memory type, page-walk length, accessed and dirty control and reserved bits must be supported", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_EPTP, BIT(46) | 0x5e, SET}}, 2},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "\"enable PML\" requires \"enable EPT\"", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, PML), OR}}, 1},
	{LONG, CONTROLS, F(PML_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, PML), OR}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_PML_ADDR, 0x23800, SET}}, 3},
	{LONG, CONTROLS, F(PML_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, PML), OR}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_PML_ADDR, BIT(46), SET}}, 3},
	{LONG, CONTROLS, F(PML_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, PML), OR}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_PML_ADDR, ~0xfffull, SET}}, 3},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "\"unrestricted guest\" requires \"enable EPT\"", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, UNRESTRICTED), OR}}, 1},
	{LONG, CONTROLS, F(PROC2_CONTROLS), "\"mode-based execute control for EPT\" requires \"enable EPT\"", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, MBEC), OR}}, 1},
	{LONG, CONTROLS, F(VM_FUNCTION_CONTROLS), "reserved bits must be 0", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VM_FUNCTIONS), OR}, {VMCS_VM_FUNCTION_CONTROLS, 2, SET}}, 2},
	{LONG, CONTROLS, F(VM_FUNCTION_CONTROLS), "EPTP switching requires \"enable EPT\"", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VM_FUNCTIONS), OR}, {VMCS_VM_FUNCTION_CONTROLS, 1, SET}}, 2},
	{LONG, CONTROLS, F(EPTP_LIST_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VM_FUNCTIONS), OR}, {VMCS_VM_FUNCTION_CONTROLS, 1, SET}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_EPTP_LIST_ADDR, 0x23800, SET}}, 4},
	{LONG, CONTROLS, F(EPTP_LIST_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VM_FUNCTIONS), OR}, {VMCS_VM_FUNCTION_CONTROLS, 1, SET}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_EPTP_LIST_ADDR, BIT(46), SET}}, 4},
	{LONG, CONTROLS, F(EPTP_LIST_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VM_FUNCTIONS), OR}, {VMCS_VM_FUNCTION_CONTROLS, 1, SET}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_EPTP_LIST_ADDR, ~0xfffull, SET}}, 4},
	{LONG, CONTROLS, F(VE_INFO_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VE), OR}, {VMCS_VE_INFO_ADDR, 0x23800, SET}}, 2},
	{LONG, CONTROLS, F(VE_INFO_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VE), OR}, {VMCS_VE_INFO_ADDR, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(VE_INFO_ADDR), "must be aligned to 4 KiB and within the physical-address width", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, VE), OR}, {VMCS_VE_INFO_ADDR, ~0xfffull, SET}}, 2},
	{LONG, CONTROLS, F(TSC_MULTIPLIER), "must not be 0", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, TSC_SCALING), OR}, {VMCS_TSC_MULTIPLIER, 0, SET}}, 2},
	{LONG, CONTROLS, F(EXIT_CONTROLS), "\"save VMX-preemption timer value\" requires \"activate VMX-preemption timer\"", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, SAVE_TIMER), OR}}, 1},
	{LONG, CONTROLS, F(EXIT_MSR_STORE_ADDR), "must be aligned to 16 bytes and within the physical-address width", 0, {{VMCS_EXIT_MSR_STORE_COUNT, 1, SET}, {VMCS_EXIT_MSR_STORE_ADDR, 0x28008, SET}}, 2},
	{LONG, CONTROLS, F(EXIT_MSR_STORE_ADDR), "must be aligned to 16 bytes and within the physical-address width", 0, {{VMCS_EXIT_MSR_STORE_COUNT, 1, SET}, {VMCS_EXIT_MSR_STORE_ADDR, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(EXIT_MSR_STORE_COUNT), "the area's last byte must be within the physical-address width", 0, {{VMCS_EXIT_MSR_STORE_COUNT, 2, SET}, {VMCS_EXIT_MSR_STORE_ADDR, BIT(46) - 16, SET}}, 2},
	{LONG, CONTROLS, F(EXIT_MSR_LOAD_ADDR), "must be aligned to 16 bytes and within the physical-address width", 0, {{VMCS_EXIT_MSR_LOAD_COUNT, 1, SET}, {VMCS_EXIT_MSR_LOAD_ADDR, 0x28008, SET}}, 2},
	{LONG, CONTROLS, F(EXIT_MSR_LOAD_ADDR), "must be aligned to 16 bytes and within the physical-address width", 0, {{VMCS_EXIT_MSR_LOAD_COUNT, 1, SET}, {VMCS_EXIT_MSR_LOAD_ADDR, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(EXIT_MSR_LOAD_COUNT), "the area's last byte must be within the physical-address width", 0, {{VMCS_EXIT_MSR_LOAD_COUNT, 2, SET}, {VMCS_EXIT_MSR_LOAD_ADDR, BIT(46) - 16, SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_MSR_LOAD_ADDR), "must be aligned to 16 bytes and within the physical-address width", 0, {{VMCS_ENTRY_MSR_LOAD_COUNT, 1, SET}, {VMCS_ENTRY_MSR_LOAD_ADDR, 0x28008, SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_MSR_LOAD_ADDR), "must be aligned to 16 bytes and within the physical-address width", 0, {{VMCS_ENTRY_MSR_LOAD_COUNT, 1, SET}, {VMCS_ENTRY_MSR_LOAD_ADDR, BIT(46), SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_MSR_LOAD_COUNT), "the area's last byte must be within the physical-address width", 0, {{VMCS_ENTRY_MSR_LOAD_COUNT, 2, SET}, {VMCS_ENTRY_MSR_LOAD_ADDR, BIT(46) - 16, SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "interruption type 1 is reserved", 0, {{VMCS_ENTRY_INTR_INFO, INTR(1, 0), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "the vector of an NMI must be 2", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_NMI, 3), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "the vector of a hardware exception must be at most 31", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 32), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "the vector of an other event must be 0 (pending MTF VM exit)", 0, {{VMCS_ENTRY_INTR_INFO, INTR(INTR_TYPE_OTHER, 1), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 8), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 10), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 11), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 12), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 13), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 14), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 1 for this hardware exception", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 17), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 6) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 18) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 21) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_SOFT_INT, 14) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_SOFT_EXC, 14) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_PRIV_SOFT, 1) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_NMI, 2) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_EXTERNAL, 14) | INTR_ERROR_VALID, SET}}, 1},
	{REAL, CONTROLS, F(ENTRY_INTR_INFO), "deliver-error-code must be 0 for this event", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 13) | INTR_ERROR_VALID, SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "reserved bits 30:12 must be 0", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 6) | BIT(12), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_INTR_INFO), "reserved bits 30:12 must be 0", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 6) | BIT(30), SET}}, 1},
	{LONG, CONTROLS, F(ENTRY_ERROR_CODE), "bits 31:16 must be 0", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, 14) | INTR_ERROR_VALID, SET}, {VMCS_ENTRY_ERROR_CODE, BIT(16), SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_INSN_LEN), "must be in the range 0-15", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_SOFT_INT, 14), SET}, {VMCS_ENTRY_INSN_LEN, 16, SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_INSN_LEN), "must be in the range 0-15", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_SOFT_EXC, 3), SET}, {VMCS_ENTRY_INSN_LEN, 16, SET}}, 2},
	{LONG, CONTROLS, F(ENTRY_INSN_LEN), "must be in the range 0-15", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_PRIV_SOFT, 1), SET}, {VMCS_ENTRY_INSN_LEN, 16, SET}}, 2},
	{LONG, HOST, F(HOST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR0, CR0_PE, CLEAR}}, 1},
	{LONG, HOST, F(HOST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR0, CR0_PG, CLEAR}}, 1},
	{LONG, HOST, F(HOST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR0, CR0_NE, CLEAR}}, 1},
	{LONG, HOST, F(HOST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR0, BIT(32), OR}}, 1},
	{LONG, HOST, F(HOST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR4, CR4_VMXE, CLEAR}}, 1},
	{LONG, HOST, F(HOST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR4, CR4_SMXE, OR}}, 1},
	{LONG, HOST, F(HOST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR4, BIT(31), OR}}, 1},
	{LONG, HOST, F(HOST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_HOST_CR4, BIT(63), OR}}, 1},
	{LONG, HOST, F(HOST_CR3), "bits beyond the physical-address width must be 0", 0, {{VMCS_HOST_CR3, BIT(46), OR}}, 1},
	{LONG, HOST, F(HOST_CR3), "bits beyond the physical-address width must be 0", 0, {{VMCS_HOST_CR3, BIT(63), OR}}, 1},
	{LONG, HOST, F(HOST_SYSENTER_ESP), "must be canonical", 0, {{VMCS_HOST_SYSENTER_ESP, BIT(62), SET}}, 1},
	{LONG, HOST, F(HOST_SYSENTER_EIP), "must be canonical", 0, {{VMCS_HOST_SYSENTER_EIP, BIT(62), SET}}, 1},
	{LONG, HOST, F(HOST_PAT), "each byte must be 0, 1, 4, 5, 6 or 7", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_PAT), OR}, {VMCS_HOST_PAT, 0x0606060606060006ull | 2ull << 8, SET}}, 2},
	{LONG, HOST, F(HOST_PAT), "each byte must be 0, 1, 4, 5, 6 or 7", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_PAT), OR}, {VMCS_HOST_PAT, 0x0606060606060006ull | 3ull << 8, SET}}, 2},
	{LONG, HOST, F(HOST_PAT), "each byte must be 0, 1, 4, 5, 6 or 7", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_PAT), OR}, {VMCS_HOST_PAT, 0x0606060606060006ull | 8ull << 8, SET}}, 2},
	{LONG, HOST, F(HOST_EFER), "reserved bits must be 0", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_EFER), OR}, {VMCS_HOST_EFER, BIT(1), OR}}, 2},
	{LONG, HOST, F(HOST_EFER), "reserved bits must be 0", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_EFER), OR}, {VMCS_HOST_EFER, BIT(12), OR}}, 2},
	{LONG, HOST, F(HOST_EFER), "reserved bits must be 0", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_EFER), OR}, {VMCS_HOST_EFER, BIT(63), OR}}, 2},
	{LONG, HOST, F(HOST_EFER), "LMA must equal \"host address-space size\"", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_EFER), OR}, {VMCS_HOST_EFER, EFER_LMA, CLEAR}}, 2},
	{LONG, HOST, F(HOST_EFER), "LME must equal \"host address-space size\"", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, LOAD_EFER), OR}, {VMCS_HOST_EFER, EFER_LME, CLEAR}}, 2},
	{LONG, HOST, F(HOST_ES_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_ES_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_ES_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_ES_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_CS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_CS_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_CS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_CS_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_SS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_SS_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_SS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_SS_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_DS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_DS_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_DS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_DS_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_FS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_FS_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_FS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_FS_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_GS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_GS_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_GS_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_GS_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_TR_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_TR_SELECTOR, 1, OR}}, 1},
	{LONG, HOST, F(HOST_TR_SELECTOR), "RPL and TI must be 0", 0, {{VMCS_HOST_TR_SELECTOR, 4, OR}}, 1},
	{LONG, HOST, F(HOST_CS_SELECTOR), "must not be 0000H", 0, {{VMCS_HOST_CS_SELECTOR, 0, SET}}, 1},
	{LONG, HOST, F(HOST_TR_SELECTOR), "must not be 0000H", 0, {{VMCS_HOST_TR_SELECTOR, 0, SET}}, 1},
	{LONG, HOST, F(HOST_SS_SELECTOR), "must not be 0000H if \"host address-space size\" is 0", 0, {{VMCS_HOST_SS_SELECTOR, 0, SET}, {VMCS_EXIT_CONTROLS, CTL(EXIT, HOST_64), CLEAR}}, 2},
	{LONG, HOST, F(HOST_FS_BASE), "must be canonical", 0, {{VMCS_HOST_FS_BASE, BIT(57), SET}}, 1},
	{LONG, HOST, F(HOST_GS_BASE), "must be canonical", 0, {{VMCS_HOST_GS_BASE, BIT(57), SET}}, 1},
	{LONG, HOST, F(HOST_TR_BASE), "must be canonical", 0, {{VMCS_HOST_TR_BASE, BIT(57), SET}}, 1},
	{LONG, HOST, F(HOST_GDTR_BASE), "must be canonical", 0, {{VMCS_HOST_GDTR_BASE, BIT(57), SET}}, 1},
	{LONG, HOST, F(HOST_IDTR_BASE), "must be canonical", 0, {{VMCS_HOST_IDTR_BASE, BIT(57), SET}}, 1},
	{LONG, HOST, F(EXIT_CONTROLS), "\"host address-space size\" must be 1 in IA-32e mode", 0, {{VMCS_EXIT_CONTROLS, CTL(EXIT, HOST_64), CLEAR}}, 1},
	{LONG, HOST, F(HOST_CR4), "PAE must be 1 if \"host address-space size\" is 1", 0, {{VMCS_HOST_CR4, CR4_PAE, CLEAR}}, 1},
	{LONG, HOST, F(HOST_RIP), "must be canonical if \"host address-space size\" is 1", 0, {{VMCS_HOST_RIP, BIT(60), SET}}, 1},
	{LONG, GUEST, F(GUEST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR0, CR0_PE, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR0, CR0_NE, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR0, CR0_PG, CLEAR}}, 1},
	{REAL, GUEST, F(GUEST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR0, CR0_NE, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CR0), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR0, BIT(32), OR}}, 1},
	{REAL, GUEST, F(GUEST_CR0), "PE must be 1 if PG is 1", 0, {{VMCS_GUEST_CR0, CR0_PG, OR}}, 1},
	{LONG, GUEST, F(GUEST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR4, CR4_VMXE, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR4, CR4_SMXE, OR}}, 1},
	{LONG, GUEST, F(GUEST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR4, CR4_VME, OR}}, 1},
	{LONG, GUEST, F(GUEST_CR4), "must not set any bit to a value not supported in VMX operation", 0, {{VMCS_GUEST_CR4, BIT(31), OR}}, 1},
	{LONG, GUEST, F(GUEST_DEBUGCTL), "reserved bits must be 0", 0, {{VMCS_GUEST_DEBUGCTL, BIT(3), SET}}, 1},
	{LONG, GUEST, F(GUEST_CR0), "PG must be 1 if \"IA-32e mode guest\" is 1", 0, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_PROC2_CONTROLS, CTL(PROC2, UNRESTRICTED), OR}, {VMCS_GUEST_CR0, CR0_PG, CLEAR}}, 3},
	{LONG, GUEST, F(GUEST_CR4), "PAE must be 1 if \"IA-32e mode guest\" is 1", 0, {{VMCS_GUEST_CR4, CR4_PAE, CLEAR}}, 1},
	{PAE, GUEST, F(GUEST_CR4), "PCIDE must be 0 if \"IA-32e mode guest\" is 0", 0, {{VMCS_GUEST_CR4, CR4_PCIDE, OR}}, 1},
	{LONG, GUEST, F(GUEST_CR3), "bits beyond the physical-address width must be 0", 0, {{VMCS_GUEST_CR3, BIT(46), OR}}, 1},
	{LONG, GUEST, F(GUEST_CR3), "bits beyond the physical-address width must be 0", 0, {{VMCS_GUEST_CR3, BIT(63), OR}}, 1},
	{LONG, GUEST, F(GUEST_DR7), "bits 63:32 must be 0", 0, {{VMCS_GUEST_DR7, BIT(32), OR}}, 1},
	{LONG, GUEST, F(GUEST_SYSENTER_ESP), "must be canonical", 0, {{VMCS_GUEST_SYSENTER_ESP, BIT(62), SET}}, 1},
	{LONG, GUEST, F(GUEST_SYSENTER_EIP), "must be canonical", 0, {{VMCS_GUEST_SYSENTER_EIP, BIT(62), SET}}, 1},
	{LONG, GUEST, F(GUEST_PAT), "each byte must be 0, 1, 4, 5, 6 or 7", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_PAT), OR}, {VMCS_GUEST_PAT, 0x0006060606060606ull | 2ull << 56, SET}}, 2},
	{LONG, GUEST, F(GUEST_PAT), "each byte must be 0, 1, 4, 5, 6 or 7", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_PAT), OR}, {VMCS_GUEST_PAT, 0x0006060606060606ull | 3ull << 56, SET}}, 2},
	{LONG, GUEST, F(GUEST_PAT), "each byte must be 0, 1, 4, 5, 6 or 7", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_PAT), OR}, {VMCS_GUEST_PAT, 0x0006060606060606ull | 8ull << 56, SET}}, 2},
	{LONG, GUEST, F(GUEST_EFER), "reserved bits must be 0", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_EFER), OR}, {VMCS_GUEST_EFER, BIT(9), OR}}, 2},
	{LONG, GUEST, F(GUEST_EFER), "LMA must equal \"IA-32e mode guest\"", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_EFER), OR}, {VMCS_GUEST_EFER, EFER_LMA, CLEAR}}, 2},
	{PAE, GUEST, F(GUEST_EFER), "LMA must equal \"IA-32e mode guest\"", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_EFER), OR}, {VMCS_GUEST_EFER, EFER_LMA, OR}}, 2},
	{LONG, GUEST, F(GUEST_EFER), "LME must equal LMA if CR0.PG is 1", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_EFER), OR}, {VMCS_GUEST_EFER, EFER_LME, CLEAR}}, 2},
	{PAE, GUEST, F(GUEST_EFER), "LME must equal LMA if CR0.PG is 1", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, LOAD_EFER), OR}, {VMCS_GUEST_EFER, EFER_LME, OR}}, 2},
	{LONG, GUEST, F(GUEST_TR_SELECTOR), "TI must be 0", 0, {{VMCS_GUEST_TR_SELECTOR, 4, OR}}, 1},
	{LONG, GUEST, F(GUEST_LDTR_SELECTOR), "TI must be 0 if LDTR is usable", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_SELECTOR, 4, OR}}, 3},
	{LONG, GUEST, F(GUEST_SS_SELECTOR), "RPL must equal the RPL of CS", 0, {{VMCS_GUEST_SS_SELECTOR, 3, OR}}, 1},
	{V86, GUEST, F(GUEST_ES_BASE), "must be the selector shifted left by 4 in virtual-8086 mode", 0, {{VMCS_GUEST_ES_BASE, 0, SET}}, 1},
	{V86, GUEST, F(GUEST_CS_BASE), "must be the selector shifted left by 4 in virtual-8086 mode", 0, {{VMCS_GUEST_CS_BASE, 0, SET}}, 1},
	{V86, GUEST, F(GUEST_SS_BASE), "must be the selector shifted left by 4 in virtual-8086 mode", 0, {{VMCS_GUEST_SS_BASE, 0, SET}}, 1},
	{V86, GUEST, F(GUEST_DS_BASE), "must be the selector shifted left by 4 in virtual-8086 mode", 0, {{VMCS_GUEST_DS_BASE, 0, SET}}, 1},
	{V86, GUEST, F(GUEST_FS_BASE), "must be the selector shifted left by 4 in virtual-8086 mode", 0, {{VMCS_GUEST_FS_BASE, 0, SET}}, 1},
	{V86, GUEST, F(GUEST_GS_BASE), "must be the selector shifted left by 4 in virtual-8086 mode", 0, {{VMCS_GUEST_GS_BASE, 0, SET}}, 1},
	{LONG, GUEST, F(GUEST_TR_BASE), "must be canonical", 0, {{VMCS_GUEST_TR_BASE, BIT(61), SET}}, 1},
	{LONG, GUEST, F(GUEST_FS_BASE), "must be canonical", 0, {{VMCS_GUEST_FS_BASE, BIT(61), SET}}, 1},
	{LONG, GUEST, F(GUEST_GS_BASE), "must be canonical", 0, {{VMCS_GUEST_GS_BASE, BIT(61), SET}}, 1},
	{LONG, GUEST, F(GUEST_LDTR_BASE), "must be canonical if LDTR is usable", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_BASE, BIT(61), SET}}, 3},
	{LONG, GUEST, F(GUEST_CS_BASE), "bits 63:32 must be 0", 0, {{VMCS_GUEST_CS_BASE, BIT(32), SET}}, 1},
	{LONG, GUEST, F(GUEST_SS_BASE), "bits 63:32 must be 0 if the segment is usable", 0, {{VMCS_GUEST_SS_BASE, BIT(32), SET}}, 1},
	{LONG, GUEST, F(GUEST_DS_BASE), "bits 63:32 must be 0 if the segment is usable", 0, {{VMCS_GUEST_DS_BASE, BIT(32), SET}}, 1},
	{LONG, GUEST, F(GUEST_ES_BASE), "bits 63:32 must be 0 if the segment is usable", 0, {{VMCS_GUEST_ES_BASE, BIT(32), SET}}, 1},
	{V86, GUEST, F(GUEST_ES_LIMIT), "must be 0000FFFFH in virtual-8086 mode", 0, {{VMCS_GUEST_ES_LIMIT, 0xfffff, SET}}, 1},
	{V86, GUEST, F(GUEST_ES_AR), "must be 000000F3H in virtual-8086 mode", 0, {{VMCS_GUEST_ES_AR, 0x93, SET}}, 1},
	{V86, GUEST, F(GUEST_CS_LIMIT), "must be 0000FFFFH in virtual-8086 mode", 0, {{VMCS_GUEST_CS_LIMIT, 0xfffff, SET}}, 1},
	{V86, GUEST, F(GUEST_CS_AR), "must be 000000F3H in virtual-8086 mode", 0, {{VMCS_GUEST_CS_AR, 0x93, SET}}, 1},
	{V86, GUEST, F(GUEST_SS_LIMIT), "must be 0000FFFFH in virtual-8086 mode", 0, {{VMCS_GUEST_SS_LIMIT, 0xfffff, SET}}, 1},
	{V86, GUEST, F(GUEST_SS_AR), "must be 000000F3H in virtual-8086 mode", 0, {{VMCS_GUEST_SS_AR, 0x93, SET}}, 1},
	{V86, GUEST, F(GUEST_DS_LIMIT), "must be 0000FFFFH in virtual-8086 mode", 0, {{VMCS_GUEST_DS_LIMIT, 0xfffff, SET}}, 1},
	{V86, GUEST, F(GUEST_DS_AR), "must be 000000F3H in virtual-8086 mode", 0, {{VMCS_GUEST_DS_AR, 0x93, SET}}, 1},
	{V86, GUEST, F(GUEST_FS_LIMIT), "must be 0000FFFFH in virtual-8086 mode", 0, {{VMCS_GUEST_FS_LIMIT, 0xfffff, SET}}, 1},
	{V86, GUEST, F(GUEST_FS_AR), "must be 000000F3H in virtual-8086 mode", 0, {{VMCS_GUEST_FS_AR, 0x93, SET}}, 1},
	{V86, GUEST, F(GUEST_GS_LIMIT), "must be 0000FFFFH in virtual-8086 mode", 0, {{VMCS_GUEST_GS_LIMIT, 0xfffff, SET}}, 1},
	{V86, GUEST, F(GUEST_GS_AR), "must be 000000F3H in virtual-8086 mode", 0, {{VMCS_GUEST_GS_AR, 0x93, SET}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 0, OR}}, 2},
	{LONG, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 3, OR}}, 2},
	{LONG, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 8, OR}}, 2},
	{LONG, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 10, OR}}, 2},
	{LONG, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 12, OR}}, 2},
	{LONG, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 14, OR}}, 2},
	{REAL, GUEST, F(GUEST_CS_AR), "type must be 9, 11, 13 or 15, or 3 if \"unrestricted guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 2, OR}}, 2},
	{LONG, GUEST, F(GUEST_SS_AR), "type must be 3 or 7 if SS is usable", 0, {{VMCS_GUEST_SS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_SS_AR, 0, OR}}, 2},
	{LONG, GUEST, F(GUEST_SS_AR), "type must be 3 or 7 if SS is usable", 0, {{VMCS_GUEST_SS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_SS_AR, 1, OR}}, 2},
	{LONG, GUEST, F(GUEST_SS_AR), "type must be 3 or 7 if SS is usable", 0, {{VMCS_GUEST_SS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_SS_AR, 2, OR}}, 2},
	{LONG, GUEST, F(GUEST_SS_AR), "type must be 3 or 7 if SS is usable", 0, {{VMCS_GUEST_SS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_SS_AR, 5, OR}}, 2},
	{LONG, GUEST, F(GUEST_SS_AR), "type must be 3 or 7 if SS is usable", 0, {{VMCS_GUEST_SS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_SS_AR, 11, OR}}, 2},
	{LONG, GUEST, F(GUEST_DS_AR), "type must have bit 0 (accessed) set if the segment is usable", 0, {{VMCS_GUEST_DS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_DS_AR, 2, OR}}, 2},
	{LONG, GUEST, F(GUEST_DS_AR), "type of a usable code segment must have bit 1 (readable) set", 0, {{VMCS_GUEST_DS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_DS_AR, 9, OR}}, 2},
	{LONG, GUEST, F(GUEST_ES_AR), "type must have bit 0 (accessed) set if the segment is usable", 0, {{VMCS_GUEST_ES_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_ES_AR, 2, OR}}, 2},
	{LONG, GUEST, F(GUEST_ES_AR), "type of a usable code segment must have bit 1 (readable) set", 0, {{VMCS_GUEST_ES_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_ES_AR, 9, OR}}, 2},
	{LONG, GUEST, F(GUEST_FS_AR), "type must have bit 0 (accessed) set if the segment is usable", 0, {{VMCS_GUEST_FS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_FS_AR, 2, OR}}, 2},
	{LONG, GUEST, F(GUEST_FS_AR), "type of a usable code segment must have bit 1 (readable) set", 0, {{VMCS_GUEST_FS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_FS_AR, 9, OR}}, 2},
	{LONG, GUEST, F(GUEST_GS_AR), "type must have bit 0 (accessed) set if the segment is usable", 0, {{VMCS_GUEST_GS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_GS_AR, 2, OR}}, 2},
	{LONG, GUEST, F(GUEST_GS_AR), "type of a usable code segment must have bit 1 (readable) set", 0, {{VMCS_GUEST_GS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_GS_AR, 9, OR}}, 2},
	{LONG, GUEST, F(GUEST_ES_AR), "S must be 1", 0, {{VMCS_GUEST_ES_AR, AR_S, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "S must be 1", 0, {{VMCS_GUEST_CS_AR, AR_S, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "S must be 1", 0, {{VMCS_GUEST_SS_AR, AR_S, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "S must be 1", 0, {{VMCS_GUEST_DS_AR, AR_S, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "S must be 1", 0, {{VMCS_GUEST_FS_AR, AR_S, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "S must be 1", 0, {{VMCS_GUEST_GS_AR, AR_S, CLEAR}}, 1},
	{PROTECTED, GUEST, F(GUEST_CS_AR), "DPL must be 0 if the type is 3", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 3, OR}, {VMCS_GUEST_CS_AR, AR_DPL, OR}}, 3},
	{LONG, GUEST, F(GUEST_CS_AR), "DPL must equal SS.DPL if the type is 9 or 11", 0, {{VMCS_GUEST_CS_AR, AR_DPL, OR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "DPL must not be greater than SS.DPL if the type is 13 or 15", 0, {{VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 15, OR}, {VMCS_GUEST_CS_AR, AR_DPL, OR}}, 3},
	{LONG, GUEST, F(GUEST_SS_AR), "DPL must equal the RPL of the selector", 0, {{VMCS_GUEST_SS_AR, AR_DPL, OR}, {VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 15, OR}}, 3},
	{REAL, GUEST, F(GUEST_SS_AR), "DPL must be 0 if the type of CS is 3 or CR0.PE is 0", 0, {{VMCS_GUEST_SS_AR, AR_DPL, OR}, {VMCS_GUEST_CS_AR, AR_DPL, OR}}, 2},
	{PROTECTED, GUEST, F(GUEST_SS_AR), "DPL must be 0 if the type of CS is 3 or CR0.PE is 0", 0, {{VMCS_GUEST_SS_AR, AR_DPL, OR}, {VMCS_GUEST_CS_AR, AR_TYPE, CLEAR}, {VMCS_GUEST_CS_AR, 3, OR}}, 3},
	{LONG, GUEST, F(GUEST_DS_AR), "DPL must not be less than the RPL of the selector", 0, {{VMCS_GUEST_DS_SELECTOR, 1, OR}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "DPL must not be less than the RPL of the selector", 0, {{VMCS_GUEST_ES_SELECTOR, 1, OR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "DPL must not be less than the RPL of the selector", 0, {{VMCS_GUEST_FS_SELECTOR, 1, OR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "DPL must not be less than the RPL of the selector", 0, {{VMCS_GUEST_GS_SELECTOR, 1, OR}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "P must be 1", 0, {{VMCS_GUEST_ES_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_ES_AR, BIT(8), OR}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_ES_AR, BIT(11), OR}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_ES_LIMIT, 0xfffffffe, SET}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_ES_AR, AR_G, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_ES_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_ES_AR, BIT(17), OR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "P must be 1", 0, {{VMCS_GUEST_CS_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_CS_AR, BIT(8), OR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_CS_AR, BIT(11), OR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_CS_LIMIT, 0xfffffffe, SET}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_CS_AR, AR_G, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_CS_AR, BIT(17), OR}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "P must be 1", 0, {{VMCS_GUEST_SS_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_SS_AR, BIT(8), OR}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_SS_AR, BIT(11), OR}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_SS_LIMIT, 0xfffffffe, SET}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_SS_AR, AR_G, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_SS_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_SS_AR, BIT(17), OR}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "P must be 1", 0, {{VMCS_GUEST_DS_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_DS_AR, BIT(8), OR}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_DS_AR, BIT(11), OR}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_DS_LIMIT, 0xfffffffe, SET}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_DS_AR, AR_G, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_DS_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_DS_AR, BIT(17), OR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "P must be 1", 0, {{VMCS_GUEST_FS_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_FS_AR, BIT(8), OR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_FS_AR, BIT(11), OR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_FS_LIMIT, 0xfffffffe, SET}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_FS_AR, AR_G, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_FS_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_FS_AR, BIT(17), OR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "P must be 1", 0, {{VMCS_GUEST_GS_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_GS_AR, BIT(8), OR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_GS_AR, BIT(11), OR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_GS_LIMIT, 0xfffffffe, SET}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_GS_AR, AR_G, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_GS_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_GS_AR, BIT(17), OR}}, 1},
	{LONG, GUEST, F(GUEST_CS_AR), "D/B must be 0 if L is 1 and \"IA-32e mode guest\" is 1", 0, {{VMCS_GUEST_CS_AR, AR_DB, OR}}, 1},
	{LONG, GUEST, F(GUEST_TR_AR), "type must be 11 (busy TSS), or 3 outside IA-32e mode", 0, {{VMCS_GUEST_TR_AR, AR_P | 3, SET}}, 1},
	{PAE, GUEST, F(GUEST_TR_AR), "type must be 11 (busy TSS), or 3 outside IA-32e mode", 0, {{VMCS_GUEST_TR_AR, AR_P | 9, SET}}, 1},
	{LONG, GUEST, F(GUEST_TR_AR), "S must be 0", 0, {{VMCS_GUEST_TR_AR, AR_S, OR}}, 1},
	{LONG, GUEST, F(GUEST_TR_AR), "P must be 1", 0, {{VMCS_GUEST_TR_AR, AR_P, CLEAR}}, 1},
	{LONG, GUEST, F(GUEST_TR_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_TR_AR, BIT(9), OR}}, 1},
	{LONG, GUEST, F(GUEST_TR_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_TR_AR, AR_G, OR}, {VMCS_GUEST_TR_LIMIT, 0x67, SET}}, 2},
	{LONG, GUEST, F(GUEST_TR_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_TR_LIMIT, 0x100fff, SET}}, 1},
	{LONG, GUEST, F(GUEST_TR_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_TR_AR, BIT(31), OR}}, 1},
	{LONG, GUEST, F(GUEST_LDTR_AR), "S must be 0", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_AR, AR_S, OR}}, 3},
	{LONG, GUEST, F(GUEST_LDTR_AR), "P must be 1", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_AR, AR_P, CLEAR}}, 3},
	{LONG, GUEST, F(GUEST_LDTR_AR), "reserved bits 11:8 must be 0", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_AR, BIT(9), OR}}, 3},
	{LONG, GUEST, F(GUEST_LDTR_AR), "G must be 0 if any of the limit's bits 11:0 is 0", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_AR, AR_G, OR}, {VMCS_GUEST_LDTR_LIMIT, 0x67, SET}}, 4},
	{LONG, GUEST, F(GUEST_LDTR_AR), "G must be 1 if any of the limit's bits 31:20 is 1", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_LIMIT, 0x100fff, SET}}, 3},
	{LONG, GUEST, F(GUEST_LDTR_AR), "reserved bits 31:17 must be 0", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_AR, BIT(31), OR}}, 3},
	{LONG, GUEST, F(GUEST_TR_AR), "TR must be usable", 0, {{VMCS_GUEST_TR_AR, AR_UNUSABLE, OR}}, 1},
	{LONG, GUEST, F(GUEST_LDTR_AR), "type must be 2 (LDT)", 0, {{VMCS_GUEST_LDTR_AR, AR_P | 2, SET}, {VMCS_GUEST_LDTR_LIMIT, 0xfff, SET}, {VMCS_GUEST_LDTR_AR, 1, OR}}, 3},
	{LONG, GUEST, F(GUEST_GDTR_BASE), "must be canonical", 0, {{VMCS_GUEST_GDTR_BASE, BIT(58), SET}}, 1},
	{LONG, GUEST, F(GUEST_GDTR_LIMIT), "bits 31:16 must be 0", 0, {{VMCS_GUEST_GDTR_LIMIT, 0x10000, SET}}, 1},
	{LONG, GUEST, F(GUEST_IDTR_BASE), "must be canonical", 0, {{VMCS_GUEST_IDTR_BASE, BIT(58), SET}}, 1},
	{LONG, GUEST, F(GUEST_IDTR_LIMIT), "bits 31:16 must be 0", 0, {{VMCS_GUEST_IDTR_LIMIT, 0x10000, SET}}, 1},
	{PAE, GUEST, F(GUEST_RIP), "bits 63:32 must be 0 outside 64-bit mode", 0, {{VMCS_GUEST_RIP, BIT(32), SET}}, 1},
	{COMPAT, GUEST, F(GUEST_RIP), "bits 63:32 must be 0 outside 64-bit mode", 0, {{VMCS_GUEST_RIP, BIT(32), SET}}, 1},
	{REAL, GUEST, F(GUEST_RIP), "bits 63:32 must be 0 outside 64-bit mode", 0, {{VMCS_GUEST_RIP, BIT(32), SET}}, 1},
	{LONG, GUEST, F(GUEST_RIP), "bits beyond the linear-address width must be identical in 64-bit mode", 0, {{VMCS_GUEST_RIP, BIT(60), SET}}, 1},
	{LONG, GUEST, F(GUEST_RFLAGS), "reserved bits 63:22, 15, 5 and 3 must be 0", 0, {{VMCS_GUEST_RFLAGS, BIT(3), OR}}, 1},
	{LONG, GUEST, F(GUEST_RFLAGS), "reserved bits 63:22, 15, 5 and 3 must be 0", 0, {{VMCS_GUEST_RFLAGS, BIT(5), OR}}, 1},
	{LONG, GUEST, F(GUEST_RFLAGS), "reserved bits 63:22, 15, 5 and 3 must be 0", 0, {{VMCS_GUEST_RFLAGS, BIT(15), OR}}, 1},
	{LONG, GUEST, F(GUEST_RFLAGS), "reserved bits 63:22, 15, 5 and 3 must be 0", 0, {{VMCS_GUEST_RFLAGS, BIT(22), OR}}, 1},
	{LONG, GUEST, F(GUEST_RFLAGS), "reserved bits 63:22, 15, 5 and 3 must be 0", 0, {{VMCS_GUEST_RFLAGS, BIT(63), OR}}, 1},
	{LONG, GUEST, F(GUEST_RFLAGS), "bit 1 must be 1", 0, {{VMCS_GUEST_RFLAGS, FLAG_FIXED, CLEAR}}, 1},
	{REAL_VM, GUEST, F(GUEST_RFLAGS), "VM must be 0 if \"IA-32e mode guest\" is 1 or CR0.PE is 0", 0, {{VMCS_GUEST_CR0, CR0_PE | CR0_PG, CLEAR}, {VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_PROC2_CONTROLS, CTL(PROC2, UNRESTRICTED), OR}}, 3},
	{IA32E_VM, GUEST, F(GUEST_RFLAGS), "VM must be 0 if \"IA-32e mode guest\" is 1 or CR0.PE is 0", 0, {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, GUEST_64), OR}, {VMCS_GUEST_CR4, CR4_PAE, OR}, {VMCS_GUEST_TR_AR, AR_P | 11, SET}}, 3},
	{LONG, GUEST, F(GUEST_RFLAGS), "IF must be 1 if an external interrupt is injected", 0, {{VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_EXTERNAL, 64), SET}}, 1},
	{LONG, GUEST, F(GUEST_ACTIVITY), "must be a supported activity state", 0, {{VMCS_GUEST_ACTIVITY, 4, SET}}, 1},
	{LONG, GUEST, F(GUEST_ACTIVITY), "must not be HLT if SS.DPL is not 0", 0, {{VMCS_GUEST_ACTIVITY, 1, SET}, {VMCS_GUEST_SS_AR, AR_DPL, OR}, {VMCS_GUEST_SS_SELECTOR, 3, OR}, {VMCS_GUEST_CS_SELECTOR, 3, OR}, {VMCS_GUEST_CS_AR, AR_DPL, OR}}, 5},
	{LONG, GUEST, F(GUEST_ACTIVITY), "must be active while events are blocked by STI or by MOV SS", 0, {{VMCS_GUEST_ACTIVITY, 1, SET}, {VMCS_GUEST_INTERRUPTIBILITY, BLOCK_STI, SET}, {VMCS_GUEST_RFLAGS, FLAG_IF, OR}}, 3},
	{LONG, GUEST, F(GUEST_ACTIVITY), "must be active while events are blocked by STI or by MOV SS", 0, {{VMCS_GUEST_ACTIVITY, 1, SET}, {VMCS_GUEST_INTERRUPTIBILITY, BLOCK_MOV_SS, SET}, {VMCS_GUEST_RFLAGS, FLAG_IF, OR}}, 3},
	{LONG, GUEST, F(GUEST_ACTIVITY), "the event to be injected must not be blocked in this activity state", 0, {{VMCS_GUEST_ACTIVITY, ACTIVITY_HLT, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_SOFT_INT, 64), SET}}, 2},
	{LONG, GUEST, F(GUEST_ACTIVITY), "the event to be injected must not be blocked in this activity state", 0, {{VMCS_GUEST_ACTIVITY, ACTIVITY_HLT, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, VEC_UD), SET}}, 2},
	{LONG, GUEST, F(GUEST_ACTIVITY), "the event to be injected must not be blocked in this activity state", 0, {{VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN, SET}, {VMCS_ENTRY_INTR_INFO, INTR(INTR_TYPE_OTHER, 0), SET}}, 2},
	{LONG, GUEST, F(GUEST_ACTIVITY), "the event to be injected must not be blocked in this activity state", 0, {{VMCS_GUEST_ACTIVITY, ACTIVITY_SHUTDOWN, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, VEC_DB), SET}}, 2},
	{LONG, GUEST, F(GUEST_ACTIVITY), "the event to be injected must not be blocked in this activity state", 0, {{VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_NMI, 2), SET}}, 2},
	{LONG, GUEST, F(GUEST_ACTIVITY), "the event to be injected must not be blocked in this activity state", 0, {{VMCS_GUEST_ACTIVITY, ACTIVITY_WAIT_FOR_SIPI, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_HARDWARE, VEC_MC), SET}}, 2},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "reserved bits must be 0", 0, {{VMCS_GUEST_INTERRUPTIBILITY, BIT(4), SET}}, 1},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "reserved bits must be 0", 0, {{VMCS_GUEST_INTERRUPTIBILITY, BIT(5), SET}}, 1},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "reserved bits must be 0", 0, {{VMCS_GUEST_INTERRUPTIBILITY, BIT(31), SET}}, 1},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by STI and blocking by MOV SS must not both be 1", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 3, SET}, {VMCS_GUEST_RFLAGS, FLAG_IF, OR}}, 2},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by STI must be 0 if RFLAGS.IF is 0", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 1, SET}}, 1},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by STI and by MOV SS must be 0 if an external interrupt is injected", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 1, SET}, {VMCS_GUEST_RFLAGS, FLAG_IF, OR}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_EXTERNAL, 64), SET}}, 3},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by STI and by MOV SS must be 0 if an external interrupt is injected", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 2, SET}, {VMCS_GUEST_RFLAGS, FLAG_IF, OR}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_EXTERNAL, 64), SET}}, 3},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by MOV SS must be 0 if an NMI is injected", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 2, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_NMI, 2), SET}}, 2},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by SMI must be 0 outside SMM", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 4, SET}}, 1},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by STI must be 0 if an NMI is injected", ENTRY_QUAL_NMI_STI, {{VMCS_GUEST_INTERRUPTIBILITY, 1, SET}, {VMCS_GUEST_RFLAGS, FLAG_IF, OR}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_NMI, 2), SET}}, 3},
	{LONG, GUEST, F(GUEST_INTERRUPTIBILITY), "blocking by NMI must be 0 if an NMI is injected and \"virtual NMIs\" is 1", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 8, SET}, {VMCS_ENTRY_INTR_INFO, INTR(EVTYPE_NMI, 2), SET}, {VMCS_PIN_CONTROLS, CTL(PIN, NMI), OR}, {VMCS_PIN_CONTROLS, CTL(PIN, VIRTUAL_NMIS), OR}}, 4},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "reserved bits must be 0", 0, {{VMCS_GUEST_PENDING_DBG, BIT(4), SET}}, 1},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "reserved bits must be 0", 0, {{VMCS_GUEST_PENDING_DBG, BIT(11), SET}}, 1},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "reserved bits must be 0", 0, {{VMCS_GUEST_PENDING_DBG, BIT(13), SET}}, 1},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "reserved bits must be 0", 0, {{VMCS_GUEST_PENDING_DBG, BIT(15), SET}}, 1},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "reserved bits must be 0", 0, {{VMCS_GUEST_PENDING_DBG, BIT(16), SET}}, 1},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "reserved bits must be 0", 0, {{VMCS_GUEST_PENDING_DBG, BIT(63), SET}}, 1},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "BS must be 1 if RFLAGS.TF is 1", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 2, SET}, {VMCS_GUEST_RFLAGS, FLAG_TF, OR}}, 2},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "BS must be 1 if RFLAGS.TF is 1", 0, {{VMCS_GUEST_ACTIVITY, 1, SET}, {VMCS_GUEST_RFLAGS, FLAG_TF, OR}}, 2},
	{LONG, GUEST, F(GUEST_PENDING_DBG), "BS must be 0 if RFLAGS.TF is 0", 0, {{VMCS_GUEST_INTERRUPTIBILITY, 2, SET}, {VMCS_GUEST_PENDING_DBG, BIT(14), SET}}, 2},
	{LONG, GUEST, F(LINK_POINTER), "bits 11:0 must be 0", ENTRY_QUAL_LINK, {{VMCS_LINK_POINTER, VMX_LAYOUT_VMCS2 | 8, SET}}, 1},
	{LONG, GUEST, F(LINK_POINTER), "bits beyond the physical-address width must be 0", ENTRY_QUAL_LINK, {{VMCS_LINK_POINTER, BIT(46), SET}}, 1},
	{LONG, GUEST, F(LINK_POINTER), "must point at the VMCS revision identifier, with the shadow-VMCS indicator 0", ENTRY_QUAL_LINK, {{VMCS_LINK_POINTER, LAYOUT_DATA, SET}}, 1},
	{LONG, GUEST, F(LINK_POINTER), "must point at the VMCS revision identifier, with the shadow-VMCS indicator 0", ENTRY_QUAL_LINK, {{VMCS_LINK_POINTER, BIT(40), SET}}, 1},
	{LONG, GUEST, F(LINK_POINTER), "must not be the current-VMCS pointer", ENTRY_QUAL_LINK, {{VMCS_LINK_POINTER, VMX_LAYOUT_VMCS, SET}}, 1},
	{PAE, GUEST, F(GUEST_CR3), "reserved bits of a present PDPTE must be 0", ENTRY_QUAL_PDPTE, {{VMCS_GUEST_CR3, LAYOUT_PML4, SET}}, 1},
	{PAE, GUEST, F(GUEST_PDPTE0), "reserved bits of a present PDPTE must be 0", ENTRY_QUAL_PDPTE, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_GUEST_PDPTE0, 3, SET}}, 2},
	{PAE, GUEST, F(GUEST_PDPTE1), "reserved bits of a present PDPTE must be 0", ENTRY_QUAL_PDPTE, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_GUEST_PDPTE1, 3, SET}}, 2},
	{PAE, GUEST, F(GUEST_PDPTE2), "reserved bits of a present PDPTE must be 0", ENTRY_QUAL_PDPTE, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_GUEST_PDPTE2, 3, SET}}, 2},
	{PAE, GUEST, F(GUEST_PDPTE3), "reserved bits of a present PDPTE must be 0", ENTRY_QUAL_PDPTE, {{VMCS_PROC2_CONTROLS, CTL(PROC2, EPT), OR}, {VMCS_GUEST_PDPTE3, 3, SET}}, 2},
};
/* clang-format on */

static void enter_mode(int mode)
{
	vmx_fixture_enter(mode >= MODES ? V86 : (enum mode)mode);
}

static void apply(const struct row *r)
{
	for (unsigned i = 0; i < r->changes; i++) {
		enum vmcs_encoding encoding = (enum vmcs_encoding)r->change[i].encoding;
		uint64_t value = r->change[i].value;

		switch (r->change[i].operation) {
		case SET:
			set(encoding, value);
			break;
		case OR:
			set_bits(encoding, value);
			break;
		case CLEAR:
			clear_bits(encoding, value);
		}
	}
}

static void expect_outcome(unsigned i)
{
	const struct row *r = &rows[i];

	if (r->where == GUEST) {
		ck_assert_msg(get(VMCS_EXIT_REASON) == (EXIT_INVALID_STATE | EXIT_ENTRY_FAILURE), "row %u: reason", i);
		ck_assert_msg(get(VMCS_EXIT_QUALIFICATION) == r->qualification, "row %u: qualification", i);
		ck_assert_msg(fix.cpu.rip == HOST_RIP, "row %u: RIP", i);
	} else {
		ck_assert_msg(vm_result() == (r->where == HOST ? VMERR_ENTRY_HOST : VMERR_ENTRY_CONTROLS), "row %u: error", i);
		ck_assert_msg(fix.cpu.rip == 0x1000, "row %u: RIP", i);
	}
}

START_TEST(each_broken_requirement_fails_alone)
{
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];

		enter_mode(r->mode);
		apply(r);
		ck_assert_msg(!launch(), "row %u (%s: %s) enters", i, vmcs_field_name(r->field), r->text);
		const struct entry_failure *f = &fix_vmx.failure;
		ck_assert_msg(f->text && f->field == r->field && strcmp(f->text, r->text) == 0, "row %u (%s: %s): failed %s: %s", i,
			      vmcs_field_name(r->field), r->text, vmcs_field_name((enum vmcs_index)f->field), f->text ? f->text : "-");
		ck_assert_uint_eq(f->count, 1);
		expect_outcome(i);
	}
}
END_TEST

/* Outside IA-32e mode the checks related to address-space size differ. */
static const struct row legacy[] = {
    {PAE,
     HOST,
     F(ENTRY_CONTROLS),
     "\"IA-32e mode guest\" must be 0 outside IA-32e mode",
     0,
     {{VMCS_ENTRY_CONTROLS, CTL(ENTRY, GUEST_64), OR}},
     1},
    {PAE,
     HOST,
     F(EXIT_CONTROLS),
     "\"host address-space size\" must be 0 outside IA-32e mode",
     0,
     {{VMCS_EXIT_CONTROLS, CTL(EXIT, HOST_64), OR}},
     1},
    {PAE, HOST, F(HOST_CR4), "PCIDE must be 0 if \"host address-space size\" is 0", 0, {{VMCS_HOST_CR4, CR4_PCIDE, OR}}, 1},
    {PAE, HOST, F(HOST_RIP), "bits 63:32 must be 0 if \"host address-space size\" is 0", 0, {{VMCS_HOST_RIP, BIT(32), OR}}, 1},
    {PAE, HOST, F(HOST_SS_SELECTOR), "must not be 0000H if \"host address-space size\" is 0", 0, {{VMCS_HOST_SS_SELECTOR, 0, SET}}, 1},
};

static void enter_legacy(void)
{
	vmx_fixture_enter(PAE);
	fix.cpu.efer = 0;
	clear_bits(VMCS_EXIT_CONTROLS, CTL(EXIT, HOST_64));
	set(VMCS_HOST_CR3, LAYOUT_PDPTE);
}

START_TEST(a_32_bit_host_has_its_own_requirements)
{
	for (unsigned i = 0; i <= ARRAY_LEN(legacy); i++) {
		enter_legacy();
		if (i == ARRAY_LEN(legacy)) {
			ck_assert(launch());
			break;
		}
		apply(&legacy[i]);
		ck_assert(!launch());
		ck_assert_str_eq(fix_vmx.failure.text, legacy[i].text);
		ck_assert_int_eq(fix_vmx.failure.field, legacy[i].field);
		ck_assert_int_eq(vm_result(), VMERR_ENTRY_HOST);
	}
}
END_TEST

/* Which lines of which source files rows have reached. */
enum { FILES = 4, LINES_MAX = 512 };
static const char *const sources[FILES] = {"vmx/entry_check_controls.c", "vmx/entry_check_host.c", "vmx/entry_check_guest.c",
					   "vmx/entry_check_segments.c"};
static bool reached[FILES][LINES_MAX];

static void note_reached(void)
{
	const struct entry_failure *f = &fix_vmx.failure;

	for (unsigned i = 0; i < FILES; i++)
		if (f->file && strcmp(f->file, sources[i]) == 0 && f->line < LINES_MAX)
			reached[i][f->line] = true;
}

static unsigned line_of(const char *source, const char *at)
{
	unsigned line = 1;

	for (; source < at; source++)
		line += *source == '\n';
	return line;
}

/* Each REQUIRE(...); and REQUIRE_NONE(...); of a source file: a row must have failed at one of its lines. */
static unsigned requirements_of(unsigned i)
{
	static char source[65536];
	unsigned found = 0;
	FILE *file = fopen(sources[i], "r");

	ck_assert_msg(file != NULL, "%s: the tests run from the top of the project", sources[i]);
	source[fread(source, 1, sizeof source - 1, file)] = 0;
	fclose(file);
	for (const char *at = source; (at = strstr(at, "REQUIRE")); found++) {
		const char *end = strstr(at, "\");");
		bool hit = false;

		ck_assert(end != NULL);
		for (unsigned line = line_of(source, at); line <= line_of(source, end); line++)
			hit |= reached[i][line];
		ck_assert_msg(hit, "%s, line %u: no test breaks this requirement: %.*s", sources[i], line_of(source, at), (int)(end - at),
			      at);
		at = end;
	}
	return found;
}

START_TEST(every_requirement_in_the_source_has_a_test)
{
	unsigned found = 0;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		enter_mode(rows[i].mode);
		apply(&rows[i]);
		launch();
		note_reached();
	}
	for (unsigned i = 0; i < ARRAY_LEN(legacy); i++) {
		enter_legacy();
		apply(&legacy[i]);
		launch();
		note_reached();
	}
	for (unsigned i = 0; i < FILES; i++)
		found += requirements_of(i);
	ck_assert_uint_gt(found, 100);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("entry_checks");

	tcase_add_checked_fixture(tc, vmx_fixture_setup, fixture_teardown);
	tcase_add_test(tc, each_broken_requirement_fails_alone);
	tcase_add_test(tc, a_32_bit_host_has_its_own_requirements);
	tcase_add_test(tc, every_requirement_in_the_source_has_a_test);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("entry_checks", add_cases)
