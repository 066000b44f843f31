/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's console on the host: output to stdio streams and a captured copy, input from a descriptor that is waited for only when the
 * guest says so. A regular file is read as the guest asks for it, so that a run is deterministic; of a terminal or a pipe what is ready.
 */
#include "emu/console.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int console_init(struct console *console, FILE *out, int in_fd, size_t capture_max)
{
	struct stat st;

	memset(console, 0, sizeof *console);
	console->out = out;
	console->in_fd = in_fd;
	console->in_eof = in_fd < 0 || fstat(in_fd, &st) != 0;
	if (console->in_eof)
		console->in_fd = -1; /* none, or closed: as if it were empty */
	else
		console->in_paced = !S_ISREG(st.st_mode);
	console->capture_max = capture_max;
	if (capture_max) {
		console->capture = calloc(1, 1);
		if (!console->capture)
			return -ERR_NOMEM;
	}
	return 0;
}

void console_free(struct console *console)
{
	console_flush(console);
	free(console->capture);
	console->capture = NULL;
}

/* Appends to the captured copy, which always ends in a zero byte; its room doubles at each power of two. */
static void capture(struct console *console, uint8_t byte)
{
	size_t n = console->captured;

	if (n >= console->capture_max)
		return;
	if ((n & (n + 1)) == 0) {
		char *larger = realloc(console->capture, 2 * (n + 1));
		if (!larger) {
			console->capture_max = n; /* the host is out of memory: the copy ends here */
			return;
		}
		console->capture = larger;
	}
	console->capture[n] = (char)byte;
	console->capture[n + 1] = 0;
	console->captured = n + 1;
}

void console_put(struct console *console, uint8_t byte)
{
	console->written++;
	console->mid_line = byte != '\n';
	if (console->before_output)
		console->before_output();
	if (console->out) {
		putc_unlocked(byte, console->out);
		console->unflushed = true;
	}
	capture(console, byte);
}

/* Output that was buffered goes first, so that both keep their order where they go to the same place. */
void console_write(struct console *console, enum console_stream to, const uint8_t *bytes, size_t n)
{
	FILE *file = to == CONSOLE_ERROR && console->err ? console->err : console->out;

	if (!n)
		return;
	console->written += n;
	console->mid_line = bytes[n - 1] != '\n';
	if (console->before_output)
		console->before_output();
	if (to == CONSOLE_ERROR && console->err)
		console_flush(console);
	if (file)
		fwrite(bytes, 1, n, file);
	console->unflushed |= file && file == console->out;
	for (size_t i = 0; i < n; i++)
		capture(console, bytes[i]);
}

void console_flush(struct console *console)
{
	if (console->unflushed)
		fflush(console->out);
	console->unflushed = false;
}

/* What is typed while we are in the background is not for us: reading it would stop us (SIGTTIN), before each signal that is to end us. */
static bool in_background(const struct console *console)
{
	pid_t foreground = tcgetpgrp(console->in_fd); /* -1: no terminal, or not the one that controls us */

	return foreground >= 0 && foreground != getpgrp();
}

static bool input_ready(const struct console *console, int ms)
{
	struct pollfd fd = {.fd = in_background(console) ? -1 : console->in_fd, .events = POLLIN};

	return poll(&fd, 1, ms) > 0;
}

/* ---- a tape: what the first guest reads from a pipe, for those after it ---- */

void console_play(struct console *console, struct console_tape *tape)
{
	console->tape = tape;
	console->tape_next = 0;
	console->in_eof = console->in_paced = false;
}

void console_tape_free(struct console_tape *tape)
{
	free(tape->bytes);
	tape->bytes = NULL;
	tape->count = tape->room = 0;
}

static bool tape_grow(struct console_tape *tape, size_t room)
{
	uint8_t *larger = realloc(tape->bytes, room);

	if (!larger)
		return false;
	tape->bytes = larger;
	tape->room = room;
	return true;
}

/* Until the tape holds count bytes, or its source has ended: so what a guest is given does not depend on how a pipe was filled. */
static void tape_fill(struct console_tape *tape, size_t count, const volatile int *stop)
{
	while (!tape->ended && tape->count < count && !(stop && *stop)) {
		if (tape->room < count && !tape_grow(tape, 2 * count)) {
			tape->ended = true; /* the host is out of memory: the input ends here */
			return;
		}
		ssize_t n = read(tape->fd, tape->bytes + tape->count, count - tape->count);
		if (n > 0)
			tape->count += (size_t)n;
		else
			tape->ended = n == 0 || errno != EINTR;
	}
}

static ssize_t tape_read(struct console *console, uint8_t *to, size_t n)
{
	struct console_tape *tape = console->tape;
	size_t left;

	tape_fill(tape, console->tape_next + n, console->stop);
	left = tape->count - console->tape_next;
	n = left < n ? left : n;
	memcpy(to, tape->bytes + console->tape_next, n);
	console->tape_next += n;
	return (ssize_t)n;
}

/* ---- reading ---- */

/* At most n bytes from the host. 0: there are none, and in_eof says whether for ever. */
static uint32_t take(struct console *console, uint8_t *to, size_t n)
{
	ssize_t got = console->tape ? tape_read(console, to, n) : read(console->in_fd, to, n);

	if (got > 0)
		return (uint32_t)got;
	console->in_eof = got == 0 ? !(console->stop && *console->stop) : errno != EINTR && errno != EAGAIN;
	return 0;
}

enum console_input console_look(struct console *console, bool wait)
{
	enum { STOP_LOOK_MS = 100 }; /* a signal that comes just before poll is not waited out */

	if (console->in_next < console->in_count)
		return CONSOLE_READY;
	if (!console_open(console))
		return CONSOLE_ENDED;
	if (!console->in_paced)
		return CONSOLE_READY;
	console_flush(console); /* whoever types wants to see the prompt first */
	while (!input_ready(console, wait ? STOP_LOOK_MS : 0))
		if (!wait || (console->stop && *console->stop))
			return CONSOLE_NOTHING;
	return CONSOLE_READY;
}

uint32_t console_read(struct console *console, uint8_t *to, uint32_t n)
{
	uint32_t done = 0;

	while (done < n && console->in_next < console->in_count) /* COM1 asked for it before */
		to[done++] = console->in_buffer[console->in_next++];
	if (!done && console_open(console))
		done = take(console, to, n);
	return done;
}

int console_get(struct console *console)
{
	if (console->in_next < console->in_count)
		return console->in_buffer[console->in_next++];
	if (console_look(console, false) != CONSOLE_READY)
		return -1;
	console->in_count = take(console, console->in_buffer, sizeof console->in_buffer);
	console->in_next = console->in_count ? 1 : 0;
	return console->in_count ? console->in_buffer[0] : -1;
}

void console_wait(struct console *console, int ms)
{
	console_flush(console);
	if (console->in_next == console->in_count && console_open(console) && console->in_paced)
		input_ready(console, ms);
}
