/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and sleeping. */
#include "clock.h"
#include "errno.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "timer.h"
#include "user.h"

enum { TIMER_ABSTIME = 1 };

u64 clock_clamp(u64 seconds, u64 ns)
{
	return seconds > ~0ull / SECOND / 4 ? ~0ull / 4 : seconds * SECOND + ns;
}

long time_read(u64 from, u64 *ns)
{
	u64 spec[2];

	if (!user_read(spec, from, sizeof(spec)))
		return -EFAULT;
	if ((long)spec[0] < 0 || spec[1] >= SECOND)
		return -EINVAL;
	*ns = clock_clamp(spec[0], spec[1]);
	return 0;
}

bool time_write(u64 to, u64 ns)
{
	u64 spec[2] = {ns / SECOND, ns % SECOND};

	return user_write(to, spec, sizeof(spec));
}

bool time_write_setting(u64 to, const struct timer *timer)
{
	return time_write(to, timer->interval) && time_write(to + 16, timer_left(timer));
}

/* Negative numbers are processor times: ~pid in the upper bits, bit 2 of a thread. */
void clock_of_timer(u64 clock, struct process **process, struct thread **thread)
{
	int number = (int)clock, id = ~(number >> 3);

	*process = number == CLOCK_PROCESS ? process_current : NULL;
	*thread = number == CLOCK_THREAD ? thread_current : NULL;
	if (number >= 0)
		return;
	if (number & 4)
		*thread = id ? thread_find(id) : thread_current;
	else
		*process = id ? process_find(id) : process_current;
	if (*thread && (*thread)->process != process_current)
		*thread = NULL;
}

bool clock_now(u64 clock, u64 *ns)
{
	struct process *process;
	struct thread *thread;

	switch ((int)clock) {
	case CLOCK_REALTIME:
	case CLOCK_REAL_COARSE:
	case CLOCK_TAI:
		*ns = time_real();
		return true;
	case CLOCK_MONOTONIC:
	case CLOCK_RAW:
	case CLOCK_MONO_COARSE:
	case CLOCK_BOOT:
		*ns = time_now();
		return true;
	}
	clock_of_timer(clock, &process, &thread);
	if ((int)clock < 0 && ((int)clock & 3) == 3)
		return false;
	if (process)
		*ns = process_cpu_time(process);
	else if (thread)
		*ns = thread_cpu_time(thread);
	return process || thread;
}

u64 clock_deadline(u64 clock, u64 ns)
{
	u64 ahead = time_real() - time_now();

	if ((int)clock == CLOCK_REALTIME || (int)clock == CLOCK_REAL_COARSE || (int)clock == CLOCK_TAI)
		ns = ns > ahead ? ns - ahead : 1;
	return ns ? ns : 1;
}

long sys_clock_gettime(u64 clock, u64 to)
{
	u64 ns;

	if (!clock_now(clock, &ns))
		return -EINVAL;
	return time_write(to, ns) ? 0 : -EFAULT;
}

/* LIMIT: who waits for a time of the clock, or has a timer for one, is not moved with it. */
long sys_clock_settime(u64 clock, u64 from)
{
	u64 ns;
	long rc;

	if ((int)clock != CLOCK_REALTIME)
		return -EINVAL;
	rc = time_read(from, &ns);
	return rc ? rc : time_set_real(ns) ? 0 : -EINVAL;
}

/* The time zone is not kept. */
long sys_settimeofday(u64 from, u64 zone)
{
	u64 value[2];
	u32 both[2];

	if (from && !user_read(value, from, sizeof(value)))
		return -EFAULT;
	if (from && (value[1] >= 1000000 || (long)value[0] < 0))
		return -EINVAL;
	if (zone && !user_read(both, zone, sizeof(both)))
		return -EFAULT;
	if (zone && ((int)both[0] > 15 * 60 || (int)both[0] < -15 * 60))
		return -EINVAL;
	return !from || time_set_real(clock_clamp(value[0], value[1] * 1000)) ? 0 : -EINVAL;
}

long sys_clock_getres(u64 clock, u64 to)
{
	u64 ns;

	if (!clock_now(clock, &ns))
		return -EINVAL;
	return !to || time_write(to, 1) ? 0 : -EFAULT;
}

long sys_gettimeofday(u64 to, u64 zone)
{
	u64 now = time_real(), value[2] = {now / SECOND, now % SECOND / 1000}, utc = 0;

	if (zone && !user_write(zone, &utc, sizeof(utc)))
		return -EFAULT;
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
	long rc = time_read(wanted, &ns);

	return rc ? rc : sleep_until(time_now() + ns, left);
}

long sys_clock_nanosleep(u64 clock, u64 flags, u64 wanted, u64 left)
{
	u64 ns, now;
	long rc;

	if (!clock_now(clock, &now) || (int)clock == CLOCK_THREAD)
		return -EINVAL;
	if ((int)clock == CLOCK_RAW || (int)clock == CLOCK_REAL_COARSE || (int)clock == CLOCK_MONO_COARSE)
		return -ENOTSUP;
	rc = time_read(wanted, &ns);
	if (rc)
		return rc;
	if (!(flags & TIMER_ABSTIME))
		return sleep_until(time_now() + ns, left);
	return ns <= now ? 0 : sleep_until(time_now() + (ns - now), 0);
}
