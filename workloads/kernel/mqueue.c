/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POSIX message queues: files in a directory of their own, which has no path. Messages are in the order of their priorities; who receives
 * and finds nothing waits in a list, and who sends gives the message to the first of it.
 */
#include "mqueue.h"
#include "clock.h"
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum { PRIORITIES = 32768, MESSAGES = 10, SIZE = 8192, MESSAGES_MAX = 65536, LARGEST = 1 << 24, NAME_SIZE = 256 };
enum { OVERHEAD = 48 + 48 }; /* of a message, beside its text, as Linux counts it */
enum { SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SI_MESGQ = -3 };

struct message {
	struct message *next;
	u64 size;
	u32 priority;
	char text[];
};

struct receiver {
	struct receiver *next;
	struct thread *thread;
	struct message *got;
};

struct queue {
	u64 most, size_most, count, bytes;
	struct message *first;
	struct receiver *receivers;
	struct wait_queue senders;
	int told; /* this process, when a message comes to an empty queue; 0: nobody */
	const struct files *told_files;
	int way, signal;
	u64 value;
};

struct attributes { /* struct mq_attr */
	long flags, most, size_most, count, unused[4];
};

struct event { /* struct sigevent */
	u64 value;
	int signal, way;
	u64 unused[6];
};

_Static_assert(sizeof(struct attributes) == 64 && sizeof(struct event) == 64, "struct mq_attr, struct sigevent");

unsigned mqueue_notices;

static struct inode directory = {.refs = 1, .links = 2, .mode = S_IFDIR | 01777};
static u64 bytes_promised; /* to all queues, as RLIMIT_MSGQUEUE counts */

static const struct device queue_device;

static struct queue *queue_of(const struct file *file)
{
	return file->inode->state;
}

static struct file *find(u64 fd)
{
	struct file *file = files_find(process_current->files, fd);

	return file && file->inode->device == &queue_device && !(file->flags & O_PATH) ? file : NULL;
}

static u64 promise(u64 most, u64 size)
{
	return most * (size + OVERHEAD);
}

/* ---- files ---- */

static void forget(struct queue *q)
{
	mqueue_notices -= q->told != 0;
	q->told = 0;
}

void mqueue_forget(const struct inode *inode, const struct files *files)
{
	struct queue *q = inode->device == &queue_device ? inode->state : NULL;

	if (q && q->told && q->told_files == files)
		forget(q);
}

static void gone(struct inode *inode)
{
	struct queue *q = inode->state;

	for (struct message *m; (m = q->first);) {
		q->first = m->next;
		heap_free(m);
	}
	forget(q);
	bytes_promised -= promise(q->most, q->size_most);
	heap_free(q);
}

static unsigned queue_ready(struct file *file)
{
	const struct queue *q = queue_of(file);

	return (q->count ? POLLIN : 0u) | (q->count < q->most ? POLLOUT : 0u);
}

/* What a file of mqueue(7) says. */
static long queue_read(struct file *file, u64 to, u64 n)
{
	const struct queue *q = queue_of(file);
	char text[96];
	size_t size = text_add(text, sizeof(text), 0, "QSIZE:%lu", q->bytes);

	while (size < 16)
		size = text_add(text, sizeof(text), size, " ");
	size = text_add(text, sizeof(text), size, " NOTIFY:%u", q->told ? (u32)q->way : 0);
	while (size < 30)
		size = text_add(text, sizeof(text), size, " ");
	size = text_add(text, sizeof(text), size, "SIGNO:%u", q->told && q->way == SIGEV_SIGNAL ? (u32)q->signal : 0);
	while (size < 42)
		size = text_add(text, sizeof(text), size, " ");
	size = text_add(text, sizeof(text), size, "NOTIFY_PID:%u", (u32)q->told);
	while (size < 59)
		size = text_add(text, sizeof(text), size, " ");
	size = text_add(text, sizeof(text), size, "\n");
	if (file->position >= size)
		return 0;
	n = n < size - file->position ? n : size - file->position;
	if (!user_write(to, text + file->position, n))
		return -EFAULT;
	file->position += n;
	return (long)n;
}

static const struct device queue_device = {.read = queue_read, .ready = queue_ready};

/* attr: 0 or the user's */
static long make(u64 attr, u64 mode, struct inode **made)
{
	struct attributes a = {.most = MESSAGES, .size_most = SIZE};
	struct inode *inode;
	struct queue *q;

	if (attr && !user_read(&a, attr, sizeof(a)))
		return -EFAULT;
	if (a.most <= 0 || a.most > MESSAGES_MAX || a.size_most <= 0 || a.size_most > LARGEST)
		return -EINVAL;
	if (bytes_promised + promise((u64)a.most, (u64)a.size_most) > process_current->limit[LIMIT_QUEUES].soft)
		return -EMFILE;
	q = heap_alloc(sizeof(*q));
	inode = q ? inode_new(S_IFREG | ((u32)mode & 0777 & ~process_current->umask)) : NULL;
	if (!inode) {
		heap_free(q);
		return -ENOMEM;
	}
	q->most = (u64)a.most;
	q->size_most = (u64)a.size_most;
	bytes_promised += promise(q->most, q->size_most);
	inode->state = q;
	inode->device = &queue_device;
	inode->gone = gone;
	inode->size = 80;
	*made = inode;
	return 0;
}

/* A name as libc gives it, without its slash: its length, or a negative error. */
static long read_name(char name[NAME_SIZE], u64 from)
{
	long n = user_string(name, from, NAME_SIZE);

	if (n == 0)
		return -ENOENT;
	return n > 0 && (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) ? -EACCES : n;
}

/* The queue with this name, or a new one, with a reference. */
static long get(const char *name, size_t n, u64 flags, u64 mode, u64 attr, struct inode **inode)
{
	const struct entry *e = inode_find(&directory, name, n);
	long rc;

	if (e) {
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			return -EEXIST;
		*inode = e->inode;
		inode_get(*inode);
		return 0;
	}
	rc = flags & O_CREAT ? make(attr, mode, inode) : -ENOENT;
	if (rc == 0 && (rc = inode_add(&directory, name, n, *inode)))
		inode_put(*inode);
	return rc;
}

long sys_mq_open(u64 from, u64 flags, u64 mode, u64 attr)
{
	char name[NAME_SIZE];
	struct inode *inode;
	struct file *file;
	struct attributes a;
	long n = read_name(name, from), rc = n < 0 ? n : 0;

	if (attr && !user_read(&a, attr, sizeof(a)))
		return -EFAULT;
	if (rc == 0)
		rc = get(name, (size_t)n, flags, mode, attr, &inode);
	if (rc)
		return rc;
	file = (flags & O_ACCMODE) == O_ACCMODE ? NULL : file_new(inode, (u32)flags & (O_ACCMODE | O_NONBLOCK));
	inode_put(inode);
	if (!file)
		return (flags & O_ACCMODE) == O_ACCMODE ? -EINVAL : -ENOMEM;
	return files_add(process_current->files, file, 0, true);
}

long sys_mq_unlink(u64 from)
{
	char name[NAME_SIZE];
	long n = read_name(name, from);
	struct entry *e = n < 0 ? NULL : inode_find(&directory, name, (size_t)n);

	if (!e)
		return n < 0 ? n : -ENOENT;
	inode_remove(&directory, e);
	return 0;
}

/* ---- sending and receiving ---- */

static void leave(struct queue *q, struct receiver *r)
{
	struct receiver **link = &q->receivers;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
}

static void tell(struct queue *q)
{
	const struct siginfo info = {.signal = q->signal, .code = SI_MESGQ, .pid = process_current->pid, .value = q->value};

	struct process *p = q->told ? process_find(q->told) : NULL;

	if (p && q->way == SIGEV_SIGNAL && q->signal)
		signal_send(p, &info);
	forget(q);
}

static void add(struct inode *inode, struct message *m)
{
	struct queue *q = inode->state;
	struct message **link = &q->first;

	if (q->receivers) {
		struct receiver *r = q->receivers;
		leave(q, r);
		r->got = m;
		wake_thread(r->thread, 0);
		return;
	}
	while (*link && (*link)->priority >= m->priority)
		link = &(*link)->next;
	m->next = *link;
	*link = m;
	q->bytes += m->size;
	if (q->count++ == 0)
		tell(q);
	inode->came++;
	wake_pollers();
}

static struct message *take(struct inode *inode)
{
	struct queue *q = inode->state;
	struct message *m = q->first;

	q->first = m->next;
	q->count--;
	q->bytes -= m->size;
	wake_one(&q->senders);
	inode->left++;
	wake_pollers();
	return m;
}

/* A time of CLOCK_REALTIME as a deadline; 0: none. */
static long deadline(u64 timeout, u64 *when)
{
	u64 ns;
	long rc = timeout ? time_read(timeout, &ns) : 0;

	*when = timeout && rc == 0 ? clock_deadline(CLOCK_REALTIME, ns) : 0;
	return rc;
}

static long send(struct file *file, u64 from, u64 size, u32 priority, u64 until)
{
	struct queue *q = queue_of(file);
	struct message *m;

	if (size > q->size_most)
		return -EMSGSIZE;
	m = heap_alloc(sizeof(*m) + size);
	if (!m)
		return -ENOMEM;
	m->size = size;
	m->priority = priority;
	if (!user_read(m->text, from, size)) {
		heap_free(m);
		return -EFAULT;
	}
	while (q->count == q->most) {
		long rc = file->flags & O_NONBLOCK ? -EAGAIN : wait_on(&q->senders, until);
		if (rc) {
			heap_free(m);
			return rc == -EINTR ? -ERESTART : rc;
		}
	}
	add(file->inode, m);
	return 0;
}

long sys_mq_timedsend(u64 fd, u64 from, u64 size, u64 priority, u64 timeout)
{
	struct file *file = find(fd);
	u64 until;
	long rc = (u32)priority >= PRIORITIES ? -EINVAL : deadline(timeout, &until);

	if (rc)
		return rc;
	if (!file || !file_writable(file))
		return -EBADF;
	file_get(file);
	rc = send(file, from, size, (u32)priority, until);
	file_put(file);
	return rc;
}

/* The next message, or a negative error. */
static long receive(struct file *file, u64 until, struct message **m)
{
	struct queue *q = queue_of(file);
	struct receiver r = {.thread = thread_current}, **link = &q->receivers;
	static struct wait_queue sleepers;
	long rc = 0;

	if (q->count) {
		*m = take(file->inode);
		return 0;
	}
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	while (*link)
		link = &(*link)->next;
	*link = &r;
	while (!r.got && rc == 0)
		rc = wait_on(&sleepers, until);
	if (!r.got) {
		leave(q, &r);
		return rc == -EINTR ? -ERESTART : rc;
	}
	*m = r.got;
	return 0;
}

long sys_mq_timedreceive(u64 fd, u64 to, u64 size, u64 priority, u64 timeout)
{
	struct file *file = find(fd);
	struct message *m;
	u64 until;
	long rc = deadline(timeout, &until);

	if (rc)
		return rc;
	if (!file || !file_readable(file))
		return -EBADF;
	if (size < queue_of(file)->size_most)
		return -EMSGSIZE;
	file_get(file);
	rc = receive(file, until, &m);
	file_put(file);
	if (rc)
		return rc;
	rc = (priority && !user_write(priority, &m->priority, sizeof(m->priority))) || !user_write(to, m->text, m->size) ? -EFAULT
															 : (long)m->size;
	heap_free(m);
	return rc;
}

/* ---- attributes, notices ---- */

long sys_mq_getsetattr(u64 fd, u64 new, u64 old)
{
	struct file *file = find(fd);
	struct attributes a, now = {0};

	if (new && !user_read(&a, new, sizeof(a)))
		return -EFAULT;
	if (new && (a.flags & ~(long)O_NONBLOCK))
		return -EINVAL;
	if (!file)
		return -EBADF;
	now.flags = file->flags & O_NONBLOCK;
	now.most = (long)queue_of(file)->most;
	now.size_most = (long)queue_of(file)->size_most;
	now.count = (long)queue_of(file)->count;
	if (new)
		file->flags = (file->flags & ~(u32)O_NONBLOCK) | (u32)a.flags;
	return !old || user_write(old, &now, sizeof(now)) ? 0 : -EFAULT;
}

/* By a thread: libc asks for that with a netlink socket, and there are none. */
static long check(const struct event *e)
{
	const struct file *file = files_find(process_current->files, (u64)e->signal);

	if (e->way != SIGEV_SIGNAL && e->way != SIGEV_NONE && e->way != SIGEV_THREAD)
		return -EINVAL;
	if (e->way == SIGEV_SIGNAL && (e->signal < 0 || e->signal > SIGNALS))
		return -EINVAL;
	if (e->way == SIGEV_THREAD)
		return !file ? -EBADF : (file->inode->mode & S_IFMT) == S_IFSOCK ? -EINVAL : -ENOTSOCK;
	return 0;
}

long sys_mq_notify(u64 fd, u64 from)
{
	struct file *file = find(fd);
	struct event e;
	struct queue *q;
	long rc;

	if (from && !user_read(&e, from, sizeof(e)))
		return -EFAULT;
	rc = from ? check(&e) : 0;
	if (rc)
		return rc;
	if (!file)
		return -EBADF;
	q = queue_of(file);
	if (!from) {
		if (q->told == process_current->pid)
			forget(q);
		return 0;
	}
	if (q->told)
		return -EBUSY;
	q->told = process_current->pid;
	q->told_files = process_current->files;
	q->way = e.way;
	q->signal = e.signal;
	q->value = e.value;
	mqueue_notices++;
	return 0;
}
