/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System V message queues. Who receives and finds nothing waits in a list of the queue; who sends looks there first, and gives the message
 * to the first that wants it. LIMIT: no MSG_COPY.
 */
#include "errno.h"
#include "heap.h"
#include "ipc.h"
#include "process.h"
#include "syscall.h"
#include "user.h"

enum { MSG_STAT = 11, MSG_INFO, MSG_STAT_ANY };
enum { MSG_NOERROR = 010000, MSG_EXCEPT = 020000, MSG_COPY = 040000 };
enum { MSGMAX = 8192, MSGMNB = 16384, MSGMNI = 32000, MSGSSZ = 16, MSGSEG = 0xffff };

struct message {
	struct message *next;
	long type;
	u64 size;
	char text[];
};

/* What is wanted. */
struct wish {
	enum { ANY, EQUAL, OTHER, LEAST } which; /* LEAST: of the least type, up to this one */
	long type;
	u64 room;
	bool cut; /* MSG_NOERROR */
};

struct receiver {
	struct receiver *next;
	struct thread *thread;
	struct wish wish;
	struct message *got;
	long result; /* with got NULL: 0, it still waits */
};

struct queue {
	struct ipc ipc;
	struct message *first;
	struct receiver *receivers;
	struct wait_queue senders;
	u64 bytes, count, most; /* most: bytes, and messages */
	u64 sent, received;	/* seconds since 1970 */
	int sender, receiver;	/* the last ones */
};

struct msqid { /* struct msqid64_ds */
	struct ipc_perm perm;
	u64 sent, received, changed, bytes, count, most;
	int sender, receiver;
	u64 unused[2];
};

_Static_assert(sizeof(struct msqid) == 120, "struct msqid64_ds of x86-64");

static bool any_size(const struct ipc *ipc, u64 size)
{
	(void)ipc;
	(void)size;
	return true;
}

static bool good(u64 size)
{
	(void)size;
	return true;
}

static struct ipc *make(u64 size, u64 flags)
{
	struct queue *q = heap_alloc(sizeof(*q));

	(void)size;
	(void)flags;
	if (!q)
		return NULL;
	q->most = MSGMNB;
	return &q->ipc;
}

static struct ipc_table queues = {.most = MSGMNI, .fits = any_size, .good = good, .make = make};

static struct queue *find(u64 id)
{
	return (struct queue *)ipc_find(&queues, id);
}

long sys_msgget(u64 key, u64 flags)
{
	return ipc_get(&queues, key, 0, flags);
}

/* ---- sending ---- */

static bool matches(const struct wish *wish, long type)
{
	switch (wish->which) {
	case ANY:
		return true;
	case EQUAL:
		return type == wish->type;
	case OTHER:
		return type != wish->type;
	case LEAST:
		return type <= wish->type;
	}
	return false;
}

static void finish(struct queue *q, struct receiver *r, struct message *got, long result)
{
	struct receiver **link = &q->receivers;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	r->got = got;
	r->result = result;
	wake_thread(r->thread, 0);
}

static void note_received(struct queue *q, const struct process *p)
{
	q->received = ipc_time();
	q->receiver = p->pid;
}

/* To the first that waits for such a message. Those that have no room for it are told so. false: nobody took it. */
static bool hand_over(struct queue *q, struct message *m)
{
	for (struct receiver *r = q->receivers, *next; r; r = next) {
		next = r->next;
		if (!matches(&r->wish, m->type))
			continue;
		if (m->size > r->wish.room && !r->wish.cut) {
			finish(q, r, NULL, -E2BIG);
			continue;
		}
		note_received(q, r->thread->process);
		finish(q, r, m, 0);
		return true;
	}
	return false;
}

/* Until there is room for the message. The queue stays, though it may be removed. */
static long wait_room(struct queue *q, u64 size, u64 flags)
{
	while (size + q->bytes > q->most || q->count + 1 > q->most) {
		long rc;
		if (flags & IPC_NOWAIT)
			return -EAGAIN;
		rc = wait_on(&q->senders, 0);
		if (q->ipc.removed)
			return -EIDRM;
		if (rc)
			return rc;
	}
	return 0;
}

static long send(struct queue *q, struct message *m, u64 flags)
{
	struct message **link = &q->first;
	long rc = wait_room(q, m->size, flags);

	if (rc)
		return rc;
	q->sender = process_current->pid;
	q->sent = ipc_time();
	if (hand_over(q, m))
		return 0;
	while (*link)
		link = &(*link)->next;
	*link = m;
	q->bytes += m->size;
	q->count++;
	return 0;
}

long sys_msgsnd(u64 id, u64 from, u64 size, u64 flags)
{
	struct message *m;
	struct queue *q;
	long type, rc;

	if (!user_read(&type, from, sizeof(type)))
		return -EFAULT;
	if (size > MSGMAX || (int)id < 0 || type < 1)
		return -EINVAL;
	m = heap_alloc(sizeof(*m) + size);
	if (!m)
		return -ENOMEM;
	m->type = type;
	m->size = size;
	q = find(id);
	rc = !user_read(m->text, from + sizeof(type), size) ? -EFAULT : q ? 0 : -EINVAL;
	if (rc == 0) {
		q->ipc.refs++;
		rc = send(q, m, flags);
		ipc_put(&q->ipc);
	}
	if (rc)
		heap_free(m);
	return rc;
}

/* ---- receiving ---- */

static struct wish wish_of(long type, u64 room, u64 flags)
{
	struct wish w = {.which = EQUAL, .type = type, .room = room, .cut = flags & MSG_NOERROR};

	if (type == 0) {
		w.which = ANY;
	} else if (type < 0) {
		w.which = LEAST;
		w.type = type == (long)(1ull << 63) ? (long)(~0ull >> 1) : -type;
	} else if (flags & MSG_EXCEPT) {
		w.which = OTHER;
	}
	return w;
}

/* Where the message that is wanted is linked; NULL: there is none. */
static struct message **choose(struct queue *q, const struct wish *wish)
{
	struct message **best = NULL;

	for (struct message **link = &q->first; *link; link = &(*link)->next) {
		if (!matches(wish, (*link)->type) || (best && (*best)->type <= (*link)->type))
			continue;
		best = link;
		if (wish->which != LEAST)
			break;
	}
	return best;
}

static long sleep(struct queue *q, struct receiver *r)
{
	static struct wait_queue sleepers;
	struct receiver **link = &q->receivers;
	long rc = 0;

	while (*link)
		link = &(*link)->next;
	*link = r;
	q->ipc.refs++;
	while (!r->got && !r->result && rc == 0)
		rc = wait_on(&sleepers, 0);
	if (!r->got && !r->result)
		finish(q, r, NULL, rc);
	ipc_put(&q->ipc);
	return r->result;
}

/* 0: r->got is the message, which is in the queue no more. */
static long receive(struct queue *q, struct receiver *r, u64 flags)
{
	struct message **link = choose(q, &r->wish);

	if (!link)
		return flags & IPC_NOWAIT ? -ENOMSG : sleep(q, r);
	if ((*link)->size > r->wish.room && !r->wish.cut)
		return -E2BIG;
	r->got = *link;
	*link = r->got->next;
	q->bytes -= r->got->size;
	q->count--;
	note_received(q, process_current);
	wake_all(&q->senders);
	return 0;
}

long sys_msgrcv(u64 id, u64 to, u64 size, u64 type, u64 flags)
{
	struct receiver r = {.thread = thread_current, .wish = wish_of((long)type, size, flags)};
	struct queue *q = find(id);
	u64 n;
	long rc;

	if ((long)size < 0 || ((flags & MSG_COPY) && ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT))))
		return -EINVAL;
	if (!q)
		return -EINVAL;
	if (flags & MSG_COPY)
		return -ENOSYS;
	rc = receive(q, &r, flags);
	if (rc)
		return rc;
	n = r.got->size < size ? r.got->size : size;
	rc = user_write(to, &r.got->type, sizeof(r.got->type)) && user_write(to + sizeof(r.got->type), r.got->text, n) ? (long)n : -EFAULT;
	heap_free(r.got);
	return rc;
}

/* ---- msgctl ---- */

/* All that wait look again, or are told this. */
static void wake(struct queue *q, long result)
{
	while (q->receivers)
		finish(q, q->receivers, NULL, result);
	wake_all(&q->senders);
}

static void destroy(struct queue *q)
{
	for (struct message *m; (m = q->first);) {
		q->first = m->next;
		heap_free(m);
	}
	q->ipc.refs++;
	ipc_remove(&queues, &q->ipc);
	wake(q, -EIDRM);
	ipc_put(&q->ipc);
}

static long write_state(const struct queue *q, u64 to, long result)
{
	struct msqid d = {
	    .perm = ipc_perm(&q->ipc), .sent = q->sent, .received = q->received, .changed = q->ipc.changed, .bytes = q->bytes};

	d.count = q->count;
	d.most = q->most;
	d.sender = q->sender;
	d.receiver = q->receiver;
	return user_write(to, &d, sizeof(d)) ? result : -EFAULT;
}

/* use: instead of three of the limits, how many queues, messages and bytes there are */
static long write_limits(u64 to, bool use)
{
	u32 info[8] = {MSGMNI * (MSGMNB / 1024), MSGMNB, MSGMAX, MSGMNB, MSGMNI, MSGSSZ, MSGMNB, MSGSEG};

	if (use)
		info[0] = info[1] = info[6] = 0;
	for (u32 i = 0; use && i < queues.room; i++) {
		const struct queue *q = (const struct queue *)queues.object[i];
		info[0] += q != NULL;
		info[1] += q ? (u32)q->count : 0;
		info[6] += q ? (u32)q->bytes : 0;
	}
	return user_write(to, info, sizeof(info)) ? ipc_highest(&queues) : -EFAULT;
}

static long set_state(u64 id, u64 from)
{
	struct queue *q = find(id);
	struct msqid d;
	long rc;

	if (!user_read(&d, from, sizeof(d)))
		return -EFAULT;
	rc = q ? ipc_set(&q->ipc, &d.perm) : -EINVAL;
	if (rc == 0) {
		q->most = d.most;
		wake(q, -EAGAIN);
	}
	return rc;
}

long sys_msgctl(u64 id, u64 command, u64 buffer)
{
	struct queue *q = find(id);

	if ((int)id < 0)
		return -EINVAL;
	switch ((u32)command) {
	case IPC_INFO:
	case MSG_INFO:
		return write_limits(buffer, (u32)command == MSG_INFO);
	case MSG_STAT:
	case MSG_STAT_ANY:
		q = (struct queue *)ipc_at(&queues, id & 0x7fff);
		return q ? write_state(q, buffer, q->ipc.id) : -EINVAL;
	case IPC_SET:
		return set_state(id, buffer);
	}
	if (!q)
		return -EINVAL;
	switch ((u32)command) {
	case IPC_STAT:
		return write_state(q, buffer, 0);
	case IPC_RMID:
		destroy(q);
		return 0;
	}
	return -EINVAL;
}
