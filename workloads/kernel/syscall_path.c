/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that take names. One user, who may do everything: rights are kept and shown, not enforced. */
#include "device.h"
#include "errno.h"
#include "heap.h"
#include "inotify.h"
#include "page.h"
#include "path.h"
#include "pipe.h"
#include "process.h"
#include "string.h"
#include "syscall.h"
#include "syscall_path.h"
#include "time.h"
#include "user.h"

/* The kernel is not preempted, and nothing here sleeps: one copy is enough. */
enum { UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };

static struct path found, second;
static char text[PATH_SIZE], text2[PATH_SIZE];

static unsigned type(const struct inode *inode)
{
	return inode->mode & S_IFMT;
}

static long start_of(u64 fd, const char *name, struct inode **start)
{
	struct file *file;

	*start = process_current->directory;
	if (*name == '/' || (int)fd == (int)AT_FDCWD)
		return 0;
	file = files_find(process_current->files, fd);
	if (!file)
		return -EBADF;
	*start = file->inode;
	return type(*start) == S_IFDIR ? 0 : -ENOTDIR;
}

static long look_in(struct path *path, char *buffer, u64 fd, u64 name, bool follow)
{
	struct inode *start;
	long rc = user_string(buffer, name, PATH_SIZE);

	if (rc >= 0)
		rc = start_of(fd, buffer, &start);
	return rc < 0 ? rc : path_find(path, start, buffer, follow);
}

/* Something that must exist. */
static long look(u64 fd, u64 name, bool follow)
{
	long rc = look_in(&found, text, fd, name, follow);

	if (rc)
		return rc;
	if (!found.inode)
		return -ENOENT;
	return found.slash && type(found.inode) != S_IFDIR ? -ENOTDIR : 0;
}

/* For calls elsewhere. */
long syscall_look(u64 fd, u64 name, bool follow, const struct inode **inode)
{
	long rc = look(fd, name, follow);

	*inode = found.inode;
	return rc;
}

enum last { NORMAL, DOT, DOT_DOT, ROOT };

/* The last part of a name itself, not what it leads to, whatever slashes follow it. What it is, or a negative error. */
static long look_last(struct path *path, char *buffer, u64 fd, u64 name)
{
	struct inode *start;
	long n = user_string(buffer, name, PATH_SIZE), rc = n < 0 ? n : start_of(fd, buffer, &start);
	bool slash = false;

	if (rc < 0)
		return rc;
	for (; n > 1 && buffer[n - 1] == '/'; slash = true)
		buffer[--n] = 0;
	rc = path_find(path, start, buffer, false);
	path->slash = slash;
	if (rc)
		return rc;
	if (!path->parent)
		return ROOT;
	if (path->name[0] != '.' || path->length > 2)
		return NORMAL;
	return path->length == 1 ? DOT : path->name[1] == '.' ? DOT_DOT : NORMAL;
}

/* A name that must not be there yet. */
static long look_new(u64 fd, u64 name)
{
	long rc = look_in(&found, text, fd, name, false);

	return rc ? rc : found.inode ? -EEXIST : 0;
}

static long add(struct inode *inode)
{
	bool gone = found.parent != path_root && !found.parent->links; /* a removed directory takes nothing */
	long rc = gone ? -ENOENT : inode ? inode_add(found.parent, found.name, found.length, inode) : -ENOMEM;

	if (rc == 0 && inotify_watches) {
		if (type(inode) != S_IFDIR && inode->links > 1)
			inotify_self(inode, IN_ATTRIB);
		inotify_name(found.parent, found.name, found.length, inode, IN_CREATE, 0);
	}
	inode_put(inode);
	return rc;
}

/* A file of /proc becomes what it says now. */
static struct inode *snapshot(const struct inode *inode)
{
	enum { SIZE = 32768 };
	struct inode *copy = inode_new(inode->mode);
	char *said = heap_alloc(SIZE);

	if (copy && said)
		inode_append(copy, said, inode->generate(inode, said, SIZE));
	heap_free(said);
	return copy;
}

static long may_open(const struct inode *inode, u64 flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (type(inode) == S_IFLNK && !(flags & O_PATH))
		return -ELOOP;
	if (type(inode) == S_IFDIR && ((flags & O_ACCMODE) || (flags & O_CREAT)))
		return -EISDIR;
	if (type(inode) != S_IFDIR && ((flags & O_DIRECTORY) || found.slash))
		return -ENOTDIR;
	if ((type(inode) == S_IFSOCK || type(inode) == S_IFBLK || (type(inode) == S_IFCHR && !inode->device)) && !(flags & O_PATH))
		return -ENXIO;
	return 0;
}

static long open_found(u64 flags)
{
	struct inode *inode = found.inode;
	u32 kept = (u32)flags & ~(u32)(O_CLOEXEC | O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_NOFOLLOW | O_DIRECTORY);
	struct file *file;
	long rc = may_open(inode, flags);

	if (rc)
		return rc;
	if ((flags & O_TRUNC) && type(inode) == S_IFREG && !inode->generate)
		inode_truncate(inode, 0);
	if (inode->generate && type(inode) == S_IFREG) {
		inode = snapshot(inode);
		if (!inode)
			return -ENOMEM;
		file = file_new(inode, kept);
		inode_put(inode);
	} else {
		file = file_new(inode, kept);
	}
	if (!file)
		return -ENOMEM;
	rc = flags & O_PATH ? 0 : file_open(file);
	if (rc) {
		file->flags |= O_PATH; /* it was never opened: nothing to close */
		file_put(file);
		return rc;
	}
	if (inotify_watches && !(flags & O_PATH))
		inotify_file(inode, IN_OPEN);
	return files_add(process_current->files, file, 0, flags & O_CLOEXEC);
}

/* A name is given to a file that has none (O_TMPFILE), in this directory. */
static long open_nameless(u64 flags, u64 mode)
{
	struct inode *inode;
	struct file *file;

	if (!found.inode || type(found.inode) != S_IFDIR)
		return found.inode ? -ENOTDIR : -ENOENT;
	if (!(flags & O_ACCMODE))
		return -EINVAL;
	inode = inode_new(S_IFREG | ((u32)mode & 07777 & ~process_current->umask));
	file = inode ? file_new(inode, (u32)flags & (u32)(O_ACCMODE | O_APPEND | O_NONBLOCK)) : NULL;
	inode_put(inode);
	return file ? files_add(process_current->files, file, 0, flags & O_CLOEXEC) : -ENOMEM;
}

long sys_openat(u64 fd, u64 name, u64 flags, u64 mode)
{
	bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	long rc = look_in(&found, text, fd, name, follow);

	if (rc)
		return rc;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_nameless(flags, mode);
	if (!found.inode) {
		if (!(flags & O_CREAT))
			return -ENOENT;
		if (found.slash)
			return -EISDIR;
		found.inode = inode_new(S_IFREG | ((u32)mode & 07777 & ~process_current->umask));
		rc = add(found.inode);
		if (rc)
			return rc;
		flags &= ~(u64)(O_EXCL | O_TRUNC);
	}
	return open_found(flags);
}

long sys_open(u64 name, u64 flags, u64 mode)
{
	return sys_openat(AT_FDCWD, name, flags, mode);
}

long sys_creat(u64 name, u64 mode)
{
	return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* Devices are those of /dev, by their numbers; others can have a name, but not be opened. */
long sys_mknodat(u64 fd, u64 name, u64 mode, u64 number)
{
	u32 kind = (u32)mode & S_IFMT ? (u32)mode & S_IFMT : S_IFREG;
	struct inode *inode;
	long rc = look_new(fd, name);

	if (rc)
		return rc;
	if (kind == S_IFDIR)
		return -EPERM;
	if (kind != S_IFREG && kind != S_IFIFO && kind != S_IFCHR && kind != S_IFBLK && kind != S_IFSOCK)
		return -EINVAL;
	if (found.slash)
		return -ENOENT;
	inode = inode_new(kind | ((u32)mode & 07777 & ~process_current->umask));
	if (inode && kind == S_IFIFO)
		inode->device = &pipe_device;
	if (inode && (kind == S_IFCHR || kind == S_IFBLK))
		inode->device_number = number;
	if (inode && kind == S_IFCHR)
		inode->device = device_by_number(number);
	return add(inode);
}

long sys_mknod(u64 name, u64 mode, u64 number)
{
	return sys_mknodat(AT_FDCWD, name, mode, number);
}

long sys_faccessat(u64 fd, u64 name, u64 mode)
{
	long rc = mode & ~7ull ? -EINVAL : look(fd, name, true);

	if (rc == 0 && (mode & 1) && type(found.inode) == S_IFREG && !(found.inode->mode & 0111))
		rc = -EACCES;
	return rc;
}

long sys_faccessat2(u64 fd, u64 name, u64 mode, u64 flags)
{
	(void)flags;
	return sys_faccessat(fd, name, mode);
}

long sys_access(u64 name, u64 mode)
{
	return sys_faccessat(AT_FDCWD, name, mode);
}

long sys_mkdirat(u64 fd, u64 name, u64 mode)
{
	long rc = look_new(fd, name);

	return rc ? rc : add(inode_new(S_IFDIR | ((u32)mode & 07777 & ~process_current->umask)));
}

long sys_mkdir(u64 name, u64 mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long sys_symlinkat(u64 target, u64 fd, u64 name)
{
	struct inode *inode;
	long rc = look_new(fd, name), n;

	if (rc)
		return rc;
	n = user_string(text2, target, PATH_SIZE);
	if (n <= 0)
		return n ? n : -ENOENT;
	inode = inode_new(S_IFLNK | 0777);
	if (inode) {
		inode->target = heap_text(text2, (size_t)n);
		inode->size = (u64)n;
	}
	return add(inode);
}

long sys_symlink(u64 target, u64 name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

long sys_linkat(u64 from_fd, u64 from, u64 to_fd, u64 to, u64 flags)
{
	struct inode *inode;
	long rc = look(from_fd, from, flags & AT_SYMLINK_FOLLOW);

	if (rc)
		return rc;
	inode = found.inode;
	if (type(inode) == S_IFDIR)
		return -EPERM;
	rc = look_new(to_fd, to);
	if (rc == 0)
		inode_get(inode);
	return rc ? rc : add(inode);
}

long sys_link(u64 from, u64 to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The name is there no more; the inode may go now. */
static void removed(const struct path *path, struct inode *inode)
{
	if (inotify_watches) {
		if (type(inode) != S_IFDIR)
			inotify_self(inode, IN_ATTRIB);
		inotify_name(path->parent, path->name, path->length, inode, IN_DELETE, 0);
	}
	inode_put(inode);
}

/* The inode has another name now, and what had that before may go (NULL: nothing). */
static void moved(struct inode *inode, struct inode *before)
{
	if (inotify_watches) {
		u32 cookie = inotify_cookie();
		inotify_name(found.parent, found.name, found.length, inode, IN_MOVED_FROM, cookie);
		inotify_name(second.parent, second.name, second.length, inode, IN_MOVED_TO, cookie);
		if (before)
			inotify_self(before, IN_ATTRIB);
		inotify_self(inode, IN_MOVE_SELF);
	}
	inode_put(before);
}

static bool has_entries(const struct inode *inode)
{
	return type(inode) == S_IFDIR && inode->entries;
}

long sys_unlinkat(u64 fd, u64 name, u64 flags)
{
	bool directory = flags & AT_REMOVEDIR;
	long last = look_last(&found, text, fd, name);
	struct entry *entry;

	if (last < 0)
		return last;
	if (last != NORMAL)
		return !directory ? -EISDIR : last == DOT ? -EINVAL : last == DOT_DOT ? -ENOTEMPTY : -EBUSY;
	if (!found.inode)
		return -ENOENT;
	if (!directory && type(found.inode) == S_IFDIR)
		return -EISDIR;
	if ((directory || found.slash) && type(found.inode) != S_IFDIR)
		return -ENOTDIR;
	if (has_entries(found.inode))
		return -ENOTEMPTY;
	entry = inode_find(found.parent, found.name, found.length);
	if (!entry)
		return -EPERM; /* of /proc */
	inode_get(found.inode);
	inode_remove(found.parent, entry);
	removed(&found, found.inode);
	return 0;
}

long sys_unlink(u64 name)
{
	return sys_unlinkat(AT_FDCWD, name, 0);
}

long sys_rmdir(u64 name)
{
	return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

static bool inside(const struct inode *directory, const struct inode *outer)
{
	for (; directory; directory = directory->parent)
		if (directory == outer)
			return true;
	return false;
}

long sys_renameat2(u64 from_fd, u64 from, u64 to_fd, u64 to, u64 flags)
{
	struct inode *inode;
	struct entry *entry, *old;
	long last = look_last(&found, text, from_fd, from), last2 = last < 0 ? last : look_last(&second, text2, to_fd, to), rc;

	if (last2 < 0)
		return last2;
	if (last != NORMAL || last2 != NORMAL)
		return -EBUSY;
	inode = found.inode;
	if (!inode)
		return -ENOENT;
	entry = inode_find(found.parent, found.name, found.length);
	if (flags > 1 || !entry || (type(inode) == S_IFDIR && inside(second.parent, inode)))
		return -EINVAL;
	if (type(inode) != S_IFDIR && (found.slash || second.slash))
		return -ENOTDIR;
	if (second.parent != path_root && !second.parent->links)
		return -ENOENT;
	if (second.inode == inode)
		return 0;
	if (second.inode && (flags & 1))
		return -EEXIST;
	if (second.inode && type(second.inode) == S_IFDIR && type(inode) != S_IFDIR)
		return -EISDIR;
	if (second.inode && type(second.inode) != S_IFDIR && type(inode) == S_IFDIR)
		return -ENOTDIR;
	if (second.inode && has_entries(second.inode))
		return -ENOTEMPTY;
	old = second.inode ? inode_find(second.parent, second.name, second.length) : NULL;
	if (second.inode && !old)
		return -EBUSY;
	if (old) {
		inode_get(second.inode);
		inode_remove(second.parent, old);
	}
	rc = inode_add(second.parent, second.name, second.length, inode);
	if (rc) {
		inode_put(old ? second.inode : NULL);
		return rc;
	}
	inode_remove(found.parent, entry);
	moved(inode, second.inode);
	return 0;
}

long sys_renameat(u64 from_fd, u64 from, u64 to_fd, u64 to)
{
	return sys_renameat2(from_fd, from, to_fd, to, 0);
}

long sys_rename(u64 from, u64 to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_readlinkat(u64 fd, u64 name, u64 to, u64 size)
{
	long rc = (int)size <= 0 ? -EINVAL : look(fd, name, false);
	u64 n;

	if (rc)
		return rc;
	if (type(found.inode) != S_IFLNK)
		return -EINVAL;
	n = found.inode->generate ? found.inode->generate(found.inode, text2, PATH_SIZE)
				  : text_add(text2, PATH_SIZE, 0, "%s", found.inode->target);
	if (n > size)
		n = size;
	return user_write(to, text2, n) ? (long)n : -EFAULT;
}

long sys_readlink(u64 name, u64 to, u64 size)
{
	return sys_readlinkat(AT_FDCWD, name, to, size);
}

static long change_directory(struct inode *inode)
{
	if (type(inode) != S_IFDIR)
		return -ENOTDIR;
	inode_get(inode);
	inode_put(process_current->directory);
	process_current->directory = inode;
	return 0;
}

long sys_chdir(u64 name)
{
	long rc = look(AT_FDCWD, name, true);

	return rc ? rc : change_directory(found.inode);
}

long sys_fchdir(u64 fd)
{
	struct file *file = files_find(process_current->files, fd);

	return file ? change_directory(file->inode) : -EBADF;
}

long sys_getcwd(u64 to, u64 size)
{
	long n = path_of(process_current->directory, text, PATH_SIZE);

	if (n < 0)
		return n;
	if ((u64)n + 1 > size)
		return -ERANGE;
	return user_write(to, text, (u64)n + 1) ? n + 1 : -EFAULT;
}

long sys_truncate(u64 name, u64 size)
{
	long rc = look(AT_FDCWD, name, true);

	if (rc == 0 && type(found.inode) != S_IFREG)
		rc = type(found.inode) == S_IFDIR ? -EISDIR : -EINVAL;
	return rc ? rc : inode_truncate(found.inode, size);
}

static void changed(struct inode *inode, u32 event)
{
	inode_changed(inode);
	if (inotify_watches)
		inotify_file(inode, event);
}

static long set_mode(struct inode *inode, u64 mode)
{
	inode->mode = (inode->mode & S_IFMT) | ((u32)mode & 07777);
	changed(inode, IN_ATTRIB);
	return 0;
}

long sys_fchmodat(u64 fd, u64 name, u64 mode)
{
	long rc = look(fd, name, true);

	return rc ? rc : set_mode(found.inode, mode);
}

long sys_chmod(u64 name, u64 mode)
{
	return sys_fchmodat(AT_FDCWD, name, mode);
}

long sys_fchmod(u64 fd, u64 mode)
{
	struct file *file = files_find(process_current->files, fd);

	return file ? set_mode(file->inode, mode) : -EBADF;
}

/* There is one user: any owner will do. A program that is given away runs as nobody else any more. */
static long set_owner(struct inode *inode, u64 user, u64 group)
{
	enum { SETUID = 04000, SETGID = 02000, GROUP_EXECUTES = 010 };

	if ((u32)user != ~0u)
		inode->user = (u32)user;
	if ((u32)group != ~0u)
		inode->group = (u32)group;
	if (type(inode) != S_IFDIR)
		inode->mode &= ~(u32)(SETUID | (inode->mode & GROUP_EXECUTES ? SETGID : 0));
	changed(inode, IN_ATTRIB);
	return 0;
}

long sys_fchownat(u64 fd, u64 name, u64 user, u64 group, u64 flags)
{
	struct file *file = files_find(process_current->files, fd);
	long rc;

	if ((flags & AT_EMPTY_PATH) && name && user_string(text, name, PATH_SIZE) == 0)
		return file ? set_owner(file->inode, user, group) : -EBADF;
	rc = look(fd, name, !(flags & AT_SYMLINK_NOFOLLOW));
	return rc ? rc : set_owner(found.inode, user, group);
}

long sys_chown(u64 name, u64 user, u64 group)
{
	return sys_fchownat(AT_FDCWD, name, user, group, 0);
}

long sys_lchown(u64 name, u64 user, u64 group)
{
	return sys_fchownat(AT_FDCWD, name, user, group, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(u64 fd, u64 user, u64 group)
{
	struct file *file = files_find(process_current->files, fd);

	return file ? set_owner(file->inode, user, group) : -EBADF;
}

static u64 new_time(const u64 spec[2], u64 old)
{
	return spec[1] == UTIME_NOW ? time_real() : spec[1] == UTIME_OMIT ? old : spec[0] * SECOND + spec[1];
}

static bool good_time(const u64 spec[2])
{
	return spec[1] < SECOND || spec[1] == UTIME_NOW || spec[1] == UTIME_OMIT;
}

long sys_utimensat(u64 fd, u64 name, u64 times, u64 flags)
{
	struct file *file = files_find(process_current->files, fd);
	struct inode *inode = file ? file->inode : NULL;
	u64 spec[4] = {0, UTIME_NOW, 0, UTIME_NOW};
	long rc;

	if (times && !user_read(spec, times, sizeof(spec)))
		return -EFAULT;
	if (!good_time(spec) || !good_time(spec + 2) || (flags & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	if (spec[1] == UTIME_OMIT && spec[3] == UTIME_OMIT)
		return 0;
	rc = name ? look(fd, name, !(flags & AT_SYMLINK_NOFOLLOW)) : inode ? 0 : -EBADF;
	if (rc)
		return rc;
	if (name)
		inode = found.inode;
	inode->accessed = new_time(spec, inode->accessed);
	inode->modified = new_time(spec + 2, inode->modified);
	changed(inode, spec[3] == UTIME_OMIT ? 0 : spec[1] == UTIME_OMIT ? IN_MODIFY : IN_ATTRIB);
	return 0;
}

long sys_utimes(u64 name, u64 times)
{
	u64 spec[4];
	long rc;

	if (times && !user_read(spec, times, sizeof(spec)))
		return -EFAULT;
	if (times && (spec[1] >= 1000000 || spec[3] >= 1000000))
		return -EINVAL;
	rc = look(AT_FDCWD, name, true);
	if (rc)
		return rc;
	found.inode->accessed = times ? spec[0] * SECOND + spec[1] * 1000 : time_real();
	found.inode->modified = times ? spec[2] * SECOND + spec[3] * 1000 : time_real();
	changed(found.inode, IN_ATTRIB);
	return 0;
}
