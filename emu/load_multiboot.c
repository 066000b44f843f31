/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 1 (GNU, "Multiboot Specification version 0.6.96"): the header, loading by ELF segments or by the header's address fields,
 * modules, the information structure, the machine state.
 *
 *     9000H  information, memory map, module list, strings, GDT     if the image leaves that place free; else after the modules
 *     image
 *     modules, each at a page boundary, in order
 *
 * LIMIT: the video fields of the header are ignored: there is no display.
 */
#include "emu/load_image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEARCH = 8192, INFO_ADDRESS = 0x9000, LOW_END = 0x9fc00 };
enum { HEADER_SIZE = 12, HEADER_SIZE_ADDRESSES = 32 };

#define HEADER_MAGIC 0x1badb002u
#define BOOT_MAGIC 0x2badb002u
#define HEADER_UNKNOWN 0xfff8u /* requirements: bits 0 page-aligned modules, 1 memory information, 2 video */
#define HEADER_ADDRESSES 0x10000u

/* fields of the information structure, by offset */
enum {
	INFO_FLAGS = 0,
	INFO_LOWER = 4,
	INFO_UPPER = 8,
	INFO_BOOT_DEVICE = 12,
	INFO_CMDLINE = 16,
	INFO_MODS = 20,
	INFO_MMAP = 44,
	INFO_NAME = 64,
	INFO_SIZE = 88
};
#define INFO_HAS (BITS(3, 0) | BIT(6) | BIT(9)) /* memory, boot device, command line, modules, memory map, loader's name */
enum { MODULE_SIZE = 16, MMAP_SIZE = 24, MMAP_MAX = 5, GDT_SIZE = 24 };

static uint32_t get32(const struct image *image, uint64_t offset)
{
	uint32_t v;

	memcpy(&v, image->bytes + offset, sizeof v);
	return v;
}

int64_t multiboot_find(const struct image *image, uint64_t *where)
{
	uint64_t limit = image->size < SEARCH ? image->size : SEARCH;
	int64_t found = -1;

	for (uint64_t o = 0; o + HEADER_SIZE <= limit; o += 4) {
		if (get32(image, o) != HEADER_MAGIC)
			continue;
		if (HEADER_MAGIC + get32(image, o + 4) + get32(image, o + 8) == 0)
			return (int64_t)o;
		if (found == -1)
			*where = o;
		found = -2;
	}
	return found;
}

/* The address fields: header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr. */
static int load_by_addresses(const struct image *image, uint64_t header, struct mem *mem, struct load_ranges *ranges, uint64_t *entry)
{
	uint64_t fields = header + HEADER_SIZE;

	if (header + HEADER_SIZE_ADDRESSES > image->size)
		return image_bad(image, fields, "the address fields of the Multiboot header end beyond the file; it is cut short");
	uint64_t header_addr = get32(image, fields), load = get32(image, fields + 4), end = get32(image, fields + 8);
	uint64_t bss_end = get32(image, fields + 12), offset, size;
	*entry = get32(image, fields + 16);
	if (load > header_addr || header_addr - load > header)
		return image_bad(image, fields, "load_addr %#" PRIx64 " does not fit header_addr %#" PRIx64 " at this offset", load,
				 header_addr);
	offset = header - (header_addr - load);
	size = end ? end - load : image->size - offset;
	if (end && (end < load || size > image->size - offset))
		return image_bad(image, fields + 8, "load_end_addr %#" PRIx64 " is before load_addr or beyond the file", end);
	if (bss_end && bss_end < load + size)
		return image_bad(image, fields + 12, "bss_end_addr %#" PRIx64 " is before the end of what is loaded", bss_end);
	return image_place(image, mem, ranges, offset, size, load, bss_end ? bss_end - load : size, "the image");
}

static int load_kernel(const struct image *image, uint64_t header, struct mem *mem, struct load_ranges *ranges, uint64_t *entry)
{
	uint32_t flags = get32(image, header + 4);
	int rc;

	if (flags & HEADER_UNKNOWN)
		return image_bad(image, header + 4, "the header requires a Multiboot feature that does not exist (flags %#x)", flags);
	if (flags & HEADER_ADDRESSES)
		rc = load_by_addresses(image, header, mem, ranges, entry);
	else if (load_is_elf(image))
		rc = load_elf(image, mem, ranges, entry);
	else
		return image_bad(image, header + 4, "neither ELF nor address fields (flag 16): nothing says where to load the image");
	if (rc == 0 && (*entry >= MEM_HIGH_BASE || ranges_free(ranges, *entry, 1)))
		rc = image_bad(image, header, "the entry point %#" PRIx64 " lies in nothing that was loaded below 4 GiB", *entry);
	return rc;
}

struct loaded_module {
	uint64_t start, end;
};

static int load_modules(struct mem *mem, const struct load_request *request, struct load_ranges *ranges, struct loaded_module *module,
			char *error)
{
	for (size_t i = 0; i < request->modules; i++) {
		struct image file;
		uint64_t at = ranges_end(ranges);
		int rc = image_open_module(&file, &request->module[i], error);
		if (rc == 0 && at >= mem->low_top)
			rc = image_small(&file, "no memory is left for this module; give more with --mem");
		if (rc == 0)
			rc = image_place(&file, mem, ranges, 0, file.size, at, file.size, "the module");
		module[i] = (struct loaded_module){at, at + file.size};
		image_close(&file);
		if (rc)
			return rc;
	}
	return 0;
}

/* The information block while it is built: addr is where it will be in guest memory. */
struct block {
	uint8_t *bytes;
	uint64_t addr;
	uint32_t size, used;
};

static void put32(struct block *b, uint32_t at, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	CHECK(at + sizeof v <= b->size);
	memcpy(b->bytes + at, &v, sizeof v);
}

static uint32_t reserve(struct block *b, uint32_t size)
{
	uint32_t at = b->used;

	CHECK(size <= b->size - b->used);
	b->used += size;
	return at;
}

/* Appends a string made of up to three parts; returns its guest address. */
static uint64_t put_string(struct block *b, const char *first, const char *second, const char *third)
{
	uint32_t at = b->used;
	const char *part[] = {first, second, third};

	for (unsigned i = 0; i < ARRAY_LEN(part); i++) {
		size_t n = strlen(part[i]);
		memcpy(b->bytes + reserve(b, (uint32_t)n), part[i], n);
	}
	reserve(b, 1);
	return b->addr + at;
}

static void put_region(struct block *b, uint64_t start, uint64_t end, uint32_t type)
{
	uint32_t at;

	if (start >= end)
		return;
	at = reserve(b, MMAP_SIZE);
	put32(b, at, MMAP_SIZE - 4);
	put32(b, at + 4, start);
	put32(b, at + 8, start >> 32);
	put32(b, at + 12, end - start);
	put32(b, at + 16, (end - start) >> 32);
	put32(b, at + 20, type);
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Memory as a PC has it: 639 KiB, the firmware's data and ROM reserved, from 1 MiB to the hole, from 4 GiB. Type 1 is RAM. */
static void put_memory(struct block *b, const struct mem *mem)
{
	uint32_t start = b->used;
	uint64_t low = mem->low_top;

	put_region(b, 0, min64(low, LOW_END), 1);
	put_region(b, LOW_END, min64(low, 0xa0000), 2);
	put_region(b, 0xf0000, min64(low, 0x100000), 2);
	put_region(b, 0x100000, low, 1);
	put_region(b, MEM_HIGH_BASE, mem->top, 1);
	put32(b, INFO_MMAP, b->used - start);
	put32(b, INFO_MMAP + 4, b->addr + start);
	put32(b, INFO_LOWER, min64(low, LOW_END) >> 10);
	put32(b, INFO_UPPER, low > BIT(20) ? (low - BIT(20)) >> 10 : 0);
}

static void put_modules(struct block *b, const struct load_request *request, const struct loaded_module *module)
{
	uint32_t list = reserve(b, (uint32_t)(request->modules * MODULE_SIZE));

	put32(b, INFO_MODS, request->modules);
	put32(b, INFO_MODS + 4, b->addr + list);
	for (uint32_t i = 0; i < request->modules; i++) {
		const char *cmdline = request->module[i].cmdline;
		put32(b, list + i * MODULE_SIZE, module[i].start);
		put32(b, list + i * MODULE_SIZE + 4, module[i].end);
		put32(b, list + i * MODULE_SIZE + 8, put_string(b, cmdline ? cmdline : "", "", ""));
	}
}

static const char loader_name[] = "vtxray";

static uint64_t block_size(const struct load_request *request)
{
	uint64_t size = INFO_SIZE + GDT_SIZE + MMAP_SIZE * MMAP_MAX + sizeof loader_name + request->modules * (MODULE_SIZE + 1);

	size += strlen(request->path) + 2 + (request->cmdline ? strlen(request->cmdline) : 0);
	for (size_t i = 0; i < request->modules; i++)
		size += request->module[i].cmdline ? strlen(request->module[i].cmdline) : 0;
	return size;
}

/* null, 08H flat code, 10H flat data */
static void put_gdt(struct block *b)
{
	static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};

	memcpy(b->bytes + reserve(b, GDT_SIZE), gdt, sizeof gdt);
}

/* Fills the block: the structure first, the GDT right after it, the rest in any order. */
static void fill_block(struct block *b, const struct mem *mem, const struct load_request *request, const struct loaded_module *module)
{
	reserve(b, INFO_SIZE);
	put_gdt(b);
	put32(b, INFO_FLAGS, INFO_HAS);
	put32(b, INFO_BOOT_DEVICE, 0x8000ffff); /* as QEMU: the first fixed disk, though there is none */
	put_memory(b, mem);
	put_modules(b, request, module);
	/* as QEMU: the image's name, a space, the arguments */
	put32(b, INFO_CMDLINE, put_string(b, request->path, " ", request->cmdline ? request->cmdline : ""));
	put32(b, INFO_NAME, put_string(b, loader_name, "", ""));
}

static int put_info(struct mem *mem, const struct image *image, const struct load_request *request, const struct load_ranges *ranges,
		    const struct loaded_module *module, uint64_t *info)
{
	uint64_t size = block_size(request);
	struct block b = {.addr = INFO_ADDRESS};

	if (size > LOW_END - INFO_ADDRESS || !ranges_free(ranges, INFO_ADDRESS, size))
		b.addr = ranges_end(ranges);
	if (b.addr >= MEM_HIGH_BASE || !mem_is_ram(mem, HPA(b.addr), size))
		return image_small(image, "no memory is left for the Multiboot information; give more with --mem");
	b.size = (uint32_t)size;
	b.bytes = calloc(1, b.size);
	if (!b.bytes)
		return image_small(image, "the host has no memory left");
	fill_block(&b, mem, request, module);
	mem_write_bytes(mem, HPA(b.addr), b.bytes, b.size);
	free(b.bytes);
	*info = b.addr;
	if (request->end) {
		uint64_t image_end = ranges_end(ranges), info_end = page_base(b.addr + size + PAGE_SIZE - 1);
		*request->end = image_end > info_end ? image_end : info_end;
	}
	return 0;
}

/* SDM words for the specification's "Machine state": 32-bit protected mode, flat segments, no paging, interrupts off. */
static void enter(struct cpu *cpu, uint64_t entry, uint64_t info)
{
	static const struct segment data = {.selector = 0x10, .ar = AR_P | AR_S | AR_RW | AR_A | AR_DB | AR_G, .limit = ~0u};

	memset(cpu->gpr, 0, sizeof cpu->gpr);
	cpu->gpr[RAX] = BOOT_MAGIC;
	cpu->gpr[RBX] = info;
	cpu->rip = entry;
	cpu->rflags = FLAG_FIXED;
	for (unsigned i = 0; i < SEG_COUNT; i++)
		cpu->seg[i] = data;
	cpu->seg[SEG_CS].selector = 0x08;
	cpu->seg[SEG_CS].ar |= AR_CODE;
	cpu->gdtr = (struct table_reg){info + INFO_SIZE, GDT_SIZE - 1};
	cpu->idtr = (struct table_reg){0, 0};
	cpu->cr0 = CR0_PE | CR0_ET;
	cpu->cr3 = cpu->cr4 = cpu->efer = 0;
	cpu->cpl = 0;
	cpu_paging_changed(cpu);
}

int load_multiboot(struct cpu *cpu, const struct image *image, uint64_t header, const struct load_request *request)
{
	struct load_ranges ranges = {.count = 0};
	struct loaded_module *module;
	uint64_t entry = 0, info = 0;
	int rc;

	module = calloc(request->modules + 1, sizeof *module);
	if (!module)
		return image_small(image, "the host has no memory left");
	rc = load_kernel(image, header, cpu->mem, &ranges, &entry);
	if (rc == 0)
		rc = load_modules(cpu->mem, request, &ranges, module, image->error);
	if (rc == 0)
		rc = put_info(cpu->mem, image, request, &ranges, module, &info);
	if (rc == 0)
		enter(cpu, entry, info);
	free(module);
	return rc;
}
