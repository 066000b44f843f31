/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices without hardware. Random numbers are a fixed sequence (splitmix64), so that runs repeat. */
#include "device.h"
#include "errno.h"
#include "path.h"
#include "tty.h"
#include "user.h"

static u64 seed = 0x767478726179;

u64 device_random(void)
{
	u64 z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

long device_random_read(u64 to, u64 n)
{
	for (u64 done = 0; done < n; done += 8) {
		u64 r = device_random();
		if (!user_write(to + done, &r, n - done < 8 ? n - done : 8))
			return done ? (long)done : -EFAULT;
	}
	return (long)n;
}

static long random_read(struct file *file, u64 to, u64 n)
{
	(void)file;
	return device_random_read(to, n);
}

static long null_read(struct file *file, u64 to, u64 n)
{
	(void)file;
	(void)to;
	(void)n;
	return 0;
}

static long zero_read(struct file *file, u64 to, u64 n)
{
	(void)file;
	return user_zero(to, n) ? (long)n : -EFAULT;
}

static long swallow(struct file *file, u64 from, u64 n)
{
	(void)file;
	(void)from;
	return (long)n;
}

static long full(struct file *file, u64 from, u64 n)
{
	(void)file;
	(void)from;
	(void)n;
	return -ENOSPC;
}

static const struct {
	const char *path;
	u64 number;
	struct device device;
} devices[] = {
    {"/dev/null", 1 << 8 | 3, {.read = null_read, .write = swallow}},
    {"/dev/zero", 1 << 8 | 5, {.read = zero_read, .write = swallow}},
    {"/dev/full", 1 << 8 | 7, {.read = zero_read, .write = full}},
    {"/dev/random", 1 << 8 | 8, {.read = random_read, .write = swallow}},
    {"/dev/urandom", 1 << 8 | 9, {.read = random_read, .write = swallow}},
};

const struct device *device_by_number(u64 number)
{
	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (devices[i].number == number)
			return &devices[i].device;
	return NULL;
}

static bool install(const char *path, struct inode *inode)
{
	bool ok = inode && path_install(path, inode);

	inode_put(inode);
	return ok;
}

bool device_install(void)
{
	bool ok = install("/dev/tty", tty_inode(CONSOLE_OUTPUT)) && install("/dev/console", tty_inode(CONSOLE_OUTPUT));

	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		struct inode *inode = inode_new(S_IFCHR | 0666);
		if (inode) {
			inode->device = &devices[i].device;
			inode->device_number = devices[i].number;
		}
		ok = ok && install(devices[i].path, inode);
	}
	return ok;
}
