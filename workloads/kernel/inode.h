/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, directories, links and devices, all in memory: what a name stands for. */
#ifndef KERNEL_INODE_H
#define KERNEL_INODE_H

#include "layout.h"

enum { S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFLNK = 0120000, S_IFMT = 0170000 };

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
	void (*close)(struct file *file);
};

struct inode {
	u32 refs; /* names, open files, mappings, a directory's children */
	u32 links;
	u32 mode;
	u64 number, size, modified; /* modified: nanoseconds */
	u64 *frames;		    /* S_IFREG: the page cache, 0 where nothing was written */
	u64 frames_room;
	struct entry *entries; /* S_IFDIR */
	u64 cookies;	       /* S_IFDIR: given so far */
	struct inode *parent;  /* S_IFDIR; not counted */
	char *target;	       /* S_IFLNK */
	const struct device *device;
	void *state; /* the device's */
	u64 device_number;
	size_t (*generate)(char *text, size_t size); /* S_IFREG: its text is made when it is opened; S_IFLNK: when it is read */
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
/* To and from user memory: bytes done, or a negative error. */
long inode_read(struct inode *inode, u64 offset, u64 to, u64 n);
long inode_write(struct inode *inode, u64 offset, u64 from, u64 n);
/* To kernel memory: true if all n bytes are there. */
bool inode_copy(const struct inode *inode, u64 offset, void *to, u64 n);
/* From kernel memory; at the file's end. */
bool inode_append(struct inode *inode, const char *text, size_t n);

/* Directories. inode_add takes a link of its own. 0 or a negative error. */
struct entry *inode_find(const struct inode *directory, const char *name, size_t n);
long inode_add(struct inode *directory, const char *name, size_t n, struct inode *inode);
void inode_remove(struct inode *directory, struct entry *entry);

#endif
