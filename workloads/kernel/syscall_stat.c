/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file is (stat and its kin), and what is in a directory. */
#include "errno.h"
#include "layout.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "syscall_path.h"
#include "time.h"
#include "user.h"

static unsigned type(const struct inode *inode)
{
	return inode->mode & S_IFMT;
}

struct stat {
	u64 device, number, links;
	u32 mode, user, group, pad;
	u64 device_number, size, block_size, blocks;
	u64 accessed[2], modified[2], changed[2], unused[3];
};

_Static_assert(sizeof(struct stat) == 144, "struct stat of x86-64");

static u64 size_of(const struct inode *inode)
{
	return type(inode) == S_IFDIR ? PAGE : inode->size;
}

/* In pieces of 512 bytes; holes take none. */
static u64 blocks_of(const struct inode *inode)
{
	u64 pages = 0;

	for (u64 i = 0; i < inode->frames_room; i++)
		pages += inode->frames[i] != 0;
	return pages * (PAGE / 512);
}

static long write_stat(const struct inode *inode, u64 to)
{
	struct stat stat = {.device = 1,
			    .number = inode->number,
			    .links = inode->links,
			    .mode = inode->mode,
			    .user = inode->user,
			    .group = inode->group,
			    .device_number = inode->device_number,
			    .size = size_of(inode),
			    .block_size = PAGE,
			    .blocks = blocks_of(inode),
			    .accessed = {inode->accessed / SECOND, inode->accessed % SECOND},
			    .modified = {inode->modified / SECOND, inode->modified % SECOND},
			    .changed = {inode->changed / SECOND, inode->changed % SECOND}};

	return user_write(to, &stat, sizeof(stat)) ? 0 : -EFAULT;
}

long sys_fstat(u64 fd, u64 to)
{
	struct file *file = files_find(process_current->files, fd);

	return file ? write_stat(file->inode, to) : -EBADF;
}

/* The inode that fd and name mean; with AT_EMPTY_PATH and an empty name, fd's own. */
static long look_stat(u64 fd, u64 name, u64 flags, const struct inode **inode)
{
	struct file *file = files_find(process_current->files, fd);
	char first = 1;

	if ((flags & AT_EMPTY_PATH) && name && !user_read(&first, name, 1))
		return -EFAULT;
	if ((flags & AT_EMPTY_PATH) && (!name || !first)) {
		*inode = (int)fd == (int)AT_FDCWD ? process_current->directory : file ? file->inode : NULL;
		return *inode ? 0 : -EBADF;
	}
	return syscall_look(fd, name, !(flags & AT_SYMLINK_NOFOLLOW), inode);
}

long sys_newfstatat(u64 fd, u64 name, u64 to, u64 flags)
{
	const struct inode *inode;
	long rc = look_stat(fd, name, flags, &inode);

	return rc ? rc : write_stat(inode, to);
}

long sys_stat(u64 name, u64 to)
{
	return sys_newfstatat(AT_FDCWD, name, to, 0);
}

long sys_lstat(u64 name, u64 to)
{
	return sys_newfstatat(AT_FDCWD, name, to, AT_SYMLINK_NOFOLLOW);
}

struct statx {
	u32 mask, block_size;
	u64 attributes;
	u32 links, user, group;
	u16 mode, pad;
	u64 number, size, blocks, attributes_mask;
	u64 times[8]; /* accessed, born, changed, modified: seconds, then nanoseconds in 32 bits */
	u32 device_major, device_minor, major, minor;
	u64 unused[14];
};

_Static_assert(sizeof(struct statx) == 256, "struct statx");

long sys_statx(u64 fd, u64 name, u64 flags, u64 mask, u64 to)
{
	const struct inode *inode;
	long rc = look_stat(fd, name, flags, &inode);

	(void)mask;
	if (rc)
		return rc;
	struct statx x = {.mask = 0x7ff,
			  .block_size = PAGE,
			  .links = (u32)inode->links,
			  .mode = (u16)inode->mode,
			  .user = inode->user,
			  .group = inode->group,
			  .number = inode->number,
			  .size = size_of(inode),
			  .blocks = blocks_of(inode),
			  .times = {inode->accessed / SECOND, inode->accessed % SECOND, inode->changed / SECOND, inode->changed % SECOND,
				    inode->changed / SECOND, inode->changed % SECOND, inode->modified / SECOND, inode->modified % SECOND},
			  .device_major = (u32)(inode->device_number >> 8),
			  .device_minor = (u32)(inode->device_number & 0xff),
			  .minor = 1};
	return user_write(to, &x, sizeof(x)) ? 0 : -EFAULT;
}

struct listed {
	u64 number, next;
	u16 size;
	u8 type;
	char name[256];
};

/* One name at to, if there is room; its size. */
static long list_one(u64 to, u64 room, const struct inode *inode, const char *name, u64 next)
{
	struct listed l = {.number = inode->number, .next = next, .type = (u8)(inode->mode >> 12)};
	size_t n = strlen(name);
	u64 size = (19 + n + 1 + 7) & ~7ull;

	if (size > room)
		return 0;
	l.size = (u16)size;
	memcpy(l.name, name, n);
	return user_write(to, &l, size) ? (long)size : -EFAULT;
}

/* The position is 0 at ".", 1 at "..", then the cookie of the next entry. */
#define NAMES_AT (1ull << 32) /* positions of names that are found out, after those that are kept */

long sys_getdents64(u64 fd, u64 to, u64 room)
{
	struct file *file = files_find(process_current->files, fd);
	struct inode *directory;
	long done = 0, n = 1;

	if (!file)
		return -EBADF;
	directory = file->inode;
	if (type(directory) != S_IFDIR)
		return -ENOTDIR;
	for (; n > 0 && file->position<2; file->position += n> 0) {
		const struct inode *inode = file->position && directory->parent ? directory->parent : directory;
		n = list_one(to + (u64)done, room - (u64)done, inode, file->position ? ".." : ".", file->position + 1);
		done += n > 0 ? n : 0;
	}
	for (const struct entry *e = directory->entries; n > 0 && e; e = e->next) {
		if (e->cookie < file->position)
			continue;
		n = list_one(to + (u64)done, room - (u64)done, e->inode, e->name, e->cookie + 1);
		done += n > 0 ? n : 0;
		file->position = n > 0 ? e->cookie + 1 : e->cookie;
	}
	while (n > 0 && directory->names) {
		u64 number = file->position < NAMES_AT ? 0 : file->position - NAMES_AT;
		const struct inode *inode;
		char name[16];
		if (!directory->names->next(directory, &number, name))
			break;
		inode = directory->names->find(directory, name, strlen(name));
		n = inode ? list_one(to + (u64)done, room - (u64)done, inode, name, NAMES_AT + number + 1) : 1;
		done += inode && n > 0 ? n : 0;
		file->position = n > 0 ? NAMES_AT + number + 1 : file->position;
	}
	return done ? done : n < 0 ? n : n == 0 ? -EINVAL : 0;
}
