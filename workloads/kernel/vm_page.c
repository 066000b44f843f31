/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table entries of address spaces. Each 4-KiB frame counts its references: one for each entry that maps it, one for a file's page
 * cache. A 2-MiB page is 512 frames with a reference each, so that splitting it changes no count.
 */
#include "vm_page.h"
#include "page.h"
#include "pagetable.h"

#define HELD (PTE_P | PTE_NONE) /* an entry with either bit holds a frame */

static u64 size_at(unsigned level)
{
	return 1ull << (3 + 9 * level);
}

/* The first entry at or after *at, below end, that holds something; *at and *level say where and how large. NULL: none. */
static u64 *next_entry(struct vm *vm, u64 *at, u64 end, unsigned *level)
{
	while (*at < end) {
		u64 *table = direct(vm->pml4), *entry;
		for (*level = 4;; --*level) {
			entry = &table[*at >> (3 + 9 * *level) & 511];
			if (*level == 1 || !(*entry & HELD) || (*entry & PTE_PS))
				break;
			table = direct(*entry & PTE_ADDRESS);
		}
		if (*entry & HELD)
			return entry;
		do /* what is empty in this table */
			*at = (*at | (size_at(*level) - 1)) + 1;
		while (*at < end && ++entry < table + 512 && !(*entry & HELD));
	}
	return NULL;
}

static void put_frames(u64 entry, unsigned level)
{
	for (u64 at = 0; at < size_at(level); at += PAGE)
		page_put((entry & PTE_ADDRESS) + at);
}

bool vm_page_split(struct vm *vm, u64 linear)
{
	unsigned level = 1;
	u64 *entry;

	if (!(linear & (HUGE_PAGE - 1)))
		return true;
	entry = pagetable_walk(vm->pml4, linear, &level, false);
	if (!entry || level == 1)
		return true;
	if (!pagetable_split(entry))
		return false;
	vm_flush(vm);
	return true;
}

/* What was changed, invalidated at the end: page by page if it is little. */
struct flush {
	struct vm *vm;
	u64 page[FLUSH_MAX];
	unsigned count;
};

static void flush_add(struct flush *f, u64 linear)
{
	if (f->count < FLUSH_MAX)
		f->page[f->count] = linear;
	f->count++;
}

static void flush_end(struct flush *f)
{
	if (f->count > FLUSH_MAX || f->vm != vm_current())
		vm_flush(f->vm);
	else
		for (unsigned i = 0; i < f->count; i++)
			invlpg((void *)f->page[i]);
}

void vm_page_drop(struct vm *vm, u64 start, u64 end)
{
	struct flush flush = {.vm = vm};
	unsigned level;

	for (u64 *entry; (entry = next_entry(vm, &start, end, &level)); start += size_at(level)) {
		u64 old = *entry;
		*entry = 0;
		if (old & PTE_P)
			flush_add(&flush, start);
		put_frames(old, level);
	}
	if (flush.count)
		flush_end(&flush);
}

void vm_page_drop_all(struct vm *vm)
{
	unsigned level;
	u64 at = 0;

	for (u64 *entry; (entry = next_entry(vm, &at, USER_TOP, &level)); at += size_at(level))
		put_frames(*entry, level);
}

static u64 rights(const struct area *area)
{
	u64 flags = area->prot ? PTE_P | PTE_US : PTE_NONE | PTE_US;

	return flags | (area->prot & PROT_EXEC ? 0 : PTE_NX);
}

/* Write access is only taken away here: it comes back with the fault that asks for it. */
void vm_page_protect(struct vm *vm, const struct area *area)
{
	struct flush flush = {.vm = vm};
	u64 at = area->start;
	unsigned level;

	for (u64 *entry; (entry = next_entry(vm, &at, area->end, &level)); at += size_at(level)) {
		u64 old = *entry, keep = PTE_ADDRESS | PTE_A | PTE_D | PTE_PS | (area->prot & PROT_WRITE ? PTE_RW : 0);
		*entry = (old & keep) | rights(area);
		if ((old & PTE_P) && *entry != old)
			flush_add(&flush, at);
	}
	if (flush.count)
		flush_end(&flush);
}

bool vm_page_share(struct vm *vm, struct vm *copy, const struct area *area)
{
	u64 at = area->start;
	unsigned level;

	for (u64 *entry; (entry = next_entry(vm, &at, area->end, &level)); at += size_at(level)) {
		unsigned l = level;
		u64 *other = pagetable_walk(copy->pml4, at, &l, true);
		if (!other)
			return false;
		if (!(area->flags & AREA_SHARED))
			*entry &= ~PTE_RW;
		*other = *entry & ~(PTE_A | PTE_D);
		for (u64 i = 0; i < size_at(level); i += PAGE)
			page_get((*entry & PTE_ADDRESS) + i);
	}
	return true;
}

bool vm_page_move(struct vm *vm, u64 from, u64 to, u64 size)
{
	struct flush flush = {.vm = vm};
	u64 at = from;
	unsigned level;
	bool ok = true;

	for (u64 *entry; ok && (entry = next_entry(vm, &at, from + size, &level));) {
		u64 target = to + (at - from), *other = NULL;
		unsigned l = level;
		if (level > 1 && (target & (HUGE_PAGE - 1))) {
			ok = vm_page_split(vm, at + PAGE); /* and once more, in small pages */
			continue;
		}
		other = pagetable_walk(vm->pml4, target, &l, true);
		ok = other != NULL;
		if (!ok)
			break;
		*other = *entry;
		*entry = 0;
		flush_add(&flush, at);
		at += size_at(level);
	}
	if (flush.count)
		flush_end(&flush);
	return ok;
}

u64 vm_resident(const struct vm *vm)
{
	u64 at = 0, bytes = 0;
	unsigned level;

	while (next_entry((struct vm *)vm, &at, USER_TOP, &level)) {
		bytes += size_at(level);
		at += size_at(level);
	}
	return bytes / PAGE;
}
