/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EPT tables: the guest's working part in one 2-MiB page, and for each frame of the test path entries of its own on levels 3 to 1. */
#ifndef METAL_EPT_H
#define METAL_EPT_H

#include "guest.h"

#define EPT_R 0x1ul
#define EPT_W 0x2ul
#define EPT_X 0x4ul
#define EPT_RWX 0x7ul
#define EPT_WB 0x30ul
#define EPT_LARGE 0x80ul
#define EPT_A 0x100ul
#define EPT_D 0x200ul
#define EPTP_AD 0x40ul

/* All entries anew, all rights; test path with 4-KiB pages. */
void ept_init(enum guest_mode mode);
/* Write-back, 4 levels, no A/D flags. */
u64 ept_pointer(void);
/* The entry of a level, 1..4, that maps a frame of the test path; level 4 is shared by all. [1] of level 1 maps the next page. */
u64 *ept_entry(enum guest_mode mode, enum test_frame frame, unsigned level);
/* Forgets what the processor has cached. */
void ept_invalidate(void);

#endif
