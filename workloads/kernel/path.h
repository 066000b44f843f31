/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files. */
#ifndef KERNEL_PATH_H
#define KERNEL_PATH_H

#include "inode.h"

enum { PATH_SIZE = 4096 };

/* What a path leads to. */
struct path {
	struct inode *parent; /* the directory of the last name; NULL for / itself */
	struct inode *inode;  /* NULL: there is no such name in parent */
	const char *name;     /* the last name, in the text that was given or in buffer */
	size_t length;
	bool slash; /* something must be a directory: the text ends in / */
	char buffer[PATH_SIZE];
};

extern struct inode *path_root;

/* From the directory start. follow: a link at the end is followed. 0 or a negative error; a missing last name is no error. No references.
 */
long path_find(struct path *path, struct inode *start, const char *text, bool follow);
/* Makes the directories of text, then a name for inode there. For the kernel's own start. */
bool path_install(const char *text, struct inode *inode);
/* The path of some name of this file, found by looking through everything; false: it has none. */
bool path_search(const struct inode *inode, char *text, size_t size);
/* The path of a directory; length, or -ERANGE / -ENOENT */
long path_of(const struct inode *directory, char *text, size_t size);

#endif
