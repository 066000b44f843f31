/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Record locks. A file's list has the records of one owner together, by offset, and owners in the order in which they came: F_GETLK tells
 * of the first that is in the way. Who waits, waits for one record, and looks again when that one has changed.
 */
#include "record.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "user.h"

#define LAST 0x7fffffffffffffffull /* the last offset */

enum { F_RDLCK, F_WRLCK, F_UNLCK };
enum { CHAIN = 10 }; /* longest chain of waiters that is followed, as on Linux */

struct record {
	struct record *next;
	const void *owner;
	u64 start, end; /* end: the last byte */
	u32 type;	/* F_RDLCK or F_WRLCK; F_UNLCK: a request to give up */
	int pid;	/* who took it; -1: an open file */
};

struct flock {
	short type, whence;
	u64 start, length;
	int pid;
};

/* On the stack of who waits. */
struct waiting {
	struct waiting *next;
	struct thread *thread;
	const void *owner;
	const struct record *blocker; /* NULL: has changed */
};

static struct wait_queue queue;
static struct waiting *all_waiting;

static void changed(const struct record *record)
{
	for (struct waiting *w = all_waiting; w; w = w->next)
		if (w->blocker == record) {
			w->blocker = NULL;
			wake_thread(w->thread, 0);
		}
}

/* ---- the list ---- */

static void unlink_record(struct record **link)
{
	struct record *r = *link;

	*link = r->next;
	changed(r);
	heap_free(r);
}

static struct record *conflict(const struct inode *inode, const struct record *wanted)
{
	for (struct record *r = inode->records; r; r = r->next)
		if (r->owner != wanted->owner && r->start <= wanted->end && wanted->start <= r->end &&
		    (r->type == F_WRLCK || wanted->type == F_WRLCK))
			return r;
	return NULL;
}

/* Where the owner's records begin; the list's end if it has none. */
static struct record **first_of(struct inode *inode, const void *owner)
{
	struct record **link = &inode->records;

	while (*link && (*link)->owner != owner)
		link = &(*link)->next;
	return link;
}

void record_release(struct inode *inode, const void *owner)
{
	struct record **link = first_of(inode, owner);

	while (*link && (*link)->owner == owner)
		unlink_record(link);
}

static void insert(struct record *after, struct record *record)
{
	record->next = after->next;
	after->next = record;
}

/* The record loses what is in the range. true: something is left on both sides, and rest, which is not yet in the list, is the latter. */
static bool cut(struct record **link, const struct record *range, struct record *rest)
{
	struct record *r = *link;
	bool split = r->start < range->start && r->end > range->end;

	if (r->start >= range->start && r->end <= range->end) {
		unlink_record(link);
		return false;
	}
	if (split) {
		*rest = *r;
		rest->start = range->end + 1;
	}
	if (r->start < range->start)
		r->end = range->start - 1;
	else
		r->start = range->end + 1;
	changed(r);
	return split;
}

/* One range of one kind with what it overlaps or touches; of the other kind it takes its part. */
static bool join(struct record **link, struct record *added, struct record *rest)
{
	struct record *r = *link;
	bool split = false;

	while (r && r->owner == added->owner) {
		bool overlap = r->start <= added->end && added->start <= r->end;
		bool touch = r->start == added->end + 1 || added->start == r->end + 1;
		if (r == added) {
			link = &r->next;
		} else if (r->type == added->type && (overlap || touch)) {
			added->start = r->start < added->start ? r->start : added->start;
			added->end = r->end > added->end ? r->end : added->end;
			unlink_record(link);
		} else if (overlap) {
			split |= cut(link, added, rest);
			if (*link == r)
				link = &r->next;
		} else {
			link = &r->next;
		}
		r = *link;
	}
	if (split)
		insert(added, rest);
	return split;
}

static long lock(struct inode *inode, const struct record *wanted, struct record *added, struct record *rest)
{
	struct record **first = first_of(inode, wanted->owner), **link = first;

	*added = *wanted;
	while (*link && (*link)->owner == wanted->owner && (*link)->start < wanted->start)
		link = &(*link)->next;
	added->next = *link;
	*link = added;
	if (!join(first, added, rest))
		heap_free(rest);
	return 0;
}

static long unlock(struct inode *inode, const struct record *range, struct record *rest)
{
	struct record **link = first_of(inode, range->owner), *r;
	bool split = false;

	while ((r = *link) && r->owner == range->owner) {
		if (r->start <= range->end && range->start <= r->end && cut(link, range, rest)) {
			insert(r, rest);
			split = true;
		}
		if (*link == r)
			link = &r->next;
	}
	if (!split)
		heap_free(rest);
	return 0;
}

static long set(struct inode *inode, const struct record *wanted)
{
	struct record *added = NULL, *rest = heap_alloc(sizeof(*rest));

	if (wanted->type == F_UNLCK)
		return rest ? unlock(inode, wanted, rest) : -ENOLCK;
	added = heap_alloc(sizeof(*added));
	if (added && rest)
		return lock(inode, wanted, added, rest);
	heap_free(added);
	heap_free(rest);
	return -ENOLCK;
}

/* ---- waiting ---- */

static const struct record *blocker_of(const void *owner)
{
	for (const struct waiting *w = all_waiting; w; w = w->next)
		if (w->owner == owner && w->blocker)
			return w->blocker;
	return NULL;
}

/* Does who holds the blocker wait, maybe through others, for this owner? Open files are nobody who could wait. */
static bool deadlock(const struct record *wanted, const struct record *blocker)
{
	if (wanted->pid < 0)
		return false;
	for (unsigned i = 0; i < CHAIN && blocker && blocker->pid >= 0; i++) {
		blocker = blocker_of(blocker->owner);
		if (blocker && blocker->owner == wanted->owner)
			return true;
	}
	return false;
}

static long sleep_on(const struct record *wanted, const struct record *blocker)
{
	struct waiting own = {NULL, thread_current, wanted->owner, blocker}, **link = &all_waiting;
	long rc;

	while (*link)
		link = &(*link)->next;
	*link = &own;
	rc = wait_on(&queue, 0);
	for (link = &all_waiting; *link != &own;)
		link = &(*link)->next;
	*link = own.next;
	return rc ? -ERESTART : 0;
}

static long acquire(struct inode *inode, const struct record *wanted, bool wait)
{
	const struct record *blocker;

	while (wanted->type != F_UNLCK && (blocker = conflict(inode, wanted))) {
		long rc = !wait ? -EAGAIN : deadlock(wanted, blocker) ? -EDEADLK : sleep_on(wanted, blocker);
		if (rc)
			return rc;
	}
	return set(inode, wanted);
}

/* ---- fcntl ---- */

/* The range that is meant. A negative length: what lies before. */
static long range_of(const struct file *file, const struct flock *asked, struct record *wanted)
{
	u64 base = asked->whence == 1 ? file->position : asked->whence == 2 ? file->inode->size : 0;
	long start = (long)(base + asked->start), length = (long)asked->length;

	if ((unsigned)asked->type > F_UNLCK || (unsigned)asked->whence > 2)
		return -EINVAL;
	if ((long)asked->start > (long)(LAST - base))
		return -EOVERFLOW;
	if (start < 0 || (length < 0 && start + length < 0))
		return -EINVAL;
	if (length > 0 && (u64)length - 1 > LAST - (u64)start)
		return -EOVERFLOW;
	wanted->type = (u32)asked->type;
	wanted->start = (u64)(length < 0 ? start + length : start);
	wanted->end = length < 0 ? (u64)start - 1 : length ? (u64)(start + length - 1) : LAST;
	return 0;
}

static long tell(const struct file *file, const struct record *wanted, struct flock *said)
{
	const struct record *r = conflict(file->inode, wanted);

	said->type = F_UNLCK;
	if (!r)
		return 0;
	*said = (struct flock){(short)r->type, 0, r->start, r->end == LAST ? 0 : r->end - r->start + 1, r->pid};
	return 0;
}

long record_control(struct file *file, u64 command, u64 user)
{
	bool own = command >= F_OFD_GETLK, get = command == F_GETLK || command == F_OFD_GETLK;
	struct record wanted = {.owner = own ? (const void *)file : process_current->files, .pid = own ? -1 : process_current->pid};
	struct flock flock;
	long rc;

	if (!user_read(&flock, user, sizeof(flock)))
		return -EFAULT;
	if (get && flock.type != F_RDLCK && flock.type != F_WRLCK)
		return -EINVAL;
	rc = range_of(file, &flock, &wanted);
	if (rc)
		return rc;
	if (!get && ((flock.type == F_RDLCK && !file_readable(file)) || (flock.type == F_WRLCK && !file_writable(file))))
		return -EBADF;
	if (own && flock.pid)
		return -EINVAL;
	if (!get)
		return acquire(file->inode, &wanted, command == F_SETLKW || command == F_OFD_SETLKW);
	tell(file, &wanted, &flock);
	return user_write(user, &flock, sizeof(flock)) ? 0 : -EFAULT;
}
