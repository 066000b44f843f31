/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks words up in the loader's command line. */
#include "cmdline.h"

static const char *line = "";

void cmdline_init(u64 multiboot)
{
	const volatile u32 *info = (const volatile u32 *)multiboot;
	if (info && info[0] & 4) /* flags bit 2: cmdline is valid */
		line = (const char *)(u64)info[4];
}

static const char *match(const char *text, const char *key)
{
	for (; *key; text++, key++)
		if (*text != *key)
			return NULL;
	return *text == '=' ? text + 1 : NULL;
}

const char *cmdline_find(const char *key)
{
	for (const char *p = line; *p; p++) {
		if (p != line && p[-1] != ' ')
			continue;
		const char *value = match(p, key);
		if (value)
			return value;
	}
	return NULL;
}

u64 cmdline_number(const char *key, unsigned index, u64 otherwise)
{
	const char *p = cmdline_find(key);
	while (p && index--) {
		while (*p && *p != ' ' && *p != ',')
			p++;
		p = *p == ',' ? p + 1 : NULL;
	}
	if (!p || *p < '0' || *p > '9')
		return otherwise;
	u64 v = 0;
	for (; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (u64)(*p - '0');
	return v;
}

bool cmdline_is(const char *key, const char *word)
{
	const char *p = cmdline_find(key);
	if (!p)
		return false;
	for (; *word; p++, word++)
		if (*p != *word)
			return false;
	return *p == 0 || *p == ' ';
}
