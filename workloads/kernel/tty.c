/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COM1, polled: by the reader, and by the timer while somebody waits. The line's carrier (DCD) says whether more may come: when it is lost
 * and all is read, that is the end of input. As a terminal: lines, with erase (DEL), kill (^U), end (^D), interrupt (^C); echo; NL is sent
 * as CR NL only if the program asks for it with TCSETS (OPOST).
 */
#include "tty.h"
#include "errno.h"
#include "file.h"
#include "process.h"
#include "serial.h"
#include "string.h"
#include "user.h"

enum { COM1 = 0x3f8, LSR = COM1 + 5, MSR = COM1 + 6, LSR_DR = 1, MSR_DCD = 0x80, RING = 4096 };
enum { TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCGWINSZ = 0x5413, FIONREAD = 0x541b };
enum { ICRNL = 0400, OPOST = 1, ISIG = 1, ICANON = 2, ECHO = 010 };
enum { VINTR, VQUIT, VERASE, VKILL, VEOF };

static bool terminal;
static char ring[RING];
static u64 taken, arrived, lines_end; /* counts; a reader of a terminal in line mode gets what is before lines_end */
static bool end_typed;
static struct wait_queue readers;
static struct termios { /* as TCGETS has it */
	u32 in, out, control, local;
	u8 line, characters[19];
} termios = {ICRNL, 0, 0x4bf, ISIG | ICANON | ECHO, 0, {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22}};
static int foreground;

static bool line_mode(void)
{
	return terminal && (termios.local & ICANON);
}

static void put(char c)
{
	if (terminal && (termios.out & OPOST) && c == '\n')
		serial_put('\r');
	serial_put(c);
}

static void echo(const char *text)
{
	while ((termios.local & ECHO) && *text)
		put(*text++);
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

static void interrupt(void)
{
	for (struct process *p = process_list; p; p = p->next)
		if (p->group == foreground)
			signal_send(p, &(struct siginfo){.signal = SIGINT, .code = SI_KERNEL});
}

static void type(u8 c)
{
	if (terminal && c == '\r' && (termios.in & ICRNL))
		c = '\n';
	if (terminal && (termios.local & ISIG) && c == termios.characters[VINTR]) {
		echo("^C\n");
		interrupt();
		return;
	}
	if (line_mode() && edit(c))
		return;
	ring[arrived++ % RING] = (char)c;
	if (terminal)
		echo((char[]){(char)c, 0});
	if (!line_mode() || c == '\n')
		lines_end = arrived;
}

static void receive(void)
{
	while (arrived - taken < RING && (inb(LSR) & LSR_DR))
		type(inb(COM1));
}

static bool ended(void)
{
	return end_typed || (!(inb(MSR) & MSR_DCD) && !(inb(LSR) & LSR_DR));
}

static bool available(void)
{
	receive();
	return taken < lines_end || ended();
}

bool tty_input(void)
{
	if ((!readers.first && !sched_pollers.first) || !available())
		return false;
	wake_all(&readers);
	return true;
}

static long tty_read(struct file *file, u64 to, u64 n)
{
	u64 done = 0;

	while (!available()) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_on(&readers, 0))
			return -ERESTART;
	}
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
	return (long)done;
}

static long tty_write(struct file *file, u64 from, u64 n)
{
	char text[256];

	(void)file;
	for (u64 done = 0; done < n;) {
		u64 c = n - done < sizeof(text) ? n - done : sizeof(text);
		if (!user_read(text, from + done, c))
			return done ? (long)done : -EFAULT;
		for (u64 i = 0; i < c; i++)
			put(text[i]);
		done += c;
	}
	return (long)n;
}

static unsigned tty_ready(struct file *file)
{
	(void)file;
	return POLLOUT | (available() ? POLLIN : 0u);
}

static long tty_control(struct file *file, u64 request, u64 argument)
{
	static const u16 size[4] = {24, 80, 0, 0};
	int waiting;

	(void)file;
	if (!terminal)
		return -ENOTTY;
	switch (request) {
	case TCGETS:
		return user_write(argument, &termios, 36) ? 0 : -EFAULT;
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return user_read(&termios, argument, 36) ? 0 : -EFAULT;
	case TIOCGWINSZ:
		return user_write(argument, size, sizeof(size)) ? 0 : -EFAULT;
	case TIOCGPGRP:
		return user_write(argument, &foreground, sizeof(foreground)) ? 0 : -EFAULT;
	case TIOCSPGRP:
		return user_read(&foreground, argument, sizeof(foreground)) ? 0 : -EFAULT;
	case FIONREAD:
		receive();
		waiting = (int)(lines_end - taken);
		return user_write(argument, &waiting, sizeof(waiting)) ? 0 : -EFAULT;
	}
	return -ENOTTY;
}

static const struct device tty_device = {.read = tty_read, .write = tty_write, .ready = tty_ready, .control = tty_control};

void tty_init(bool is_terminal)
{
	terminal = is_terminal;
	foreground = 1;
	serial_init();
}

/* As streams they look like pipes, which is what they most often are on the host. */
struct inode *tty_inode(void)
{
	struct inode *inode = inode_new(terminal ? S_IFCHR | 0620 : S_IFIFO | 0600);

	if (inode) {
		inode->device = &tty_device;
		inode->device_number = terminal ? 5 << 8 | 1 : 0;
	}
	return inode;
}
