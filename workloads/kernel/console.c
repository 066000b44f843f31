/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream port and COM1 (console.h). */
#include "console.h"
#include "serial.h"

enum { DATA = 0x408, COMMAND = 0x40c, INPUT = 3, WAIT = 4 }; /* output: enum console_stream */
enum { COM1 = 0x3f8, LSR = COM1 + 5, MSR = COM1 + 6, LSR_DR = 1, LSR_THRE = 0x20, LSR_TEMT = 0x40, MSR_DCD = 0x80, FIFO = 16 };
#define COUNT 0xffffffu
#define READY (1u << 30)
#define END (1u << 31)

static bool streams;
static u32 block[CONSOLE_BLOCK / 4]; /* words go in and out whole: not into the caller's memory */

static void command(u32 what, u64 count)
{
	outl(COMMAND, what << 24 | (u32)count);
}

void console_init(void)
{
	serial_init();
	streams = inl(COMMAND) != ~0u;
}

static void write_block(enum console_stream to, const char *text, u64 n)
{
	const void *from = block;
	u64 words = (n + 3) / 4;

	__builtin_memcpy(block, text, n);
	command(to, n);
	asm volatile("rep outsl" : "+S"(from), "+c"(words) : "d"((u16)DATA) : "memory");
}

/* The transmitter is empty: its FIFO has room for 16. */
static void write_serial(const char *text, u64 n)
{
	while (!(inb(LSR) & LSR_THRE))
		;
	asm volatile("rep outsb" : "+S"(text), "+c"(n) : "d"((u16)COM1) : "memory");
}

void console_write(enum console_stream to, const char *text, u64 n)
{
	u64 most = streams ? CONSOLE_BLOCK : FIFO;

	for (u64 done = 0, c; done < n; done += c) {
		c = n - done < most ? n - done : most;
		if (streams)
			write_block(to, text + done, c);
		else
			write_serial(text + done, c);
	}
}

void console_finish(void)
{
	while (!streams && !(inb(LSR) & LSR_TEMT))
		;
}

static long read_block(char *to, u64 n, bool wait)
{
	void *at = block;
	u64 words;
	u32 status, count;

	command(wait ? WAIT : INPUT, n < CONSOLE_BLOCK ? n : CONSOLE_BLOCK);
	status = inl(COMMAND);
	count = status & COUNT;
	words = (count + 3) / 4;
	asm volatile("rep insl" : "+D"(at), "+c"(words) : "d"((u16)DATA) : "memory");
	__builtin_memcpy(to, block, count);
	return count ? (long)count : status & END ? CONSOLE_END : 0;
}

static long read_serial(char *to, u64 n)
{
	u64 done = 0;

	while (done < n && (inb(LSR) & LSR_DR))
		to[done++] = (char)inb(COM1);
	if (!done && !(inb(MSR) & MSR_DCD) && !(inb(LSR) & LSR_DR))
		return CONSOLE_END;
	return (long)done;
}

long console_read(char *to, u64 n, bool wait)
{
	return streams ? read_block(to, n, wait) : read_serial(to, n);
}

bool console_ready(bool wait)
{
	if (!streams)
		return (inb(LSR) & LSR_DR) || !(inb(MSR) & MSR_DCD);
	command(wait ? WAIT : INPUT, 0);
	return inl(COMMAND) & (READY | END);
}
