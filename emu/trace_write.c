/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a trace (trace_write.h). */
#include "emu/trace_write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum { LEVEL = 1 /* of compression: the guest waits for it */ };

/* ---- the file ---- */

static bool say_failed(struct trace_writer *w, const char *why)
{
	fprintf(stderr, "vtxray: %s: %s: the trace ends after %llu records; the run goes on\n", w->path, why,
		(unsigned long long)w->records);
	atomic_store(&w->failed, true);
	return false;
}

static bool write_bytes(struct trace_writer *w, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len) {
		ssize_t n = write(w->fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return say_failed(w, n < 0 ? strerror(errno) : "nothing more can be written");
		at += n;
		len -= (size_t)n;
		w->offset += (uint64_t)n;
	}
	return true;
}

/* One part of the file, in two pieces: as they are, or together as a zstd frame. */
static bool write_part(struct trace_writer *w, const void *head, size_t head_len, const void *body, size_t body_len)
{
	if (!w->compress)
		return write_bytes(w, head, head_len) && write_bytes(w, body, body_len);
	ZSTD_outBuffer out = {w->packed, w->packed_size, 0};
	ZSTD_inBuffer first = {head, head_len, 0}, second = {body, body_len, 0};
	ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_only);
	ZSTD_CCtx_setPledgedSrcSize(w->zstd, head_len + body_len);
	size_t left = ZSTD_compressStream2(w->zstd, &out, &first, ZSTD_e_continue);
	if (!ZSTD_isError(left))
		left = ZSTD_compressStream2(w->zstd, &out, &second, ZSTD_e_end);
	if (ZSTD_isError(left) || left)
		return say_failed(w, "it could not be compressed");
	return write_bytes(w, w->packed, out.pos);
}

static void add_to_index(struct trace_writer *w, const struct trace_block *b, uint64_t offset)
{
	if (w->skip) {
		w->skip--;
		return;
	}
	if (w->entries == TRACE_INDEX_MAX) {
		for (uint32_t i = 0; i < TRACE_INDEX_MAX / 2; i++)
			w->index[i] = w->index[2 * i];
		w->entries /= 2;
		w->stride *= 2;
	}
	w->index[w->entries++] = (struct trace_index_entry){offset, b->number, b->insn, b->cycle};
	w->skip = w->stride - 1;
}

static bool write_block(struct trace_writer *w, unsigned n)
{
	struct trace_block *b = &w->block[n].head;
	uint64_t offset = w->offset;

	b->crc = trace_crc(w->block[n].bytes, b->length);
	b->own_crc = trace_crc(b, offsetof(struct trace_block, own_crc));
	if (!write_part(w, b, sizeof *b, w->block[n].bytes, b->length))
		return false;
	add_to_index(w, b, offset);
	w->records = b->number + b->records;
	return true;
}

static bool write_end(struct trace_writer *w)
{
	struct trace_index index = {.magic = TRACE_INDEX_MAGIC, .entries = w->entries, .records = w->records, .insns = w->insns};
	struct trace_tail tail = {.magic = TRACE_TAIL_MAGIC, .offset = w->offset, .version = TRACE_VERSION};
	const uint32_t skippable[2] = {TRACE_SKIPPABLE_MAGIC, sizeof tail};
	size_t len = w->entries * sizeof *w->index;

	index.crc = trace_crc(w->index, len);
	tail.crc = trace_crc(&tail, offsetof(struct trace_tail, crc));
	if (!write_part(w, &index, sizeof index, w->index, len))
		return false;
	return (!w->compress || write_bytes(w, skippable, sizeof skippable)) && write_bytes(w, &tail, sizeof tail);
}

/* ---- the thread ---- */

static void *write_blocks(void *ctx)
{
	struct trace_writer *w = ctx;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->written == w->full && !w->closing)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->written == w->full)
			break;
		unsigned n = w->written % TRACE_BLOCKS;
		pthread_mutex_unlock(&w->lock);
		if (!atomic_load(&w->failed))
			write_block(w, n);
		pthread_mutex_lock(&w->lock);
		w->written++;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The thread takes no signals; a closed pipe is an error of write there, and nothing else. */
static int start_thread(struct trace_writer *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&w->thread, NULL, write_blocks, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* ---- the caller ---- */

static void begin_block(struct trace_writer *w)
{
	struct trace_state *s = &w->state;
	uint8_t *bytes = w->block[w->filling].bytes;

	w->block[w->filling].head =
	    (struct trace_block){.magic = TRACE_BLOCK_MAGIC, .number = s->number, .insn = s->insn, .cycle = s->cycle};
	w->at = bytes;
	w->limit = bytes + TRACE_BLOCK_SIZE - TRACE_RECORD_MAX;
	trace_state_init(s, s->number, s->insn, s->cycle);
}

static void hand_over(struct trace_writer *w)
{
	struct trace_block *b = &w->block[w->filling].head;

	b->length = (uint32_t)(w->at - w->block[w->filling].bytes);
	b->records = (uint32_t)(w->state.number - b->number);
	pthread_mutex_lock(&w->lock);
	w->full++;
	pthread_cond_broadcast(&w->changed);
	while (w->full - w->written == TRACE_BLOCKS)
		pthread_cond_wait(&w->changed, &w->lock);
	w->filling = w->full % TRACE_BLOCKS;
	w->dead = atomic_load(&w->failed);
	pthread_mutex_unlock(&w->lock);
}

void trace_next_block(struct trace_writer *w)
{
	if (w->dead) /* what is put goes over the same bytes again */
		w->state.number = w->block[w->filling].head.number;
	else
		hand_over(w);
	begin_block(w);
}

static void free_writer(struct trace_writer *w)
{
	ZSTD_freeCCtx(w->zstd);
	free(w->packed);
	free(w->index);
	free(w);
}

static bool make_buffers(struct trace_writer *w)
{
	w->index = malloc(TRACE_INDEX_MAX * sizeof *w->index);
	w->zstd = ZSTD_createCCtx();
	w->packed_size = ZSTD_compressBound(TRACE_DESCRIPTION_MAX + TRACE_INDEX_MAX * sizeof *w->index);
	w->packed = malloc(w->packed_size);
	if (!w->index || !w->packed || !w->zstd)
		return false;
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	return true;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool write_head(struct trace_writer *w, const char *description)
{
	struct trace_head head = {.magic = TRACE_HEAD_MAGIC, .version = TRACE_VERSION, .length = (uint32_t)strlen(description)};

	head.crc = trace_crc(description, head.length);
	return write_part(w, &head, sizeof head, description, head.length);
}

static bool say_refused(const char *path, const char *why)
{
	fprintf(stderr, "vtxray: %s: %s\n", path, why);
	return false;
}

/* false, with a message, if there can be no trace */
static bool open_file(struct trace_writer *w, const char *path, const char *description)
{
	if (strlen(description) > TRACE_DESCRIPTION_MAX)
		return say_refused(path, "no trace: the command line is longer than a trace's description can be");
	if (!make_buffers(w))
		return say_refused(path, "the host has no memory left");
	w->path = path;
	w->stride = 1;
	w->compress = ends_in(path, ".zst");
	w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return w->fd >= 0 || say_refused(path, strerror(errno));
}

struct trace_writer *trace_create(const char *path, const char *description)
{
	struct trace_writer *w = calloc(1, sizeof *w);
	sigset_t pipe, before;

	if (!w) {
		say_refused(path, "the host has no memory left");
		return NULL;
	}
	if (!open_file(w, path, description)) {
		free_writer(w);
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	w->dead = !write_head(w, description);
	sigtimedwait(&pipe, NULL, &(struct timespec){0});
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (start_thread(w) != 0) {
		say_refused(path, "no trace: the host has no thread left");
		close(w->fd);
		free_writer(w);
		return NULL;
	}
	begin_block(w);
	return w;
}

/* Index and tail are written by this thread, which must not be ended by a closed pipe either. */
bool trace_close(struct trace_writer *w)
{
	sigset_t pipe, before;

	w->insns = w->state.insn;
	if (!w->dead && w->at != w->block[w->filling].bytes)
		hand_over(w);
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	bool ok = !atomic_load(&w->failed) && write_end(w);
	sigtimedwait(&pipe, NULL, &(struct timespec){0});
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (close(w->fd) != 0 && ok)
		ok = say_failed(w, strerror(errno));
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free_writer(w);
	return ok;
}
