/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System V shared memory, where an address space as a whole comes or goes. */
#ifndef KERNEL_SYSV_SHM_H
#define KERNEL_SYSV_SHM_H

struct vm;

extern unsigned shm_segments; /* there are so many: with 0 nobody needs to call what follows */

/* The current process has made a copy of this address space (fork), or is about to leave it (exit, exec): each attached segment notes it.
 */
void shm_forked(const struct vm *vm);
void shm_left(const struct vm *vm);

#endif
