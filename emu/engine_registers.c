/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an instance keeps the general registers of its guest, so that a hook at the start of a block can look at them in place: through
 * Unicorn's interface each costs as much as a memory hook. The place is not part of that interface. It is found by what it holds: the
 * registers get values that occur nowhere else, and what the instance's own structures refer to is searched for them, through a pipe, which
 * refuses addresses where nothing is. Found once, it is tried with a second set of values. If all that fails, blocks are watched instead.
 */
#include "emu/engine_state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORDS = 512, REACH = 256 << 10, PIECE = 32 << 10, POINTER_BITS = 47, REGS_SIZE = GPR_COUNT * 8 };

struct search {
	int in, out; /* of a pipe */
	uint64_t wanted[GPR_COUNT];
	uint8_t piece[PIECE + REGS_SIZE];
};

static void write_values(uc_engine *uc, uint64_t value[GPR_COUNT], uint64_t seed)
{
	for (unsigned i = 0; i < GPR_COUNT; i++) {
		value[i] = seed * (i + 1);
		uc_reg_write(uc, engine_reg_ids[i], &value[i]);
	}
}

/*
 * Copies what is there of size bytes, none of it if the address is nobody's; returns how many. The pipe takes what it has room for, which
 * may be as little as a page, and never blocks. By system call: the C library's write may be a sanitizer's, which would see to it that only
 * whole objects are looked at.
 */
static size_t copy(const struct search *s, uint64_t address, void *to, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t written = syscall(SYS_write, s->in, address + got, size - got);
		if (written <= 0)
			break;
		for (ssize_t left = written; left > 0;) {
			ssize_t n = read(s->out, (uint8_t *)to + got, (size_t)left);
			if (n <= 0)
				return 0;
			got += (size_t)n;
			left -= n;
		}
	}
	return got;
}

/* Looks at what lies at the address and behind it. Pieces overlap, so that nothing is missed between two. */
static const uint64_t *search_at(struct search *s, uint64_t address)
{
	for (uint64_t at = address; at < address + REACH; at += PIECE) {
		size_t got = copy(s, at, s->piece, PIECE + REGS_SIZE);
		const uint8_t *found = got ? memmem(s->piece, got, s->wanted, REGS_SIZE) : NULL;
		if (found)
			return (const uint64_t *)(at + (uint64_t)(found - s->piece));
		if (got < PIECE)
			break;
	}
	return NULL;
}

static const uint64_t *search_instance(struct search *s, uc_engine *uc)
{
	static uint64_t word[WORDS];
	size_t words = copy(s, (uint64_t)uc, word, sizeof word) / sizeof *word;
	const uint64_t *found = NULL;

	for (size_t i = 0; i < words && !found; i++)
		if (word[i] % 8 == 0 && word[i] >= PAGE_SIZE && !(word[i] >> POINTER_BITS))
			found = search_at(s, word[i]);
	return found;
}

const uint64_t *engine_find_registers(uc_engine *uc)
{
	static struct search s;
	uint64_t keep[GPR_COUNT];
	const uint64_t *found;
	int ends[2];

	if (pipe2(ends, O_NONBLOCK))
		return NULL;
	s.out = ends[0];
	s.in = ends[1];
	for (unsigned i = 0; i < GPR_COUNT; i++)
		uc_reg_read(uc, engine_reg_ids[i], &keep[i]);
	write_values(uc, s.wanted, 0x9e3779b97f4a7c15ull);
	found = search_instance(&s, uc);
	write_values(uc, s.wanted, 0xc2b2ae3d27d4eb4full);
	if (found && memcmp(found, s.wanted, REGS_SIZE) != 0)
		found = NULL;
	for (unsigned i = 0; i < GPR_COUNT; i++)
		uc_reg_write(uc, engine_reg_ids[i], &keep[i]);
	close(ends[0]);
	close(ends[1]);
	return found;
}
