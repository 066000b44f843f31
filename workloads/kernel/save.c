/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The save port: for each save= word its number, an error number or 0, the size, the bytes (README.md). */
#include "save.h"
#include "errno.h"
#include "options.h"
#include "path.h"

enum { SAVE_PORT = 0x404 };

static char buffer[PAGE];

static void put(u32 word)
{
	outl(SAVE_PORT, word);
}

static long find(const char *name, struct inode **inode)
{
	static struct path path;
	long rc = path_find(&path, path_root, name, true);

	if (rc)
		return -rc;
	if (!path.inode)
		return ENOENT;
	*inode = path.inode;
	return (path.inode->mode & S_IFMT) == S_IFREG && !path.inode->generate ? 0 : EINVAL;
}

static void put_contents(const struct inode *inode)
{
	for (u64 at = 0, n; at < inode->size; at += n) {
		n = inode->size - at < PAGE ? inode->size - at : PAGE;
		inode_copy(inode, at, buffer, n);
		const char *from = buffer;
		u64 words = (n + 3) / 4;
		asm volatile("rep outsl" : "+S"(from), "+c"(words) : "d"((u16)SAVE_PORT) : "memory");
	}
}

void save_files(void)
{
	static char name[PATH_SIZE];
	const char *at = NULL;

	for (u32 i = 0; options_next("save", &at, name, sizeof(name)); i++) {
		struct inode *inode = NULL;
		long error = find(name, &inode);
		put(i);
		put((u32)error);
		put(error ? 0 : (u32)inode->size);
		put(error ? 0 : (u32)(inode->size >> 32));
		if (!error)
			put_contents(inode);
	}
}
