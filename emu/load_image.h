/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loader's files share: an image file in host memory, the ranges of guest memory that it takes, and the one line that says what
 * is wrong with it.
 */
#ifndef EMU_LOAD_IMAGE_H
#define EMU_LOAD_IMAGE_H

#include "emu/load.h"

struct image {
	const char *path;
	uint8_t *bytes;
	uint64_t size;
	char *error;   /* LOAD_ERROR_SIZE bytes */
	bool borrowed; /* bytes are the caller's */
};

enum { LOAD_RANGES = 128 };

/* Guest-physical memory taken so far: [start, end) each. */
struct load_ranges {
	struct {
		uint64_t start, end;
	} range[LOAD_RANGES];
	unsigned count;
};

/* Maps a regular, non-empty file. 0 or -ERR_IO / -ERR_FORMAT with a line in error. */
int image_open(struct image *image, const char *path, char *error);
/* The same for a module: an empty file is one too, and it need not be a file. */
int image_open_module(struct image *image, const struct load_module *module, char *error);
void image_close(struct image *image);

/* Write the line "path: offset 0x...: ..." and return -ERR_FORMAT; image_small: "path: ...", -ERR_NOMEM. */
int image_bad(const struct image *image, uint64_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
int image_small(const struct image *image, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Copies size bytes from offset of the file to guest memory at addr and zeroes the rest of memory_size. The place must be RAM and free:
 * it is taken from ranges. The caller has checked offset and size against the file. what: for the message.
 */
int image_place(const struct image *image, struct mem *mem, struct load_ranges *ranges, uint64_t offset, uint64_t size, uint64_t addr,
		uint64_t memory_size, const char *what);
/* true if [start, start+size) overlaps nothing taken; end of the highest range below 4 GiB, page aligned */
bool ranges_free(const struct load_ranges *ranges, uint64_t start, uint64_t size);
uint64_t ranges_end(const struct load_ranges *ranges);

bool load_is_elf(const struct image *image);
/* Loads the PT_LOAD segments at their physical addresses; *entry is physical. */
int load_elf(const struct image *image, struct mem *mem, struct load_ranges *ranges, uint64_t *entry);

/* The file offset of the Multiboot header, or -1; -2: there is one whose checksum is wrong, at *where. */
int64_t multiboot_find(const struct image *image, uint64_t *where);
int load_multiboot(struct cpu *cpu, const struct image *image, uint64_t header, const struct load_request *request);
int load_flat(struct cpu *cpu, const struct image *image, const struct load_request *request);

#endif
