/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is loaded becomes the guest of a built-in VMM, if the configuration says so. */
#ifndef EMU_HOSTED_H
#define EMU_HOSTED_H

#include "emu/machine.h"

/* loaded_end: the loader has put nothing at or above it. Returns 0, or -ERR_* with a line in error. */
int hosted_start(struct machine *machine, uint64_t loaded_end, char error[LOAD_ERROR_SIZE]);
void hosted_free(struct machine *machine);

/* Why no VMM of this kind can have a guest with so much memory; NULL: one can. shadow_pages 0: the default. */
const char *hosted_refuses(enum paging_kind paging, uint64_t ram_size, unsigned shadow_pages);

#endif
