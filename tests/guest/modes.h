/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the 16-, 32- and 64-bit parts of the modes image share. All of it lies below 4 GiB: addresses are 32 bits here. */
#ifndef GUEST_MODES_H
#define GUEST_MODES_H

#include "x86.h"

#define REAL_CODE 0x8000  /* where the real-mode code is copied to */
#define REAL_FACTS 0x9000 /* its results: pairs of words */
#define REAL_NOTHING 0xeeee
#define TSS32_SEL 0x60
#define SMALL_SEL 0x68	/* data, limit 0xf */
#define DOWN_SEL 0x70	/* data, expand-down, limit 0xfff */
#define ABSENT_SEL 0x78 /* data, not present */
#define TASK_SEL 0x80	/* an available 32-bit TSS */

#ifndef __ASSEMBLER__
struct fact {
	u32 text; /* const char * */
	u32 value;
	u32 vector; /* VECTOR_OK, VECTOR_DONE (an attempt that completed), or that of the exception: the value is its error code */
	u32 eip, cr2, cpl;
};
enum { FACTS = 128, VECTOR_OK = 0xffff, VECTOR_DONE = 0xfffe };
extern struct fact facts[FACTS];
extern u32 fact_count;
#endif
#endif
