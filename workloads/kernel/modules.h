/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that came with the kernel. */
#ifndef KERNEL_MODULES_H
#define KERNEL_MODULES_H

#include "x86.h"

/* Reads the Multiboot information while boot.S's tables are in use: notes the modules, and keeps the command line (options_init). */
void modules_note(u64 multiboot);
/* The first address beyond the modules and the information; at least from. */
u64 modules_end(u64 from);
/* Makes files of them; the contents stay where they are. false: no memory. */
bool modules_install(void);

#endif
