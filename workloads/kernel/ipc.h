/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What System V's shared memory, semaphores and message queues have in common: objects with keys and numbers. */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include "x86.h"

enum { IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO };
enum { IPC_PRIVATE, IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000 };

struct ipc_perm { /* as IPC_STAT has it */
	int key;
	u32 user, group, creator, creator_group, mode;
	u16 sequence, pad;
	u64 unused[2];
};

_Static_assert(sizeof(struct ipc_perm) == 48, "struct ipc64_perm of x86-64");

/* An object: its kind's struct begins with this. */
struct ipc {
	u32 refs; /* the table's, and one for each thread that waits */
	bool removed;
	int id, key;
	u32 user, group, mode;
	u64 changed; /* seconds since 1970 */
};

struct ipc_table {
	u32 most;				       /* objects */
	bool (*fits)(const struct ipc *ipc, u64 size); /* one that is there will do for who asks for this size */
	bool (*good)(u64 size);			       /* a new one can have this size */
	struct ipc *(*make)(u64 size, u64 flags);      /* a new one, all of it but what is in struct ipc; NULL: no memory */
	struct ipc **object;			       /* by index, the low bits of the number */
	u32 room, used, next, sequence;
};

/* shmget and its kin: the number, or a negative error. */
long ipc_get(struct ipc_table *table, u64 key, u64 size, u64 flags);
/* By number, or by index alone. NULL: EINVAL. No reference is taken. */
struct ipc *ipc_find(const struct ipc_table *table, u64 id);
struct ipc *ipc_at(const struct ipc_table *table, u64 index);
/* The highest index in use, or 0. */
long ipc_highest(const struct ipc_table *table);
/* Takes it out of the table, whose reference goes: nobody finds it any more. */
void ipc_remove(struct ipc_table *table, struct ipc *ipc);
void ipc_put(struct ipc *ipc);
struct ipc_perm ipc_perm(const struct ipc *ipc);
/* IPC_SET's part: 0 or -EINVAL. */
long ipc_set(struct ipc *ipc, const struct ipc_perm *perm);
u64 ipc_time(void);

#endif
