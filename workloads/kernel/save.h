/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the host asked for with save= words, handed out when the program has ended. */
#ifndef KERNEL_SAVE_H
#define KERNEL_SAVE_H

void save_files(void);

#endif
