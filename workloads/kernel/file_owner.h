/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is to be told of a file. */
#ifndef KERNEL_FILE_OWNER_H
#define KERNEL_FILE_OWNER_H

#include "file.h"

enum { F_SETOWN = 8, F_GETOWN, F_SETSIG, F_GETSIG, F_SETOWN_EX = 15, F_GETOWN_EX };

/* These commands of fcntl. */
long file_owner_control(struct file *file, u64 command, u64 argument);

#endif
