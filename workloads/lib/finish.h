/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a run: exit port 0xF4 (status << 1 | 1), else the word Bochs' port 0x8900 wants, else halt. */
#ifndef LIB_FINISH_H
#define LIB_FINISH_H

_Noreturn void finish(unsigned status);

#endif
