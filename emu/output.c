/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that subcommands write (output.h). */
#include "emu/output.h"

#include <errno.h>
#include <string.h>

bool output_fail(const char *what, const char *why)
{
	fprintf(stderr, "vtxray: %s: %s\n", what, why);
	return false;
}

FILE *output_open(const char *path)
{
	FILE *file = !path || !strcmp(path, "-") ? stdout : fopen(path, "we");

	if (!file)
		fprintf(stderr, "vtxray: %s: %s\n", path, strerror(errno));
	return file;
}

bool output_close(FILE *file, const char *path)
{
	bool bad = ferror(file) || fflush(file) != 0;

	if (file != stdout)
		bad |= fclose(file) != 0;
	if (bad && errno != EPIPE)
		fprintf(stderr, "vtxray: %s: not all of it could be written\n", path ? path : "standard output");
	return !bad;
}
