/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inotify. A watch is in two lists, its instance's and its inode's; it holds no reference, but is told when the inode goes. LIMIT: no
 * IN_ACCESS, nothing of what a program's execution does to its file; a file that is open is in a directory while a name there means it.
 */
#include "inotify.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "syscall_path.h"
#include "user.h"

enum { EVENTS_MAX = 16384, WATCHES_MAX = 65536, INSTANCES_MAX = 128, FIONREAD = 0x541b };
#define ALL_EVENTS 0xfffu
#define IN_Q_OVERFLOW 0x4000u
#define IN_IGNORED 0x8000u
#define IN_ONLYDIR 0x01000000u
#define IN_DONT_FOLLOW 0x02000000u
#define IN_EXCL_UNLINK 0x04000000u
#define IN_MASK_CREATE 0x10000000u
#define IN_MASK_ADD 0x20000000u
#define IN_ISDIR 0x40000000u
#define IN_ONESHOT 0x80000000u
#define MASK_BITS                                                                                                                          \
	(ALL_EVENTS | 0xe000u | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

struct record { /* struct inotify_event */
	int watch;
	u32 mask, cookie, size;
};

struct event {
	struct event *next;
	struct record record;
	char name[]; /* of record.size bytes, zeros behind it */
};

struct watch {
	struct watch *next, *next_of_inode;
	struct instance *instance;
	struct inode *inode;
	int number;
	u32 mask;
};

struct instance {
	struct instance *next; /* all of them */
	struct inode *inode;   /* the file's that is read */
	struct watch *watches;
	struct event *first, *last;
	u32 count;
	int given; /* watches so far */
	struct wait_queue readers;
};

unsigned inotify_watches;

static struct instance *instances;

/* ---- events ---- */

static bool same(const struct event *e, const struct event *f)
{
	return memcmp(&e->record, &f->record, sizeof(e->record)) == 0 && memcmp(e->name, f->name, e->record.size) == 0;
}

/* One that says what the last one says is not said. */
static void queue(struct instance *i, int watch, u32 mask, u32 cookie, const char *name, size_t n)
{
	u32 size = name ? (u32)(n + 16) & ~15u : 0;
	struct event *e = i->count > EVENTS_MAX ? NULL : heap_alloc(sizeof(*e) + size);

	if (!e)
		return;
	e->record =
	    i->count == EVENTS_MAX ? (struct record){.watch = -1, .mask = IN_Q_OVERFLOW} : (struct record){watch, mask, cookie, size};
	if (e->record.size)
		memcpy(e->name, name, n);
	if (i->last && same(i->last, e)) {
		heap_free(e);
		return;
	}
	if (i->last)
		i->last->next = e;
	else
		i->first = e;
	i->last = e;
	i->count++;
	i->inode->came++;
	wake_all(&i->readers);
	wake_pollers();
}

static void remove(struct watch *w)
{
	struct watch **link = &w->instance->watches;

	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	for (link = &w->inode->watches; *link != w;)
		link = &(*link)->next_of_inode;
	*link = w->next_of_inode;
	inotify_watches--;
	heap_free(w);
}

static void ignore(struct watch *w)
{
	queue(w->instance, w->number, IN_IGNORED, 0, NULL, 0);
	remove(w);
}

static void tell(struct watch *w, u32 event, u32 cookie, const char *name, size_t n)
{
	if (!(w->mask & event & ALL_EVENTS))
		return;
	if (event & (IN_DELETE_SELF | IN_MOVE_SELF))
		event &= ~IN_ISDIR;
	queue(w->instance, w->number, event, cookie, name, n);
	if (w->mask & IN_ONESHOT)
		ignore(w);
}

static void tell_all(struct inode *inode, u32 event, u32 cookie, const char *name, size_t n)
{
	for (struct watch *w = inode->watches, *next; w; w = next) {
		next = w->next_of_inode;
		tell(w, event, cookie, name, n);
	}
}

static u32 kind(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFDIR ? IN_ISDIR : 0;
}

void inotify_self(struct inode *inode, u32 event)
{
	tell_all(inode, event | kind(inode), 0, NULL, 0);
}

void inotify_name(struct inode *directory, const char *name, size_t n, const struct inode *inode, u32 event, u32 cookie)
{
	tell_all(directory, event | kind(inode), cookie, name, n);
}

void inotify_file(struct inode *inode, u32 event)
{
	for (const struct instance *i = instances; i; i = i->next)
		for (struct watch *w = i->watches, *next; w; w = next) {
			const struct entry *e = w->inode->entries;
			next = w->next;
			while (e && e->inode != inode)
				e = e->next;
			if (e)
				tell(w, event | kind(inode), 0, e->name, strlen(e->name));
		}
	inotify_self(inode, event);
}

u32 inotify_cookie(void)
{
	static u32 last;

	return ++last;
}

void inotify_gone(struct inode *inode)
{
	inotify_self(inode, IN_DELETE_SELF);
	while (inode->watches)
		ignore(inode->watches);
}

/* ---- the file ---- */

static struct event *take(struct instance *i)
{
	struct event *e = i->first;

	i->first = e->next;
	if (!i->first)
		i->last = NULL;
	i->count--;
	return e;
}

static long inotify_read(struct file *file, u64 to, u64 n)
{
	struct instance *i = file->inode->state;
	u64 done = 0;

	while (!i->first) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&i->readers, 0))
			return -ERESTART;
	}
	while (i->first) {
		u64 size = sizeof(struct record) + i->first->record.size;
		struct event *e;
		bool ok;
		if (n - done < size)
			return done ? (long)done : -EINVAL;
		e = take(i);
		ok = user_write(to + done, &e->record, sizeof(e->record)) &&
		     user_write(to + done + sizeof(e->record), e->name, e->record.size);
		heap_free(e);
		if (!ok)
			return -EFAULT;
		done += size;
	}
	return (long)done;
}

static unsigned inotify_ready(struct file *file)
{
	const struct instance *i = file->inode->state;

	return i->first ? POLLIN : 0;
}

static long inotify_control(struct file *file, u64 request, u64 argument)
{
	const struct instance *i = file->inode->state;
	int size = 0;

	for (const struct event *e = i->first; e; e = e->next)
		size += (int)(sizeof(e->record) + e->record.size);
	return request != FIONREAD ? -ENOTTY : user_write(argument, &size, sizeof(size)) ? 0 : -EFAULT;
}

static void inotify_close(struct file *file)
{
	struct instance *i = file->inode->state, **link = &instances;

	while (*link != i)
		link = &(*link)->next;
	*link = i->next;
	while (i->watches)
		remove(i->watches);
	while (i->first)
		heap_free(take(i));
	heap_free(i);
}

static const struct device inotify_device = {
    .read = inotify_read, .ready = inotify_ready, .control = inotify_control, .close = inotify_close};

long sys_inotify_init1(u64 flags)
{
	struct instance *i;
	struct file *file;
	u32 count = 0;

	if (flags & ~(u64)(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	for (i = instances; i; i = i->next)
		count++;
	if (count >= INSTANCES_MAX)
		return -EMFILE;
	i = heap_alloc(sizeof(*i));
	if (i)
		i->inode = inode_new(0600);
	file = i && i->inode ? file_new(i->inode, (u32)flags & O_NONBLOCK) : NULL;
	if (i)
		inode_put(i->inode);
	if (!file) {
		heap_free(i);
		return -ENOMEM;
	}
	i->inode->state = i;
	i->inode->device = &inotify_device;
	i->next = instances;
	instances = i;
	return files_add(process_current->files, file, 0, flags & O_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

static long find(u64 fd, struct instance **i)
{
	const struct file *file = files_find(process_current->files, fd);

	if (!file || file->inode->device != &inotify_device)
		return file ? -EINVAL : -EBADF;
	*i = file->inode->state;
	return 0;
}

/* A new watch, or another mask for the one that is there: its number, or a negative error. */
static long watch(struct instance *i, struct inode *inode, u32 mask)
{
	u32 kept = mask & (ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK);
	struct watch *w = i->watches;

	while (w && w->inode != inode)
		w = w->next;
	if (w) {
		if (mask & IN_MASK_CREATE)
			return -EEXIST;
		w->mask = mask & IN_MASK_ADD ? w->mask | kept : kept;
		return w->number;
	}
	w = inotify_watches < WATCHES_MAX ? heap_alloc(sizeof(*w)) : NULL;
	if (!w)
		return inotify_watches < WATCHES_MAX ? -ENOMEM : -ENOSPC;
	*w = (struct watch){i->watches, inode->watches, i, inode, ++i->given, kept};
	i->watches = inode->watches = w;
	inotify_watches++;
	return w->number;
}

long sys_inotify_add_watch(u64 fd, u64 name, u64 mask)
{
	struct instance *i;
	const struct inode *inode;
	long rc;

	if (!(mask & MASK_BITS) || ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
		return -EINVAL;
	rc = find(fd, &i);
	if (rc == 0)
		rc = syscall_look(AT_FDCWD, name, !(mask & IN_DONT_FOLLOW), &inode);
	if (rc)
		return rc;
	if ((mask & IN_ONLYDIR) && (inode->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	return watch(i, (struct inode *)inode, (u32)mask);
}

long sys_inotify_rm_watch(u64 fd, u64 number)
{
	struct instance *i;
	struct watch *w;
	long rc = find(fd, &i);

	if (rc)
		return rc;
	for (w = i->watches; w && w->number != (int)number;)
		w = w->next;
	if (!w)
		return -EINVAL;
	ignore(w);
	return 0;
}
