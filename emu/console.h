/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console: what COM1 and the debug port write, and what COM1 reads.
 */
#ifndef EMU_CONSOLE_H
#define EMU_CONSOLE_H

#include "mmu/base.h"

#include <stdio.h>

enum console_stream { CONSOLE_OUTPUT, CONSOLE_ERROR };
enum console_input { CONSOLE_NOTHING, CONSOLE_READY, CONSOLE_ENDED };

/* What can be read once and is given to several guests: read from the host as the first of them asks for it. */
struct console_tape {
	int fd;
	bool ended;
	uint8_t *bytes;
	size_t count, room;
};

struct console {
	FILE *out; /* COM1 and port 0xE9 write here; NULL: nowhere */
	FILE *err; /* a program's standard error goes here; NULL: where out goes */
	FILE *log; /* port 0x402 writes here; NULL: nowhere */
	int in_fd; /* COM1 reads here; -1: no input, it has ended. Never blocks the model: read when ready */
	bool in_eof;
	struct console_tape *tape; /* instead of in_fd: input that others read too; NULL: none */
	size_t tape_next;
	const volatile int *stop; /* waiting ends when this becomes true; NULL: it never does */
	bool in_paced;		  /* input is a terminal or pipe, which may have bytes later: ask at most once a model millisecond */
	uint8_t in_buffer[256];
	unsigned in_next, in_count;
	bool unflushed;
	uint64_t written;
	void (*before_output)(void); /* called before each byte; NULL: nothing is */
	bool mid_line;		     /* the last byte was not a line's end */
	/* captured copy for tests and tables: grows up to capture_max bytes; NULL when capture_max is 0 */
	char *capture;
	size_t captured, capture_max;
};

int console_init(struct console *console, FILE *out, int in_fd, size_t capture_max); /* 0 or -ERR_NOMEM */
void console_free(struct console *console);
void console_put(struct console *console, uint8_t byte);
void console_write(struct console *console, enum console_stream to, const uint8_t *bytes, size_t n);
/* The next input byte, or -1 if none is ready now. */
int console_get(struct console *console);
/* Whether there is input; wait: waits on the host until there is, it has ended, or *stop. */
enum console_input console_look(struct console *console, bool wait);
/* At most n bytes of what is ready, and not one more is taken from the host; 0: none, or input has ended. */
uint32_t console_read(struct console *console, uint8_t *to, uint32_t n);
/* Input comes from the tape, from its beginning. */
void console_play(struct console *console, struct console_tape *tape);
void console_tape_free(struct console_tape *tape);
void console_flush(struct console *console);
/* true if console_get may still give a byte, now or later */
static inline bool console_open(const struct console *console)
{
	return console->in_next < console->in_count || !console->in_eof;
}
/* Waits on the host for at most ms milliseconds until input is ready: for a halted machine that only input can wake. */
void console_wait(struct console *console, int ms);

#endif
