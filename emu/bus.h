/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus: I/O ports and device memory, the devices behind them, the interrupt lines, and time. Devices see model time only
 * (cpu->clock), so every run is deterministic.
 */
#ifndef EMU_BUS_H
#define EMU_BUS_H

#include "mmu/mem.h"

/* One model cycle is a nanosecond of device time: the TSC runs at 1 GHz (CPUID leaf 15H says so). */
#define CLOCK_HZ 1000000000ull

struct console; /* emu/console.h: where the guest's output goes and its input comes from */
struct serial;
struct pic;
struct pit;
struct lapic;
struct fwcfg;
struct cmos;
struct kbc;
struct stream;	  /* emu/device_stream.h */
struct save_port; /* emu/save.h: files that the guest hands out */

struct bus {
	const uint64_t *clock; /* cpu->clock */
	struct console *console;
	struct serial *serial;
	struct pic *pic;
	struct pit *pit;
	struct lapic *lapic;
	struct fwcfg *fwcfg;
	struct cmos *cmos;
	struct kbc *kbc;
	struct stream *stream;
	struct save_port *save; /* the caller's; NULL: there is no such port */
	uint64_t ram_size;
	uint32_t pci_address; /* port 0xCF8 */
	uint8_t port_92, post_code;
	bool verbose; /* name unassigned ports and addresses once on stderr */
	uint8_t port_named[65536 / 8];
	bool memory_named; /* the first unassigned device address was named */
	/* the guest asked to end the run: port 0xF4 (status = value << 1 | 1), "Shutdown" to port 0x8900, or a reset (status 0) */
	bool exit_requested;
	int exit_status;
	unsigned shutdown_matched; /* characters of "Shutdown" seen at port 0x8900 */
};

struct bus_config {
	uint64_t ram_size;
	struct console *console; /* owned by the caller */
	struct save_port *save;	 /* likewise; may be NULL */
	bool verbose;
};

/* Creates all devices in their reset state and attaches device memory to mem. Returns 0 or -ERR_NOMEM. */
int bus_init(struct bus *bus, struct mem *mem, const uint64_t *clock, const struct bus_config *config);
void bus_free(struct bus *bus);

/* What a PC's firmware leaves: PIC at vectors 08H and 70H, PIT at 18.2 Hz, local APIC enabled with LINT0 = ExtINT and LINT1 = NMI. */
void bus_firmware_state(struct bus *bus);

/* I/O ports; size 1, 2 or 4. Unassigned ports read all ones and swallow writes. */
uint32_t bus_in(struct bus *bus, uint16_t port, unsigned size);
void bus_out(struct bus *bus, uint16_t port, unsigned size, uint32_t value);

/*
 * Brings the devices up to the present (clock) and says whether an external interrupt is pending for the processor, that is:
 * would be delivered if RFLAGS.IF = 1. bus_next_event: the clock at which bus_interrupt_pending may next change by itself, ~0 if never;
 * it is after the present, and holds until the next access to a port, device memory or MSR of the bus.
 */
bool bus_interrupt_pending(struct bus *bus);
uint64_t bus_next_event(struct bus *bus);
/*
 * true if the guest waits for input of the console, which has none ready (COM1 would interrupt, or the stream port was asked for it): a
 * halted machine may then wait on the host.
 */
bool bus_awaits_input(const struct bus *bus);
/* The interrupt-acknowledge cycle: the vector of the highest-priority pending interrupt (LAPIC, or PIC through LINT0/ExtINT). */
uint8_t bus_acknowledge(struct bus *bus);

/* An NMI or INIT that the local APIC has for the processor (self IPI, LINT): true once for each. */
bool bus_take_nmi(struct bus *bus);
bool bus_take_init(struct bus *bus);

/*
 * Local-APIC registers as MSRs (x2APIC, IA32_APIC_BASE, IA32_TSC_DEADLINE, here compared with the clock): return false for #GP(0).
 */
bool bus_rdmsr(struct bus *bus, uint32_t msr, uint64_t *value);
bool bus_wrmsr(struct bus *bus, uint32_t msr, uint64_t value);
/* MOV CR8: task priority */
uint8_t bus_tpr(struct bus *bus);		  /* TPR[7:4] */
void bus_set_tpr(struct bus *bus, uint8_t value); /* value is TPR[7:4] */

#endif
