/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console as standard files. Input is looked for by the reader, and by the timer while somebody waits. As a terminal: lines, with erase
 * (DEL), kill (^U), end (^D), interrupt (^C), quit (^\), suspend (^Z); echo; NL is sent as CR NL only if the program asks for it with
 * TCSETS (OPOST). As streams nothing is read that the program does not ask for.
 */
#include "tty.h"
#include "errno.h"
#include "file.h"
#include "process.h"
#include "string.h"
#include "tty_jobs.h"
#include "user.h"

enum { RING = 4096 };
enum { TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ = 0x5413, FIONREAD = 0x541b };
enum { ICRNL = 0400, OPOST = 1, ISIG = 1, ICANON = 2, ECHO = 010, TOSTOP = 0400 };
enum { VINTR, VQUIT, VERASE, VKILL, VEOF, VSUSP = 10 };

static bool terminal;
static char ring[RING];
static u64 taken, arrived, lines_end; /* counts; a reader of a terminal in line mode gets what is before lines_end */
static bool end_typed, hung_up;
static bool polled; /* one of those who poll wants input */
static struct wait_queue readers;
static struct termios { /* as TCGETS has it */
	u32 in, out, control, local;
	u8 line, characters[19];
} termios = {ICRNL, 0, 0x4bf, ISIG | ICANON | ECHO, 0, {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22}};

static bool line_mode(void)
{
	return termios.local & ICANON;
}

/* A terminal's output. */
static void put(const char *text, u64 n)
{
	if (!(termios.out & OPOST)) {
		console_write(CONSOLE_OUTPUT, text, n);
		return;
	}
	for (u64 i = 0, line; i < n; i += line) {
		for (line = 0; i + line < n && text[i + line] != '\n';)
			line++;
		console_write(CONSOLE_OUTPUT, text + i, line);
		if (i + line == n)
			return;
		console_write(CONSOLE_OUTPUT, "\r\n", 2);
		line++;
	}
}

static void echo(const char *text)
{
	if (termios.local & ECHO)
		put(text, strlen(text));
}

static bool edit(u8 c)
{
	if (c == termios.characters[VERASE]) {
		if (arrived > lines_end) {
			arrived--;
			echo("\b \b");
		}
	} else if (c == termios.characters[VKILL]) {
		for (; arrived > lines_end; arrived--)
			echo("\b \b");
	} else if (c == termios.characters[VEOF]) {
		end_typed = arrived == lines_end;
		lines_end = arrived;
	} else {
		return false;
	}
	return true;
}

/* A character that sends a signal. */
static bool interrupt(u8 c)
{
	static const struct {
		u8 character, signal;
		const char *echo;
	} keys[] = {{VINTR, SIGINT, "^C\n"}, {VQUIT, SIGQUIT, "^\\\n"}, {VSUSP, SIGTSTP, "^Z\n"}};

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (c && c == termios.characters[keys[i].character]) {
			echo(keys[i].echo);
			tty_jobs_signal(keys[i].signal);
			return true;
		}
	return false;
}

static void type(u8 c)
{
	if (c == '\r' && (termios.in & ICRNL))
		c = '\n';
	if ((termios.local & ISIG) && interrupt(c))
		return;
	if (line_mode() && edit(c))
		return;
	ring[arrived++ % RING] = (char)c;
	echo((char[]){(char)c, 0});
	if (!line_mode() || c == '\n')
		lines_end = arrived;
}

static void receive(void)
{
	char text[256];
	u64 room = RING - (arrived - taken);
	long n = room ? console_read(text, room < sizeof(text) ? room : sizeof(text), false) : 0;

	hung_up |= n == CONSOLE_END;
	for (long i = 0; i < n; i++)
		type((u8)text[i]);
}

/* A read of the terminal would not wait. */
static bool available(void)
{
	receive();
	return taken < lines_end || end_typed || hung_up;
}

bool tty_input(void)
{
	bool wanted = terminal || readers.first || (sched_pollers.first && polled); /* a terminal's ^C, at any time */

	if (!wanted || !(terminal ? available() : console_ready(false)))
		return false;
	polled = false;
	wake_all(&readers);
	return true;
}

bool tty_idle(void)
{
	if (!readers.first && !(sched_pollers.first && polled))
		return false;
	if (!sched_alone() || !console_ready(true) || !tty_input())
		return false;
	wake_pollers();
	return true;
}

/* Until there may be input. */
static long wait_input(const struct file *file)
{
	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	if (!signal_waits(thread_current) && sched_alone() && console_ready(true))
		return 0;
	return wait_on(&readers, 0) ? -ERESTART : 0;
}

static long terminal_read(struct file *file, u64 to, u64 n)
{
	u64 done = 0;
	long rc;

	while ((rc = tty_jobs_read()) == 0 && !available())
		if ((rc = wait_input(file)))
			break;
	if (rc)
		return rc;
	while (done < n && taken < lines_end) {
		char c = ring[taken % RING];
		if (!user_write(to + done, &c, 1))
			return done ? (long)done : -EFAULT;
		taken++;
		done++;
		if (line_mode() && c == '\n')
			break;
		if (taken == lines_end && !line_mode())
			receive();
	}
	if (!done)
		end_typed = false;
	file->inode->came++; /* what comes next is an edge for epoll */
	return (long)done;
}

static long terminal_write(struct file *file, u64 from, u64 n)
{
	char text[256];
	long rc = termios.local & TOSTOP ? tty_jobs_change() : 0;

	(void)file;
	if (rc)
		return rc;
	for (u64 done = 0, c; done < n; done += c) {
		c = n - done < sizeof(text) ? n - done : sizeof(text);
		if (!user_read(text, from + done, c))
			return done ? (long)done : -EFAULT;
		put(text, c);
	}
	return (long)n;
}

static unsigned terminal_ready(struct file *file)
{
	bool input = available();

	(void)file;
	polled |= !input;
	return POLLOUT | (input ? POLLIN : 0u);
}

/* A block at a time, as far as it is there: of what is asked for, no more is taken from the host than goes to the program. */
static long stream_read(struct file *file, u64 to, u64 n)
{
	static char text[CONSOLE_BLOCK];
	u64 done = 0;

	while (done < n) {
		u64 most = n - done < sizeof(text) ? n - done : sizeof(text);
		bool wait = !done && !(file->flags & O_NONBLOCK) && !signal_waits(thread_current) && sched_alone();
		long got = console_read(text, most, wait), rc;
		if (got == CONSOLE_END || (!got && done))
			break;
		if (got && !user_write(to + done, text, (u64)got))
			return done ? (long)done : -EFAULT;
		done += (u64)got;
		if (got && (u64)got < most)
			break;
		if (!got && (rc = wait_input(file)))
			return rc;
	}
	file->inode->came++;
	return (long)done;
}

static long stream_write(struct file *file, u64 from, u64 n)
{
	static char text[CONSOLE_BLOCK];

	for (u64 done = 0, c; done < n; done += c) {
		c = n - done < sizeof(text) ? n - done : sizeof(text);
		if (!user_read(text, from + done, c))
			return done ? (long)done : -EFAULT;
		console_write((enum console_stream)(u64)file->inode->state, text, c);
	}
	return (long)n;
}

static unsigned stream_ready(struct file *file)
{
	bool input = file_readable(file) && console_ready(false);

	polled |= file_readable(file) && !input;
	return (file_writable(file) ? POLLOUT : 0u) | (input ? POLLIN : 0u);
}

static long terminal_control(struct file *file, u64 request, u64 argument)
{
	static const u16 size[4] = {24, 80, 0, 0};
	int waiting;
	long rc;

	(void)file;
	switch (request) {
	case TCGETS:
		return user_write(argument, &termios, 36) ? 0 : -EFAULT;
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		rc = tty_jobs_change();
		return rc ? rc : user_read(&termios, argument, 36) ? 0 : -EFAULT;
	case TIOCGWINSZ:
		return user_write(argument, size, sizeof(size)) ? 0 : -EFAULT;
	case FIONREAD:
		receive();
		waiting = (int)(lines_end - taken);
		return user_write(argument, &waiting, sizeof(waiting)) ? 0 : -EFAULT;
	}
	return tty_jobs_control(request, argument);
}

static const struct device terminal_device = {
    .read = terminal_read, .write = terminal_write, .ready = terminal_ready, .control = terminal_control};
static const struct device stream_device = {.read = stream_read, .write = stream_write, .ready = stream_ready};

void tty_init(bool is_terminal)
{
	terminal = is_terminal;
	console_init();
}

bool tty_is_terminal(void)
{
	return terminal;
}

/* As streams they look like pipes, which is what they most often are on the host. */
struct inode *tty_inode(enum console_stream to)
{
	static struct inode *shared;
	struct inode *inode;

	if (shared) {
		inode_get(shared);
		return shared;
	}
	inode = inode_new(terminal ? S_IFCHR | 0620 : S_IFIFO | 0600);

	if (inode) {
		inode->device = terminal ? &terminal_device : &stream_device;
		inode->device_number = terminal ? 5 << 8 | 1 : 0;
		inode->state = (void *)(u64)to;
	}
	if (terminal && inode) { /* one for all, so that it has a name */
		inode_get(inode);
		shared = inode;
	}
	return inode;
}
