/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O breakpoints. See vmx/debug.h. */
#include "vmx/debug.h"

enum { RW_IO = 2 };

/* LEN aligns the address and says how many ports (SDM 3B, "Debug Registers": 8 bytes are coded 10). */
static bool matches(uint64_t address, unsigned control, uint16_t port, unsigned size)
{
	static const uint8_t length[4] = {1, 2, 8, 4};
	const uint64_t len = length[control >> 2], first = address & ~(len - 1);

	return (control & 3) == RW_IO && port < first + len && first < port + size;
}

uint64_t debug_io_breakpoints(const uint64_t dr[4], uint64_t dr7, uint16_t port, unsigned size)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 4; i++)
		if ((dr7 >> 2 * i & 3) && matches(dr[i], (unsigned)(dr7 >> (16 + 4 * i)) & 15, port, size))
			bits |= BIT(i) | DEBUG_ENABLED_BREAKPOINT;
	return bits;
}
