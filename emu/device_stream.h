/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports 408H to 40FH: standard input, output and error of a program in the guest kernel, a block at a time (workloads/kernel/README.md). No
 * machine has such a device; a guest finds it by reading the command port, which elsewhere reads all ones.
 *
 *     40CH, write   a command in bits 27:24, a count of bytes in bits 23:0
 *     40CH, read    what the last command for input gave: bytes that came (bits 23:0), READY, END
 *     408H          the bytes, four at a time, in the order of memory; the last word is filled up with anything
 *
 * Input is taken from the host only as far as the guest asks for it, so that what a program leaves unread stays where it was.
 */
#ifndef EMU_DEVICE_STREAM_H
#define EMU_DEVICE_STREAM_H

#include "emu/console.h"

enum { STREAM_PORT = 0x408, STREAM_COMMAND = STREAM_PORT + 4, STREAM_BLOCK = 4096 };

enum stream_command {
	STREAM_OUTPUT = 1, /* count bytes for standard output follow */
	STREAM_ERROR,	   /* count bytes for standard error follow */
	STREAM_INPUT,	   /* at most count bytes (of them STREAM_BLOCK) that are ready now; count 0: only says whether there are any */
	STREAM_WAIT,	   /* the same, but first waits on the host until there are, or input has ended. No time passes in the model */
};

#define STREAM_READY BIT(30) /* more could be read now */
#define STREAM_END BIT(31)   /* nothing will ever come any more */

struct stream {
	struct console *console;
	enum console_stream to;
	uint32_t out_left, status;
	uint8_t out[STREAM_BLOCK], in[STREAM_BLOCK];
	uint32_t out_count, in_count, in_next;
	bool awaited; /* the guest asked for input, and none was there: a halted machine waits for it on the host */
};

void stream_reset(struct stream *stream, struct console *console); /* console NULL: output is lost, input has ended */
uint32_t stream_in(struct stream *stream, bool command, unsigned size);
void stream_out(struct stream *stream, bool command, unsigned size, uint32_t value);
/* true if the guest waits for input that may still come */
bool stream_awaits_input(const struct stream *stream);

#endif
