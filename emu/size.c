/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with suffixes: digits, then at most one letter. No sign, no space, no fraction. */
#include "emu/size.h"

#include "mmu/mem.h"

#include <ctype.h>
#include <string.h>

#define RAM_MIN (1ull << 20)

/* base: what one step of suffix multiplies by */
static const char *parse(const char *text, uint64_t base, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	uint64_t number = 0;
	const char *at = text;

	if (!isdigit((unsigned char)*at))
		return "not a number";
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return "too large";
	if (*at) {
		const char *suffix = strchr(suffixes, toupper((unsigned char)*at));
		if (!suffix || at[1])
			return "only digits and one of K, M, G, T are allowed";
		for (const char *step = suffixes; step <= suffix; step++)
			if (__builtin_mul_overflow(number, base, &number))
				return "too large";
	}
	*value = number;
	return NULL;
}

const char *size_parse(const char *text, uint64_t *value)
{
	return parse(text, 1024, value);
}

const char *size_parse_count(const char *text, uint64_t *value)
{
	return parse(text, 1000, value);
}

const char *size_parse_ram(const char *text, uint64_t *value)
{
	uint64_t size;
	const char *wrong = size_parse(text, &size);

	if (wrong)
		return wrong;
	if (size % PAGE_SIZE)
		return "not a multiple of 4K";
	if (size < RAM_MIN)
		return "less than 1M";
	if (size > MEM_SIZE_MAX)
		return "more than 1T";
	*value = size;
	return NULL;
}
