/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: any bytes as a trace, recognised or taken for each kind in turn, replayed with the tables of the trace and with built ones,
 * shown in every format and its VM exits added up; what is wrong is said in one line. The first byte chooses; the bytes after it are the
 * file, or, with good heads and check sums put around them, the records of a trace of ours.
 */
#include "emu/exits.h"
#include "emu/import.h"
#include "emu/replay.h"
#include "emu/trace_export.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RAM = 1 << 20, RECORDS_MAX = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct replay replay;

/* A head with a description, and one block with these records. */
static size_t wrap(const uint8_t *data, size_t size, uint8_t *to)
{
	static const char description[] = "{\"memory\":1048576,\"kinds\":4294967295,\"user_only\":false}";
	struct trace_head head = {.magic = TRACE_HEAD_MAGIC, .version = TRACE_VERSION, .length = sizeof description - 1};
	struct trace_block block = {.magic = TRACE_BLOCK_MAGIC, .length = (uint32_t)size, .records = (uint32_t)size};
	uint8_t *at = to;

	head.crc = trace_crc(description, head.length);
	block.crc = trace_crc(data, size);
	block.own_crc = trace_crc(&block, offsetof(struct trace_block, own_crc));
	at = (uint8_t *)memcpy(at, &head, sizeof head) + sizeof head;
	at = (uint8_t *)memcpy(at, description, head.length) + head.length;
	at = (uint8_t *)memcpy(at, &block, sizeof block) + sizeof block;
	at = (uint8_t *)memcpy(at, data, size) + size;
	return (size_t)(at - to);
}

static bool start(const struct import *import, unsigned choice)
{
	struct replay_config config = {.guest_shift = choice & 1 ? PAGE_SHIFT_2M : PAGE_SHIFT,
				       .ept_shift = choice & 2 ? PAGE_SHIFT_2M : PAGE_SHIFT,
				       .paging = (enum paging_kind)(choice >> 2 & 3) % (PAGING_SHADOW + 1),
				       .insns = choice & 32,
				       .recorded = import->kind == IMPORT_VTXRAY && choice & 16,
				       .memory = RAM};
	return replay_init(&replay, &config) == 0;
}

static void run(struct import *import, unsigned choice, FILE *out)
{
	static const struct trace_format *const formats[] = {&trace_as_text,	 &trace_as_csv,	   &trace_as_lackey,  &trace_as_din,
							     &trace_as_champsim, &trace_as_ftrace, &trace_as_perfetto};
	const struct trace_format *format = formats[choice % ARRAY_LEN(formats)];
	struct trace_export x = {.out = out};
	struct trace_record r = {.kind = 0};
	struct exits exits;

	CHECK(start(import, choice));
	CHECK(exits_init(&exits, (enum exits_by)(choice % EXITS_BYS)));
	if (choice & 64 && import->kind == IMPORT_VTXRAY)
		trace_skip_to(&import->ours, choice);
	CHECK(!format->begin || format->begin(&x));
	bool ok = true;
	for (unsigned n = 0; ok && n < RECORDS_MAX && import_next(import, &r); n++) {
		format->put(&x, &r);
		CHECK(exits_put(&exits, &r));
		ok = replay_put(&replay, &r);
		CHECK(ok || replay.wrong);
	}
	if (format->end)
		format->end(&x);
	exits_sort(&exits, choice & 1);
	exits_free(&exits);
	replay_free(&replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct import import;
	static uint8_t file[1 << 16];
	static char path[64];
	static int fd = -1;
	static FILE *out;

	if (fd < 0) {
		fd = memfd_create("trace", 0);
		out = fopen("/dev/null", "w");
		CHECK(fd >= 0 && out);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (size < 2 || size > sizeof file / 2)
		return 0;
	enum import_kind kind = (enum import_kind)(data[0] & 7);
	size_t len = size - 2;
	if (data[0] & 128)
		len = wrap(data + 2, len, file);
	else
		memcpy(file, data + 2, len);
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, file, len, 0) == (ssize_t)len);
	if (import_open(&import, path, kind < IMPORT_KINDS && !(data[0] & 128) ? &kind : NULL))
		run(&import, data[1], out);
	CHECK(!strchr(import.error, '\n'));
	import_close(&import);
	return 0;
}
