/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a call has returned, as a line of output: with the error's text where that is negative. */
#ifndef KERNEL_TEST_RESULT_H
#define KERNEL_TEST_RESULT_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

static inline void result(const char *what, long rc)
{
	printf("%s: %ld %s\n", what, rc, rc < 0 ? strerror(errno) : "");
	fflush(stdout);
}

#endif
