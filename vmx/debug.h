/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug exceptions: the bits of pending debug exceptions, which are DR6's but for "enabled breakpoint" (SDM 3B, "Debug Registers"; 3C,
 * "Guest Non-Register State"), and I/O breakpoints, which processor and VMMs match.
 * LIMIT: data breakpoints (R/W = 01 or 11) never match; code and I/O breakpoints do.
 */
#ifndef VMX_DEBUG_H
#define VMX_DEBUG_H

#include "vmx/state.h"

#define DEBUG_B BITS(3, 0)
#define DEBUG_ENABLED_BREAKPOINT BIT(12) /* of pending debug exceptions only: DR6 has no such bit */
#define DEBUG_BD BIT(13)
#define DEBUG_BS BIT(14)

/*
 * What an access to size bytes of ports makes pending, with the breakpoints' addresses in dr: the bits of those that match and are enabled
 * in DR7, with DEBUG_ENABLED_BREAKPOINT, or 0. Whether CR4.DE is 1 is the caller's to ask.
 */
uint64_t debug_io_breakpoints(const uint64_t dr[4], uint64_t dr7, uint16_t port, unsigned size);

#endif
