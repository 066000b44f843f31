/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults of the hypervisor itself: expected at one instruction, else the end of the run. */
#ifndef LIB_FAULT_H
#define LIB_FAULT_H

#include "x86.h"

#define FAULT_NONE 256

extern u64 fault_resume; /* where to go on after a fault; 0: a fault is a bug of this program */
extern u64 fault_vector; /* what happened since it was set to FAULT_NONE */
extern u64 fault_error;

#endif
