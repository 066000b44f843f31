/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray workloads: the programs of workloads/programs that exec and compare know by name: their arguments with the values that they have
 * if not given, the checksum that they then print, and what they do.
 */
#include "emu/command.h"
#include "emu/share.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>

enum { NAME, ARGUMENTS, CHECKSUM, TEXT, FIELDS, LINE = 1024 };

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "'%s': this command takes no arguments", text);
	return 0;
}

/* "name TAB arguments TAB checksum TAB text"; false: not such a line */
static bool split(char *line, char *field[FIELDS])
{
	line[strcspn(line, "\n")] = '\0';
	for (unsigned i = 0; i < FIELDS; i++)
		if (!(field[i] = strsep(&line, "\t")))
			return false;
	return true;
}

static int list(FILE *file, const char *path)
{
	char line[LINE], *field[FIELDS];

	printf("%-10s %-32s %-16s  %s\n", "name", "arguments and their defaults", "checksum", "what it does");
	while (fgets(line, sizeof line, file)) {
		if (!split(line, field)) {
			fprintf(stderr, "vtxray: %s: damaged; make images writes it anew\n", path);
			return STATUS_USAGE;
		}
		printf("%-10s %-32s %s  %s\n", field[NAME], field[ARGUMENTS], field[CHECKSUM], field[TEXT]);
	}
	if (fflush(stdout) != 0) {
		fputs("vtxray: standard output: not all of it could be written\n", stderr);
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

int cmd_workloads(int argc, char **argv)
{
	static const struct argp argp = {.parser = parse_option,
					 .doc = "Lists the workload programs that `vtxray exec` and `vtxray compare` know by name."};
	char folder[SHARE_PATH], path[SHARE_PATH + 8];
	FILE *file = NULL;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (share_find("programs", folder)) {
		snprintf(path, sizeof path, "%s/list", folder);
		file = fopen(path, "re");
	}
	if (!file) {
		fputs("vtxray: the workload programs are not where the program expects them: make images\n", stderr);
		return STATUS_USAGE;
	}
	int status = list(file, path);
	fclose(file);
	return status;
}
