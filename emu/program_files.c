/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --file HOST[:GUEST]: a file becomes one module; a folder one for itself and one for each file, folder and symbolic link in it, in the
 * order of their names, so that runs repeat. Links of a folder stay links: what they name is looked for in the guest. Modes go along.
 */
#include "emu/program.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, KIND = 32 };

static bool fail(char error[PROGRAM_ERROR], const char *path, const char *why)
{
	snprintf(error, PROGRAM_ERROR, "--file %s: %s", path, why);
	return false;
}

static bool no_memory(char error[PROGRAM_ERROR], const char *path)
{
	return fail(error, path, "the host has no memory left");
}

static bool add_link(struct program *p, const char *host, const char *guest, char error[PROGRAM_ERROR])
{
	char target[PATH_MAX];
	ssize_t n = readlink(host, target, sizeof target);

	if (n < 0)
		return fail(error, host, strerror(errno));
	return program_module_bytes(p, target, (size_t)n, guest, "type=link") || no_memory(error, host);
}

static bool add_any(struct program *p, const char *host, const char *guest, unsigned depth, char error[PROGRAM_ERROR]);

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool add_entry(struct program *p, const char *host, const char *guest, const char *name, unsigned depth, char error[PROGRAM_ERROR])
{
	char *inner_host = NULL, *inner_guest = NULL;
	bool ok =
	    asprintf(&inner_host, "%s/%s", host, name) >= 0 && asprintf(&inner_guest, "%s/%s", strcmp(guest, "/") ? guest : "", name) >= 0;

	ok = ok ? add_any(p, inner_host, inner_guest, depth + 1, error) : no_memory(error, host);
	free(inner_host);
	free(inner_guest);
	return ok;
}

static bool add_folder(struct program *p, const char *host, const char *guest, unsigned depth, char error[PROGRAM_ERROR])
{
	struct dirent **entry;
	int count = scandir(host, &entry, is_entry, alphasort);
	bool ok = count >= 0 || fail(error, host, strerror(errno));

	for (int i = 0; i < count; i++) {
		ok = ok && add_entry(p, host, guest, entry[i]->d_name, depth, error);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
	return ok;
}

/* Links are followed only where the user named them. */
static bool add_any(struct program *p, const char *host, const char *guest, unsigned depth, char error[PROGRAM_ERROR])
{
	struct stat st;
	char kind[KIND];

	if ((depth ? lstat(host, &st) : stat(host, &st)) != 0)
		return fail(error, host, strerror(errno));
	if (depth > DEPTH_MAX)
		return fail(error, host, "folders are nested too deeply");
	snprintf(kind, sizeof kind, "%smode=%o", S_ISDIR(st.st_mode) ? "type=dir " : "", st.st_mode & 07777u);
	if (S_ISREG(st.st_mode))
		return program_module(p, host, guest, kind) || no_memory(error, host);
	if (S_ISLNK(st.st_mode))
		return add_link(p, host, guest, error);
	if (!S_ISDIR(st.st_mode))
		return fail(error, host, "neither a file nor a folder nor a symbolic link");
	if (strcmp(guest, "/") != 0 && !program_module_bytes(p, "", 0, guest, kind))
		return no_memory(error, host);
	return add_folder(p, host, guest, depth, error);
}

/* "a/" is "a". */
static void trim(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
}

bool program_add_files(struct program *p, const char *text, char error[PROGRAM_ERROR])
{
	const char *colon = strrchr(text, ':');
	bool named = colon && colon[1] == '/'; /* a colon elsewhere belongs to the host's name */
	char *host = strndup(text, named ? (size_t)(colon - text) : strlen(text)), *guest = NULL;
	bool ok = host && (named ? asprintf(&guest, "%s", colon + 1) : asprintf(&guest, "%s%s", *text == '/' ? "" : "/", text)) >= 0;

	if (!ok) {
		free(host);
		return no_memory(error, text);
	}
	trim(host);
	trim(guest);
	ok = *host ? add_any(p, host, guest, 0, error) : fail(error, text, "no file is named");
	free(guest);
	free(host);
	return ok;
}
