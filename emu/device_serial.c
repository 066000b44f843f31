/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 16550A: receive FIFO with trigger level and time-out, loopback, modem lines, the five interrupt sources by priority.
 * LIMIT: the transmitter is always empty (a byte is out as soon as written) and input arrives at no baud rate but when asked for;
 * parity, framing and break errors do not exist; MCR.OUT2 does not gate the interrupt (as in QEMU: images rely on either).
 */
#include "emu/device_serial.h"

#include <string.h>

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RDA 0x01 /* received data available, and time-out */
#define IER_THRE 0x02
#define IER_RLS 0x04 /* receiver line status */
#define IER_MS 0x08  /* modem status */
#define IIR_NONE 0x01
#define IIR_MS 0x00
#define IIR_THRE 0x02
#define IIR_RDA 0x04
#define IIR_RLS 0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO 0xc0
#define FCR_ENABLE 0x01
#define FCR_CLEAR_RX 0x02
#define LCR_DLAB 0x80
#define MCR_LOOP 0x10
#define LSR_DR 0x01
#define LSR_OE 0x02
#define LSR_THRE_TEMT 0x60
#define MSR_LINES 0xf0
#define MSR_RI 0x40
#define MSR_DCD 0x80
#define MSR_IDLE 0xb0 /* DCD, DSR, CTS: somebody is there */

static const uint64_t poll_interval = 1000000; /* 1 ms */

void serial_reset(struct serial *s, struct console *console)
{
	memset(s, 0, sizeof *s);
	s->console = console;
	s->dll = 12; /* 9600 baud */
	s->mcr = 8;
	s->msr = MSR_IDLE;
}

static unsigned rx_depth(const struct serial *s)
{
	return s->fcr & FCR_ENABLE ? SERIAL_FIFO : 1;
}

static unsigned rx_trigger(const struct serial *s)
{
	static const uint8_t level[4] = {1, 4, 8, 14};

	return s->fcr & FCR_ENABLE ? level[s->fcr >> 6] : 1;
}

/* A byte arrives at the receiver: with a full FIFO the new one is lost; without FIFO the old one. */
static void rx_push(struct serial *s, uint8_t byte, uint64_t now)
{
	s->rx_time = now;
	if (s->rx_count >= rx_depth(s)) {
		s->lsr_errors |= LSR_OE;
		if (!(s->fcr & FCR_ENABLE))
			s->rx[s->rx_first] = byte;
		return;
	}
	s->rx[(s->rx_first + s->rx_count++) % SERIAL_FIFO] = byte;
}

static void rx_pull(struct serial *s, uint64_t now)
{
	if (!s->console || (s->mcr & MCR_LOOP) || now < s->next_poll)
		return;
	while (s->rx_count < rx_depth(s)) {
		int c = console_get(s->console);
		if (c < 0) {
			if (s->console->in_paced)
				s->next_poll = now + poll_interval;
			return;
		}
		rx_push(s, (uint8_t)c, now);
	}
}

/* Four character times without arrival or read make what is in the FIFO available below its trigger level. */
static uint64_t timeout_clock(const struct serial *s)
{
	uint64_t divisor = s->dll | s->dlm << 8;
	unsigned bits = 7u + (s->lcr & 3u) + (s->lcr & 4 ? 1u : 0u) + (s->lcr & 8 ? 1u : 0u);

	return s->rx_time + 4 * bits * (divisor ? divisor : 1) * 1000000000ull / 115200;
}

/* The interrupt identification of the highest-priority source that is enabled. */
static uint8_t interrupt_id(const struct serial *s, uint64_t now)
{
	if ((s->ier & IER_RLS) && s->lsr_errors)
		return IIR_RLS;
	if ((s->ier & IER_RDA) && s->rx_count >= rx_trigger(s))
		return IIR_RDA;
	if ((s->ier & IER_RDA) && s->rx_count && now >= timeout_clock(s))
		return IIR_TIMEOUT;
	if ((s->ier & IER_THRE) && s->thre_pending)
		return IIR_THRE;
	if ((s->ier & IER_MS) && (s->msr & ~MSR_LINES))
		return IIR_MS;
	return IIR_NONE;
}

/* What is at the other end: it hangs up (DCD) when the console's input has ended and all of it was read. */
static uint8_t lines_outside(const struct serial *s)
{
	bool ended = s->console && s->console->in_eof && !console_open(s->console) && !s->rx_count;

	return ended ? MSR_IDLE & ~MSR_DCD : MSR_IDLE;
}

/* The modem lines, from outside or looped back from MCR, with deltas against what they were (TERI: RI's trailing edge). */
static void modem_update(struct serial *s)
{
	uint8_t lines = lines_outside(s), m = s->mcr, changed;

	if (m & MCR_LOOP)
		lines = (uint8_t)((m & 2) << 3 | (m & 1) << 5 | (m & 4) << 4 | (m & 8) << 4); /* RTS DTR OUT1 OUT2: CTS DSR RI DCD */
	changed = (uint8_t)((s->msr ^ lines) & MSR_LINES);
	if (lines & MSR_RI)
		changed &= (uint8_t)~MSR_RI;
	s->msr = (uint8_t)(lines | (s->msr & ~MSR_LINES) | changed >> 4);
}

static uint8_t data_in(struct serial *s, uint64_t now)
{
	uint8_t byte = s->rx[s->rx_first];

	rx_pull(s, now);
	if (!s->rx_count)
		return byte; /* the register keeps what was read last */
	byte = s->rx[s->rx_first];
	s->rx_count--;
	if (s->rx_count)
		s->rx_first = (uint8_t)((s->rx_first + 1) % SERIAL_FIFO);
	s->rx_time = now;
	return byte;
}

static uint8_t lsr_in(struct serial *s, uint64_t now)
{
	uint8_t value;

	rx_pull(s, now);
	value = (uint8_t)(LSR_THRE_TEMT | s->lsr_errors | (s->rx_count ? LSR_DR : 0));
	s->lsr_errors = 0;
	return value;
}

static uint8_t iir_in(struct serial *s, uint64_t now)
{
	uint8_t id = interrupt_id(s, now);

	if (id == IIR_THRE)
		s->thre_pending = false;
	return (uint8_t)(id | (s->fcr & FCR_ENABLE ? IIR_FIFO : 0));
}

uint8_t serial_in(struct serial *s, unsigned reg, uint64_t now)
{
	uint8_t value;

	switch (reg & 7) {
	case REG_DATA:
		return s->lcr & LCR_DLAB ? s->dll : data_in(s, now);
	case REG_IER:
		return s->lcr & LCR_DLAB ? s->dlm : s->ier;
	case REG_IIR_FCR:
		return iir_in(s, now);
	case REG_LCR:
		return s->lcr;
	case REG_MCR:
		return s->mcr;
	case REG_LSR:
		return lsr_in(s, now);
	case REG_MSR:
		modem_update(s);
		value = s->msr;
		s->msr &= MSR_LINES;
		return value;
	default:
		return s->scr;
	}
}

static void data_out(struct serial *s, uint8_t value, uint64_t now)
{
	if (s->mcr & MCR_LOOP)
		rx_push(s, value, now);
	else if (s->console)
		console_put(s->console, value);
	s->thre_pending = true;
}

static void ier_out(struct serial *s, uint8_t value)
{
	value &= 0x0f;
	if ((value & IER_THRE) && !(s->ier & IER_THRE))
		s->thre_pending = true; /* enabling it with the transmitter empty raises it */
	s->ier = value;
}

static void fcr_out(struct serial *s, uint8_t value)
{
	bool toggled = (s->fcr ^ value) & FCR_ENABLE;

	if (toggled || ((value & FCR_ENABLE) && (value & FCR_CLEAR_RX)))
		s->rx_first = s->rx_count = 0;
	s->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
}

void serial_out(struct serial *s, unsigned reg, uint8_t value, uint64_t now)
{
	bool dlab = s->lcr & LCR_DLAB;

	switch (reg & 7) {
	case REG_DATA:
		if (dlab)
			s->dll = value;
		else
			data_out(s, value, now);
		break;
	case REG_IER:
		if (dlab)
			s->dlm = value;
		else
			ier_out(s, value);
		break;
	case REG_IIR_FCR:
		fcr_out(s, value);
		break;
	case REG_LCR:
		s->lcr = value;
		break;
	case REG_MCR:
		s->mcr = value & 0x1f;
		modem_update(s);
		break;
	case REG_SCR:
		s->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

bool serial_update(struct serial *s, uint64_t now)
{
	if (s->ier & IER_RDA)
		rx_pull(s, now);
	return interrupt_id(s, now) != IIR_NONE;
}

bool serial_awaits_input(const struct serial *s)
{
	return (s->ier & IER_RDA) && !(s->mcr & MCR_LOOP) && s->rx_count < rx_depth(s) && s->console && s->console->in_paced &&
	       console_open(s->console);
}

uint64_t serial_next_event(const struct serial *s, uint64_t now)
{
	uint64_t next = ~0ull, timeout = timeout_clock(s);

	if ((s->ier & IER_RDA) && s->rx_count && timeout > now)
		next = timeout;
	if (serial_awaits_input(s) && s->next_poll > now && s->next_poll < next)
		next = s->next_poll;
	return next;
}
