/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log port (0x402, where firmware for emulators writes too) and the panic. */
#include "log.h"
#include "finish.h"
#include "print.h"

enum { LOG_PORT = 0x402 };

void log_text(const char *text)
{
	for (const char *p = "kernel: "; *p; p++)
		outb(LOG_PORT, (u8)*p);
	for (; *text; text++)
		outb(LOG_PORT, (u8)*text);
	outb(LOG_PORT, '\n');
}

void panic(const char *why, u64 a, u64 b)
{
	log("panic: %s (%lx, %lx)", why, a, b);
	print("kernel panic: %s (%lx, %lx)\n", why, a, b);
	finish(255);
}
