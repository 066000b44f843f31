/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print: %s %c %d %u %x, with l for 64 bits, a width, and 0 to pad with zeros; to COM1. */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

#endif
