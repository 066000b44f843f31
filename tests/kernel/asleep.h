/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that is to wait for something: has it come to that? */
#ifndef KERNEL_TEST_ASLEEP_H
#define KERNEL_TEST_ASLEEP_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Until it waits for something. */
static inline void asleep(int pid)
{
	char path[40], text[200], *end;

	sprintf(path, "/proc/%d/stat", pid);
	for (int tries = 0, seen = 0; tries < 500 && seen < 3; tries++) {
		int fd = open(path, O_RDONLY), n = (int)read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		end = strrchr(text, ')');
		seen = end && end[2] == 'S' ? seen + 1 : 0;
		usleep(10000);
	}
}

#endif
