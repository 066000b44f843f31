/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev: null, zero, full, random, urandom, tty, console; and the random numbers of getrandom. */
#ifndef KERNEL_DEVICE_H
#define KERNEL_DEVICE_H

#include "file.h"

bool device_install(void);
/* The next of a fixed sequence of numbers. */
u64 device_random(void);
long device_random_read(u64 to, u64 n);

/* What a device of this number does; NULL: there is none. */
const struct device *device_by_number(u64 number);

#endif
