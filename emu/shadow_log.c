/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shadow VMM's events as text (shadow_log.h). */
#include "emu/shadow_log.h"

#include <inttypes.h>
#include <stdio.h>

void shadow_log_write(void *ctx, const struct shadow_event *e)
{
	fprintf(ctx,
		"%s rip=0x%" PRIx64 " gla=0x%" PRIx64 " error=0x%" PRIx32 " address=0x%" PRIx64 " before=0x%" PRIx64 " after=0x%" PRIx64
		"\n",
		shadow_event_name(e->kind), e->rip, e->gla, e->error, e->address, e->before, e->after);
}
