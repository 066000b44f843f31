/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host-physical memory (see mem.h). One private mapping without reserve holds all RAM; the host gives it pages when
 * they are first touched, so a large machine that touches little costs little. Huge host pages are declined for the
 * same reason: one touched byte would cost 2 MiB.
 */
#include "mmu/mem.h"

#include <sys/mman.h>

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
	if (mem->frame_flags == NULL) {
		munmap(mem->host, mem->top);
		return -ERR_NOMEM;
	}
	return 0;
}

void mem_free(struct mem *mem)
{
	munmap(mem->host, mem->top);
	munmap(mem->frame_flags, mem->top >> PAGE_SHIFT);
	mem->host = NULL;
	mem->frame_flags = NULL;
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
	memcpy(mem->host + addr.u, &value, size);
	if (likely(!mem->frame_flags[addr.u >> PAGE_SHIFT]))
		return;
	mem_note_store(mem, addr);
	if (mem->frame_flags[addr.u >> PAGE_SHIFT] & FRAME_WATCH)
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

bool mem_write_bytes(struct mem *mem, hpa_t addr, const void *from, uint64_t len)
{
	if (len == 0)
		return true;
	if (!mem_is_ram(mem, addr, len))
		return false;
	memcpy(mem->host + addr.u, from, len);
	for (uint64_t f = addr.u >> PAGE_SHIFT; f <= (addr.u + len - 1) >> PAGE_SHIFT; f++)
		if (mem->frame_flags[f])
			mem_note_store(mem, HPA(f << PAGE_SHIFT));
	mem_watch_store(mem, addr, len);
	return true;
}

void mem_mark(struct mem *mem, hpa_t addr, unsigned flag)
{
	if (mem_is_ram(mem, addr, 1))
		mem->frame_flags[addr.u >> PAGE_SHIFT] |= (uint8_t)flag;
}

void mem_note_store(struct mem *mem, hpa_t addr)
{
	uint64_t frame = addr.u >> PAGE_SHIFT;
	if (mem->frame_flags[frame] & FRAME_TABLE) {
		mem->table_epoch++;
		mem->attention = true;
	}
	if (mem->frame_flags[frame] & FRAME_CODE)
		note_code(mem, frame);
}
