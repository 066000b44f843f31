/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local APIC: enabling it, and its timer. */
#include "lapic.h"

void lapic_init(u8 spurious)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	lapic_write(LAPIC_SVR, 0x100u | spurious);
}

void lapic_timer(u8 vector, u32 mode, u32 count)
{
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_1);
	lapic_write(LAPIC_LVT_TIMER, mode | vector);
	lapic_write(LAPIC_TIMER_INITIAL, count);
}

void lapic_timer_off(void)
{
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
}
