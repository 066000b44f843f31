/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock is set: only for the guest. */
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

int main(void)
{
	struct timespec t = {2000000000, 5}, before, after;
	struct timeval v = {1000000000, 7};

	clock_gettime(CLOCK_MONOTONIC, &before);
	printf("%d", clock_settime(CLOCK_REALTIME, &t));
	clock_gettime(CLOCK_REALTIME, &t);
	printf(" %ld\n%d", (long)t.tv_sec, settimeofday(&v, NULL));
	printf(" %ld\n", (long)time(NULL));
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%d\n", after.tv_sec - before.tv_sec < 10);
	t = (struct timespec){0, 1};
	printf("%d\n", clock_settime(CLOCK_REALTIME, &t));
	return 0;
}
