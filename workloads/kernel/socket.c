/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairs of connected sockets (AF_UNIX), as streams and with whole messages. LIMIT: no other sockets, no ancillary data (descriptors,
 * credentials); options can be asked for, not set.
 */
#include "errno.h"
#include "heap.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "user.h"

enum { AF_UNIX = 1, SOCK_STREAM = 1, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET = 5, KIND = 15, BUFFER = 212992, FIONREAD = 0x541b };
enum { MSG_PEEK = 2, MSG_TRUNC = 32, MSG_DONTWAIT = 64, MSG_NOSIGNAL = 0x4000, MSG_WAITALL = 0x100, MSG_CMSG_CLOEXEC = 0x40000000 };
enum { SHUT_RD, SHUT_WR, SHUT_RDWR };

struct message {
	struct message *next;
	u64 size, taken;
	u8 bytes[];
};

struct socket {
	struct socket *peer; /* NULL: it is closed */
	unsigned kind;
	int maker;		      /* process */
	struct message *first, *last; /* what has come */
	u64 held;		      /* bytes in them */
	bool no_read, no_write;	      /* shutdown */
	struct inode *inode;
	struct wait_queue readers, writers;
};

static const struct device socket_device;

static struct socket *socket_of(const struct file *file)
{
	return file->inode->device == &socket_device ? file->inode->state : NULL;
}

static void came(struct socket *s)
{
	s->inode->came++;
	wake_all(&s->readers);
	wake_pollers();
}

static void left(struct socket *s)
{
	if (s) {
		s->inode->left++;
		wake_all(&s->writers);
	}
	wake_pollers();
}

static void drop_first(struct socket *s)
{
	struct message *m = s->first;

	s->first = m->next;
	heap_free(m);
}

static bool datagrams(const struct socket *s)
{
	return s->kind == SOCK_DGRAM;
}

/* Waits for something to read: 1, 0 at the end, or a negative error. */
static long wait_readable(struct socket *s, bool wait)
{
	while (!s->first) {
		if (s->no_read || (!s->peer && !datagrams(s)) || (s->peer && s->peer->no_write))
			return 0;
		if (!s->peer)
			return -ECONNRESET;
		if (!wait)
			return -EAGAIN;
		if (wait_on(&s->readers, 0))
			return -ERESTART;
	}
	return 1;
}

/* From one message, or, of a stream, from as many as it takes. */
static long receive(struct socket *s, u64 to, u64 n, u64 flags, bool wait)
{
	u64 done = 0;
	long rc = wait_readable(s, wait && !(flags & MSG_DONTWAIT));

	if (rc <= 0)
		return rc;
	for (struct message *m = s->first; m;) {
		u64 rest = m->size - m->taken, c = n - done < rest ? n - done : rest;
		if (!user_write(to + done, m->bytes + m->taken, c))
			return done ? (long)done : -EFAULT;
		done += c;
		if (s->kind != SOCK_STREAM) {
			done = flags & MSG_TRUNC ? rest : done;
			if (!(flags & MSG_PEEK)) {
				s->held -= rest;
				drop_first(s);
			}
			break;
		}
		if (flags & MSG_PEEK) {
			m = m->next;
		} else {
			m->taken += c;
			s->held -= c;
			if (m->taken == m->size)
				drop_first(s);
			m = s->first;
		}
		if (done == n)
			break;
		if (!m && (flags & MSG_WAITALL) && !(flags & MSG_PEEK) && wait_readable(s, true) > 0)
			m = s->first;
	}
	if (!(flags & MSG_PEEK))
		left(s->peer);
	return (long)done;
}

static long broken(const struct socket *s, u64 flags)
{
	if (s->kind == SOCK_STREAM && !(flags & MSG_NOSIGNAL))
		signal_send_thread(thread_current, &(struct siginfo){.signal = SIGPIPE});
	return -EPIPE;
}

/* One message to the peer; of a stream, what there is room for. */
static long send_one(struct socket *s, u64 from, u64 n, u64 flags, bool wait)
{
	struct message *m;

	if (s->kind != SOCK_STREAM && n > BUFFER - 32)
		return -EMSGSIZE;
	for (;;) {
		struct socket *peer = s->peer;
		if (s->no_write || !peer || peer->no_read)
			return !s->no_write && !peer && datagrams(s) ? -ECONNREFUSED : broken(s, flags);
		if (peer->held + (s->kind == SOCK_STREAM ? 1 : n) <= BUFFER)
			break;
		if (!wait || (flags & MSG_DONTWAIT))
			return -EAGAIN;
		if (wait_on(&s->writers, 0))
			return -ERESTART;
	}
	if (s->kind == SOCK_STREAM && n > BUFFER - s->peer->held)
		n = BUFFER - s->peer->held;
	m = heap_alloc(sizeof(*m) + n);
	if (!m)
		return -ENOBUFS;
	m->size = n;
	if (!user_read(m->bytes, from, n)) {
		heap_free(m);
		return -EFAULT;
	}
	if (s->peer->first)
		s->peer->last->next = m;
	else
		s->peer->first = m;
	s->peer->last = m;
	s->peer->held += n;
	came(s->peer);
	return (long)n;
}

static long send(struct socket *s, u64 from, u64 n, u64 flags, bool wait)
{
	u64 done = 0;

	if (s->kind != SOCK_STREAM)
		return send_one(s, from, n, flags, wait);
	while (done < n) {
		u64 most = n - done < 32768 ? n - done : 32768;
		long rc = send_one(s, from + done, most, flags, wait);
		if (rc < 0)
			return done ? (long)done : rc;
		done += (u64)rc;
	}
	return (long)done;
}

static bool waits(const struct file *file)
{
	return !(file->flags & O_NONBLOCK);
}

static long socket_read(struct file *file, u64 to, u64 n)
{
	return n || datagrams(socket_of(file)) ? receive(socket_of(file), to, n, 0, waits(file)) : 0;
}

static long socket_write(struct file *file, u64 from, u64 n)
{
	return send(socket_of(file), from, n, 0, waits(file));
}

static unsigned socket_ready(struct file *file)
{
	const struct socket *s = socket_of(file), *peer = s->peer;
	bool ended = s->no_read || (!peer && !datagrams(s)) || (peer && peer->no_write);
	unsigned ready = s->first || ended ? POLLIN : 0;

	if (!peer || peer->no_read || peer->held + 4096 <= BUFFER)
		ready |= POLLOUT;
	if (ended)
		ready |= POLLRDHUP;
	if ((!peer && !datagrams(s)) || (ended && s->no_write))
		ready |= POLLHUP;
	return ready;
}

static void socket_close(struct file *file)
{
	struct socket *s = socket_of(file);

	if (s->peer) {
		s->peer->peer = NULL;
		came(s->peer);
		left(s->peer);
	}
	while (s->first)
		drop_first(s);
	file->inode->state = NULL;
	heap_free(s);
}

static long socket_control(struct file *file, u64 request, u64 argument)
{
	const struct socket *s = socket_of(file);
	int n = (int)(s->kind == SOCK_STREAM || !s->first ? s->held : s->first->size);

	if (request != FIONREAD)
		return -ENOTTY;
	return user_write(argument, &n, sizeof(n)) ? 0 : -EFAULT;
}

static const struct device socket_device = {
    .read = socket_read, .write = socket_write, .ready = socket_ready, .control = socket_control, .close = socket_close};

/* One of a pair, in its file; NULL: no memory. */
static struct file *make(unsigned kind, u32 flags)
{
	struct socket *s = heap_alloc(sizeof(*s));
	struct inode *inode = s ? inode_new(S_IFSOCK | 0777) : NULL;
	struct file *file = inode ? file_new(inode, O_RDWR | flags) : NULL;

	inode_put(inode);
	if (!file) {
		heap_free(s);
		return NULL;
	}
	*s = (struct socket){.kind = kind, .maker = process_current->pid, .inode = inode};
	inode->state = s;
	inode->device = &socket_device;
	return file;
}

static long check(u64 domain, u64 type, u64 protocol)
{
	u64 kind = type & KIND;

	if (type & ~(u64)(KIND | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (domain != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	return kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_RAW && kind != SOCK_SEQPACKET ? -ESOCKTNOSUPPORT : 0;
}

long sys_socketpair(u64 domain, u64 type, u64 protocol, u64 to)
{
	struct files *files = process_current->files;
	unsigned kind = type & KIND;
	struct file *end[2] = {NULL, NULL};
	long rc = check(domain, type, protocol);
	int fd[2];

	if (rc)
		return rc;
	for (unsigned i = 0; i < 2; i++)
		end[i] = make(kind == SOCK_RAW ? SOCK_DGRAM : kind, (u32)type & O_NONBLOCK);
	if (!end[0] || !end[1]) {
		if (end[0])
			file_put(end[0]);
		return -ENOMEM;
	}
	socket_of(end[0])->peer = socket_of(end[1]);
	socket_of(end[1])->peer = socket_of(end[0]);
	fd[0] = (int)files_add(files, end[0], 0, type & O_CLOEXEC);
	fd[1] = (int)files_add(files, end[1], 0, type & O_CLOEXEC);
	rc = fd[0] < 0 || fd[1] < 0 ? -EMFILE : user_write(to, fd, sizeof(fd)) ? 0 : -EFAULT;
	for (unsigned i = 0; i < 2 && rc; i++)
		if (fd[i] >= 0)
			files_close(files, (u64)fd[i]);
	return rc;
}

/* Sockets that would have to be found by an address. */
long sys_socket(u64 domain, u64 type, u64 protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return -EAFNOSUPPORT;
}

static long find(u64 fd, struct file **file)
{
	*file = files_find(process_current->files, fd);
	if (!*file)
		return -EBADF;
	return socket_of(*file) ? 0 : -ENOTSOCK;
}

long sys_sendto(u64 fd, u64 from, u64 n, u64 flags, u64 address, u64 address_size)
{
	struct file *file;
	long rc = find(fd, &file);

	(void)address_size;
	if (rc == 0 && address)
		rc = -EISCONN;
	if (rc == 0 && !user_range(from, n))
		rc = -EFAULT;
	if (rc)
		return rc;
	file_get(file);
	rc = send(socket_of(file), from, n, flags, waits(file));
	file_put(file);
	return rc;
}

/* Nobody of a pair has a name. */
static bool no_name(u64 address, u64 size)
{
	u32 none = 0;

	return !address || user_write(size, &none, sizeof(none));
}

long sys_recvfrom(u64 fd, u64 to, u64 n, u64 flags, u64 address, u64 address_size)
{
	struct file *file;
	long rc = find(fd, &file);

	if (rc == 0 && !user_range(to, n))
		rc = -EFAULT;
	if (rc)
		return rc;
	file_get(file);
	rc = receive(socket_of(file), to, n, flags, waits(file));
	file_put(file);
	return rc >= 0 && !no_name(address, address_size) ? -EFAULT : rc;
}

struct header { /* struct msghdr */
	u64 name, name_size, list, count, control, control_size, flags;
};

/* The pieces of a message, one after the other. LIMIT: of a socket with messages, each piece is one. */
static long pieces(u64 fd, u64 from, u64 flags, bool sending)
{
	struct header h;
	u64 piece[2];
	long done = 0;

	if (!user_read(&h, from, sizeof(h)))
		return -EFAULT;
	if (h.count > 1024)
		return -EMSGSIZE;
	for (u64 i = 0; i < h.count; i++) {
		if (!user_read(piece, h.list + i * sizeof(piece), sizeof(piece)))
			return -EFAULT;
		if (!piece[1] && h.count > 1)
			continue;
		long rc = sending ? sys_sendto(fd, piece[0], piece[1], flags, h.name, h.name_size)
				  : sys_recvfrom(fd, piece[0], piece[1], done ? flags | MSG_DONTWAIT : flags, 0, 0);
		if (rc < 0)
			return done ? done : rc;
		done += rc;
		if ((u64)rc < piece[1])
			break;
	}
	h.name_size = h.control_size = h.flags = 0;
	if (!sending && !user_write(from, &h, sizeof(h)))
		return -EFAULT;
	return done;
}

long sys_sendmsg(u64 fd, u64 from, u64 flags)
{
	return pieces(fd, from, flags, true);
}

long sys_recvmsg(u64 fd, u64 from, u64 flags)
{
	return pieces(fd, from, flags & ~(u64)MSG_CMSG_CLOEXEC, false);
}

long sys_shutdown(u64 fd, u64 how)
{
	struct file *file;
	struct socket *s;
	long rc = find(fd, &file);

	if (rc || how > SHUT_RDWR)
		return rc ? rc : -EINVAL;
	s = socket_of(file);
	s->no_read |= how != SHUT_WR;
	s->no_write |= how != SHUT_RD;
	came(s);
	left(s);
	if (s->peer) {
		came(s->peer);
		left(s->peer);
	}
	return 0;
}

/* ---- what they are ---- */

enum { SOL_SOCKET = 1, SO_TYPE = 3, SO_ERROR, SO_SNDBUF = 7, SO_RCVBUF, SO_PEERCRED = 17, SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN };

/* As much of it as there is room for; the size that the program has becomes how much there is to say. */
static long tell(u64 to, u64 size_to, const void *what, u32 n, bool cut)
{
	int room;

	if (!user_read(&room, size_to, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	u32 size = (u32)room < n ? (u32)room : n;
	if (cut)
		n = size;
	return user_write(to, what, size) && user_write(size_to, &n, sizeof(n)) ? 0 : -EFAULT;
}

long sys_getsockopt(u64 fd, u64 level, u64 option, u64 to, u64 size_to)
{
	struct file *file;
	long rc = find(fd, &file);

	if (rc || (int)level != SOL_SOCKET)
		return rc ? rc : -ENOTSUP;
	const struct socket *s = socket_of(file);
	int value[3] = {0};
	switch (option) {
	case SO_TYPE:
		value[0] = s->kind == SOCK_RAW ? SOCK_DGRAM : (int)s->kind;
		break;
	case SO_SNDBUF:
	case SO_RCVBUF:
		value[0] = BUFFER;
		break;
	case SO_DOMAIN:
		value[0] = AF_UNIX;
		break;
	case SO_ERROR:
	case SO_ACCEPTCONN:
	case SO_PROTOCOL:
		break;
	case SO_PEERCRED: /* process, user, group */
		value[0] = s->maker;
		return tell(to, size_to, value, sizeof(value), true);
	default:
		return -ENOPROTOOPT;
	}
	return tell(to, size_to, value, sizeof(value[0]), true);
}

static long refuse(u64 fd, long error)
{
	struct file *file;
	long rc = find(fd, &file);

	return rc ? rc : error;
}

long sys_setsockopt(u64 fd, u64 level, u64 option, u64 from, u64 size)
{
	(void)level;
	(void)option;
	(void)from;
	(void)size;
	return refuse(fd, -ENOPROTOOPT);
}

/* They have no names, only a family. */
static long name(u64 fd, u64 to, u64 size_to)
{
	u16 family = AF_UNIX;
	long rc = refuse(fd, 0);

	return rc ? rc : tell(to, size_to, &family, sizeof(family), false);
}

long sys_getsockname(u64 fd, u64 to, u64 size_to)
{
	return name(fd, to, size_to);
}

long sys_getpeername(u64 fd, u64 to, u64 size_to)
{
	return name(fd, to, size_to);
}

long sys_bind(u64 fd, u64 address, u64 size)
{
	(void)address;
	(void)size;
	return refuse(fd, -EINVAL);
}

long sys_listen(u64 fd, u64 backlog)
{
	(void)backlog;
	return refuse(fd, -EINVAL);
}

long sys_accept(u64 fd, u64 address, u64 size_to)
{
	(void)address;
	(void)size_to;
	return refuse(fd, -EINVAL);
}

long sys_accept4(u64 fd, u64 address, u64 size_to, u64 flags)
{
	(void)flags;
	return sys_accept(fd, address, size_to);
}

long sys_connect(u64 fd, u64 address, u64 size)
{
	(void)address;
	(void)size;
	return refuse(fd, -EISCONN);
}
