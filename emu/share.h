/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that come with vtxray: the guest kernel, the processors' profiles, the workload programs. The build tree has each where it is
 * made; an installed vtxray has them in PREFIX/share/vtxray, wherever PREFIX was moved to.
 */
#ifndef EMU_SHARE_H
#define EMU_SHARE_H

#include <stdbool.h>
#include <stddef.h>

enum { SHARE_PATH = 4096 };

/*
 * The path of "kernel.elf", "profiles" or "programs": in the folder that the environment names (VTXRAY_DATA), or else beside the running
 * program, or else where `make install` put it. Returns false if it is nowhere, or cannot be read.
 */
bool share_find(const char *name, char path[SHARE_PATH]);

#endif
