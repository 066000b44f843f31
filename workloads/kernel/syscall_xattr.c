/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes: the file system has none. */
#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "syscall_path.h"
#include "user.h"

enum { NAME_SIZE = 256, VALUE_MAX = 65536, XATTR_CREATE = 1, XATTR_REPLACE = 2 };

/* What must be there, by its name or by its descriptor. */
static long by_name(u64 name, bool follow)
{
	const struct inode *inode;

	return syscall_look(AT_FDCWD, name, follow, &inode);
}

static long by_fd(u64 fd)
{
	const struct file *file = files_find(process_current->files, fd);

	return file && !(file->flags & O_PATH) ? 0 : -EBADF;
}

/* found: 0, or why there is no file. */
static long refuse(long found, u64 attribute)
{
	char name[NAME_SIZE];
	long n = found ? 0 : user_string(name, attribute, sizeof(name));

	if (found || n == -EFAULT)
		return found ? found : -EFAULT;
	return n <= 0 ? -ERANGE : -ENOTSUP;
}

static long refuse_value(long found, u64 attribute, u64 from, u64 size, u64 flags)
{
	long rc = refuse(found, attribute);
	u8 byte;

	if (found)
		return found;
	if (flags & ~(u64)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (rc != -ENOTSUP)
		return rc;
	if (size > VALUE_MAX)
		return -E2BIG;
	return size && !(user_read(&byte, from, 1) && user_read(&byte, from + size - 1, 1)) ? -EFAULT : rc;
}

long sys_setxattr(u64 name, u64 attribute, u64 from, u64 size, u64 flags)
{
	return refuse_value(by_name(name, true), attribute, from, size, flags);
}

long sys_lsetxattr(u64 name, u64 attribute, u64 from, u64 size, u64 flags)
{
	return refuse_value(by_name(name, false), attribute, from, size, flags);
}

long sys_fsetxattr(u64 fd, u64 attribute, u64 from, u64 size, u64 flags)
{
	return refuse_value(by_fd(fd), attribute, from, size, flags);
}

long sys_getxattr(u64 name, u64 attribute, u64 to, u64 size)
{
	(void)to;
	(void)size;
	return refuse(by_name(name, true), attribute);
}

long sys_lgetxattr(u64 name, u64 attribute, u64 to, u64 size)
{
	(void)to;
	(void)size;
	return refuse(by_name(name, false), attribute);
}

long sys_fgetxattr(u64 fd, u64 attribute, u64 to, u64 size)
{
	(void)to;
	(void)size;
	return refuse(by_fd(fd), attribute);
}

long sys_listxattr(u64 name, u64 to, u64 size)
{
	(void)to;
	(void)size;
	return by_name(name, true);
}

long sys_llistxattr(u64 name, u64 to, u64 size)
{
	(void)to;
	(void)size;
	return by_name(name, false);
}

long sys_flistxattr(u64 fd, u64 to, u64 size)
{
	(void)to;
	(void)size;
	return by_fd(fd);
}

long sys_removexattr(u64 name, u64 attribute)
{
	return refuse(by_name(name, true), attribute);
}

long sys_lremovexattr(u64 name, u64 attribute)
{
	return refuse(by_name(name, false), attribute);
}

long sys_fremovexattr(u64 fd, u64 attribute)
{
	return refuse(by_fd(fd), attribute);
}
