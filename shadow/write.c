/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A permitted store to a write-protected frame. It is let through in one of four ways:
 *   out of sync   a leaf table becomes writable until the guest next invalidates (sync.c);
 *   no table      a frame that is written again and again, and not walked meanwhile, loses its shadow pages;
 *   emulated      a known form of store, by the VMM itself (store.c);
 *   stepped       CHOICE: a store that the VMM does not carry out itself is executed by the processor, with just this frame writable
 *                 through just this slot; the monitor trap flag brings the VMM back after it (SDM 3C, "Monitor Trap Flag"). So every
 *                 form of store has its exact effect.
 *
 * Memory is unchanged until the VMM emulates the store or lets the instruction run.
 * Whatever else exits meanwhile ends the step, but for a further page fault: the instruction may need two frames.
 */
#include "shadow/shadow.h"

#include <string.h>

void write_bytes(struct shadow *s, hpa_t to, const void *from, unsigned size)
{
	uint64_t gfn = to.u >> PAGE_SHIFT;
	unsigned offset = (unsigned)page_offset(to.u);
	vmm_touch(s->cpu, to, size);
	mem_write_bytes(s->mem, to, from, size);
	if (frame_is_protected(s, gfn))
		sync_range(s, gfn, offset, offset + size);
}

/* ---- one instruction with the frame writable ---- */

static void monitor_trap(struct shadow *s, bool on)
{
	struct vmm *vmm = &s->vmm;
	uint64_t proc = vmm_read(vmm, PROC_CONTROLS);
	vmm_write(vmm, PROC_CONTROLS, on ? proc | CTL(PROC, MONITOR_TRAP) : proc & ~CTL(PROC, MONITOR_TRAP));
}

static void note_writes(struct shadow *s, const struct shadow_step *step)
{
	uint64_t now;
	if (!s->config.trace || !frame_is_ram(s, step->gfn))
		return;
	for (unsigned i = 0; i < SLOTS; i++) {
		memcpy(&now, s->mem->host + (step->gfn << PAGE_SHIFT) + i * 8, 8);
		if (now != step->before[i])
			shadow_note(s, SHADOW_PTE_WRITE, (step->gfn << PAGE_SHIFT) + i * 8, step->before[i], now);
	}
}

static void end_one(struct shadow *s, const struct shadow_step *step)
{
	bool protected = frame_is_protected(s, step->gfn);
	if (!step->slot)
		host_permit_write(s, step->gfn, !protected);
	else if (slot_read(s, step->slot) == step->entry)
		slot_write(s, step->slot, step->after, step->after ? s->saved[step->slot] : 0);
	inval_address(s, step->gla);
	note_writes(s, step);
	if (protected)
		sync_range(s, step->gfn, 0, PAGE_SIZE);
}

void write_end_step(struct shadow *s)
{
	if (!s->steps)
		return;
	while (s->steps)
		end_one(s, &s->step[--s->steps]);
	monitor_trap(s, false);
}

static void begin_step(struct shadow *s, gla_t gla, const struct guest_walk *gw)
{
	if (s->steps == STEP_MAX)
		write_end_step(s);
	struct shadow_step *step = &s->step[s->steps++];
	*step = (struct shadow_step){.gfn = gw->w.hpa.u >> PAGE_SHIFT, .gla = gla, .slot = gw->slot, .entry = gw->entry};
	step->after = gw->once ? 0 : gw->entry & ~PTE_RW;
	if (s->config.trace && frame_is_ram(s, step->gfn))
		memcpy(step->before, s->mem->host + (step->gfn << PAGE_SHIFT), PAGE_SIZE);
	if (gw->slot)
		slot_write(s, gw->slot, gw->entry, gw->saved);
	else
		host_permit_write(s, step->gfn, true);
	monitor_trap(s, true);
	s->cpu->ev.n[EV_SHADOW_PTE_WRITES]++;
}

/* ---- what becomes of the frame ---- */

/* Counts a write to each table in the frame. true: they are written so often that they are tables no longer. */
static bool is_table_no_longer(struct shadow *s, uint64_t gfn)
{
	unsigned least = ~0u;
	for (uint32_t p = page_of_table(s, gfn, 0); p; p = page_of_table(s, gfn, p)) {
		unsigned writes = ++s->page[p].writes;
		least = p == s->root ? 0 : writes < least ? writes : least;
	}
	return s->config.unprotect != SHADOW_UNPROTECT_NEVER && least >= s->config.unprotect;
}

static void unprotect(struct shadow *s, uint64_t gfn)
{
	for (uint32_t p; (p = page_of_table(s, gfn, 0));)
		page_zap(s, p);
}

bool write_fault(struct shadow *s, gla_t gla, struct guest_walk *gw)
{
	uint64_t gfn = gw->w.hpa.u >> PAGE_SHIFT;
	bool protected = frame_is_protected(s, gfn);
	if (protected) {
		s->cpu->ev.n[EV_SHADOW_WP_FAULTS]++;
		shadow_note(s, SHADOW_WP_FAULT, gw->w.gpa.u, mem_read_entry(s->mem, HPA(gw->w.hpa.u & ~7ull), 8), 0);
	}
	if (protected && agile_note_write(s, gfn))
		return false;
	if (protected && !gw->once && sync_may_unsync(s, gfn)) {
		sync_unsync(s, gfn);
		slot_write(s, gw->slot, gw->entry, gw->saved);
	} else if (protected && is_table_no_longer(s, gfn)) {
		unprotect(s, gfn); /* the access comes again, and finds a frame like any other */
	} else if (protected && !gw->once && store_emulate(s, gla, gw->w.hpa)) {
		return true;
	} else {
		begin_step(s, gla, gw);
	}
	return false;
}
