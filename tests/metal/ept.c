/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building EPT tables (SDM 3C, "EPT Translation Mechanism"). */
#include "ept.h"
#include "vmx.h"

typedef u64 table[512] __attribute__((aligned(4096)));

static table pml4, pdpt[2], working_pd, pd[FRAMES], pt[FRAMES];

u64 ept_pointer(void)
{
	return (u64)pml4 | 3 << 3 | 6;
}

u64 *ept_entry(enum guest_mode mode, enum test_frame frame, unsigned level)
{
	u64 gpa = guest_test_gpa(mode, frame);
	switch (level) {
	case 4:
		return &pml4[gpa >> 39];
	case 3:
		return &pdpt[gpa >> 39][gpa >> 30 & 511];
	case 2:
		return &pd[frame][gpa >> 21 & 511];
	default:
		return &pt[frame][gpa >> 12 & 511];
	}
}

static void map_frame(enum guest_mode mode, enum test_frame frame)
{
	u64 host = guest_test_gpa(mode, frame) & 0x3ffff000;
	u64 *leaf = ept_entry(mode, frame, 1);
	*ept_entry(mode, frame, 3) = (u64)pd[frame] | EPT_RWX;
	*ept_entry(mode, frame, 2) = (u64)pt[frame] | EPT_RWX;
	leaf[0] = host | EPT_WB | EPT_RWX;
	leaf[1] = (host + 4096) | EPT_WB | EPT_RWX;
}

void ept_init(enum guest_mode mode)
{
	pml4[0] = (u64)pdpt[0] | EPT_RWX;
	pml4[1] = (u64)pdpt[1] | EPT_RWX;
	pdpt[0][0] = (u64)working_pd | EPT_RWX | EPT_A;
	working_pd[0] = GUEST_HOST | EPT_WB | EPT_LARGE | EPT_RWX | EPT_A | EPT_D;
	for (enum test_frame f = FRAME_DATA; f < FRAMES; f++)
		if (guest_test_gpa(mode, f))
			map_frame(mode, f);
}

void ept_invalidate(void)
{
	static const u64 descriptor[2];
	vmx_invept(2, descriptor);
	vmx_invvpid(2, descriptor);
}
