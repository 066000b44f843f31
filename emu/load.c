/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's front: opens the file, recognises what it is, hands it on; places pieces of files in guest memory, each byte checked.
 * A file with a Multiboot header is a Multiboot image; an ELF file without one is refused; anything else is a flat binary.
 */
#include "emu/load_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int io_error(const struct image *image, const char *what)
{
	snprintf(image->error, LOAD_ERROR_SIZE, "%s: cannot %s: %s; check the name", image->path, what, strerror(errno));
	return -ERR_IO;
}

int image_bad(const struct image *image, uint64_t offset, const char *format, ...)
{
	int n = snprintf(image->error, LOAD_ERROR_SIZE, "%s: offset %#" PRIx64 ": ", image->path, offset);
	va_list args;

	va_start(args, format);
	if (n >= 0 && n < LOAD_ERROR_SIZE)
		vsnprintf(image->error + n, (size_t)(LOAD_ERROR_SIZE - n), format, args);
	va_end(args);
	return -ERR_FORMAT;
}

int image_small(const struct image *image, const char *format, ...)
{
	int n = snprintf(image->error, LOAD_ERROR_SIZE, "%s: ", image->path);
	va_list args;

	va_start(args, format);
	if (n >= 0 && n < LOAD_ERROR_SIZE)
		vsnprintf(image->error + n, (size_t)(LOAD_ERROR_SIZE - n), format, args);
	va_end(args);
	return -ERR_NOMEM;
}

static int map_file(struct image *image, int fd, bool may_be_empty)
{
	struct stat st;
	void *bytes;

	if (fstat(fd, &st) != 0)
		return io_error(image, "read");
	if (!S_ISREG(st.st_mode))
		return image_bad(image, 0, "this is not a regular file; give a guest image");
	if (st.st_size == 0 && may_be_empty)
		return 0;
	if (st.st_size == 0)
		return image_bad(image, 0, "the file is empty; give a guest image");
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return io_error(image, "map");
	image->bytes = bytes;
	image->size = (uint64_t)st.st_size;
	return 0;
}

static int open_file(struct image *image, const char *path, bool may_be_empty, char *error)
{
	int fd, rc;

	*image = (struct image){.path = path, .error = error};
	error[0] = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return io_error(image, "open");
	rc = map_file(image, fd, may_be_empty);
	close(fd);
	return rc;
}

int image_open(struct image *image, const char *path, char *error)
{
	return open_file(image, path, false, error);
}

int image_open_module(struct image *image, const struct load_module *module, char *error)
{
	if (module->path)
		return open_file(image, module->path, true, error);
	*image = (struct image){
	    .path = module->cmdline, .bytes = (uint8_t *)module->bytes, .size = module->size, .error = error, .borrowed = true};
	return 0;
}

void image_close(struct image *image)
{
	if (image->bytes && !image->borrowed)
		munmap(image->bytes, (size_t)image->size);
	image->bytes = NULL;
}

bool ranges_free(const struct load_ranges *ranges, uint64_t start, uint64_t size)
{
	for (unsigned i = 0; i < ranges->count; i++)
		if (start < ranges->range[i].end && ranges->range[i].start < start + size)
			return false;
	return true;
}

uint64_t ranges_end(const struct load_ranges *ranges)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < ranges->count; i++)
		if (ranges->range[i].start < MEM_HIGH_BASE && ranges->range[i].end > end)
			end = ranges->range[i].end;
	return page_base(end + PAGE_SIZE - 1);
}

/* What begins on the page after the last range, as modules do, makes that one longer. false: no room for one more. */
static bool ranges_add(struct load_ranges *ranges, uint64_t start, uint64_t size)
{
	uint64_t *last_end = ranges->count ? &ranges->range[ranges->count - 1].end : NULL;

	if (last_end && start == page_base(*last_end + PAGE_SIZE - 1)) {
		*last_end = start + size;
		return true;
	}
	if (ranges->count == LOAD_RANGES)
		return false;
	ranges->range[ranges->count].start = start;
	ranges->range[ranges->count++].end = start + size;
	return true;
}

/* Memory starts out as zeros: only what is not zero is written, so that untouched memory stays unpopulated. */
static void zero(struct mem *mem, uint64_t addr, uint64_t size)
{
	static const uint8_t zeros[PAGE_SIZE];
	uint8_t page[PAGE_SIZE];

	for (uint64_t n; size; addr += n, size -= n) {
		n = PAGE_SIZE - page_offset(addr) < size ? PAGE_SIZE - page_offset(addr) : size;
		if (mem_read_bytes(mem, HPA(addr), page, n) && memcmp(page, zeros, n) != 0)
			mem_write_bytes(mem, HPA(addr), zeros, n);
	}
}

int image_place(const struct image *image, struct mem *mem, struct load_ranges *ranges, uint64_t offset, uint64_t size, uint64_t addr,
		uint64_t memory_size, const char *what)
{
	if (!memory_size)
		return 0;
	if (!mem_is_ram(mem, HPA(addr), memory_size))
		return image_small(image,
				   "%s needs %#" PRIx64 " bytes of memory at %#" PRIx64 ", which is not RAM (%" PRIu64
				   " MiB); give more with --mem, or link it elsewhere",
				   what, memory_size, addr, mem_size(mem) >> 20);
	if (!ranges_free(ranges, addr, memory_size))
		return image_bad(image, offset, "%s at %#" PRIx64 " overlaps what is loaded already; give each its own addresses", what,
				 addr);
	if (!ranges_add(ranges, addr, memory_size))
		return image_bad(image, offset, "%s is one too many: at most %d pieces can be loaded; join some", what, LOAD_RANGES);
	if (size)
		mem_write_bytes(mem, HPA(addr), image->bytes + offset, size);
	zero(mem, addr + size, memory_size - size);
	return 0;
}

static int load_opened(struct cpu *cpu, const struct image *image, const struct load_request *request)
{
	uint64_t where = 0;
	int64_t header = multiboot_find(image, &where);

	if (header >= 0)
		return load_multiboot(cpu, image, (uint64_t)header, request);
	if (header == -2)
		return image_bad(image, where, "the checksum of the Multiboot header is wrong; magic + flags + checksum must be 0");
	if (load_is_elf(image))
		return image_bad(image, 0, "an ELF file without Multiboot 1 header in its first 8192 bytes; link one to its front");
	if (request->modules)
		return image_bad(image, 0, "a flat binary takes no modules; give a Multiboot image");
	return load_flat(cpu, image, request);
}

int load_image(struct cpu *cpu, const struct load_request *request, char error[LOAD_ERROR_SIZE])
{
	struct image image;
	int rc = image_open(&image, request->path, error);

	if (rc == 0)
		rc = load_opened(cpu, &image, request);
	image_close(&image);
	return rc;
}
