/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line for how a run of the guest ended: only fields that the SDM defines for that exit. */
#ifndef METAL_OUTCOME_H
#define METAL_OUTCOME_H

#include "x86.h"

/* Prints the outcome of run(), without an end of line. */
void outcome_print(unsigned result);

#endif
