/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot modules become files. A module's string is its path in the guest, with words before or after it: the last word that begins
 * with / is the path (QEMU puts the host's path first); mode=OCTAL gives the mode (0755 if not said), type=dir makes a directory of the
 * path, type=link a symbolic link with the module's contents as target. Words are encoded as on the command line.
 */
#include "modules.h"
#include "heap.h"
#include "layout.h"
#include "log.h"
#include "options.h"
#include "path.h"
#include "string.h"

enum { TEXT = 4096, HAS_CMDLINE = 4, HAS_MODULES = 8, INFO_SIZE = 120 };

struct info {
	u32 flags, lower, upper, device, cmdline, count, list;
};

/* The list as the loader left it: what reaches up to info_end is not given out as free memory. */
struct module {
	u32 start, end, text, reserved;
};
static u64 list;
static u32 count;
static u64 info_end;

static void reach(u64 end)
{
	if (end > info_end)
		info_end = end;
}

void modules_note(u64 multiboot)
{
	const struct info *info = direct(multiboot);

	reach(multiboot + INFO_SIZE);
	if (info->flags & HAS_CMDLINE) {
		options_init(direct(info->cmdline));
		reach(info->cmdline + strlen(direct(info->cmdline)) + 1);
	}
	if (!(info->flags & HAS_MODULES))
		return;
	list = info->list;
	count = info->count;
	reach(list + count * sizeof(struct module));
	for (const struct module *m = direct(list), *end = m + count; m < end; m++) {
		reach(m->end);
		reach(m->text + strlen(direct(m->text)) + 1);
	}
}

u64 modules_end(u64 from)
{
	return page_round(from > info_end ? from : info_end);
}

static u32 octal(const char *digits)
{
	u32 v = 0;

	for (; *digits >= '0' && *digits <= '7'; digits++)
		v = v * 8 + (u32)(*digits - '0');
	return v & 07777;
}

/* Cuts the text into words. */
static const char *parse(char *text, u32 *mode)
{
	const char *path = NULL;
	u32 type = S_IFREG;

	*mode = 0755;
	for (char *word = text, *end; *word; word = end) {
		for (end = word; *end && *end != ' ';)
			end++;
		while (*end == ' ')
			*end++ = 0;
		if (word[0] == '/')
			path = word;
		else if (memcmp(word, "mode=", 5) == 0)
			*mode = octal(word + 5);
		else if (strcmp(word, "type=dir") == 0)
			type = S_IFDIR;
		else if (strcmp(word, "type=link") == 0)
			type = S_IFLNK;
	}
	*mode |= type;
	return path;
}

static struct inode *make(const struct module *m, u32 mode)
{
	struct inode *inode = inode_new(mode);
	u64 size = m->end - m->start;

	if (!inode)
		return NULL;
	if ((mode & S_IFMT) == S_IFLNK) {
		inode->mode = S_IFLNK | 0777; /* as all links */
		inode->target = heap_text(direct(m->start), size);
		inode->size = size;
	} else if ((mode & S_IFMT) == S_IFREG && m->start % PAGE == 0) {
		inode_adopt(inode, m->start, size);
	} else if ((mode & S_IFMT) == S_IFREG) {
		inode_append(inode, direct(m->start), size);
	}
	return inode;
}

bool modules_install(void)
{
	const struct module *module = direct(list);

	for (unsigned i = 0; i < count; i++) {
		static char text[TEXT], path_text[TEXT];
		u32 mode;
		text_add(text, TEXT, 0, "%s", (const char *)direct(module[i].text));
		const char *path = parse(text, &mode);
		struct inode *inode;
		if (!path) {
			log("module %u has no path that begins with /", i);
			continue;
		}
		options_decode(path, path_text, TEXT);
		inode = make(&module[i], mode);
		if (!inode || !path_install(path_text, inode))
			return false;
		inode_put(inode);
	}
	return true;
}
