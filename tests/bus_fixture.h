/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus with a clock of its own and no memory behind it, for the device suites.
 */
#ifndef TESTS_BUS_FIXTURE_H
#define TESTS_BUS_FIXTURE_H

#include "emu/bus.h"
#include "emu/console.h"
#include "tests/test.h"

#include <string.h>

#define APIC_PAGE 0xfee00000ull

static struct mem fixture_mem;
static struct bus fixture_bus;
static struct console fixture_console;
static uint64_t fixture_clock;

static inline struct bus *bus_setup_input(int in_fd)
{
	fixture_clock = 0;
	memset(&fixture_mem, 0, sizeof fixture_mem);
	ck_assert_int_eq(console_init(&fixture_console, NULL, in_fd, 1 << 16), 0);
	struct bus_config config = {.ram_size = 128 << 20, .console = &fixture_console};
	ck_assert_int_eq(bus_init(&fixture_bus, &fixture_mem, &fixture_clock, &config), 0);
	return &fixture_bus;
}

static inline struct bus *bus_setup(void)
{
	return bus_setup_input(-1);
}

static inline void bus_teardown(void)
{
	bus_free(&fixture_bus);
	console_free(&fixture_console);
}

static inline uint8_t in8(uint16_t port)
{
	return (uint8_t)bus_in(&fixture_bus, port, 1);
}

static inline void out8(uint16_t port, unsigned value)
{
	bus_out(&fixture_bus, port, 1, value);
}

static inline uint32_t apic_in(unsigned offset)
{
	return (uint32_t)fixture_mem.devices.read(fixture_mem.devices.ctx, HPA(APIC_PAGE + offset), 4);
}

static inline void apic_out(unsigned offset, uint32_t value)
{
	fixture_mem.devices.write(fixture_mem.devices.ctx, HPA(APIC_PAGE + offset), value, 4);
}

/* Jumps from event to event until an interrupt is pending; returns the clock, or ~0 if none ever is. */
static inline uint64_t run_to_interrupt(struct bus *bus)
{
	while (!bus_interrupt_pending(bus)) {
		uint64_t next = bus_next_event(bus);
		if (next == ~0ull)
			return next;
		ck_assert_uint_gt(next, fixture_clock);
		fixture_clock = next;
	}
	return fixture_clock;
}

#endif
