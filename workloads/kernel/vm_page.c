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

/* Where the next entry in use at or after entry may be, as an index; 512: in no more of this table, or not before entry number last. */
static unsigned skip(const u64 *table, const u64 *entry, u64 last)
{
	unsigned first, end, i = (unsigned)(entry - table);

	pagetable_bounds(table, &first, &end);
	if (i < first)
		i = first;
	if (end > last + 1)
		end = (unsigned)last + 1;
	while (i < end && !(table[i] & HELD))
		i++;
	return i < end ? i : 512;
}

/* The first entry at or after *at, below end, that holds something; *at and *level say where and how large. NULL: none. */
static u64 *next_entry(struct vm *vm, u64 *at, u64 end, unsigned *level)
{
	while (*at < end) {
		u64 *table = direct(vm->pml4), *entry, size;
		for (*level = 4;; --*level) {
			entry = &table[*at >> (3 + 9 * *level) & 511];
			if (*level == 1 || !(*entry & HELD) || (*entry & PTE_PS))
				break;
			table = direct(*entry & PTE_ADDRESS);
		}
		if (*entry & HELD)
			return entry;
		size = size_at(*level);
		u64 start = *at & ~(512 * size - 1); /* of what the table reaches */
		*at = start + skip(table, entry, (end - 1 - start) / size) * size;
	}
	return NULL;
}

/* Goes through all entries of a range that hold something: entry is the one it is at, and may be changed. */
struct cursor {
	struct vm *vm;
	u64 at, end;
	u64 *entry;
	unsigned level;
};

static bool cursor_next(struct cursor *c)
{
	u64 *next = c->entry + 1;

	if (c->entry) {
		c->at += size_at(c->level);
		if (c->level == 1 && (u64)next % PAGE && c->at < c->end && (*next & HELD)) { /* in the same table */
			c->entry = next;
			return true;
		}
	}
	c->entry = next_entry(c->vm, &c->at, c->end, &c->level);
	return c->entry;
}

static void put_frames(u64 entry, unsigned level)
{
	for (u64 at = 0; at < size_at(level); at += PAGE)
		page_put((entry & PTE_ADDRESS) + at);
}

bool vm_page_split(struct vm *vm, u64 linear)
{
	for (bool changed = false;; changed = true) {
		unsigned level = 1;
		u64 *entry = pagetable_walk(vm->pml4, linear, &level, false);
		if (!entry || !(linear & (size_at(level) - 1))) {
			if (changed)
				vm_flush(vm);
			return true;
		}
		if (!pagetable_split(entry, level))
			return false;
	}
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

	for (struct cursor c = {vm, start, end, NULL, 0}; cursor_next(&c);) {
		u64 old = *c.entry;
		*c.entry = 0;
		if (old & PTE_P)
			flush_add(&flush, c.at);
		vm->pages -= size_at(c.level) / PAGE;
		put_frames(old, c.level);
	}
	if (flush.count)
		flush_end(&flush);
}

void vm_page_drop_all(struct vm *vm)
{
	for (struct cursor c = {vm, 0, USER_TOP, NULL, 0}; cursor_next(&c);)
		put_frames(*c.entry, c.level);
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

	for (struct cursor c = {vm, area->start, area->end, NULL, 0}; cursor_next(&c);) {
		u64 old = *c.entry, keep = PTE_ADDRESS | PTE_A | PTE_D | PTE_PS | (area->prot & PROT_WRITE ? PTE_RW : 0);
		*c.entry = (old & keep) | rights(area);
		if ((old & PTE_P) && *c.entry != old)
			flush_add(&flush, c.at);
	}
	if (flush.count)
		flush_end(&flush);
}

bool vm_page_share(struct vm *vm, struct vm *copy, const struct area *area)
{
	u64 *other = NULL, *before = NULL, clear = area->flags & AREA_SHARED ? 0 : PTE_RW;

	for (struct cursor c = {vm, area->start, area->end, NULL, 0}; cursor_next(&c); before = c.entry) {
		unsigned level = c.level;
		if (other && c.entry == before + 1 && (u64)c.entry % PAGE)
			other++; /* the next one of the same table */
		else
			other = pagetable_walk(copy->pml4, c.at, &level, true);
		if (!other)
			return false;
		pagetable_note(other);
		if (*c.entry & clear)
			*c.entry &= ~clear;
		*other = *c.entry & ~(PTE_A | PTE_D);
		vm_count(copy, size_at(c.level) / PAGE);
		for (u64 i = 0; i < size_at(c.level); i += PAGE)
			page_get((*c.entry & PTE_ADDRESS) + i);
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
		if (target & (size_at(level) - 1)) {
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

bool vm_present(const struct vm *vm, u64 linear)
{
	unsigned level = 1;
	const u64 *entry = pagetable_walk(vm->pml4, linear, &level, false);

	return entry && (*entry & HELD);
}
