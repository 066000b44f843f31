/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus: creates the devices, routes port, memory and MSR accesses to them, and wires their interrupt lines:
 *
 *     PIT counter 0 -> line 0 \
 *     COM1          -> line 4  > PIC -> LINT0 of the local APIC -> processor
 *
 * Before each access the devices are brought up to the clock, so that what they do depends on clock and accesses alone.
 * LIMIT: no I/O APIC: its page reads all ones as unassigned memory does.
 */
#include "emu/bus.h"

#include "emu/bus_ports.h"
#include "emu/device_cmos.h"
#include "emu/device_fwcfg.h"
#include "emu/device_kbc.h"
#include "emu/device_lapic.h"
#include "emu/device_pic.h"
#include "emu/device_pit.h"
#include "emu/device_serial.h"
#include "emu/device_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_PIT = 0, LINE_COM1 = 4 };

/* Brings all devices up to the clock and carries their lines to where they lead. */
static void bus_update(struct bus *bus)
{
	uint64_t now = *bus->clock;

	pic_set_line(bus->pic, LINE_COM1, serial_update(bus->serial, now));
	if (pit_rose(bus->pit, now)) {
		pic_set_line(bus->pic, LINE_PIT, false);
		pic_set_line(bus->pic, LINE_PIT, true);
	}
	pic_set_line(bus->pic, LINE_PIT, pit_line(bus->pit, 0, now));
	lapic_set_lint0(bus->lapic, pic_pending(bus->pic));
	lapic_timer_sync(bus->lapic, now);
}

static bool in_lapic(const struct bus *bus, hpa_t addr)
{
	return lapic_mmio_on(bus->lapic) && page_base(addr.u) == (bus->lapic->base & APIC_BASE_ADDR);
}

static void name_memory(struct bus *bus, hpa_t addr, const char *what)
{
	if (!bus->verbose || bus->memory_named)
		return;
	bus->memory_named = true;
	fprintf(stderr, "vtxray: %s unassigned memory at %#" PRIx64 " (further ones are not named)\n", what, addr.u);
}

static uint64_t memory_read(void *ctx, hpa_t addr, unsigned size)
{
	struct bus *bus = ctx;

	if (in_lapic(bus, addr)) {
		bus_update(bus);
		return lapic_mmio_read(bus->lapic, (unsigned)page_offset(addr.u), size, *bus->clock);
	}
	name_memory(bus, addr, "read of");
	return size < 8 ? BIT(8 * size) - 1 : ~0ull;
}

static void memory_write(void *ctx, hpa_t addr, uint64_t value, unsigned size)
{
	struct bus *bus = ctx;

	if (in_lapic(bus, addr)) {
		bus_update(bus);
		lapic_mmio_write(bus->lapic, (unsigned)page_offset(addr.u), value, size, *bus->clock);
		return;
	}
	name_memory(bus, addr, "write to");
}

int bus_init(struct bus *bus, struct mem *mem, const uint64_t *clock, const struct bus_config *config)
{
	memset(bus, 0, sizeof *bus);
	bus->clock = clock;
	bus->console = config->console;
	bus->save = config->save;
	bus->verbose = config->verbose;
	bus->ram_size = config->ram_size;
	bus->serial = malloc(sizeof *bus->serial);
	bus->pic = malloc(sizeof *bus->pic);
	bus->pit = malloc(sizeof *bus->pit);
	bus->lapic = malloc(sizeof *bus->lapic);
	bus->fwcfg = malloc(sizeof *bus->fwcfg);
	bus->cmos = malloc(sizeof *bus->cmos);
	bus->kbc = malloc(sizeof *bus->kbc);
	bus->stream = malloc(sizeof *bus->stream);
	if (!bus->serial || !bus->pic || !bus->pit || !bus->lapic || !bus->fwcfg || !bus->cmos || !bus->kbc || !bus->stream) {
		bus_free(bus);
		return -ERR_NOMEM;
	}
	serial_reset(bus->serial, bus->console);
	pic_reset(bus->pic);
	pit_reset(bus->pit);
	lapic_reset(bus->lapic);
	fwcfg_reset(bus->fwcfg, bus->ram_size);
	cmos_reset(bus->cmos, bus->ram_size);
	kbc_reset(bus->kbc);
	stream_reset(bus->stream, bus->console);
	bus->port_92 = 0x02;
	mem->devices = (struct mem_devices){memory_read, memory_write, bus};
	return 0;
}

void bus_free(struct bus *bus)
{
	free(bus->serial);
	free(bus->pic);
	free(bus->pit);
	free(bus->lapic);
	free(bus->fwcfg);
	free(bus->cmos);
	free(bus->kbc);
	free(bus->stream);
	memset(bus, 0, sizeof *bus);
}

void bus_firmware_state(struct bus *bus)
{
	/* port, value; as SeaBIOS leaves QEMU's PC: PIC lines 0-2, 6, 8, 12-14 open, 10 and 11 level triggered; PIT counter 0 in mode 2,
	 * 65536 */
	static const uint16_t out[][2] = {
	    {0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x08}, {0xa1, 0x70}, {0x21, 0x04}, {0xa1, 0x02}, {0x21, 0x01},
	    {0xa1, 0x01}, {0x21, 0xb8}, {0xa1, 0x8e}, {0x43, 0x34}, {0x40, 0x00}, {0x40, 0x00}, {0x4d1, 0x0c},
	};

	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		bus_out(bus, out[i][0], 1, out[i][1]);
	lapic_mmio_write(bus->lapic, APIC_SVR, SVR_ENABLED | 0xff, 4, *bus->clock);
	lapic_mmio_write(bus->lapic, APIC_LVT + 16 * LVT_LINT0, LVT_LEVEL | DELIVER_EXTINT << 8, 4, *bus->clock);
	lapic_mmio_write(bus->lapic, APIC_LVT + 16 * LVT_LINT1, LVT_LEVEL | DELIVER_NMI << 8, 4, *bus->clock);
}

static void name_port(struct bus *bus, uint16_t port, const char *what)
{
	uint8_t bit = (uint8_t)BIT(port % 8);

	if (!bus->verbose || (bus->port_named[port / 8] & bit))
		return;
	bus->port_named[port / 8] |= bit;
	fprintf(stderr, "vtxray: %s unassigned port %#x\n", what, port);
}

/* The device that takes an access whole; NULL: none, or it must be split. */
static const struct bus_port *whole(uint16_t port, unsigned size)
{
	const struct bus_port *p = bus_port_find(port);

	return p && size <= p->width && port + size - 1 <= p->last ? p : NULL;
}

uint32_t bus_in(struct bus *bus, uint16_t port, unsigned size)
{
	const struct bus_port *p = whole(port, size);
	uint32_t value = 0;

	if (p) {
		bus_update(bus);
		return p->in(bus, port, size) & (uint32_t)(BIT(8 * size) - 1);
	}
	for (unsigned i = 0; i < size && size > 1; i++)
		value |= bus_in(bus, (uint16_t)(port + i), 1) << (8 * i);
	if (size > 1)
		return value;
	name_port(bus, port, "read of");
	return 0xff;
}

void bus_out(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	const struct bus_port *p = whole(port, size);

	value &= (uint32_t)(BIT(8 * size) - 1);
	if (p) {
		bus_update(bus);
		p->out(bus, port, size, value);
		return;
	}
	for (unsigned i = 0; i < size && size > 1; i++)
		bus_out(bus, (uint16_t)(port + i), 1, value >> (8 * i));
	if (size == 1)
		name_port(bus, port, "write to");
}

static bool extint_pending(const struct bus *bus)
{
	return lapic_extint(bus->lapic) && pic_pending(bus->pic);
}

bool bus_interrupt_pending(struct bus *bus)
{
	bus_update(bus);
	return lapic_pending(bus->lapic) || extint_pending(bus);
}

uint8_t bus_acknowledge(struct bus *bus)
{
	bus_update(bus);
	if (lapic_pending(bus->lapic))
		return lapic_acknowledge(bus->lapic);
	if (lapic_extint(bus->lapic)) /* the PIC has a spurious vector of its own */
		return pic_acknowledge(bus->pic);
	return lapic_acknowledge(bus->lapic);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t bus_next_event(struct bus *bus)
{
	uint64_t now = *bus->clock, next;

	bus_update(bus);
	next = lapic_timer_next(bus->lapic, now);
	if (!lapic_lint0_sensitive(bus->lapic))
		return next;
	if (pic_sensitive(bus->pic, LINE_PIT))
		next = earlier(next, pit_next_rise(bus->pit, now));
	if (pic_sensitive(bus->pic, LINE_COM1))
		next = earlier(next, serial_next_event(bus->serial, now));
	return next;
}

bool bus_awaits_input(const struct bus *bus)
{
	if (stream_awaits_input(bus->stream))
		return true;
	return lapic_lint0_sensitive(bus->lapic) && pic_sensitive(bus->pic, LINE_COM1) && serial_awaits_input(bus->serial);
}

bool bus_take_nmi(struct bus *bus)
{
	bool nmi = bus->lapic->nmi;

	bus->lapic->nmi = false;
	return nmi;
}

bool bus_take_init(struct bus *bus)
{
	bool init = bus->lapic->init;

	bus->lapic->init = false;
	return init;
}

bool bus_rdmsr(struct bus *bus, uint32_t msr, uint64_t *value)
{
	bus_update(bus);
	return lapic_rdmsr(bus->lapic, msr, value, *bus->clock);
}

bool bus_wrmsr(struct bus *bus, uint32_t msr, uint64_t value)
{
	bus_update(bus);
	return lapic_wrmsr(bus->lapic, msr, value, *bus->clock);
}

uint8_t bus_tpr(struct bus *bus)
{
	return (uint8_t)(bus->lapic->tpr >> 4);
}

void bus_set_tpr(struct bus *bus, uint8_t value)
{
	bus_update(bus);
	bus->lapic->tpr = (uint32_t)(value & 15) << 4; /* TPR[3:0] becomes 0 */
}
