/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray cpus: the processors that --cpu knows. Without a name, one line each; with one, its profile file as it is, to be read, or copied
 * and changed.
 */
#include "emu/command.h"
#include "emu/profile.h"

#include <argp.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *wanted;

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (wanted)
		argp_error(state, "'%s': one name at a time", text);
	wanted = text;
	return 0;
}

static int fail(const char *why)
{
	fprintf(stderr, "vtxray: %s\n", why);
	return STATUS_USAGE;
}

static int show(const char *name)
{
	static struct profile profile;
	char path[PROFILE_PATH], error[PROFILE_ERROR], line[1024];
	if (profile_find(name, path, error) < 0 || profile_read(&profile, path, error) < 0)
		return fail(error);
	FILE *file = fopen(path, "re");
	if (!file)
		return fail(path);
	while (fgets(line, sizeof line, file))
		fputs(line, stdout);
	bool unread = ferror(file);
	fclose(file);
	if (unread)
		return fail(path);
	return fflush(stdout) ? fail("standard output: not all of it could be written") : STATUS_OK;
}

static int is_profile(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 4 && !strcmp(entry->d_name + length - 4, ".ini");
}

static int list(void)
{
	static struct profile profile;
	struct dirent **entry;
	char folder[PROFILE_PATH], path[2 * PROFILE_PATH], error[PROFILE_ERROR];
	int status = STATUS_OK, count;
	if (!profile_folder(folder) || (count = scandir(folder, &entry, is_profile, alphasort)) < 0)
		return fail("the folder of processor profiles is not where the program expects it");
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
		if (profile_read(&profile, path, error) < 0)
			status = fail(error);
		else
			printf("%-12s %s\n", profile.name, profile.text);
		free(entry[i]);
	}
	free(entry);
	return fflush(stdout) ? fail("standard output: not all of it could be written") : status;
}

int cmd_cpus(int argc, char **argv)
{
	static const struct argp argp = {.parser = parse_option,
					 .args_doc = "[NAME|FILE]",
					 .doc = "Lists the processors that --cpu knows, or shows the profile of one."};
	wanted = NULL;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	return wanted ? show(wanted) : list();
}
