/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMCS: its fields by name, and one with good values in all of them, from which each case starts. */
#ifndef METAL_VMCS_H
#define METAL_VMCS_H

#include "guest.h"
#include "vmcs_field.h"
#include "x86.h"

/* Reads and writes of fields that exist, with a VMCS that is current. */
u64 vmcs_read(enum vmcs_field field);
void vmcs_write(enum vmcs_field field, u64 value);

/* Pin-based controls. In the defaults: those that must be 1, or are so on every processor. */
#define PIN_DEFAULT 0x16u
#define PIN_EXTERNAL_INTERRUPT 0x1u
#define PIN_NMI 0x8u
#define PIN_VIRTUAL_NMIS 0x20u
#define PIN_PREEMPTION_TIMER 0x40u
#define PROC_DEFAULT 0x04006172u
#define PROC_INTERRUPT_WINDOW 0x4u
#define PROC_HLT 0x80u
#define PROC_NMI_WINDOW 0x400000u
#define PROC_UNCONDITIONAL_IO 0x1000000u
#define PROC_IO_BITMAPS 0x2000000u
#define PROC_MONITOR_TRAP 0x8000000u
#define PROC_MSR_BITMAPS 0x10000000u
#define PROC_SECONDARY 0x80000000u
#define PROC2_EPT 0x2u
#define PROC2_VPID 0x20u
#define PROC2_UNRESTRICTED 0x80u
#define EXIT_DEFAULT 0x00036dfbu
#define EXIT_SAVE_DEBUG 0x4u
#define EXIT_HOST_64 0x200u
#define EXIT_SAVE_EFER 0x100000u
#define EXIT_LOAD_EFER 0x200000u
#define ENTRY_DEFAULT 0x000011fbu
#define ENTRY_LOAD_DEBUG 0x4u
#define ENTRY_GUEST_64 0x200u
#define ENTRY_LOAD_EFER 0x8000u

/* Makes the VMCS current, clear, with host state, controls and a guest in the given mode at CPL; EPT is on. */
void vmcs_init(enum guest_mode mode, unsigned cpl);

/* Its address. */
u64 vmcs_address(void);

#endif
