/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 8254: modes 0-5, latch and read-back commands, BCD. Nothing runs here: every output and count is computed from the tick at
 * which the count was loaded, and ticks from model time, so nothing drifts.
 *
 *     tick = clock * 1193182 / 10^9        elapsed = tick - start        (a count is loaded one tick after it is written)
 *
 * LIMIT: in mode 3 a new count takes effect at the end of the period, not of the half period. CHOICE: a count of 1, which modes 2 and 3 do
 * not permit, counts as 2.
 */
#include "emu/device_pit.h"

#include <string.h>

static const uint64_t hz = 1000000000ull; /* of the model's clock */

static uint64_t to_tick(uint64_t clock)
{
	return (uint64_t)((unsigned __int128)clock * PIT_HZ / hz);
}

/* The first clock at which to_tick gives at least tick. */
static uint64_t to_clock(uint64_t tick)
{
	unsigned __int128 clock = ((unsigned __int128)tick * hz + PIT_HZ - 1) / PIT_HZ;

	return clock > ~0ull ? ~0ull : (uint64_t)clock;
}

static bool periodic(const struct pit_counter *c)
{
	return c->mode == 2 || c->mode == 3;
}

static bool needs_trigger(const struct pit_counter *c)
{
	return c->mode == 1 || c->mode == 5;
}

void pit_reset(struct pit *pit)
{
	memset(pit, 0, sizeof *pit);
	for (unsigned i = 0; i < 3; i++) {
		pit->counter[i].access = 3;
		pit->counter[i].mode = 3;
		pit->counter[i].gate = i != 2;
	}
}

/* Ticks since the count was loaded; 0 as long as it is not. */
static uint64_t elapsed(const struct pit_counter *c, uint64_t tick)
{
	if (!c->gate && (c->mode == 0 || c->mode == 4))
		return c->held;
	return tick > c->start ? tick - c->start : 0;
}

static bool counting(const struct pit_counter *c)
{
	return c->loaded && (!needs_trigger(c) || c->triggered) && (!periodic(c) || c->gate);
}

static bool output(const struct pit_counter *c, uint64_t tick)
{
	uint64_t e = elapsed(c, tick), n = c->count;

	if (!counting(c))
		return c->mode != 0;
	switch (c->mode) {
	case 0:
		return e >= n;
	case 1:
		return e >= n || tick < c->start;
	case 2:
		return e % n != n - 1;
	case 3:
		return e % n < (n + 1) / 2;
	default: /* 4, 5 */
		return e != n;
	}
}

/* How often the output has risen since the count was loaded. */
static uint64_t rises(const struct pit_counter *c, uint64_t tick)
{
	uint64_t e = elapsed(c, tick), n = c->count;

	if (!counting(c))
		return 0;
	if (periodic(c))
		return e / n;
	return c->mode >= 4 ? e > n : e >= n;
}

/* The tick of the next rise after this one; ~0: none. */
static uint64_t next_rise(const struct pit_counter *c, uint64_t tick)
{
	uint64_t at = c->count + (c->mode >= 4 ? 1ull : 0ull);

	if (!counting(c) || !c->gate)
		return ~0ull;
	if (periodic(c))
		return c->start + (elapsed(c, tick) / c->count + 1) * c->count;
	return elapsed(c, tick) < at ? c->start + at : ~0ull;
}

/* Brings a counter to the present: a pending reload, and whether the output rose since the last time. */
static bool counter_sync(struct pit_counter *c, uint64_t tick)
{
	bool rose = false;

	if (c->reload && tick >= c->reload_at) {
		rose = rises(c, c->reload_at) > rises(c, c->seen);
		c->start = c->seen = c->reload_at;
		c->count = c->reload;
		c->reload = 0;
	}
	rose |= rises(c, tick) > rises(c, c->seen);
	c->seen = tick;
	return rose;
}

static uint16_t to_bcd(unsigned n)
{
	return (uint16_t)(n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 % 10 << 12);
}

static unsigned from_bcd(unsigned v)
{
	return (v & 15) + (v >> 4 & 15) * 10 + (v >> 8 & 15) * 100 + (v >> 12 & 15) * 1000;
}

/* What the counting element holds. Mode 3 counts by two, an odd N from N - 1. */
static uint16_t current(const struct pit_counter *c, uint64_t tick)
{
	uint64_t wrap = c->bcd ? 10000 : 65536, n = c->count, e = counting(c) ? elapsed(c, tick) : 0, v;

	if (c->mode == 3) {
		uint64_t p = n ? e % n : 0, high = (n + 1) / 2;
		v = (n & ~1ull) - 2 * (p < high ? p : p - high);
	} else if (c->mode == 2) {
		v = n - (n ? e % n : 0);
	} else {
		v = n + wrap - e % wrap;
	}
	return c->bcd ? to_bcd((unsigned)(v % wrap)) : (uint16_t)v;
}

static void load(struct pit_counter *c, unsigned value, uint64_t tick)
{
	uint32_t n = c->bcd ? from_bcd(value) : value;

	if (!n)
		n = c->bcd ? 10000 : 65536;
	if (periodic(c) && n == 1)
		n = 2;
	if (counting(c) && periodic(c)) {
		c->reload = n;
		c->reload_at = next_rise(c, tick);
		return;
	}
	if (c->triggered) { /* the next trigger takes it */
		c->reload = n;
		c->reload_at = ~0ull;
		return;
	}
	c->count = n;
	c->loaded = true;
	c->held = 0;
	if (!needs_trigger(c))
		c->start = tick + 1;
	c->seen = tick;
}

static void write_count(struct pit_counter *c, uint8_t value, uint64_t tick)
{
	if (c->access == 1) {
		load(c, value, tick);
	} else if (c->access == 2) {
		load(c, (unsigned)value << 8, tick);
	} else if (!c->write_high) {
		c->write_low = value;
		c->write_high = true;
		if (c->mode == 0) /* the first byte stops counting */
			c->loaded = false;
	} else {
		c->write_high = false;
		load(c, c->write_low | (unsigned)value << 8, tick);
	}
}

static void latch_count(struct pit_counter *c, uint64_t tick)
{
	if (c->count_latched)
		return;
	c->latch = current(c, tick);
	c->count_latched = true;
}

static void latch_status(struct pit_counter *c, uint64_t tick)
{
	bool null_count = !c->loaded || c->reload || tick < c->start;

	if (c->status_latched)
		return;
	c->status = (uint8_t)((output(c, tick) ? 0x80 : 0) | (null_count ? 0x40 : 0) | c->access << 4 | c->mode << 1 | (c->bcd ? 1 : 0));
	c->status_latched = true;
}

/* Control word: counter in 7:6 (3: read-back), access in 5:4 (0: latch), mode in 3:1, BCD in 0. */
static void control(struct pit *pit, uint8_t value, uint64_t tick)
{
	unsigned mode = value >> 1 & 7u;

	for (unsigned i = 0; i < 3 && value >> 6 == 3; i++) {
		if ((value >> (i + 1) & 1) && !(value & 0x20))
			latch_count(&pit->counter[i], tick);
		if ((value >> (i + 1) & 1) && !(value & 0x10))
			latch_status(&pit->counter[i], tick);
	}
	if (value >> 6 == 3)
		return;
	struct pit_counter *c = &pit->counter[value >> 6];
	if (!(value & 0x30)) {
		latch_count(c, tick);
		return;
	}
	*c = (struct pit_counter){.gate = c->gate, .count = c->count, .start = tick, .seen = tick};
	c->access = value >> 4 & 3;
	c->mode = (uint8_t)(mode > 5 ? mode - 4 : mode);
	c->bcd = value & 1;
}

void pit_out(struct pit *pit, unsigned reg, uint8_t value, uint64_t now)
{
	uint64_t tick = to_tick(now);

	if ((reg & 3) == 3) {
		control(pit, value, tick);
		return;
	}
	counter_sync(&pit->counter[reg & 3], tick);
	write_count(&pit->counter[reg & 3], value, tick);
}

uint8_t pit_in(struct pit *pit, unsigned reg, uint64_t now)
{
	struct pit_counter *c = &pit->counter[reg & 3];
	uint16_t value;
	bool high;

	if ((reg & 3) == 3)
		return 0xff; /* the control word cannot be read */
	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if ((reg & 3) != 0)
		counter_sync(c, to_tick(now)); /* counter 0 is kept in step by pit_rose */
	value = c->count_latched ? c->latch : current(c, to_tick(now));
	high = c->access == 2 || (c->access == 3 && c->read_high);
	if (c->access == 3)
		c->read_high = !c->read_high;
	if (c->access != 3 || high)
		c->count_latched = false;
	return (uint8_t)(high ? value >> 8 : value);
}

/* The gate: holds modes 0 and 4, restarts modes 2 and 3, triggers modes 1 and 5. */
static void set_gate(struct pit_counter *c, bool gate, uint64_t tick)
{
	bool rises_now = gate && !c->gate;

	counter_sync(c, tick);
	if (!gate && c->gate)
		c->held = elapsed(c, tick);
	c->gate = gate;
	if (!rises_now)
		return;
	if (c->mode == 0 || c->mode == 4) {
		c->start = tick > c->held ? tick - c->held : 0;
	} else {
		c->start = tick + 1;
		c->triggered = needs_trigger(c);
		c->count = c->reload ? c->reload : c->count;
		c->reload = 0;
	}
	c->seen = tick;
}

uint8_t pit_port61_in(struct pit *pit, uint64_t now)
{
	struct pit_counter *c = &pit->counter[2];
	bool refresh = now / 15085 & 1; /* toggles with each memory refresh, every 15 us */

	counter_sync(c, to_tick(now));
	return (uint8_t)((c->gate ? 1 : 0) | (pit->speaker ? 2 : 0) | (refresh ? 0x10 : 0) | (output(c, to_tick(now)) ? 0x20 : 0));
}

void pit_port61_out(struct pit *pit, uint8_t value, uint64_t now)
{
	set_gate(&pit->counter[2], value & 1, to_tick(now));
	pit->speaker = value & 2;
}

bool pit_line(const struct pit *pit, unsigned counter, uint64_t now)
{
	return output(&pit->counter[counter], to_tick(now));
}

bool pit_rose(struct pit *pit, uint64_t now)
{
	return counter_sync(&pit->counter[0], to_tick(now));
}

uint64_t pit_next_rise(const struct pit *pit, uint64_t now)
{
	uint64_t tick = next_rise(&pit->counter[0], to_tick(now));

	return tick == ~0ull ? ~0ull : to_clock(tick);
}
