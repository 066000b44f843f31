/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and sleeping. */
#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

enum {
	CLOCK_REALTIME,
	CLOCK_MONOTONIC,
	CLOCK_PROCESS,
	CLOCK_THREAD,
	CLOCK_RAW,
	CLOCK_REAL_COARSE,
	CLOCK_MONO_COARSE,
	CLOCK_BOOT,
	TIMER_ABSTIME = 1
};

bool time_read(u64 from, u64 *ns)
{
	u64 spec[2];

	if (!user_read(spec, from, sizeof(spec)))
		return false;
	*ns = spec[0] > ~0ull / SECOND / 4 ? ~0ull / 4 : spec[0] * SECOND + spec[1] % SECOND;
	return true;
}

bool time_write(u64 to, u64 ns)
{
	u64 spec[2] = {ns / SECOND, ns % SECOND};

	return user_write(to, spec, sizeof(spec));
}

static bool clock_read(u64 clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REAL_COARSE:
		*ns = time_real();
		return true;
	case CLOCK_MONOTONIC:
	case CLOCK_RAW:
	case CLOCK_MONO_COARSE:
	case CLOCK_BOOT:
		*ns = time_now();
		return true;
	case CLOCK_PROCESS:
	case CLOCK_THREAD:
		*ns = process_current->user_time + time_now() - thread_current->started;
		return true;
	}
	return false;
}

long sys_clock_gettime(u64 clock, u64 to)
{
	u64 ns;

	if (!clock_read(clock, &ns))
		return -EINVAL;
	return time_write(to, ns) ? 0 : -EFAULT;
}

long sys_clock_getres(u64 clock, u64 to)
{
	u64 ns;

	if (!clock_read(clock, &ns))
		return -EINVAL;
	return !to || time_write(to, 1) ? 0 : -EFAULT;
}

long sys_gettimeofday(u64 to, u64 zone)
{
	u64 now = time_real(), value[2] = {now / SECOND, now % SECOND / 1000};

	(void)zone;
	return !to || user_write(to, value, sizeof(value)) ? 0 : -EFAULT;
}

long sys_time(u64 to)
{
	u64 now = time_real() / SECOND;

	return !to || user_write(to, &now, sizeof(now)) ? (long)now : -EFAULT;
}

static long sleep_until(u64 deadline, u64 left)
{
	static struct wait_queue nothing;
	long rc = deadline > time_now() ? wait_on(&nothing, deadline) : -ETIMEDOUT;

	if (rc == -ETIMEDOUT)
		return 0;
	if (left && !time_write(left, deadline > time_now() ? deadline - time_now() : 0))
		return -EFAULT;
	return -EINTR;
}

long sys_nanosleep(u64 wanted, u64 left)
{
	u64 ns;

	return time_read(wanted, &ns) ? sleep_until(time_now() + ns, left) : -EFAULT;
}

long sys_clock_nanosleep(u64 clock, u64 flags, u64 wanted, u64 left)
{
	u64 ns, now;

	if (!clock_read(clock, &now) || clock == CLOCK_THREAD)
		return -EINVAL;
	if (!time_read(wanted, &ns))
		return -EFAULT;
	if (!(flags & TIMER_ABSTIME))
		return sleep_until(time_now() + ns, left);
	return ns <= now ? 0 : sleep_until(time_now() + (ns - now), 0);
}
