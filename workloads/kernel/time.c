/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counter's frequency is CPUID leaf 15H's (SDM 3B, "Determining the Processor Base Frequency"); without it, it is measured against the
 * timer of an 8254, and the APIC timer's too. The date at start is always the same, so that runs repeat.
 */
#include "time.h"
#include "lapic.h"
#include "log.h"

enum { FACTOR_SHIFT = 34 };
enum { PIT_HZ = 1193182, PIT_2 = 0x42, PIT_MODE = 0x43, PIT_GATE = 0x61 };

#define EPOCH 1577836800ull /* 2020-01-01 00:00 UTC */

static u64 tsc_start, tsc_hz, apic_hz;
static u64 tsc_factor; /* nanoseconds of one tick, times 2^34 */
static u64 real_start = EPOCH * SECOND;

/* 1/100 second on channel 2, polled */
static void measure(void)
{
	u64 tsc;

	outb(PIT_GATE, (inb(PIT_GATE) & 0xfc) | 1);
	outb(PIT_MODE, 0xb0); /* channel 2, mode 0 */
	outb(PIT_2, (PIT_HZ / 100) & 0xff);
	outb(PIT_2, (PIT_HZ / 100) >> 8);
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_1);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, ~0u);
	tsc = rdtsc();
	while (!(inb(PIT_GATE) & 0x20))
		;
	tsc_hz = (rdtsc() - tsc) * 100;
	apic_hz = (u64)(~0u - lapic_read(LAPIC_TIMER_CURRENT)) * 100;
}

void time_init(u64 hz)
{
	u32 r[4];

	lapic_init(SPURIOUS_VECTOR);
	cpuid(0, 0, r);
	if (r[0] >= 0x15) {
		cpuid(0x15, 0, r);
		if (r[0] && r[1] && r[2]) {
			tsc_hz = (u64)r[2] * r[1] / r[0];
			apic_hz = r[2];
		}
	}
	if (!tsc_hz)
		measure();
	tsc_factor = tsc_hz ? (SECOND << FACTOR_SHIFT) / tsc_hz : 0;
	tsc_start = rdtsc();
	if (hz)
		lapic_timer(TIMER_VECTOR, LVT_PERIODIC, (u32)(apic_hz / hz));
}

u64 time_now(void)
{
	return (u64)((unsigned __int128)(rdtsc() - tsc_start) * tsc_factor >> FACTOR_SHIFT);
}

u64 time_real(void)
{
	return real_start + time_now();
}

bool time_set_real(u64 ns)
{
	if (ns < time_now())
		return false;
	real_start = ns - time_now();
	return true;
}
