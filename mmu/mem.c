/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host-physical memory (see mem.h). One private mapping without reserve holds all RAM; the host gives it pages when
 * they are first touched, so a large machine that touches little costs little. Huge host pages are declined for the
 * same reason, one touched byte would cost 2 MiB, but for some (mem_use).
 */
#include "mmu/mem.h"

#include <sys/mman.h>

enum { HUGE_SHIFT = 21, HUGE_FRAMES = 1 << (HUGE_SHIFT - PAGE_SHIFT), UNUSED_MAX = 4096 /* frames: 16 MiB */ };

static uint64_t used_size(uint64_t top)
{
	return ((top >> PAGE_SHIFT) + 63) / 64 * 8;
}

static uint64_t huge_size(uint64_t top)
{
	return (top >> HUGE_SHIFT) + 1;
}

static void *map_lazily(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_NOHUGEPAGE); /* refused where the host has no huge pages: then nothing is lost */
	return p;
}

void mem_narrow(struct mem *mem, uint64_t size)
{
	mem->low_top = size < MEM_LOW_MAX ? size : MEM_LOW_MAX;
	mem->top = size > MEM_LOW_MAX ? MEM_HIGH_BASE + (size - MEM_LOW_MAX) : size;
	mem->expected_top = mem->top;
}

int mem_init(struct mem *mem, uint64_t size)
{
	if (size == 0 || size > MEM_SIZE_MAX || page_offset(size) != 0)
		return -ERR_ARG;
	memset(mem, 0, sizeof *mem);
	mem_narrow(mem, size);
	mem->host = map_lazily(mem->top);
	if (mem->host == NULL)
		return -ERR_NOMEM;
	mem->frame_flags = map_lazily(mem->top >> PAGE_SHIFT);
	mem->used = map_lazily(used_size(mem->top));
	mem->huge = map_lazily(huge_size(mem->top));
	if (mem->frame_flags && mem->used && mem->huge)
		return 0;
	mem_free(mem);
	return -ERR_NOMEM;
}

static void unmap(void *at, uint64_t size)
{
	if (at)
		munmap(at, size);
}

void mem_free(struct mem *mem)
{
	unmap(mem->host, mem->top);
	unmap(mem->frame_flags, mem->top >> PAGE_SHIFT);
	unmap(mem->used, used_size(mem->top));
	unmap(mem->huge, huge_size(mem->top));
	mem->host = NULL;
	mem->frame_flags = NULL;
	mem->used = NULL;
	mem->huge = NULL;
}

void mem_use_first(struct mem *mem, uint64_t frame)
{
	uint64_t huge = frame >> (HUGE_SHIFT - PAGE_SHIFT), at = huge << HUGE_SHIFT;

	mem->used[frame >> 6] |= BIT(frame & 63);
	if (mem->huge[huge]) {
		mem->unused--;
	} else if (mem->unused + HUGE_FRAMES <= UNUSED_MAX && at + BIT(HUGE_SHIFT) <= mem->top) {
		mem->huge[huge] = 1;
		mem->unused += HUGE_FRAMES - 1;
		(void)madvise(mem->host + at, BIT(HUGE_SHIFT), MADV_HUGEPAGE); /* refused: as if it had not been asked for */
	}
}

uint64_t mem_size(const struct mem *mem)
{
	return mem->low_top + (mem->top > MEM_HIGH_BASE ? mem->top - MEM_HIGH_BASE : 0);
}

static uint64_t size_mask(unsigned size)
{
	return BITS(8 * size - 1, 0);
}

/* the host is little endian, as the guest is: the value's low bytes come first */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "host byte order");

uint64_t mem_read(const struct mem *mem, hpa_t addr, unsigned size)
{
	uint64_t value = 0;
	if (likely(mem_is_ram(mem, addr, size)))
		memcpy(&value, mem->host + addr.u, size);
	else if (mem->devices.read)
		value = mem->devices.read(mem->devices.ctx, addr, size) & size_mask(size);
	else
		value = size_mask(size);
	return value;
}

void mem_write(struct mem *mem, hpa_t addr, uint64_t value, unsigned size)
{
	if (unlikely(!mem_is_ram(mem, addr, size))) {
		if (mem->devices.write)
			mem->devices.write(mem->devices.ctx, addr, value & size_mask(size), size);
		return;
	}
	unsigned flags = mem->frame_flags[addr.u >> PAGE_SHIFT];
	mem_before_store(mem, flags, addr, size);
	bool entry = unlikely(flags & FRAME_TABLE) && mem_overwrites_entry(mem, addr, size);
	memcpy(mem->host + addr.u, &value, size);
	if (likely(!flags))
		return;
	mem_note_store(mem, addr, size, entry);
	if (flags & FRAME_WATCH)
		mem_watch_store(mem, addr, size);
}

uint64_t mem_read_entry(const struct mem *mem, hpa_t addr, unsigned size)
{
	return likely(mem_is_ram(mem, addr, size)) ? mem_load_entry(mem, addr, size) : size_mask(size);
}

static void note_code(struct mem *mem, uint64_t frame)
{
	mem->attention = true;
	if (mem->code_stores > MEM_CODE_STORES)
		return;
	if (mem->code_stores > 0 && mem->code_frame[mem->code_stores - 1] == frame)
		return;
	if (mem->code_stores < MEM_CODE_STORES)
		mem->code_frame[mem->code_stores] = frame;
	mem->code_stores++;
}

void mem_or_entry(struct mem *mem, hpa_t addr, uint64_t bits, unsigned size)
{
	uint64_t value = 0;
	if (unlikely(!mem_is_ram(mem, addr, size)))
		return;
	memcpy(&value, mem->host + addr.u, size);
	value |= bits;
	memcpy(mem->host + addr.u, &value, size);
	if (unlikely(mem->frame_flags[addr.u >> PAGE_SHIFT] & FRAME_CODE))
		note_code(mem, addr.u >> PAGE_SHIFT); /* instructions in a paging structure: they have changed */
}

bool mem_read_bytes(const struct mem *mem, hpa_t addr, void *to, uint64_t len)
{
	if (len == 0)
		return true;
	if (!mem_is_ram(mem, addr, len))
		return false;
	memcpy(to, mem->host + addr.u, len);
	return true;
}

/* Before a store that may cross frames. */
static void before_stores(const struct mem *mem, hpa_t addr, uint64_t len)
{
	uint64_t end = addr.u + len;
	for (uint64_t at = addr.u, next; at < end; at = next) {
		next = page_base(at) + PAGE_SIZE;
		mem_before_store(mem, mem->frame_flags[at >> PAGE_SHIFT], HPA(at), (next < end ? next : end) - at);
	}
}

bool mem_write_bytes(struct mem *mem, hpa_t addr, const void *from, uint64_t len)
{
	if (len == 0)
		return true;
	if (!mem_is_ram(mem, addr, len))
		return false;
	if (unlikely(mem->before_table_store))
		before_stores(mem, addr, len);
	memcpy(mem->host + addr.u, from, len);
	for (uint64_t f = addr.u >> PAGE_SHIFT; f <= (addr.u + len - 1) >> PAGE_SHIFT; f++)
		if (mem->frame_flags[f])
			mem_note_store(mem, HPA(f << PAGE_SHIFT), PAGE_SIZE, true);
	mem_watch_store(mem, addr, len);
	return true;
}

void mem_mark(struct mem *mem, hpa_t addr, unsigned flag)
{
	if (!mem_is_ram(mem, addr, 1) || (mem->frame_flags[addr.u >> PAGE_SHIFT] & flag) == flag)
		return;
	mem->marked |= (uint8_t)(flag & ~mem->frame_flags[addr.u >> PAGE_SHIFT]);
	mem->frame_flags[addr.u >> PAGE_SHIFT] |= (uint8_t)flag;
	mem->marks++;
	if (mem->engine_limit)
		*mem->engine_limit = 0;
}

static void note_change(struct mem *mem, uint64_t frame, uint16_t from, uint16_t to)
{
	if (mem->frame_flags[frame] & FRAME_EPT)
		mem->changes = MEM_CHANGES + 1;
	for (unsigned i = 0; i < mem->changes && i < MEM_CHANGES; i++) {
		struct mem_change *change = &mem->change[i];
		if (change->frame != frame)
			continue;
		change->from = from < change->from ? from : change->from;
		change->to = to > change->to ? to : change->to;
		return;
	}
	if (mem->changes < MEM_CHANGES)
		mem->change[mem->changes] = (struct mem_change){.frame = frame, .from = from, .to = to};
	mem->changes += mem->changes <= MEM_CHANGES;
}

void mem_change_table(struct mem *mem, hpa_t addr, unsigned size)
{
	mem->table_epoch++;
	note_change(mem, addr.u >> PAGE_SHIFT, (uint16_t)(page_offset(addr.u) & ~7ull),
		    (uint16_t)((page_offset(addr.u) + size + 7) & ~7ull));
}

void mem_note_store(struct mem *mem, hpa_t addr, unsigned size, bool entry)
{
	uint64_t frame = addr.u >> PAGE_SHIFT;
	if (mem->frame_flags[frame] & FRAME_TABLE && entry) {
		mem_change_table(mem, addr, size);
		mem->attention = true;
	}
	if (mem->frame_flags[frame] & FRAME_CODE)
		note_code(mem, frame);
}

void mem_overwritten(struct mem *mem, hpa_t addr, unsigned size)
{
	uint64_t frame = addr.u >> PAGE_SHIFT;
	struct mem_worn *worn = &mem->worn[frame % MEM_WORN_FRAMES];

	mem_change_table(mem, addr, size);
	if (worn->frame != frame)
		*worn = (struct mem_worn){.frame = frame};
	if (++worn->stores == MEM_WORN_STORES && !mem->before_table_store)
		mem->has_worn = true;
}

void mem_unmark_worn(struct mem *mem)
{
	for (unsigned i = 0; i < MEM_WORN_FRAMES; i++) {
		struct mem_worn *worn = &mem->worn[i];
		if (worn->stores < MEM_WORN_STORES)
			continue;
		note_change(mem, worn->frame, 0, PAGE_SIZE);
		mem->frame_flags[worn->frame] &= (uint8_t) ~(FRAME_TABLE | FRAME_EPT);
		worn->stores = 0;
	}
	mem->has_worn = false;
	mem->table_epoch++; /* what was translated before is older than any change that nobody sees now */
}
