/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted output to COM1. */
#include "print.h"
#include "serial.h"
#include "x86.h"

#include <stdarg.h>

static void put_string(const char *s)
{
	while (*s)
		serial_put(*s++);
}

static void put_number(u64 v, unsigned base, unsigned width, char pad)
{
	char text[24];
	unsigned n = 0;
	do {
		text[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n < width && n < sizeof(text))
		text[n++] = pad;
	while (n)
		serial_put(text[--n]);
}

static void put_signed(int64_t v)
{
	if (v < 0)
		serial_put('-');
	put_number(v < 0 ? -(u64)v : (u64)v, 10, 0, ' ');
}

void print(const char *f, ...)
{
	va_list ap;
	va_start(ap, f);
	for (; *f; f++) {
		if (*f != '%') {
			serial_put(*f);
			continue;
		}
		char pad = ' ';
		unsigned width = 0;
		bool wide = false;
		for (f++; (*f >= '0' && *f <= '9') || *f == 'l'; f++) {
			if (*f == 'l')
				wide = true;
			else if (*f == '0' && !width)
				pad = '0';
			else
				width = width * 10 + (unsigned)(*f - '0');
		}
		switch (*f) {
		case 's':
			put_string(va_arg(ap, const char *));
			break;
		case 'c':
			serial_put((char)va_arg(ap, int));
			break;
		case 'd':
			put_signed(wide ? va_arg(ap, int64_t) : va_arg(ap, int));
			break;
		case 'u':
			put_number(wide ? va_arg(ap, u64) : va_arg(ap, u32), 10, width, pad);
			break;
		case 'x':
			put_number(wide ? va_arg(ap, u64) : va_arg(ap, u32), 16, width, pad);
			break;
		default:
			serial_put('%');
			break;
		}
	}
	va_end(ap);
}
