/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's entries into the kernel, and the control registers a kernel sets. */
#ifndef KERNEL_ENTRY_H
#define KERNEL_ENTRY_H

#include "x86.h"

/* pcid: use PCIDs if the processor has them. CR3 must hold PCID 0. */
void entry_init(bool pcid);

#endif
