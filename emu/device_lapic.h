/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC of the one processor (SDM 3A, "Advanced Programmable Interrupt Controller (APIC)"): xAPIC registers in memory at
 * IA32_APIC_BASE, x2APIC registers as MSRs. device_lapic.c: interrupts; _reg.c: registers; _timer.c: the timer.
 */
#ifndef EMU_DEVICE_LAPIC_H
#define EMU_DEVICE_LAPIC_H

#include "mmu/base.h"

#define MSR_APIC_BASE 0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC 0x800u /* ..8FFH: register offset / 16 */

#define APIC_BASE_BSP BIT(8)
#define APIC_BASE_EXTD BIT(10) /* x2APIC mode */
#define APIC_BASE_EN BIT(11)
#define APIC_BASE_ADDR BITS(45, 12)

/* register offsets in the memory page */
enum lapic_reg {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_APR = 0x90,
	APIC_PPR = 0xa0,
	APIC_EOI = 0xb0,
	APIC_RRD = 0xc0,
	APIC_LDR = 0xd0,
	APIC_DFR = 0xe0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100, /* 8 registers, as TMR and IRR */
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT = 0x320, /* 6 registers */
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_DIVIDE = 0x3e0,
	APIC_SELF_IPI = 0x3f0,
};

/* the local vector table, in the order of its registers */
enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

#define LVT_MASKED BIT(16)
#define LVT_TIMER_MODE BITS(18, 17)
#define LVT_REMOTE_IRR BIT(14)
#define LVT_LEVEL BIT(15)

#define SVR_ENABLED BIT(8)

enum delivery_mode { DELIVER_FIXED, DELIVER_LOWEST, DELIVER_SMI, DELIVER_NMI = 4, DELIVER_INIT, DELIVER_STARTUP, DELIVER_EXTINT };

#define ESR_SEND_ILLEGAL 0x20u
#define ESR_RECEIVE_ILLEGAL 0x40u
#define ESR_ILLEGAL_REGISTER 0x80u

struct lapic {
	uint64_t base; /* IA32_APIC_BASE */
	uint32_t tpr, ldr, dfr, svr;
	uint32_t isr[8], tmr[8], irr[8];
	uint32_t esr, errors; /* errors: since ESR was written last */
	uint64_t icr;
	uint32_t lvt[LVT_COUNT];
	bool lint0;	/* the level of the LINT0 pin: the PIC's output */
	bool nmi, init; /* for the processor */

	/* the timer: its count at clock t is initial - (t - start) / divisor, see device_lapic_timer.c */
	uint32_t initial, divide;
	bool running;
	uint64_t start;	   /* of the present period */
	uint64_t deadline; /* TSC-deadline mode: a clock; 0: not armed. The MSR's owner knows the TSC's offset */
};

void lapic_reset(struct lapic *lapic); /* power-up: SDM 3A, "Local APIC State After Power-Up or Reset" */

/* device_lapic.c */
bool lapic_pending(const struct lapic *lapic); /* a fixed interrupt of sufficient priority is requested */
/* The vector, moved from IRR to ISR; the spurious vector when nothing of sufficient priority is requested. */
uint8_t lapic_acknowledge(struct lapic *lapic);
bool lapic_extint(const struct lapic *lapic); /* true if the PIC's interrupts go to the processor's INTR as such */
bool lapic_lint0_sensitive(const struct lapic *lapic);
void lapic_set_lint0(struct lapic *lapic, bool level);
void lapic_local_event(struct lapic *lapic, enum lapic_lvt which); /* delivers through the LVT, unless masked */
void lapic_accept(struct lapic *lapic, uint8_t vector, bool level);
void lapic_error(struct lapic *lapic, uint32_t bit);
void lapic_eoi(struct lapic *lapic);
void lapic_send(struct lapic *lapic); /* the interrupt command register was written */
uint8_t lapic_ppr(const struct lapic *lapic);
uint8_t lapic_apr(const struct lapic *lapic);

/* device_lapic_reg.c; a page of registers: offset 0..4095 */
uint64_t lapic_mmio_read(struct lapic *lapic, unsigned offset, unsigned size, uint64_t now);
void lapic_mmio_write(struct lapic *lapic, unsigned offset, uint64_t value, unsigned size, uint64_t now);
bool lapic_rdmsr(struct lapic *lapic, uint32_t msr, uint64_t *value, uint64_t now);
bool lapic_wrmsr(struct lapic *lapic, uint32_t msr, uint64_t value, uint64_t now);
static inline bool lapic_mmio_on(const struct lapic *lapic)
{
	return (lapic->base & (APIC_BASE_EN | APIC_BASE_EXTD)) == APIC_BASE_EN;
}
static inline bool lapic_x2apic(const struct lapic *lapic)
{
	return lapic->base & APIC_BASE_EXTD;
}

/* device_lapic_timer.c */
void lapic_timer_sync(struct lapic *lapic, uint64_t now);	    /* delivers what has expired */
uint64_t lapic_timer_next(const struct lapic *lapic, uint64_t now); /* the clock of the next interrupt that would be new; ~0: none */
uint32_t lapic_timer_current(const struct lapic *lapic, uint64_t now);
void lapic_timer_set_initial(struct lapic *lapic, uint32_t initial, uint64_t now);
void lapic_timer_set_divide(struct lapic *lapic, uint32_t divide, uint64_t now);
void lapic_timer_set_lvt(struct lapic *lapic, uint32_t lvt);
void lapic_timer_set_deadline(struct lapic *lapic, uint64_t deadline);

#endif
