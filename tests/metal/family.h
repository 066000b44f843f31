/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The families of cases. Each function makes one case from the random numbers, runs it and prints its outcome without an end of line. */
#ifndef METAL_FAMILY_H
#define METAL_FAMILY_H

void family_access(void);
void family_entry(void);
void family_event(void);
void family_insn(void);
void family_intercept(void);

#endif
