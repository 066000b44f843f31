/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nice values and what they do: shares of the processor. As long as all threads have the same one, nothing here is asked. */
#ifndef KERNEL_SHARE_H
#define KERNEL_SHARE_H

#include "x86.h"

struct thread;

enum { NICE_LEAST = -20, NICE_MOST = 19 };

extern unsigned share_values; /* how many nice values there are among all threads */

void share_join(struct thread *thread); /* a new one, whose nice value is set */
void share_leave(const struct thread *thread);
void share_set(struct thread *thread, int nice);
/* The thread is ready from now on. */
void share_ready(struct thread *thread);
/* Of the list of ready threads (not empty), by run_next in the order in which they became so, the one whose turn it is. Not this one, if
 * there is another (NULL: any). */
struct thread *share_choose(struct thread *ready, const struct thread *but);

#endif
