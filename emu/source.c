/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as they are or compressed (source.h). */
#include "emu/source.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define XZ_MEMORY_MAX (512ull << 20) /* xz -9 needs 65 MiB */
enum { ZSTD_WINDOW_LOG_MAX = 27 };

/* More bytes of the file, behind those that are left of it. */
static void fill_packed(struct source *s)
{
	if (s->packed_at == s->packed_len)
		s->packed_at = s->packed_len = 0;
	size_t n = fread(s->packed + s->packed_len, 1, SOURCE_BUFFER - s->packed_len, s->file);
	s->packed_len += n;
	if (n)
		return;
	s->packed_end = true;
	if (ferror(s->file))
		s->error = "it cannot be read";
}

static void unpack_zstd(struct source *s)
{
	ZSTD_inBuffer in = {s->packed, s->packed_len, s->packed_at};
	ZSTD_outBuffer out = {s->bytes, SOURCE_BUFFER, s->len};
	size_t left = ZSTD_decompressStream(s->stream, &out, &in);

	if (ZSTD_isError(left)) {
		s->error = ZSTD_getErrorName(left);
		return;
	}
	s->in_frame = left != 0;
	s->packed_at = in.pos;
	s->len = out.pos;
}

static void unpack_xz(struct source *s)
{
	lzma_stream *xz = s->stream;

	xz->next_in = s->packed + s->packed_at;
	xz->avail_in = s->packed_len - s->packed_at;
	xz->next_out = s->bytes + s->len;
	xz->avail_out = SOURCE_BUFFER - s->len;
	lzma_ret result = lzma_code(xz, s->packed_end ? LZMA_FINISH : LZMA_RUN);
	s->packed_at = s->packed_len - xz->avail_in;
	s->len = SOURCE_BUFFER - xz->avail_out;
	s->in_frame = result != LZMA_STREAM_END;
	if (result == LZMA_BUF_ERROR && s->packed_end)
		s->error = "the compressed data end too early";
	else if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
		s->error = result == LZMA_MEMLIMIT_ERROR ? "it needs more memory to decompress than is sensible"
							 : "the compressed data are damaged";
}

static void take_as_is(struct source *s)
{
	size_t n = s->packed_len - s->packed_at;

	if (n > SOURCE_BUFFER - s->len)
		n = SOURCE_BUFFER - s->len;
	memcpy(s->bytes + s->len, s->packed + s->packed_at, n);
	s->len += n;
	s->packed_at += n;
}

/* One step towards more bytes. false: there are no more. */
static bool fill(struct source *s)
{
	size_t before = s->len, packed_before = s->packed_at;

	if (s->error)
		return false;
	if (s->packed_at == s->packed_len && !s->packed_end)
		fill_packed(s);
	if (s->error)
		return false;
	bool no_input = s->packed_at == s->packed_len && s->packed_end;
	if (s->packing == PACKED_XZ && s->in_frame)
		unpack_xz(s);
	else if (s->packing == PACKED_ZSTD && !(no_input && !s->in_frame))
		unpack_zstd(s);
	else if (s->packing == PACKED_NOT)
		take_as_is(s);
	if (s->packing == PACKED_ZSTD && no_input && s->len == before && s->in_frame && !s->error)
		s->error = "the compressed data end too early";
	return !s->error && (s->len != before || s->packed_at != packed_before || !(s->packed_end && s->packed_at == s->packed_len));
}

size_t source_ready(struct source *s, size_t want)
{
	if (s->len - s->at >= want)
		return want;
	memmove(s->bytes, s->bytes + s->at, s->len - s->at);
	s->len -= s->at;
	s->at = 0;
	while (s->len < want && fill(s))
		;
	return s->len < want ? s->len : want;
}

size_t source_read(struct source *s, void *to, size_t len)
{
	size_t taken = 0;

	while (taken < len) {
		size_t n = source_ready(s, len - taken < SOURCE_BUFFER / 2 ? len - taken : SOURCE_BUFFER / 2);
		if (!n)
			break;
		memcpy((uint8_t *)to + taken, s->bytes + s->at, n);
		s->at += n;
		taken += n;
	}
	return taken;
}

char *source_line(struct source *s)
{
	if (s->at == s->len || !memchr(s->bytes + s->at, '\n', s->len - s->at))
		source_ready(s, SOURCE_LINE);
	size_t have = s->len - s->at;
	if (!have)
		return NULL;
	s->line++;
	const uint8_t *from = s->bytes + s->at, *end = memchr(from, '\n', have < SOURCE_LINE ? have : SOURCE_LINE);
	size_t n = end ? (size_t)(end - from) : have;
	if (n >= SOURCE_LINE) {
		s->error = "a line of more than 4095 characters";
		return NULL;
	}
	memcpy(s->text, from, n);
	s->text[n] = '\0';
	if (n && s->text[n - 1] == '\r')
		s->text[n - 1] = '\0';
	s->at += n + (end != NULL);
	return s->text;
}

static void *xz_new(void)
{
	static const lzma_stream fresh = LZMA_STREAM_INIT;
	lzma_stream *xz = malloc(sizeof *xz);

	if (!xz)
		return NULL;
	*xz = fresh;
	if (lzma_stream_decoder(xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK)
		return xz;
	free(xz);
	return NULL;
}

static void *zstd_new(void)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();

	if (zstd)
		ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	return zstd;
}

static bool recognise(struct source *s)
{
	static const uint8_t zstd[4] = {0x28, 0xb5, 0x2f, 0xfd}, xz[6] = {0xfd, '7', 'z', 'X', 'Z', 0}, gzip[2] = {0x1f, 0x8b};

	while (s->packed_len < sizeof xz && !s->packed_end)
		fill_packed(s);
	if (s->packed_len >= sizeof zstd && !memcmp(s->packed, zstd, sizeof zstd)) {
		s->packing = PACKED_ZSTD;
		return (s->stream = zstd_new()) != NULL;
	}
	if (s->packed_len >= sizeof xz && !memcmp(s->packed, xz, sizeof xz)) {
		s->packing = PACKED_XZ;
		s->in_frame = true;
		return (s->stream = xz_new()) != NULL;
	}
	if (s->packed_len >= sizeof gzip && !memcmp(s->packed, gzip, sizeof gzip))
		s->error = "compressed with gzip, which is not read here: give it through a pipe (gzip -dc FILE | vtxray ... -)";
	return true;
}

int source_open(struct source *s, const char *path)
{
	*s = (struct source){.path = path, .file = strcmp(path, "-") ? fopen(path, "re") : stdin};
	if (!s->file)
		return -ERR_IO;
	s->packed = malloc(SOURCE_BUFFER);
	s->bytes = malloc(SOURCE_BUFFER);
	if (s->packed && s->bytes && recognise(s))
		return 0;
	source_close(s);
	return -ERR_NOMEM;
}

void source_close(struct source *s)
{
	if (s->packing == PACKED_ZSTD)
		ZSTD_freeDCtx(s->stream);
	if (s->packing == PACKED_XZ && s->stream)
		lzma_end(s->stream);
	if (s->packing == PACKED_XZ)
		free(s->stream);
	free(s->packed);
	free(s->bytes);
	if (s->file && s->file != stdin)
		fclose(s->file);
	s->file = NULL;
}

bool source_seek(struct source *s, uint64_t offset)
{
	if (s->packing == PACKED_XZ || fseeko(s->file, (off_t)offset, SEEK_SET) != 0)
		return false;
	if (s->packing == PACKED_ZSTD)
		ZSTD_DCtx_reset(s->stream, ZSTD_reset_session_only);
	s->in_frame = s->packed_end = false;
	s->packed_at = s->packed_len = s->at = s->len = 0;
	s->error = NULL;
	return true;
}
