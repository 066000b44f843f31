/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks names: directories, "..", symbolic links. Everything is one file system and one user, so that rights are not asked for. */
#include "path.h"
#include "errno.h"
#include "heap.h"
#include "string.h"

enum { LINKS_MAX = 40 };

struct inode *path_root;

static unsigned type(const struct inode *inode)
{
	return inode->mode & S_IFMT;
}

static struct inode *child(struct inode *directory, const char *name, size_t n)
{
	struct entry *e;

	if (n == 1 && name[0] == '.')
		return directory;
	if (n == 2 && name[0] == '.' && name[1] == '.')
		return directory->parent ? directory->parent : directory;
	if (directory->names)
		return directory->names->find(directory, name, n);
	e = inode_find(directory, name, n);
	return e ? e->inode : NULL;
}

/* Puts a link's target before the rest of the text, which is empty or begins with a slash, in path->buffer. */
static long expand(struct path *path, const struct inode *link, const char *rest, const char **text)
{
	static char joined[PATH_SIZE];
	size_t n = link->generate ? link->generate(link, joined, sizeof(joined)) : text_add(joined, sizeof(joined), 0, "%s", link->target);

	if (n + strlen(rest) + 1 > PATH_SIZE)
		return -ENAMETOOLONG;
	text_add(joined, sizeof(joined), n, "%s", rest);
	memcpy(path->buffer, joined, strlen(joined) + 1);
	*text = path->buffer;
	return 0;
}

long path_find(struct path *path, struct inode *start, const char *text, bool follow)
{
	struct inode *at = *text == '/' ? path_root : start;
	unsigned links = 0;

	if (!*text)
		return -ENOENT;
	path->parent = NULL;
	path->inode = at;
	path->slash = false;
	for (;;) {
		size_t n = 0;
		while (*text == '/')
			text++;
		if (!*text)
			return 0;
		while (text[n] && text[n] != '/')
			n++;
		if (!path->inode)
			return -ENOENT;
		if (type(path->inode) != S_IFDIR)
			return -ENOTDIR;
		if (n > 255)
			return -ENAMETOOLONG;
		path->parent = path->inode;
		path->name = text;
		path->length = n;
		path->inode = child(path->parent, text, n);
		text += n;
		path->slash = *text == '/';
		if (!path->inode || type(path->inode) != S_IFLNK || (!*text && !follow))
			continue;
		if (++links > LINKS_MAX)
			return -ELOOP;
		if (path->inode->jump) {
			path->inode = path->inode->jump(path->inode);
			continue;
		}
		at = path->parent;
		long rc = expand(path, path->inode, text, &text);
		if (rc)
			return rc;
		path->inode = *text == '/' ? path_root : at;
	}
}

bool path_install(const char *text, struct inode *inode)
{
	struct inode *at = path_root;

	for (;;) {
		size_t n = 0;
		struct inode *next;
		while (*text == '/')
			text++;
		while (text[n] && text[n] != '/')
			n++;
		if (!n)
			return false;
		next = child(at, text, n);
		if (!text[n]) {
			if (next && type(next) == S_IFDIR && type(inode) == S_IFDIR)
				return true; /* with what is in it */
			if (next)
				inode_remove(at, inode_find(at, text, n));
			return inode_add(at, text, n, inode) == 0;
		}
		if (!next) {
			next = inode_new(S_IFDIR | 0755);
			if (!next || inode_add(at, text, n, next))
				return false;
			inode_put(next);
		}
		if (type(next) != S_IFDIR)
			return false;
		at = next;
		text += n;
	}
}

static const char *name_of(const struct inode *directory)
{
	for (struct entry *e = directory->parent->entries; e; e = e->next)
		if (e->inode == directory)
			return e->name;
	return NULL;
}

long path_of(const struct inode *directory, char *text, size_t size)
{
	size_t at = size - 1;

	text[at] = 0;
	for (; directory != path_root; directory = directory->parent) {
		const char *name = directory->parent ? name_of(directory) : NULL;
		size_t n = name ? strlen(name) : 0;
		if (!name)
			return -ENOENT;
		if (at < n + 1)
			return -ERANGE;
		memcpy(text + (at -= n), name, n);
		text[--at] = '/';
	}
	if (at == size - 1)
		text[--at] = '/';
	memmove(text, text + at, size - at);
	return (long)(size - at - 1);
}

/* Directories that lead to each other stop the search, not only a real tree's depth. */
static bool search(const struct inode *directory, const struct inode *wanted, char *text, size_t size, size_t n, unsigned depth)
{
	enum { DEPTH_MAX = 40 };

	for (const struct entry *e = directory->entries; e && depth < DEPTH_MAX; e = e->next) {
		size_t end = text_add(text, size, n, "/%s", e->name);
		if (e->inode == wanted || (type(e->inode) == S_IFDIR && search(e->inode, wanted, text, size, end, depth + 1)))
			return true;
	}
	return false;
}

bool path_search(const struct inode *inode, char *text, size_t size)
{
	return search(path_root, inode, text, size, 0, 0);
}
