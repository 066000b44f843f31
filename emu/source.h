/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is read from its beginning: as it is, or compressed with zstd or xz, which is recognised by its first bytes. Memory is
 * bounded whatever the file says. "-" is standard input.
 */
#ifndef EMU_SOURCE_H
#define EMU_SOURCE_H

#include "mmu/base.h"

#include <stdio.h>

enum { SOURCE_BUFFER = 256 << 10, SOURCE_LINE = 4096 };

enum source_packing { PACKED_NOT, PACKED_ZSTD, PACKED_XZ };

struct source {
	const char *path;
	FILE *file;
	enum source_packing packing;
	void *stream;	 /* of the decompressor */
	bool in_frame;	 /* compressed data may not end here */
	bool packed_end; /* no more bytes in the file */
	uint8_t *packed; /* bytes of the file, not yet decompressed */
	size_t packed_at, packed_len;
	uint8_t *bytes; /* what it holds, not yet taken */
	size_t at, len;
	const char *error; /* NULL: none; else the source is at its end */
	uint64_t line;	   /* lines taken */
	char text[SOURCE_LINE];
};

/* Returns 0, or -ERR_NOMEM, or -ERR_IO (errno is set). */
int source_open(struct source *s, const char *path);
void source_close(struct source *s);

/* Makes as many bytes ready as there are, up to want (at most half of SOURCE_BUFFER): s->bytes + s->at. Returns how many. */
size_t source_ready(struct source *s, size_t want);

/* Takes up to len bytes; fewer only at the end, or at an error (s->error). */
size_t source_read(struct source *s, void *to, size_t len);

/* The next line without its end, in s->text; NULL at the end. A line that is too long is an error. */
char *source_line(struct source *s);

/* Goes on at a byte of the file, where a frame begins if it is compressed with zstd. false: this file cannot do that. */
bool source_seek(struct source *s, uint64_t offset);

#endif
