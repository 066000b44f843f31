/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC in xAPIC mode at its reset address, mapped at LAPIC_BASE (if not said otherwise, linear = physical). */
#ifndef LIB_LAPIC_H
#define LIB_LAPIC_H

#include "x86.h"

enum lapic_reg {
	LAPIC_ID = 0x20,
	LAPIC_VERSION = 0x30,
	LAPIC_TPR = 0x80,
	LAPIC_PPR = 0xa0,
	LAPIC_EOI = 0xb0,
	LAPIC_SVR = 0xf0,
	LAPIC_ISR = 0x100,
	LAPIC_IRR = 0x200,
	LAPIC_ICR = 0x300,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
};

enum { LVT_MASKED = 0x10000, LVT_PERIODIC = 0x20000, LVT_DEADLINE = 0x40000, DIVIDE_1 = 0xb };

#ifndef LAPIC_BASE
#define LAPIC_BASE 0xfee00000ul
#endif

static inline u32 lapic_read(enum lapic_reg reg)
{
	return *(volatile u32 *)(LAPIC_BASE + reg);
}
static inline void lapic_write(enum lapic_reg reg, u32 v)
{
	*(volatile u32 *)(LAPIC_BASE + reg) = v;
}

/* Masks both 8259s and enables the local APIC with this spurious vector. */
void lapic_init(u8 spurious);
/* Starts the timer: mode is 0 (one-shot) or LVT_PERIODIC. */
void lapic_timer(u8 vector, u32 mode, u32 count);
void lapic_timer_off(void);

#endif
