/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a Multiboot 1 loader: words of the form key=number,number or key=word. */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include "x86.h"

/* multiboot: the information structure's address, as main gets it */
void cmdline_init(u64 multiboot);
/* The text after "key=", up to a blank or the end; NULL if the key is not there. */
const char *cmdline_find(const char *key);
/* The index-th number of "key=a,b"; otherwise if there is none. */
u64 cmdline_number(const char *key, unsigned index, u64 otherwise);
/* true if "key=" is followed by exactly this word */
bool cmdline_is(const char *key, const char *word);

#endif
