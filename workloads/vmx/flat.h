/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest-state area of the current VMCS for a piece of this image: 64-bit mode, CPL 0, with the host's control registers and tables. */
#ifndef LIB_FLAT_H
#define LIB_FLAT_H

#include "x86.h"

void flat_guest(u64 rip, u64 rsp);

#endif
