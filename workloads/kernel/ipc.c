/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of objects. A number is an index, with above it a count that moves each time the indexes begin again, so that it is long before
 * the number of an object that is gone names another.
 */
#include "ipc.h"
#include "errno.h"
#include "heap.h"
#include "string.h"
#include "time.h"

enum { INDEX_BITS = 15, ROOM_FIRST = 64, SEQUENCES = 1 << 16 };

u64 ipc_time(void)
{
	return time_real() / SECOND;
}

struct ipc *ipc_at(const struct ipc_table *table, u64 index)
{
	return index < table->room ? table->object[index] : NULL;
}

struct ipc *ipc_find(const struct ipc_table *table, u64 id)
{
	struct ipc *ipc = (int)id < 0 ? NULL : ipc_at(table, id & ((1 << INDEX_BITS) - 1));

	return ipc && ipc->id == (int)id ? ipc : NULL;
}

long ipc_highest(const struct ipc_table *table)
{
	u32 i = table->room;

	while (i && !table->object[i - 1])
		i--;
	return i ? i - 1 : 0;
}

static bool grow(struct ipc_table *table)
{
	u32 room = table->room ? 2 * table->room : ROOM_FIRST;
	struct ipc **object = heap_alloc(room * sizeof(*object));

	if (!object)
		return false;
	if (table->room)
		memcpy(object, table->object, table->room * sizeof(*object));
	heap_free(table->object);
	table->object = object;
	table->room = room;
	return true;
}

/* A free index after the one that was given last; there is one. */
static u32 free_index(struct ipc_table *table)
{
	u32 end = table->room < table->most ? table->room : table->most;

	for (;; table->next++) {
		if (table->next >= end) {
			table->next = 0;
			table->sequence = (table->sequence + 1) % SEQUENCES;
		}
		if (!table->object[table->next])
			return table->next++;
	}
}

static long add(struct ipc_table *table, int key, u64 size, u64 flags)
{
	struct ipc *ipc;
	u32 index;

	if (!table->good(size))
		return -EINVAL;
	if (table->used == table->most)
		return -ENOSPC;
	ipc = table->used < table->room || grow(table) ? table->make(size, flags) : NULL;
	if (!ipc)
		return -ENOMEM;
	index = free_index(table);
	ipc->refs = 1;
	table->object[index] = ipc;
	table->used++;
	ipc->key = key;
	ipc->mode = (u32)flags & 0777;
	ipc->id = (int)(table->sequence << INDEX_BITS | index);
	ipc->changed = ipc_time();
	return ipc->id;
}

static struct ipc *with_key(const struct ipc_table *table, int key)
{
	for (u32 i = 0; i < table->room; i++)
		if (table->object[i] && table->object[i]->key == key)
			return table->object[i];
	return NULL;
}

long ipc_get(struct ipc_table *table, u64 key, u64 size, u64 flags)
{
	const struct ipc *ipc = (int)key == IPC_PRIVATE ? NULL : with_key(table, (int)key);

	if (!ipc)
		return (int)key == IPC_PRIVATE || (flags & IPC_CREAT) ? add(table, (int)key, size, flags) : -ENOENT;
	if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		return -EEXIST;
	return table->fits(ipc, size) ? ipc->id : -EINVAL;
}

void ipc_remove(struct ipc_table *table, struct ipc *ipc)
{
	table->object[ipc->id & ((1 << INDEX_BITS) - 1)] = NULL;
	table->used--;
	ipc->removed = true;
	ipc_put(ipc);
}

void ipc_put(struct ipc *ipc)
{
	if (--ipc->refs == 0)
		heap_free(ipc);
}

struct ipc_perm ipc_perm(const struct ipc *ipc)
{
	return (struct ipc_perm){
	    .key = ipc->key, .user = ipc->user, .group = ipc->group, .mode = ipc->mode, .sequence = (u16)(ipc->id >> INDEX_BITS)};
}

long ipc_set(struct ipc *ipc, const struct ipc_perm *perm)
{
	if (perm->user == ~0u || perm->group == ~0u)
		return -EINVAL;
	ipc->user = perm->user;
	ipc->group = perm->group;
	ipc->mode = (ipc->mode & ~0777u) | (perm->mode & 0777);
	ipc->changed = ipc_time();
	return 0;
}
