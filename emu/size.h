/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as users write them on the command line: sizes in bytes (4096, 64K, 1M, 2G, 1T: powers of 1024) and counts
 * (1000000, 10k, 5M, 2G: powers of 1000).
 */
#ifndef EMU_SIZE_H
#define EMU_SIZE_H

#include "mmu/base.h"

/* Each returns NULL and sets *value, or says what is wrong with text (static text; *value is untouched). */
const char *size_parse(const char *text, uint64_t *value);
const char *size_parse_count(const char *text, uint64_t *value);

/* RAM of the emulated machine: a size that is a multiple of 4 KiB, at least 1 MiB, at most MEM_SIZE_MAX. Same results. */
const char *size_parse_ram(const char *text, uint64_t *value);

#endif
