/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's page table for agile paging: what the nested part of a walk goes through, in EPT's format with 4 levels (SDM 3C, "EPT
 * Translation Mechanism"). Guest-physical addresses are host-physical ones: RAM by 4-KiB pages, so that frames can be write-protected, the
 * VMM's area nowhere, all else to 512 GiB by 1-GiB pages. Accessed and dirty flags are not used.
 */
#include "shadow/shadow.h"

#define HOST_R BIT(0)
#define HOST_W BIT(1)
#define HOST_X BIT(2)
#define HOST_RWX (HOST_R | HOST_W | HOST_X)
#define HOST_WRITE_BACK (6ull << 3)
#define HOST_PS BIT(7)
#define EPTP_WRITE_BACK_4_LEVELS (6ull | 3ull << 3)
enum { PAGES_1G = 512 };

/* Tables for so much memory: PML4 and PDPT, a PD a GiB, a PT for every 2 MiB. */
static uint64_t tables_for(uint64_t memory)
{
	return 2 + (memory >> PAGE_SHIFT_1G) + 1 + (memory >> PAGE_SHIFT_2M) + 1;
}

uint64_t host_area(uint64_t memory)
{
	uint64_t more = tables_for(memory) * PAGE_SIZE; /* the tables lie in the memory that they map */
	return tables_for(memory + 2 * more + PAGE_SIZE) * PAGE_SIZE;
}

static uint64_t table(const struct shadow *s, uint64_t number)
{
	return s->host.u + number * PAGE_SIZE;
}

static uint64_t entry_at(const struct shadow *s, uint64_t gfn)
{
	return table(s, 2 + s->host_gibs) + gfn * 8; /* the PTs lie one after the other */
}

static void put(struct shadow *s, uint64_t at, uint64_t value)
{
	mem_write(s->mem, HPA(at), value, 8);
}

/* From CR3's bits on: guest-physical 0 to the end of the VMM's area, then what is no RAM. */
void host_init(struct shadow *s, uint64_t end)
{
	s->host_gibs = (end + BIT(PAGE_SHIFT_1G) - 1) >> PAGE_SHIFT_1G;
	uint64_t pts = (end + BIT(PAGE_SHIFT_2M) - 1) >> PAGE_SHIFT_2M;
	put(s, table(s, 0), table(s, 1) | HOST_RWX);
	for (uint64_t i = 0; i < PAGES_1G; i++)
		put(s, table(s, 1) + 8 * i,
		    i < s->host_gibs ? table(s, 2 + i) | HOST_RWX : i << PAGE_SHIFT_1G | HOST_RWX | HOST_WRITE_BACK | HOST_PS);
	for (uint64_t i = 0; i < s->host_gibs * 512; i++)
		put(s, table(s, 2) + 8 * i,
		    i < pts ? table(s, 2 + s->host_gibs + i) | HOST_RWX : i << PAGE_SHIFT_2M | HOST_RWX | HOST_WRITE_BACK | HOST_PS);
	for (uint64_t gfn = 0; gfn < pts * 512; gfn++)
		put(s, entry_at(s, gfn), page_base(frame_hpa(s, GPA(gfn << PAGE_SHIFT)).u) | HOST_RWX | HOST_WRITE_BACK);
}

uint64_t host_eptp(const struct shadow *s)
{
	return s->host.u | EPTP_WRITE_BACK_4_LEVELS;
}

bool host_permits_write(const struct shadow *s, uint64_t gfn)
{
	return mem_read_entry(s->mem, HPA(entry_at(s, gfn)), 8) & HOST_W;
}

void host_permit_write(struct shadow *s, uint64_t gfn, bool permit)
{
	if (!s->host.u || host_permits_write(s, gfn) == permit)
		return;
	hpa_t at = HPA(entry_at(s, gfn));
	vmm_touch(s->cpu, at, 8);
	mem_write(s->mem, at, mem_read_entry(s->mem, at, 8) ^ HOST_W, 8);
	if (permit || !s->stale_nested)
		return;
	mmu_invept(&s->cpu->mmu, s->host.u | EPTRTA_EPT);
	vmm_invalidated(s->cpu, COST_INVEPT);
	s->flush = true;
}
