/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profile files: INI files that describe a processor's memory system (mmu/profile.h). Those that come with vtxray lie in emu/profiles/;
 * a user copies one and changes it.
 */
#ifndef EMU_PROFILE_H
#define EMU_PROFILE_H

#include "mmu/profile.h"

#include <stddef.h>

enum { PROFILE_ERROR = 512, PROFILE_PATH = 4096 };

/* Reads a profile file. Returns 0, or -ERR_IO, -ERR_FORMAT with one line in error: file, line, key, what is wrong. */
int profile_read(struct profile *profile, const char *path, char error[PROFILE_ERROR]);

/*
 * A name of a profile that comes with vtxray ("skylake"), or a file (with a '/' or ".ini" in it): its path. Returns 0, or -ERR_ARG with one
 * line in error.
 */
int profile_find(const char *name, char path[PROFILE_PATH], char error[PROFILE_ERROR]);

/*
 * profile_find and profile_read; without (NULL: nothing): caches to take out of the profile, to see what they are worth, a list with commas
 * of psc, ept-psc, nested-tlb, l1i, l1d, l2, llc.
 */
int profile_load(struct profile *profile, const char *name, const char *without, char error[PROFILE_ERROR]);

/* The folder of the profiles that come with vtxray. Returns false if there is none. */
bool profile_folder(char path[PROFILE_PATH]);

#endif
