/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COM1, polled: 115200 8N1, no interrupts. */
#ifndef LIB_SERIAL_H
#define LIB_SERIAL_H

void serial_init(void);
void serial_put(char c);

#endif
