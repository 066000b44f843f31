/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console: what COM1 and the debug port write, and what COM1 reads.
 */
#ifndef EMU_CONSOLE_H
#define EMU_CONSOLE_H

#include "mmu/base.h"

#include <stdio.h>

struct console {
	FILE *out; /* COM1 and port 0xE9 write here; NULL: nowhere */
	FILE *log; /* port 0x402 writes here; NULL: nowhere */
	int in_fd; /* COM1 reads here; -1: no input. Never blocks the model: read when ready */
	bool in_eof;
	bool in_paced; /* input is a terminal or pipe, which may have bytes later: ask at most once a model millisecond */
	uint8_t in_buffer[256];
	unsigned in_next, in_count;
	bool unflushed;
	uint64_t written;
	/* captured copy for tests and tables: grows up to capture_max bytes; NULL when capture_max is 0 */
	char *capture;
	size_t captured, capture_max;
};

int console_init(struct console *console, FILE *out, int in_fd, size_t capture_max); /* 0 or -ERR_NOMEM */
void console_free(struct console *console);
void console_put(struct console *console, uint8_t byte);
/* The next input byte, or -1 if none is ready now. */
int console_get(struct console *console);
void console_flush(struct console *console);
/* true if console_get may still give a byte, now or later */
static inline bool console_open(const struct console *console)
{
	return console->in_next < console->in_count || (console->in_fd >= 0 && !console->in_eof);
}
/* Waits on the host for at most ms milliseconds until input is ready: for a halted machine that only input can wake. */
void console_wait(struct console *console, int ms);

#endif
