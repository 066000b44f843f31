/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a trace of ours (trace_read.h). */
#include "emu/trace_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool wrong(struct trace_reader *t, const char *format, ...)
{
	va_list args;
	int n = snprintf(t->error, sizeof t->error, "%s: ", t->source->path);

	va_start(args, format);
	vsnprintf(t->error + n, sizeof t->error - (size_t)n, format, args);
	va_end(args);
	t->at = t->end = NULL;
	return false;
}

bool trace_is_ours(struct source *source)
{
	return source_ready(source, 8) == 8 && !memcmp(source->bytes + source->at, TRACE_HEAD_MAGIC, 8);
}

bool trace_reader_init(struct trace_reader *t, struct source *source)
{
	struct trace_head head;

	*t = (struct trace_reader){.source = source};
	if (!trace_is_ours(source) || source_read(source, &head, sizeof head) != sizeof head)
		return wrong(t, "%s", source->error ? source->error : "not a trace of vtxray");
	if (head.version != TRACE_VERSION)
		return wrong(t, "a trace of version %u; this vtxray reads version %u: record it again", head.version, TRACE_VERSION);
	if (head.length > TRACE_DESCRIPTION_MAX)
		return wrong(t, "its description is longer than can be: the file is damaged");
	t->room = head.length > TRACE_BLOCK_SIZE ? head.length : TRACE_BLOCK_SIZE;
	t->bytes = malloc(t->room);
	if (!t->bytes)
		return wrong(t, "the host has no memory left");
	if (source_read(source, t->bytes, head.length) != head.length)
		return wrong(t, "%s", source->error ? source->error : "cut within its description");
	if (trace_crc(t->bytes, head.length) != head.crc)
		return wrong(t, "its description is damaged");
	t->description = json_loadb((const char *)t->bytes, head.length, 0, NULL);
	if (!json_is_object(t->description))
		return wrong(t, "its description is no JSON object");
	return true;
}

void trace_reader_free(struct trace_reader *t)
{
	json_decref(t->description);
	free(t->bytes);
}

/* The index: the end of a trace that is whole. */
static bool read_end(struct trace_reader *t)
{
	struct trace_index index;

	memcpy(&index, &t->block, sizeof t->block.magic);
	size_t rest = sizeof index - sizeof index.magic;
	if (source_read(t->source, (uint8_t *)&index + sizeof index.magic, rest) != rest)
		return wrong(t, "cut within its index, after record %llu", (unsigned long long)t->state.number);
	if (index.records != t->state.number)
		return wrong(t, "%llu records are there, and its index says %llu", (unsigned long long)t->state.number,
			     (unsigned long long)index.records);
	t->ended = true;
	return false;
}

static bool next_block(struct trace_reader *t)
{
	struct trace_block *b = &t->block;
	unsigned long long number = t->state.number;

	if (t->error[0] || t->ended)
		return false;
	size_t n = source_read(t->source, b->magic, sizeof b->magic);
	if (t->source->error)
		return wrong(t, "after record %llu: %s", number, t->source->error);
	if (n != sizeof b->magic)
		return wrong(t, "cut after record %llu", number);
	if (!memcmp(b->magic, TRACE_INDEX_MAGIC, sizeof b->magic))
		return read_end(t);
	size_t rest = sizeof *b - sizeof b->magic;
	if (memcmp(b->magic, TRACE_BLOCK_MAGIC, sizeof b->magic) != 0)
		return wrong(t, "damaged after record %llu: no block begins there", number);
	if (source_read(t->source, (uint8_t *)b + sizeof b->magic, rest) != rest)
		return wrong(t, "cut after record %llu", number);
	if (b->own_crc != trace_crc(b, offsetof(struct trace_block, own_crc)) || b->length > TRACE_BLOCK_SIZE)
		return wrong(t, "damaged after record %llu: the head of a block", number);
	if (b->number != number)
		return wrong(t, "damaged after record %llu: the next block begins with record %llu", number, (unsigned long long)b->number);
	if (source_read(t->source, t->bytes, b->length) != b->length)
		return wrong(t, "cut after record %llu%s%s", number, t->source->error ? ": " : "",
			     t->source->error ? t->source->error : "");
	if (b->crc != trace_crc(t->bytes, b->length))
		return wrong(t, "damaged after record %llu: the check sum of a block", number);
	trace_state_init(&t->state, b->number, b->insn, b->cycle);
	t->at = t->bytes;
	t->end = t->bytes + b->length;
	return true;
}

bool trace_next(struct trace_reader *t, struct trace_record *r)
{
	const char *why;

	while (unlikely(t->at == t->end))
		if (!next_block(t))
			return false;
	const uint8_t *next = trace_decode(&t->state, t->at, t->end, r, &why);
	if (unlikely(!next))
		return wrong(t, "record %llu: %s", (unsigned long long)t->state.number - 1, why);
	t->at = next;
	if (unlikely(next == t->end && t->state.number != t->block.number + t->block.records))
		return wrong(t, "damaged after record %llu: a block has not as many records as it says",
			     (unsigned long long)t->state.number);
	return true;
}

/* ---- the index ---- */

static bool read_tail(struct source *s, struct trace_tail *tail)
{
	if (s->packing == PACKED_XZ || fseeko(s->file, -(off_t)sizeof *tail, SEEK_END) != 0)
		return false;
	bool ok = fread(tail, 1, sizeof *tail, s->file) == sizeof *tail;
	return ok && !memcmp(tail->magic, TRACE_TAIL_MAGIC, sizeof tail->magic) && tail->version == TRACE_VERSION &&
	       tail->crc == trace_crc(tail, offsetof(struct trace_tail, crc));
}

/* The entries, in memory of the caller; NULL: there is no index that can be trusted. */
static struct trace_index_entry *read_index(struct source *s, uint32_t *count)
{
	struct trace_tail tail;
	struct trace_index index;

	if (!read_tail(s, &tail) || !source_seek(s, tail.offset) || source_read(s, &index, sizeof index) != sizeof index ||
	    memcmp(index.magic, TRACE_INDEX_MAGIC, sizeof index.magic) != 0 || index.entries > TRACE_INDEX_MAX)
		return NULL;
	size_t size = index.entries * sizeof(struct trace_index_entry);
	struct trace_index_entry *entry = malloc(size + 1);
	if (entry && source_read(s, entry, size) == size && trace_crc(entry, size) == index.crc) {
		*count = index.entries;
		return entry;
	}
	free(entry);
	return NULL;
}

void trace_skip_to(struct trace_reader *t, uint64_t insn)
{
	struct source *s = t->source;
	off_t first = ftello(s->file);
	uint32_t count = 0, best = 0;

	if (first < 0 || s->packing == PACKED_XZ || insn == 0)
		return; /* a pipe, or nothing to skip */
	struct trace_index_entry *entry = read_index(s, &count);
	for (uint32_t i = 1; i < count && entry[i].insn <= insn; i++)
		best = i;
	uint64_t offset = count ? entry[best].offset : 0;
	uint64_t number = count ? entry[best].number : 0;
	free(entry);
	if (!count || !source_seek(s, offset)) { /* from the beginning, whose head has been read already */
		struct trace_head head;
		if (!source_seek(s, 0) || source_read(s, &head, sizeof head) != sizeof head || head.length > t->room ||
		    source_read(s, t->bytes, head.length) != head.length)
			wrong(t, "it cannot be read twice");
		return;
	}
	t->at = t->end = NULL;
	t->state.number = number;
}
