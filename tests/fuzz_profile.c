/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: any bytes as a processor's profile, or a profile that comes with vtxray with some of its values changed. What is wrong is
 * said in one line; what is accepted is a processor that translates, on which every cycle has a cause.
 * The first byte chooses: paging, what is left out, and whether the bytes after it are the file or changes: line, length, value.
 */
#include "emu/profile.h"
#include "emu/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINES = 256, LINE = 200, FILE_MAX = 1 << 16, CACHES_MAX = 16 << 20 /* bytes of data caches that are worth the time */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char line[LINES][LINE];
static unsigned lines;

/* The lines of a profile that mean something. */
static void read_base(void)
{
	FILE *file = fopen("emu/profiles/skylake.ini", "re");

	CHECK(file); /* run from the repository's root */
	while (lines < LINES && fgets(line[lines], LINE, file))
		lines += line[lines][0] != '#' && line[lines][0] != '\n';
	fclose(file);
	CHECK(lines > 50 && lines < LINES);
}

/* Lines whose values were changed; a line without `=` is changed whole. */
static size_t change(const uint8_t *data, size_t size, char *to)
{
	const uint8_t *value[LINES] = {NULL};
	size_t length[LINES] = {0}, at = 0, out = 0;

	while (at + 2 <= size) {
		unsigned n = data[at] % lines;
		size_t len = data[at + 1] % 64, left = size - at - 2;
		value[n] = data + at + 2;
		length[n] = len < left ? len : left;
		at += 2 + length[n];
	}
	for (unsigned n = 0; n < lines; n++) {
		const char *equals = strchr(line[n], '=');
		size_t kept = !value[n] ? strlen(line[n]) : equals ? (size_t)(equals - line[n]) + 2 : 0;
		memcpy(to + out, line[n], kept);
		out += kept;
		if (!value[n])
			continue;
		memcpy(to + out, value[n], length[n]);
		out += length[n];
		to[out++] = '\n';
	}
	return out;
}

static bool is_small(const struct profile *p)
{
	uint64_t bytes = p->caches.l1i.size;

	for (unsigned i = 0; i < CACHE_LEVELS; i++)
		bytes += p->caches.level[i].size;
	return bytes <= CACHES_MAX;
}

/* Loads, stores and fetches of some pages, in a pattern of the input's. */
static void use(const struct profile *profile, const uint8_t *data, size_t size)
{
	static struct replay replay;
	const unsigned choice = data[0];
	const struct replay_config config = {.paging = (enum paging_kind)(choice & 3) % (PAGING_SHADOW + 1),
					     .guest_shift = choice & 4 ? PAGE_SHIFT_2M : PAGE_SHIFT,
					     .ept_shift = choice & 8 ? PAGE_SHIFT_1G : PAGE_SHIFT,
					     .insns = true,
					     .profile = profile};
	static const uint8_t kind[] = {ACC_READ, ACC_WRITE, ACC_READ | ACC_WRITE};

	CHECK(replay_init(&replay, &config) == 0);
	for (unsigned i = 0; i < 100; i++) {
		uint8_t byte = data[i % size];
		struct trace_record r = {.kind = i % 5 ? TRACE_ACCESS : TRACE_INSN,
					 .flags = TRACE_TRANSLATES | TRACE_COUNTS,
					 .access = (uint8_t)(kind[i % 3] | ACC_USER),
					 .size = 8,
					 .gla = (uint64_t)byte << (12 + i % 4 * 9) | i << 5};
		r.rip = r.gla;
		CHECK(replay_put(&replay, &r));
	}
	CHECK(cost_sum(&replay.cpu.cost) == replay.cpu.clock);
	replay_free(&replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const without[] = {NULL, "psc", "ept-psc,nested-tlb", "l1d,l2,llc", "l1i", "llc,nested", "l2,psc", "l1d"};
	static char file[FILE_MAX], path[64];
	static struct profile profile;
	static int fd = -1;
	char error[PROFILE_ERROR] = "";

	if (fd < 0) {
		read_base();
		fd = memfd_create("profile", 0);
		CHECK(fd >= 0);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	if (size < 2 || size > 4096)
		return 0;
	size_t len = size - 1;
	if (data[0] & 16)
		memcpy(file, data + 1, len);
	else
		len = change(data + 1, len, file);
	CHECK(ftruncate(fd, 0) == 0 && pwrite(fd, file, len, 0) == (ssize_t)len);
	if (profile_load(&profile, path, without[data[0] >> 5], error) == 0) {
		CHECK(!error[0]);
		if (is_small(&profile))
			use(&profile, data, size);
	} else {
		CHECK(error[0] && !strchr(error, '\n'));
	}
	return 0;
}
