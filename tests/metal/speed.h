/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops whose speed an emulator's user may want to know (bench/race.c). */
#ifndef METAL_SPEED_H
#define METAL_SPEED_H

#include "x86.h"

enum speed_loop { SPEED_REGISTER, SPEED_STREAM, SPEED_CHASE, SPEED_LOOPS };

/* speed_loops.S: what each loop executes, so many rounds of it. */
void speed_register(u64 rounds);	    /* eight register instructions */
void speed_stream(u64 rounds, u64 *from);   /* a read-modify-write of the next word, three register instructions */
u64 speed_chase(u64 rounds, const u64 *at); /* a load that depends on the last, two register instructions; where it ends */

/* The loops natively: before VMX operation is entered. Scale: thousandths of the usual number of rounds. */
void speed_natively(u64 scale);
/* The same as guest of an EPT hypervisor, in 4-KiB pages on both sides: in VMX root operation. */
void speed_as_guest(u64 scale);

#endif
