/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few macros that every file uses: bits, array length, and CHECK for our own bugs.
 * CHECK is never for guest input or files: those end in a defined result.
 */
#ifndef MMU_BASE_H
#define MMU_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n) (1ull << (n))
/* the mask of bits hi..lo, both included */
#define BITS(hi, lo) ((~0ull >> (63 - (hi))) & (~0ull << (lo)))
#define FIELD(value, hi, lo) (((uint64_t)(value)&BITS(hi, lo)) >> (lo))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Ends the program with file and line: for states that only a bug of ours can make. */
#define CHECK(x)                                                                                                                           \
	do {                                                                                                                               \
		if (unlikely(!(x)))                                                                                                        \
			base_check_failed(__FILE__, __LINE__, #x);                                                                         \
	} while (0)

_Noreturn void base_check_failed(const char *file, int line, const char *what);

/* What functions that fail for the host's or the user's reasons return, negated: never for guest faults. */
enum err {
	ERR_NOMEM = 1, /* the host has no memory left */
	ERR_IO,	       /* a file could not be read or written */
	ERR_FORMAT,    /* a file is not what it should be */
	ERR_ARG,       /* a value given by the user is out of range */
	ERR_ENGINE,    /* Unicorn refused */
};

#endif
