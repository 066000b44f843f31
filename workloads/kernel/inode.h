/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, directories, links and devices, all in memory: what a name stands for. */
#ifndef KERNEL_INODE_H
#define KERNEL_INODE_H

#include "layout.h"

#define SEALED 0x80000000u /* inode->seals: such a file */
enum { SEAL_SEAL = 1, SEAL_SHRINK = 2, SEAL_GROW = 4, SEAL_WRITE = 8, SEAL_FUTURE_WRITE = 16, SEAL_EXEC = 32 };
enum {
	S_IFIFO = 0010000,
	S_IFCHR = 0020000,
	S_IFDIR = 0040000,
	S_IFREG = 0100000,
	S_IFLNK = 0120000,
	S_IFSOCK = 0140000,
	S_IFBLK = 0060000,
	S_IFMT = 0170000
};

struct file;
struct inode;

/* One name in a directory. */
struct entry {
	struct entry *next;
	struct inode *inode;
	char *name;
	u64 cookie; /* its place in the listing, which stays when others go */
};

/* What a device does. Each returns a count or a negative error number; NULL: not possible. */
struct device {
	long (*read)(struct file *file, u64 to, u64 n);
	long (*write)(struct file *file, u64 from, u64 n);
	unsigned (*ready)(struct file *file); /* POLLIN.. ; NULL: always ready */
	long (*control)(struct file *file, u64 request, u64 argument);
	long (*open)(struct file *file); /* by its name */
	void (*close)(struct file *file);
};

struct inode {
	u32 refs; /* names, open files, mappings, a directory's children */
	u32 links;
	u32 mode, user, group;
	u64 number, size;
	u64 accessed, modified, changed; /* nanoseconds */
	u32 locks;			 /* flock: how many files hold a shared one; LOCKED_ALONE: one an exclusive one */
	struct record *records;		 /* fcntl's locks */
	struct watch *watches;		 /* inotify's */
	u32 seals;			 /* memfd_create: F_SEAL_... */
	u64 came, left; /* a pipe's or similar: how often something came that can be read, and room to write (epoll's edges) */
	u64 *frames;	/* S_IFREG: the page cache, 0 where nothing was written */
	u64 frames_room;
	struct entry *entries; /* S_IFDIR */
	u64 cookies;	       /* S_IFDIR: given so far */
	const struct names *names;
	struct inode *(*jump)(const struct inode *link); /* S_IFLNK: what it leads to, whatever its text says; NULL: nothing */
	struct inode *parent;				 /* S_IFDIR; counted only if it was removed */
	char *target;					 /* S_IFLNK */
	const struct device *device;
	void *state; /* the device's */
	u64 device_number;
	size_t (*generate)(const struct inode *inode, char *text,
			   size_t size);   /* S_IFREG: its text is made when it is opened; S_IFLNK: when it is read */
	void (*gone)(struct inode *inode); /* called before it is freed */
};

/* A directory some of whose names are not kept but found out. */
struct names {
	struct inode *(*find)(const struct inode *directory, const char *name, size_t n); /* NULL: there is none such */
	bool (*next)(const struct inode *directory, u64 *number, char name[16]); /* the first name at or after number, for listing */
};

struct inode *inode_new(u32 mode);
static inline void inode_get(struct inode *inode)
{
	if (inode)
		inode->refs++;
}
void inode_put(struct inode *inode);
/* The frame of a file's page; make: a new one if there is none. 0: none. */
u64 inode_frame(struct inode *inode, u64 page, bool make);
/* Takes frames, which hold the file's contents, into the page cache. */
bool inode_adopt(struct inode *inode, u64 address, u64 size);
long inode_truncate(struct inode *inode, u64 size);
/* Whole pages in this range become holes, the rest of it zeros. */
void inode_punch(struct inode *inode, u64 offset, u64 n);
/* The first offset from at on that holds data (hole: none), or the file's size. */
u64 inode_next(const struct inode *inode, u64 at, bool hole);
/* Sets the times of reading (as relatime does), and of a change of contents or of what is known of it. */
void inode_accessed(struct inode *inode);
void inode_modified(struct inode *inode);
void inode_changed(struct inode *inode);
/* To and from user memory: bytes done, or a negative error. */
long inode_read(struct inode *inode, u64 offset, u64 to, u64 n);
long inode_write(struct inode *inode, u64 offset, u64 from, u64 n);
/* To kernel memory: true if all n bytes are there. */
bool inode_copy(const struct inode *inode, u64 offset, void *to, u64 n);
/* From kernel memory: 0 or -ENOSPC; and at the file's end. */
long inode_store(struct inode *inode, u64 offset, const void *from, u64 n);
bool inode_append(struct inode *inode, const char *text, size_t n);

/* Directories. inode_add takes a link of its own. 0 or a negative error. */
struct entry *inode_find(const struct inode *directory, const char *name, size_t n);
long inode_add(struct inode *directory, const char *name, size_t n, struct inode *inode);
void inode_remove(struct inode *directory, struct entry *entry);

#endif
