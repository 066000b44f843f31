/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where print's characters go: gathered into a line, then written with one REP OUTSB. */
#include "serial.h"
#include "x86.h"

static char text[512];
static u64 length;

static void flush(void)
{
	const char *from = text;
	u64 count = length;
	asm volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0xe9) : "memory");
	length = 0;
}

void serial_put(char c)
{
	text[length++] = c;
	if (c == '\n' || length == sizeof(text))
		flush();
}
