/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epoll. A set is a list; who waits looks at each of its files again when any may have become ready. Edges (EPOLLET): an inode counts what
 * came and what left; a file is reported again only after its count has moved.
 */
#include "epoll.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { CTL_ADD = 1, CTL_DEL, CTL_MOD, DEPTH_MAX = 5 };
#define EPOLLET (1u << 31)
#define EPOLLONESHOT (1u << 30)
#define EPOLLEXCLUSIVE (1u << 28)
#define CONDITIONS 0x2fffu

struct event {
	u32 events;
	u64 data;
} __attribute__((packed));

struct item {
	struct item *next;
	int fd;
	struct file *file; /* not counted */
	struct event event;
	u64 came, left; /* the inode's, when it was last reported */
	bool reported;
};

struct epoll {
	struct epoll *next; /* all of them */
	struct item *items;
};

static struct epoll *sets;

static unsigned set_ready(struct file *file);
static void set_close(struct file *file);
static const struct device epoll_device = {.ready = set_ready, .close = set_close};

static bool is_set(const struct file *file)
{
	return file->inode->device == &epoll_device;
}

/* What of an item is to be reported now. */
static u32 look(struct item *i)
{
	const struct inode *inode = i->file->inode;
	u32 ready = file_ready(i->file) & ((i->event.events & CONDITIONS) | POLLERR | POLLHUP);

	if (!(i->event.events & CONDITIONS)) /* it was reported once, and is not armed again */
		return 0;
	if (!(i->event.events & EPOLLET) || !i->reported)
		return ready;
	if (i->came == inode->came)
		ready &= ~(u32)(POLLIN | POLLHUP | POLLRDHUP);
	if (i->left == inode->left)
		ready &= ~(u32)POLLOUT;
	return ready;
}

static unsigned set_ready(struct file *file)
{
	const struct epoll *set = file->inode->state;

	for (struct item *i = set->items; i; i = i->next)
		if (look(i))
			return POLLIN;
	return 0;
}

static void drop_items(struct epoll *set, const struct file *file)
{
	for (struct item **link = &set->items, *i; (i = *link);) {
		if (file && i->file != file) {
			link = &i->next;
			continue;
		}
		*link = i->next;
		heap_free(i);
	}
}

void epoll_forget(const struct file *file)
{
	for (struct epoll *set = sets; set; set = set->next)
		drop_items(set, file);
}

static void set_close(struct file *file)
{
	struct epoll *set = file->inode->state, **link = &sets;

	while (*link != set)
		link = &(*link)->next;
	*link = set->next;
	drop_items(set, NULL);
	heap_free(set);
}

long sys_epoll_create1(u64 flags)
{
	struct epoll *set;
	struct inode *inode;
	struct file *file;

	if (flags & ~(u64)O_CLOEXEC)
		return -EINVAL;
	set = heap_alloc(sizeof(*set));
	inode = set ? inode_new(0600) : NULL;
	file = inode ? file_new(inode, O_RDWR) : NULL;
	inode_put(inode);
	if (!file) {
		heap_free(set);
		return -ENOMEM;
	}
	inode->state = set;
	inode->device = &epoll_device;
	set->next = sets;
	sets = set;
	return files_add(process_current->files, file, 0, flags & O_CLOEXEC);
}

long sys_epoll_create(u64 size)
{
	return (int)size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

/* A set may hold sets, but not itself, and not too deep. */
static bool holds(const struct file *file, const struct file *wanted, unsigned depth)
{
	if (file == wanted || depth == DEPTH_MAX)
		return true;
	if (!is_set(file))
		return false;
	for (const struct item *i = ((struct epoll *)file->inode->state)->items; i; i = i->next)
		if (holds(i->file, wanted, depth + 1))
			return true;
	return false;
}

static long add(struct epoll *set, int fd, struct file *file, const struct event *event)
{
	struct item *i = heap_alloc(sizeof(*i)), **link = &set->items;

	if (!i)
		return -ENOMEM;
	*i = (struct item){.fd = fd, .file = file, .event = *event};
	while (*link)
		link = &(*link)->next;
	*link = i;
	return 0;
}

static long change(struct epoll *set, u64 operation, int fd, struct file *file, const struct event *event)
{
	struct item **link = &set->items, *i;

	while (*link && ((*link)->fd != fd || (*link)->file != file))
		link = &(*link)->next;
	i = *link;
	switch (operation) {
	case CTL_ADD:
		return i ? -EEXIST : add(set, fd, file, event);
	case CTL_MOD:
		if (!i)
			return -ENOENT;
		if ((i->event.events | event->events) & EPOLLEXCLUSIVE)
			return -EINVAL;
		i->event = *event;
		i->reported = false;
		return 0;
	case CTL_DEL:
		if (!i)
			return -ENOENT;
		*link = i->next;
		heap_free(i);
		return 0;
	}
	return -EINVAL;
}

long sys_epoll_ctl(u64 set, u64 operation, u64 fd, u64 from)
{
	struct file *file = files_find(process_current->files, set), *target = files_find(process_current->files, fd);
	struct event event = {0, 0};
	long rc;

	if (operation != CTL_DEL && !user_read(&event, from, sizeof(event)))
		return -EFAULT;
	if (!file || !target)
		return -EBADF;
	if (!target->inode->device || !target->inode->device->ready)
		return -EPERM;
	if (file == target || !is_set(file))
		return -EINVAL;
	if (operation == CTL_ADD && is_set(target) && holds(target, file, 0))
		return -ELOOP;
	rc = change(file->inode->state, operation, (int)fd, target, &event);
	file->inode->came++;
	wake_pollers();
	return rc;
}

/* Writes what is ready; how many, or -EFAULT. Who was reported goes to the end, so that all have their turn. */
static long report(struct epoll *set, u64 to, u64 most)
{
	struct item *first = NULL, **last = &first, **link = &set->items, *i;
	long n = 0;

	while ((i = *link) && (u64)n < most) {
		struct event event = {look(i), i->event.data};
		if (!event.events) {
			link = &i->next;
			continue;
		}
		if (!user_write(to + (u64)n * sizeof(event), &event, sizeof(event))) {
			n = n ? n : -EFAULT;
			break;
		}
		i->came = i->file->inode->came;
		i->left = i->file->inode->left;
		i->reported = true;
		if (i->event.events & EPOLLONESHOT)
			i->event.events &= ~CONDITIONS;
		*link = i->next;
		i->next = NULL;
		*last = i;
		last = &i->next;
		n++;
	}
	while (*link)
		link = &(*link)->next;
	*link = first;
	return n;
}

/* ns: how long at most; ~0: for ever */
static long wait_until(u64 fd, u64 to, u64 most, u64 ns)
{
	struct file *file = files_find(process_current->files, fd);
	u64 deadline = ns == ~0ull ? 0 : time_now() + ns;
	long n, rc = 0;

	if ((int)most <= 0 || (u32)most > 0x7fffffff / sizeof(struct event))
		return -EINVAL;
	if (!file || !is_set(file))
		return file ? -EINVAL : -EBADF;
	file_get(file);
	while (!(n = report(file->inode->state, to, (u32)most)) && ns && !rc)
		rc = wait_on(&sched_pollers, deadline);
	file_put(file);
	return !n && rc == -EINTR ? -EINTR : n;
}

long sys_epoll_wait(u64 fd, u64 to, u64 most, u64 ms)
{
	return wait_until(fd, to, most, (int)ms < 0 ? ~0ull : (u64)(int)ms * 1000000);
}

long sys_epoll_pwait(u64 fd, u64 to, u64 most, u64 ms, u64 mask, u64 size)
{
	if (mask && size != 8)
		return -EINVAL;
	return syscall_set_mask(mask) ? sys_epoll_wait(fd, to, most, ms) : -EFAULT;
}

long sys_epoll_pwait2(u64 fd, u64 to, u64 most, u64 timeout, u64 mask, u64 size)
{
	u64 ns = ~0ull;
	long rc = timeout ? time_read(timeout, &ns) : 0;

	if (rc || (mask && size != 8))
		return rc ? rc : -EINVAL;
	return syscall_set_mask(mask) ? wait_until(fd, to, most, ns) : -EFAULT;
}
