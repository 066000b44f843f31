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

/*
 * Goes through the entries of [next, end) that may hold something, a part of a table at a time: entry[0], whose page begins at `at`, to
 * entry[count - 1]. A large page is alone. Entries may be changed, and next set back.
 */
struct cursor {
	struct vm *vm;
	u64 next, end, at;
	u64 *entry;
	unsigned level, count;
	u64 *table, reach; /* of level 1, where entry is or was; the address above all that it maps */
};

/* The index of the first entry of this table from i on that holds something; 512: none. */
static unsigned held(const u64 *table, unsigned i)
{
	unsigned end;

	while ((i = pagetable_in_use(table, i, &end)) < 512)
		for (; i < end; i++)
			if (table[i] & HELD)
				return i;
	return 512;
}

/* Those of the table from next on. */
static void take_table(struct cursor *c)
{
	u64 start = c->reach - 512 * PAGE, size = c->end - start;
	unsigned last = size < 512 * PAGE ? size / PAGE : 512, end = 512, i = pagetable_in_use(c->table, (c->next - start) / PAGE, &end);

	if (end > last)
		end = last;
	c->entry = c->table + i;
	c->at = start + i * PAGE;
	c->count = i < end ? end - i : 0;
	c->level = 1;
	c->next = c->count ? start + end * PAGE : c->reach;
}

/* Finds the table of next, or the large page; or goes on to what may be there next. */
static void descend(struct cursor *c)
{
	u64 *table = direct(c->vm->pml4);

	for (unsigned level = 4;; level--) {
		unsigned shift = 3 + 9 * level, i = c->next >> shift & 511;
		if (level == 1) {
			c->table = table;
			c->reach = (c->next | (512 * PAGE - 1)) + 1;
			return;
		}
		if (!(table[i] & HELD)) {
			c->next = (c->next & ~((512ull << shift) - 1)) + ((u64)held(table, i) << shift);
			return;
		}
		if (table[i] & PTE_PS) {
			c->entry = table + i;
			c->at = c->next & ~((1ull << shift) - 1);
			c->count = 1;
			c->level = level;
			c->next = c->at + (1ull << shift);
			return;
		}
		table = direct(table[i] & PTE_ADDRESS);
	}
}

static bool cursor_next(struct cursor *c)
{
	for (c->count = 0; !c->count && c->next < c->end;)
		if (c->next - (c->reach - 512 * PAGE) < 512 * PAGE)
			take_table(c);
		else
			descend(c);
	return c->count;
}

static void put_frames(u64 entry, unsigned level)
{
	if (level == 1)
		page_put(entry & PTE_ADDRESS);
	else
		for (u64 at = 0; at < size_at(level); at += PAGE)
			page_put((entry & PTE_ADDRESS) + at);
}

bool vm_page_split(struct vm *vm, u64 linear)
{
	if (!vm->large)
		return true;
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

static void flush_start(struct flush *f, struct vm *vm)
{
	f->vm = vm;
	f->count = 0;
}

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
	struct flush flush;

	flush_start(&flush, vm);
	for (struct cursor c = {vm, .next = start, .end = end}; cursor_next(&c);) {
		u64 *entry = c.entry;
		unsigned count = c.count, level = c.level, dropped = 0;
		for (unsigned i = 0; i < count; i++) {
			u64 old = entry[i];
			if (!(old & HELD))
				continue;
			entry[i] = 0;
			if (old & PTE_P)
				flush_add(&flush, c.at + i * PAGE);
			put_frames(old, level);
			dropped++;
		}
		pagetable_forget(entry, count);
		vm->pages -= dropped * (size_at(level) / PAGE);
	}
	if (flush.count)
		flush_end(&flush);
}

void vm_page_drop_all(struct vm *vm)
{
	for (struct cursor c = {vm, .next = 0, .end = USER_TOP}; cursor_next(&c);)
		for (const u64 *entry = c.entry, *end = entry + c.count; entry < end; entry++)
			if (*entry & HELD)
				put_frames(*entry, c.level);
}

static u64 rights(const struct area *area)
{
	u64 flags = area->prot ? PTE_P | PTE_US : PTE_NONE | PTE_US;

	return flags | (area->prot & PROT_EXEC ? 0 : PTE_NX);
}

/* Write access is only taken away here: it comes back with the fault that asks for it. */
void vm_page_protect(struct vm *vm, const struct area *area)
{
	u64 keep = PTE_ADDRESS | PTE_A | PTE_D | PTE_PS | (area->prot & PROT_WRITE ? PTE_RW : 0), set = rights(area);
	struct flush flush;

	flush_start(&flush, vm);
	for (struct cursor c = {vm, .next = area->start, .end = area->end}; cursor_next(&c);) {
		u64 *entry = c.entry;
		unsigned count = c.count;
		for (unsigned i = 0; i < count; i++) {
			u64 old = entry[i], new = (old & keep) | set;
			if (!(old & HELD) || new == old)
				continue;
			entry[i] = new;
			if (old & PTE_P)
				flush_add(&flush, c.at + i * PAGE);
		}
	}
	if (flush.count)
		flush_end(&flush);
}

static void get_frames(u64 entry, unsigned level)
{
	if (level == 1)
		page_get(entry & PTE_ADDRESS);
	else
		for (u64 at = 0; at < size_at(level); at += PAGE)
			page_get((entry & PTE_ADDRESS) + at);
}

bool vm_page_share(struct vm *vm, struct vm *copy, const struct area *area)
{
	u64 clear = area->flags & AREA_SHARED ? 0 : PTE_RW, *to = NULL, reach = 0; /* to: the copy's table of what is below reach */

	for (struct cursor c = {vm, .next = area->start, .end = area->end}; cursor_next(&c);) {
		unsigned count = c.count, level = c.level, shared = 0;
		u64 *entry = c.entry,
		    *other = level == 1 && to && c.reach == reach ? to + (entry - c.table) : pagetable_walk(copy->pml4, c.at, &level, true);
		if (!other)
			return false;
		if (level == 1) {
			to = other - (entry - c.table);
			reach = c.reach;
		}
		for (unsigned i = 0; i < count; i++) {
			u64 old = entry[i], new = old & ~clear;
			if (!(old & HELD))
				continue;
			if (new != old)
				entry[i] = new;
			other[i] = new & ~(PTE_A | PTE_D);
			get_frames(new, level);
			shared++;
		}
		pagetable_note(other, count);
		vm_count(copy, shared * (size_at(level) / PAGE));
	}
	return true;
}

bool vm_page_move(struct vm *vm, u64 from, u64 to, u64 size)
{
	struct flush flush;
	bool ok = true;

	flush_start(&flush, vm);
	for (struct cursor c = {vm, .next = from, .end = from + size}; ok && cursor_next(&c);) {
		if ((to + (c.at - from)) & (size_at(c.level) - 1)) {
			ok = vm_page_split(vm, c.at + PAGE);
			c.next = c.at; /* and once more, in small pages */
			continue;
		}
		for (unsigned i = 0; ok && i < c.count; i++) {
			unsigned level = c.level;
			u64 at = c.at + i * PAGE, *other;
			if (!(c.entry[i] & HELD))
				continue;
			other = pagetable_walk(vm->pml4, to + (at - from), &level, true);
			ok = other != NULL;
			if (!ok)
				break;
			*other = c.entry[i];
			c.entry[i] = 0;
			flush_add(&flush, at);
		}
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
