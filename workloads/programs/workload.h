/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs share: arguments, random numbers with a fixed seed, memory, the line with the checksum. */
#ifndef PROGRAMS_WORKLOAD_H
#define PROGRAMS_WORKLOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint64_t u64;

/* The index-th argument as a number (K, M and G are powers of 1024), else otherwise. */
static inline u64 argument(int argc, char **argv, int index, u64 otherwise)
{
	char *end;
	u64 v;

	if (index >= argc)
		return otherwise;
	v = strtoull(argv[index], &end, 10);
	switch (*end) {
	case 'G':
		v <<= 10;
		/* fall through */
	case 'M':
		v <<= 10;
		/* fall through */
	case 'K':
		v <<= 10;
		end++;
	}
	if (v && !*end)
		return v;
	fprintf(stderr, "%s: argument %d must be a number above 0, with K, M or G\n", argv[0], index);
	exit(2);
}

static inline u64 random_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void *memory(u64 bytes)
{
	void *p = malloc(bytes);

	if (p)
		return p;
	fprintf(stderr, "no memory for %llu bytes\n", (unsigned long long)bytes);
	exit(1);
}

static inline u64 mix(u64 sum, u64 value)
{
	return ((sum << 5 | sum >> 59) ^ value) * 0x9e3779b97f4a7c15 + 1;
}

static inline int done(const char *name, u64 checksum)
{
	printf("%s: checksum %016llx\n", name, (unsigned long long)checksum);
	return 0;
}

enum { SEED = 88172645 };

#endif
