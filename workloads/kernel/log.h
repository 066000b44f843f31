/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of the kernel to the host: lines on the log port, apart from the console; and the end when nothing else can be done. */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include "string.h"

/* "kernel: TEXT" on the log port; format as text_add's */
#define log(...)                                                                                                                           \
	do {                                                                                                                               \
		char log_buffer[160];                                                                                                      \
		text_add(log_buffer, sizeof(log_buffer), 0, __VA_ARGS__);                                                                  \
		log_text(log_buffer);                                                                                                      \
	} while (0)
void log_text(const char *text);
/* says so on the console and the log port, and ends the run with status 255 */
_Noreturn void panic(const char *why, u64 a, u64 b);

#endif
