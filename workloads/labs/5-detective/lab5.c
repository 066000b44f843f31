/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 5: TLB detective. Your code here; handout.md says what is asked. */
#include "lab5.h"

void measure(struct found *found)
{
}

const char forgotten[] = "remap_?";
const char due[] = "?";
