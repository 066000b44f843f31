/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first process, number 2: its files are the console, its environment the env= words. When it ends, everything does. */
#include "program.h"
#include "console.h"
#include "errno.h"
#include "exec.h"
#include "log.h"
#include "options.h"
#include "page.h"
#include "path.h"
#include "process.h"
#include "save.h"
#include "string.h"
#include "tty.h"

enum { POST = 0x80, POST_BEGIN = 0xb0, POST_END = 0xb1, EXIT_PORT = 0xf4, WORD = 32768 };

static char word[WORD], program[PATH_SIZE];

void program_end(int status)
{
	u32 signal = (u32)status & 0x7f, value = signal ? 128 + signal : (u32)status >> 8 & 0xff;

	outb(POST, POST_END);
	console_finish();
	save_files();
	outl(EXIT_PORT, value | signal << 8);
	for (const char *p = "Shutdown"; *p; p++)
		outb(0x8900, (u8)*p);
	for (;;)
		asm volatile("cli; hlt");
}

static void collect(void)
{
	const char *at = NULL;
	bool ok = true;

	while (ok && options_argument(&at, word, sizeof(word))) {
		const char *name = NULL;
		if (!exec_strings.count) {
			text_add(program, sizeof(program), 0, "%s", word);
			options_next("name", &name, word, sizeof(word)); /* else it is the path */
		}
		ok = exec_add(&exec_strings, word);
	}
	exec_strings.arguments = exec_strings.count;
	for (at = NULL; ok && options_next("env", &at, word, sizeof(word));)
		ok = exec_add(&exec_strings, word);
	if (!ok)
		panic("arguments and environment are too long", 0, 0);
	if (!exec_strings.arguments)
		panic("no init=PROGRAM on the command line", 0, 0);
}

static void open_console(struct files *files)
{
	for (unsigned fd = 0; fd < 3; fd++) {
		struct inode *inode = tty_inode(fd == 2 ? CONSOLE_ERROR : CONSOLE_OUTPUT);
		struct file *file = inode ? file_new(inode, tty_is_terminal() ? O_RDWR : fd ? O_WRONLY : 0) : NULL;
		if (file)
			files_add(files, file, fd, false);
		inode_put(inode);
	}
}

static struct inode *directory(void)
{
	static struct path path;
	const char *at = NULL;

	if (options_next("cwd", &at, word, sizeof(word)) && path_find(&path, path_root, word, true) == 0 && path.inode)
		return path.inode;
	return path_root;
}

void program_start(void)
{
	struct process *p = process_new(NULL);
	struct trap regs = {};
	struct thread *t;
	long rc;

	if (!p || !(p->files = files_new()) || !(t = thread_new(p, &regs)))
		panic("no memory for the first process", 0, 0);
	p->group = p->pid;
	p->session = NOBODY;
	p->umask = 022;
	process_first_limits(p);
	p->directory = directory();
	inode_get(p->directory);
	open_console(p->files);
	collect();
	thread_current = t;
	rc = exec_program(program, &exec_strings, thread_trap(t));
	if (rc) {
		log("cannot run %s: error %u", program, (u32)-rc);
		program_end((rc == -ENOENT ? 127 : 126) << 8);
	}
	thread_current = NULL;
	sched_ready(t);
	outb(POST, POST_BEGIN);
}
