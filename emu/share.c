/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that come with vtxray (share.h). */
#include "emu/share.h"

#include "mmu/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* where the build tree has what, seen from the program's folder, build/MODE */
static const struct {
	const char *name, *built;
} files[] = {
    {"kernel.elf", "../images/kernel.elf"},
    {"profiles", "../../emu/profiles"},
    {"programs", "../programs"},
};

static bool readable(char path[SHARE_PATH], const char *folder, const char *name)
{
	int length = snprintf(path, SHARE_PATH, "%s/%s", folder, name);

	return length > 0 && length < SHARE_PATH && access(path, R_OK) == 0;
}

/* The folder of the running program; false if the host does not tell. */
static bool own_folder(char folder[SHARE_PATH])
{
	ssize_t length = readlink("/proc/self/exe", folder, SHARE_PATH - 1);

	if (length <= 0)
		return false;
	folder[length] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return slash != NULL;
}

static bool find_beside_program(const char *name, char path[SHARE_PATH])
{
	char folder[SHARE_PATH], installed[64];

	if (!own_folder(folder))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (strcmp(name, files[i].name) == 0 && readable(path, folder, files[i].built))
			return true;
	snprintf(installed, sizeof installed, "../share/vtxray/%s", name);
	return readable(path, folder, installed);
}

bool share_find(const char *name, char path[SHARE_PATH])
{
	const char *named = getenv("VTXRAY_DATA");

	if (named && *named)
		return readable(path, named, name);
	if (find_beside_program(name, path))
		return true;
#ifdef VTXRAY_DATADIR /* in the installed library: programs that use it may lie anywhere */
	return readable(path, VTXRAY_DATADIR, name);
#else
	return false;
#endif
}
