/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a trace. Records are put into blocks of memory; a thread compresses and writes those that are full, so memory is bounded: when
 * all blocks wait for the disk, so does the caller. When writing fails (disk full, pipe closed) the trace ends there with one line on
 * standard error, and what is still put is dropped.
 */
#ifndef EMU_TRACE_WRITE_H
#define EMU_TRACE_WRITE_H

#include "emu/trace.h"
#include "emu/trace_file.h"

#include <pthread.h>
#include <stdatomic.h>

enum { TRACE_BLOCKS = 4 };

struct trace_writer {
	/* of the caller */
	struct trace_state state;
	uint8_t *at, *limit; /* in the block under way */
	unsigned filling;
	bool dead; /* seen: what is put is dropped */

	/* shared, under lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned full, written; /* blocks handed over, and of them written */
	bool closing;
	atomic_bool failed;

	struct {
		struct trace_block head;
		uint8_t bytes[TRACE_BLOCK_SIZE];
	} block[TRACE_BLOCKS];

	/* of the thread */
	pthread_t thread;
	const char *path;
	int fd;
	bool compress;
	void *zstd;
	uint8_t *packed;
	size_t packed_size;
	uint64_t offset; /* in the file */
	struct trace_index_entry *index;
	uint32_t entries, stride, skip;
	uint64_t records, insns; /* written */
};

/*
 * Creates the file; a name that ends in ".zst" means compressed. description: JSON, see emu/README.md. Returns NULL with a message on
 * standard error if it cannot be opened. A disk that is full from the start is as one that fills up later.
 */
struct trace_writer *trace_create(const char *path, const char *description);

/* Writes what is left, index and tail, and frees it. Returns false if not all could be written; that has been said. */
bool trace_close(struct trace_writer *w);

/* Hands the block under way over and begins another. */
void trace_next_block(struct trace_writer *w);

/* The accesses that hits are. */
static inline void trace_put_hits(struct trace_writer *w, const struct mmu_hit *hit, unsigned count)
{
	const struct mmu_hit *end = hit + count;

	while (hit != end) {
		if (unlikely(w->at > w->limit))
			trace_next_block(w);
		w->at = trace_encode_hits(&w->state, &hit, end, w->at, w->limit);
	}
}

static inline void trace_put(struct trace_writer *w, const struct trace_record *r)
{
	if (unlikely(w->at > w->limit))
		trace_next_block(w);
	w->at = trace_encode(&w->state, r, w->at);
}

#endif
