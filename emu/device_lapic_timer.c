/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The APIC timer: one-shot, periodic and TSC-deadline mode (SDM 3A, "APIC Timer"). Its input runs at CLOCK_HZ, divided by 1..128. Nothing
 * counts: the count follows from the clock at which it was started, so periods never drift.
 *
 *     start        +initial*divisor        +2*initial*divisor
 *     |------------|-----------------------|----         one-shot ends at the first, periodic goes on from it
 *
 * CHOICE: a new divisor goes on from the current count. CHOICE: the reserved mode 11B counts as one-shot without interrupt.
 */
#include "emu/device_lapic.h"

enum { MODE_PERIODIC = 1, MODE_DEADLINE, MODE_RESERVED };

static unsigned mode(const struct lapic *lapic)
{
	return (unsigned)FIELD(lapic->lvt[LVT_TIMER], 18, 17);
}

/* log2 of the divisor: the register's bits 3, 1, 0 mean 2, 4, ... 128, and 1 */
static unsigned divisor_shift(const struct lapic *lapic)
{
	unsigned code = (lapic->divide & 3) | (lapic->divide >> 1 & 4);

	return (code + 1) % 8;
}

static uint64_t period(const struct lapic *lapic)
{
	return (uint64_t)lapic->initial << divisor_shift(lapic);
}

static bool counts(const struct lapic *lapic)
{
	return lapic->running && mode(lapic) != MODE_DEADLINE;
}

uint32_t lapic_timer_current(const struct lapic *lapic, uint64_t now)
{
	uint64_t gone;

	if (!counts(lapic))
		return 0;
	gone = (now - lapic->start) >> divisor_shift(lapic);
	return gone >= lapic->initial ? 0 : (uint32_t)(lapic->initial - gone);
}

void lapic_timer_sync(struct lapic *lapic, uint64_t now)
{
	if (lapic->deadline && now >= lapic->deadline) {
		lapic->deadline = 0;
		lapic_local_event(lapic, LVT_TIMER);
	}
	if (!counts(lapic) || now - lapic->start < period(lapic))
		return;
	if (mode(lapic) == MODE_PERIODIC)
		lapic->start = now - (now - lapic->start) % period(lapic);
	else
		lapic->running = false;
	if (mode(lapic) != MODE_RESERVED)
		lapic_local_event(lapic, LVT_TIMER);
}

uint64_t lapic_timer_next(const struct lapic *lapic, uint64_t now)
{
	uint32_t lvt = lapic->lvt[LVT_TIMER], vector = lvt & 0xff;
	uint64_t at;
	bool already = lapic->irr[vector / 32] >> (vector % 32) & 1;

	if ((lvt & LVT_MASKED) || already)
		return ~0ull;
	if (mode(lapic) == MODE_DEADLINE)
		return lapic->deadline > now ? lapic->deadline : ~0ull;
	if (!counts(lapic) || mode(lapic) == MODE_RESERVED)
		return ~0ull;
	at = now + (period(lapic) - (now - lapic->start));
	return at < now ? ~0ull : at;
}

void lapic_timer_set_initial(struct lapic *lapic, uint32_t initial, uint64_t now)
{
	if (mode(lapic) == MODE_DEADLINE)
		return;
	lapic->initial = initial;
	lapic->running = initial != 0;
	lapic->start = now;
}

void lapic_timer_set_divide(struct lapic *lapic, uint32_t divide, uint64_t now)
{
	uint64_t gone = (now - lapic->start) >> divisor_shift(lapic);

	lapic->divide = divide & 0xb;
	if (!counts(lapic))
		return;
	gone <<= divisor_shift(lapic);
	lapic->start = now - gone; /* may wrap: only differences are used */
}

/* A change into or out of TSC-deadline mode disarms the timer; between one-shot and periodic it goes on. */
void lapic_timer_set_lvt(struct lapic *lapic, uint32_t lvt)
{
	bool was_deadline = mode(lapic) == MODE_DEADLINE;

	lapic->lvt[LVT_TIMER] = lvt;
	if (was_deadline != (mode(lapic) == MODE_DEADLINE)) {
		lapic->deadline = 0;
		lapic->running = false;
	}
}

void lapic_timer_set_deadline(struct lapic *lapic, uint64_t deadline)
{
	if (mode(lapic) == MODE_DEADLINE)
		lapic->deadline = deadline;
}
