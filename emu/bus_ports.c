/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O ports: the table of all that answer, in order of number, and the handlers, which call the devices. A device that was given by the bus
 * is in step with the clock when its handler runs.
 * LIMIT: A20 is always on (port 92H stores the bit); PCI configuration space is empty; a reset by any port ends the run.
 */
#include "emu/bus_ports.h"

#include "emu/console.h"
#include "emu/device_cmos.h"
#include "emu/device_fwcfg.h"
#include "emu/device_kbc.h"
#include "emu/device_pic.h"
#include "emu/device_pit.h"
#include "emu/device_serial.h"
#include "emu/device_stream.h"
#include "emu/save.h"

static void end_run(struct bus *bus, int status)
{
	bus->exit_requested = true;
	bus->exit_status = status;
}

static uint32_t pic_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)size;
	return port >= 0x4d0 ? pic_elcr_in(bus->pic, port) : pic_in(bus->pic, port);
}
static void pic_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)size;
	if (port >= 0x4d0)
		pic_elcr_out(bus->pic, port, (uint8_t)value);
	else
		pic_out(bus->pic, port, (uint8_t)value);
}

static uint32_t pit_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)size;
	return port == 0x61 ? pit_port61_in(bus->pit, *bus->clock) : pit_in(bus->pit, port & 3u, *bus->clock);
}
static void pit_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)size;
	if (port == 0x61)
		pit_port61_out(bus->pit, (uint8_t)value, *bus->clock);
	else
		pit_out(bus->pit, port & 3u, (uint8_t)value, *bus->clock);
}

static uint32_t kbc_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)size;
	return kbc_in(bus->kbc, port == 0x64);
}
static void kbc_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)size;
	kbc_out(bus->kbc, port == 0x64, (uint8_t)value);
	if (bus->kbc->reset)
		end_run(bus, 0);
}

static uint32_t cmos_port_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)size;
	return port == 0x70 ? 0xff : cmos_read(bus->cmos, *bus->clock); /* the index is write-only */
}
static void cmos_port_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)size;
	if (port == 0x70)
		cmos_select(bus->cmos, (uint8_t)value);
	else
		cmos_write(bus->cmos, (uint8_t)value);
}

static uint32_t post_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)port;
	(void)size;
	return bus->post_code;
}
static void post_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	(void)size;
	bus->post_code = (uint8_t)value;
}

static uint32_t port92_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)port;
	(void)size;
	return bus->port_92;
}
static void port92_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	(void)size;
	bus->port_92 = value & 0x02; /* bit 0, fast reset, reads 0 */
	if (value & 1)
		end_run(bus, 0);
}

static uint32_t debug_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)bus;
	(void)size;
	return port & 0xff; /* reads its own number: the sign that it is there */
}
static void debug_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	(void)size;
	if (bus->console)
		console_put(bus->console, (uint8_t)value);
}

static uint32_t log_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)bus;
	(void)port;
	(void)size;
	return 0xe9; /* what QEMU's isa-debugcon reads, at any port */
}
/* Messages of firmware and of the guest kernel, apart from the console. */
static void log_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	(void)size;
	if (bus->console && bus->console->log)
		putc_unlocked((int)(value & 0xff), bus->console->log);
}

static uint32_t save_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)bus;
	(void)port;
	(void)size;
	return ~0u;
}
static void save_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	if (bus->save && port == SAVE_PORT && size == 4)
		save_word(bus->save, value);
}

static uint32_t stream_read(struct bus *bus, uint16_t port, unsigned size)
{
	return stream_in(bus->stream, port >= STREAM_COMMAND, size);
}
static void stream_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	stream_out(bus->stream, port >= STREAM_COMMAND, size, value);
}

static uint32_t exit_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)bus;
	(void)port;
	(void)size;
	return 0;
}
static void exit_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)port;
	(void)size;
	end_run(bus, (int)((value << 1 | 1) & 0x7fffffff));
}

static uint32_t serial_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)size;
	return serial_in(bus->serial, port & 7u, *bus->clock);
}
static void serial_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	(void)size;
	serial_out(bus->serial, port & 7u, (uint8_t)value, *bus->clock);
}

static uint32_t fwcfg_port_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)size;
	return port == 0x511 ? fwcfg_read(bus->fwcfg) : 0;
}
static void fwcfg_port_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	if (port == 0x510 && size == 2) /* the selector is written whole */
		fwcfg_select(bus->fwcfg, (uint16_t)value);
}

static uint32_t pci_read(struct bus *bus, uint16_t port, unsigned size)
{
	return port == 0xcf8 && size == 4 ? bus->pci_address : ~0u;
}
static void pci_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	if (port == 0xcf8 && size == 4)
		bus->pci_address = value;
	else if (port == 0xcf9 && size == 1 && (value & 0x04)) /* reset control */
		end_run(bus, 0);
}

static uint32_t shutdown_read(struct bus *bus, uint16_t port, unsigned size)
{
	(void)bus;
	(void)port;
	(void)size;
	return 0xff;
}
/* Bochs: the bytes of "Shutdown", one after the other */
static void shutdown_write(struct bus *bus, uint16_t port, unsigned size, uint32_t value)
{
	static const char word[] = "Shutdown";

	(void)port;
	(void)size;
	if ((uint8_t)value != (uint8_t)word[bus->shutdown_matched])
		bus->shutdown_matched = 0;
	if ((uint8_t)value == (uint8_t)word[bus->shutdown_matched])
		bus->shutdown_matched++;
	if (bus->shutdown_matched == sizeof word - 1) {
		bus->shutdown_matched = 0;
		end_run(bus, 0);
	}
}

static const struct bus_port map[] = {
    {0x0020, 0x0021, 1, pic_read, pic_write},
    {0x0040, 0x0043, 1, pit_read, pit_write},
    {0x0060, 0x0060, 1, kbc_read, kbc_write},
    {0x0061, 0x0061, 1, pit_read, pit_write},
    {0x0064, 0x0064, 1, kbc_read, kbc_write},
    {0x0070, 0x0071, 1, cmos_port_read, cmos_port_write},
    {0x0080, 0x0080, 1, post_read, post_write},
    {0x0092, 0x0092, 1, port92_read, port92_write},
    {0x00a0, 0x00a1, 1, pic_read, pic_write},
    {0x00e9, 0x00e9, 1, debug_read, debug_write},
    {0x00f4, 0x00f7, 4, exit_read, exit_write},
    {0x03f8, 0x03ff, 1, serial_read, serial_write},
    {0x0402, 0x0402, 1, log_read, log_write},
    {SAVE_PORT, SAVE_PORT + 3, 4, save_read, save_write},
    {STREAM_PORT, STREAM_PORT + 7, 4, stream_read, stream_write},
    {0x04d0, 0x04d1, 1, pic_read, pic_write},
    {0x0510, 0x0511, 2, fwcfg_port_read, fwcfg_port_write},
    {0x0cf8, 0x0cff, 4, pci_read, pci_write},
    {0x8900, 0x8900, 1, shutdown_read, shutdown_write},
};

const struct bus_port *bus_port_find(uint16_t port)
{
	for (size_t i = 0; i < ARRAY_LEN(map) && map[i].first <= port; i++)
		if (port <= map[i].last)
			return &map[i];
	return NULL;
}
