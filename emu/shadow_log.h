/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow VMM's events as text, one a line, in the order in which they happen:
 *
 *     NAME rip=0x.. gla=0x.. error=0x.. address=0x.. before=0x.. after=0x..
 *
 * NAME and the meaning of the fields: shadow/vmm.h. gla and error are 0 where the VM exit was no page fault.
 */
#ifndef EMU_SHADOW_LOG_H
#define EMU_SHADOW_LOG_H

#include "shadow/vmm.h"

/* A shadow_event_fn; ctx: the FILE to write to. */
shadow_event_fn shadow_log_write;

#endif
