/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The map of I/O ports: which device answers, and the single-register ports of a PC.
 */
#ifndef EMU_BUS_PORTS_H
#define EMU_BUS_PORTS_H

#include "emu/bus.h"

struct bus_port {
	uint16_t first, last;
	uint8_t width; /* widest access in bytes that the device takes whole; a wider one is split into bytes */
	uint32_t (*in)(struct bus *bus, uint16_t port, unsigned size);
	void (*out)(struct bus *bus, uint16_t port, unsigned size, uint32_t value);
};

const struct bus_port *bus_port_find(uint16_t port); /* NULL: unassigned */

#endif
