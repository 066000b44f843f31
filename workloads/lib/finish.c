/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends the run. */
#include "finish.h"
#include "x86.h"

void finish(unsigned status)
{
	outb(0xf4, (u8)status);
	for (const char *p = "Shutdown"; *p; p++)
		outb(0x8900, (u8)*p);
	for (;;)
		asm volatile("cli; hlt");
}
