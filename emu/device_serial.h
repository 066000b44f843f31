/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COM1: a 16550A at ports 3F8H-3FFH, interrupt line 4 (National Semiconductor PC16550D data sheet). The transmitter takes no time.
 */
#ifndef EMU_DEVICE_SERIAL_H
#define EMU_DEVICE_SERIAL_H

#include "emu/console.h"

enum { SERIAL_FIFO = 16 };

struct serial {
	struct console *console; /* may be NULL */
	uint8_t ier, lcr, mcr, scr, fcr, dll, dlm;
	uint8_t lsr_errors; /* overrun, until LSR is read */
	uint8_t msr;	    /* lines and their deltas */
	bool thre_pending;  /* transmitter-empty interrupt, until IIR is read or a byte is written */
	uint8_t rx[SERIAL_FIFO];
	uint8_t rx_first, rx_count;
	uint64_t rx_time;   /* clock of the last arrival or read: the receive time-out counts from here */
	uint64_t next_poll; /* clock from which paced input is asked again */
};

void serial_reset(struct serial *serial, struct console *console);
uint8_t serial_in(struct serial *serial, unsigned reg, uint64_t now); /* reg 0..7 */
void serial_out(struct serial *serial, unsigned reg, uint8_t value, uint64_t now);
/* Takes in what the console has, if the guest waits for it by interrupt; returns the level of the interrupt line. */
bool serial_update(struct serial *serial, uint64_t now);
/* When the interrupt line may next rise by itself; ~0: never. */
uint64_t serial_next_event(const struct serial *serial, uint64_t now);
/* true if the guest waits by interrupt for input that may still come */
bool serial_awaits_input(const struct serial *serial);

#endif
