/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream port (device_stream.h): a block of output is handed to the console when it is complete or the buffer is full. */
#include "emu/device_stream.h"

#include <string.h>

#define COUNT BITS(23, 0)

void stream_reset(struct stream *s, struct console *console)
{
	memset(s, 0, sizeof *s);
	s->console = console;
}

static void hand_out(struct stream *s)
{
	if (s->console)
		console_write(s->console, s->to, s->out, s->out_count);
	s->out_count = 0;
}

static void put(struct stream *s, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size && s->out_left; i++, s->out_left--) {
		s->out[s->out_count++] = (uint8_t)(value >> (8 * i));
		if (s->out_count == STREAM_BLOCK || s->out_left == 1)
			hand_out(s);
	}
}

static uint32_t get(struct stream *s, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size && s->in_next < s->in_count; i++)
		value |= (uint32_t)s->in[s->in_next++] << (8 * i);
	return value;
}

static void take_input(struct stream *s, uint32_t count, bool wait)
{
	enum console_input ready = s->console ? console_look(s->console, wait) : CONSOLE_ENDED;

	s->in_next = s->in_count = 0;
	if (ready == CONSOLE_READY && count)
		s->in_count = console_read(s->console, s->in, count < STREAM_BLOCK ? count : STREAM_BLOCK);
	if (ready == CONSOLE_READY && count && !s->in_count) /* reading has shown that it was the end that was ready */
		ready = console_look(s->console, false);
	s->status = s->in_count | (uint32_t)(ready == CONSOLE_READY ? STREAM_READY : ready == CONSOLE_ENDED ? STREAM_END : 0);
	s->awaited = ready == CONSOLE_NOTHING;
}

static void command(struct stream *s, uint32_t value)
{
	switch (value >> 24 & 15) {
	case STREAM_OUTPUT:
	case STREAM_ERROR:
		s->to = (value >> 24 & 15) == STREAM_ERROR ? CONSOLE_ERROR : CONSOLE_OUTPUT;
		s->out_left = value & COUNT;
		s->out_count = 0;
		break;
	case STREAM_INPUT:
	case STREAM_WAIT:
		take_input(s, value & COUNT, (value >> 24 & 15) == STREAM_WAIT);
		break;
	default:
		break;
	}
}

uint32_t stream_in(struct stream *s, bool from_command, unsigned size)
{
	return from_command ? s->status : get(s, size);
}

void stream_out(struct stream *s, bool to_command, unsigned size, uint32_t value)
{
	if (!to_command)
		put(s, size, value);
	else if (size == 4)
		command(s, value);
}

bool stream_awaits_input(const struct stream *s)
{
	return s->awaited && s->console && console_open(s->console);
}
