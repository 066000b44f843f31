/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options that several subcommands share (value.h). */
#include "emu/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const paging_names[] = {
    [PAGING_NATIVE] = "native", [PAGING_EPT] = "ept", [PAGING_SHADOW] = "shadow", [PAGING_AGILE] = "agile"};

const char *paging_name(enum paging_kind paging)
{
	return paging_names[paging];
}

const char *value_paging(const char *text, enum paging_kind *value)
{
	for (unsigned i = 0; i < ARRAY_LEN(paging_names); i++)
		if (!strcmp(text, paging_names[i])) {
			*value = (enum paging_kind)i;
			return NULL;
		}
	return "must be native, ept, shadow or agile";
}

const char *value_page(const char *text, unsigned *shift)
{
	static const char *const sizes[] = {"4k", "2m", "1g"};

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++)
		if (!strcasecmp(text, sizes[i])) {
			*shift = level_shift(i + 1);
			return NULL;
		}
	return "must be 4k, 2m or 1g";
}

bool value_join(char **line, const char *word)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", *line ? *line : "", *line ? " " : "", word) < 0)
		return false;
	free(*line);
	*line = joined;
	return true;
}
