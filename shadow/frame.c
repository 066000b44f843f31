/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of the guest: which are RAM, which hold tables, and the taking away of write access from those that do. While a frame in it
 * holds a table, a 2-MiB or 1-GiB region is mapped in smaller pieces.
 */
#include "shadow/shadow.h"

static bool in_area(const struct shadow *s, uint64_t address)
{
	return address - s->config.area.u < s->config.area_size;
}

bool frame_is_ram(const struct shadow *s, uint64_t gfn)
{
	return mem_is_ram(s->mem, HPA(gfn << PAGE_SHIFT), 1) && !in_area(s, gfn << PAGE_SHIFT);
}

/* The highest physical frame is neither RAM nor a device. */
#define NOWHERE (BIT(MAXPHYADDR) - PAGE_SIZE)

hpa_t frame_hpa(const struct shadow *s, gpa_t gpa)
{
	return HPA(in_area(s, gpa.u) ? NOWHERE + page_offset(gpa.u) : gpa.u);
}

bool frame_region_has_area(const struct shadow *s, uint64_t gpa, unsigned shift)
{
	uint64_t base = gpa & ~(BIT(shift) - 1), area = s->config.area.u;
	return base < area + s->config.area_size && area < base + BIT(shift);
}

bool frame_region_is_plain(const struct shadow *s, uint64_t gpa, unsigned shift)
{
	uint64_t base = gpa & ~(BIT(shift) - 1);
	if (frame_region_has_area(s, gpa, shift))
		return false;
	if (base >= s->mem->top)
		return true;
	return shift == PAGE_SHIFT_2M ? !s->mid[base >> PAGE_SHIFT_2M].tables : !s->large[base >> PAGE_SHIFT_1G].tables;
}

/* Takes away what maps a region that holds a table now: smaller pieces are made when they are needed. */
static void drop_maps(struct shadow *s, struct shadow_frame *region)
{
	while (region->maps) {
		slot_write(s, region->maps, 0, 0);
		s->flush = true;
	}
}

void frame_protect(struct shadow *s, uint64_t gfn)
{
	host_permit_write(s, gfn, false);
	drop_maps(s, &s->mid[gfn >> 9]);
	drop_maps(s, &s->large[gfn >> 18]);
	while (s->frame[gfn].maps) {
		uint32_t slot = s->frame[gfn].maps;
		slot_write(s, slot, slot_read(s, slot) & ~PTE_RW, s->saved[slot]);
		s->flush = true;
	}
	s->flush |= s->stale_writable;
}

void frame_count_table(struct shadow *s, uint64_t gfn, int by)
{
	if (!frame_is_ram(s, gfn))
		return;
	s->frame[gfn].tables += (uint32_t)by;
	s->mid[gfn >> 9].tables += (uint32_t)by;
	s->large[gfn >> 18].tables += (uint32_t)by;
	if (by > 0 && s->frame[gfn].tables == 1)
		frame_protect(s, gfn);
	if (!s->frame[gfn].tables && s->frame[gfn].unsync)
		sync_resync(s, gfn);
	if (!s->frame[gfn].tables)
		host_permit_write(s, gfn, true);
}
