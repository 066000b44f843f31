/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces to replay, of whatever kind (import.h). */
#include "emu/import.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { LOOK = 4096, LINES_TO_LOOK_AT = 40 };

static const struct {
	const char *name;
	const char *(*take)(struct import *import, const char *line); /* NULL: no text */
	bool (*is)(const char *line);
} kinds[IMPORT_KINDS] = {
    [IMPORT_VTXRAY] = {"vtxray", NULL, NULL},	       [IMPORT_LACKEY] = {"lackey", import_lackey, import_is_lackey},
    [IMPORT_DIN] = {"din", import_din, import_is_din}, [IMPORT_DRMEMTRACE] = {"drmemtrace", import_drmemtrace, import_is_drmemtrace},
    [IMPORT_CHAMPSIM] = {"champsim", NULL, NULL},
};

const char *import_kind_name(enum import_kind kind)
{
	return kinds[kind].name;
}

bool import_kind_parse(const char *name, enum import_kind *kind)
{
	for (unsigned i = 0; i < IMPORT_KINDS; i++)
		if (!strcmp(kinds[i].name, name)) {
			*kind = (enum import_kind)i;
			return true;
		}
	return false;
}

static bool wrong(struct import *m, const char *format, ...)
{
	va_list args;
	int n = snprintf(m->error, sizeof m->error, "%s: ", m->source.path);

	va_start(args, format);
	vsnprintf(m->error + n, sizeof m->error - (size_t)n, format, args);
	va_end(args);
	return false;
}

void import_add_insn(struct import *m, uint64_t address, unsigned size)
{
	m->next[m->count++] =
	    (struct trace_record){.kind = TRACE_INSN, .flags = TRACE_USER, .size = (uint16_t)size, .rip = address, .gla = address};
	m->rip = address;
}

void import_add_data(struct import *m, uint64_t address, unsigned size, unsigned access)
{
	m->next[m->count++] = (struct trace_record){.kind = TRACE_ACCESS,
						    .flags = TRACE_USER | TRACE_TRANSLATES | TRACE_COUNTS,
						    .access = (uint8_t)(access | ACC_USER),
						    .size = (uint16_t)size,
						    .rip = m->rip,
						    .gla = address};
}

/*
 * Little endian: instruction pointer, is-branch, taken, 2 destination and 4 source registers, 2 destination and 4 source addresses (0:
 * none). There are no sizes: an instruction or access is one byte, as far as pages are concerned.
 */
void import_champsim(struct import *m, const uint8_t record[IMPORT_CHAMPSIM_SIZE])
{
	uint64_t word[8];

	memcpy(word, record, sizeof word);
	import_add_insn(m, word[0], 1);
	for (unsigned i = 0; i < 4; i++)
		if (word[4 + i])
			import_add_data(m, word[4 + i], 1, ACC_READ);
	for (unsigned i = 0; i < 2; i++)
		if (word[2 + i])
			import_add_data(m, word[2 + i], 1, ACC_WRITE);
}

/* ---- which kind ---- */

static bool is_text(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t') || bytes[i] >= 0x7f)
			return false;
	return true;
}

/* The first line that one kind alone knows. */
static bool recognise_text(struct import *m, const char *bytes, size_t len)
{
	char line[256];

	for (unsigned n = 0; n < LINES_TO_LOOK_AT && len; n++) {
		const char *end = memchr(bytes, '\n', len);
		size_t size = end ? (size_t)(end - bytes) : len, kept = size < sizeof line - 1 ? size : sizeof line - 1;
		memcpy(line, bytes, kept);
		line[kept] = '\0';
		if (kept && line[kept - 1] == '\r')
			line[kept - 1] = '\0';
		for (unsigned i = 0; i < IMPORT_KINDS; i++)
			if (kinds[i].is && kinds[i].is(line)) {
				m->kind = (enum import_kind)i;
				return true;
			}
		size += end != NULL;
		bytes += size;
		len -= size;
	}
	return false;
}

/* A branch flag is 0 or 1: what tells a record of ChampSim from other bytes. */
static bool is_champsim(const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at + IMPORT_CHAMPSIM_SIZE <= len; at += IMPORT_CHAMPSIM_SIZE)
		if (bytes[at + 8] > 1 || bytes[at + 9] > 1)
			return false;
	return len >= IMPORT_CHAMPSIM_SIZE;
}

static bool recognise(struct import *m)
{
	struct source *s = &m->source;

	if (trace_is_ours(s)) {
		m->kind = IMPORT_VTXRAY;
		return true;
	}
	size_t len = source_ready(s, LOOK);
	const uint8_t *bytes = s->bytes + s->at;
	if (s->error)
		return wrong(m, "%s", s->error);
	if (len == 0)
		return wrong(m, "empty");
	if (is_text(bytes, len) && recognise_text(m, (const char *)bytes, len))
		return true;
	m->kind = IMPORT_CHAMPSIM;
	return is_champsim(bytes, len) ||
	       wrong(m, "no trace that is known (of vtxray, lackey, din, drmemtrace's view tool, ChampSim); --format says which it is");
}

bool import_open(struct import *m, const char *path, const enum import_kind *kind)
{
	memset(m, 0, sizeof *m);
	int err = source_open(&m->source, path);
	m->source.path = path;
	if (err)
		return wrong(m, "%s", err == -ERR_IO ? strerror(errno) : "the host has no memory left");
	if (kind)
		m->kind = *kind;
	else if (!recognise(m))
		return false;
	if (m->kind != IMPORT_VTXRAY || trace_reader_init(&m->ours, &m->source))
		return true;
	memcpy(m->error, m->ours.error, sizeof m->error);
	return false;
}

void import_close(struct import *m)
{
	if (m->kind == IMPORT_VTXRAY)
		trace_reader_free(&m->ours);
	if (m->source.file)
		source_close(&m->source);
}

/* ---- records ---- */

static bool more_text(struct import *m)
{
	const char *line = source_line(&m->source), *why;

	if (!line && m->source.error)
		return wrong(m, "line %llu: %s", (unsigned long long)m->source.line, m->source.error);
	if (!line)
		return false;
	if ((why = kinds[m->kind].take(m, line)) != NULL)
		return wrong(m, "line %llu: %s", (unsigned long long)m->source.line, why);
	return true;
}

static bool more_champsim(struct import *m)
{
	uint8_t record[IMPORT_CHAMPSIM_SIZE];
	size_t n = source_read(&m->source, record, sizeof record);

	if (m->source.error)
		return wrong(m, "record %llu: %s", (unsigned long long)m->records, m->source.error);
	if (n == 0)
		return false;
	if (n != sizeof record)
		return wrong(m, "record %llu: cut after %zu of 64 bytes", (unsigned long long)m->records, n);
	if (record[8] > 1 || record[9] > 1)
		return wrong(m, "record %llu: no record of ChampSim (its branch flags are neither 0 nor 1)",
			     (unsigned long long)m->records);
	m->records++;
	import_champsim(m, record);
	return true;
}

/* The next record of a trace of others, or the end of one of ours. */
bool import_next_slow(struct import *m, struct trace_record *r)
{
	if (m->kind == IMPORT_VTXRAY) {
		memcpy(m->error, m->ours.error, sizeof m->error);
		return false;
	}
	while (m->given == m->count) {
		m->given = m->count = 0;
		if (m->error[0] || !(m->kind == IMPORT_CHAMPSIM ? more_champsim(m) : more_text(m)))
			return false;
	}
	*r = m->next[m->given++];
	r->number = m->number++;
	r->insn = r->cycle = m->insns;
	m->insns += r->kind == TRACE_INSN;
	return true;
}
