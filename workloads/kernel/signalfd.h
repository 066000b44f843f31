/* SPDX-License-Identifier: GPL-2.0-or-later */
/* signalfd: files from which signals are read. */
#ifndef KERNEL_SIGNALFD_H
#define KERNEL_SIGNALFD_H

extern unsigned signalfd_open; /* how many there are: who polls looks again when a signal has come */

#endif
