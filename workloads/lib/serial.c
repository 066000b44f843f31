/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COM1, polled: a 16550 at its usual place. */
#include "serial.h"
#include "x86.h"

enum { COM1 = 0x3f8, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5, LSR_THRE = 0x20 };

void serial_init(void)
{
	outb(COM1 + IER, 0);
	outb(COM1 + LCR, 0x80); /* divisor latch */
	outb(COM1 + 0, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + LCR, 3); /* 8N1 */
	outb(COM1 + FCR, 1);
	outb(COM1 + MCR, 3);
}

void serial_put(char c)
{
	while (!(inb(COM1 + LSR) & LSR_THRE))
		;
	outb(COM1, (u8)c);
}
