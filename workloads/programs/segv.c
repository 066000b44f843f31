/* SPDX-License-Identifier: GPL-2.0-or-later */
/* segv [PAGES=500 [ROUNDS=2]]: each store hits a page that may not be written; the handler of SIGSEGV allows it. */
#include "workload.h"
#include <signal.h>
#include <sys/mman.h>

static char *page;
static u64 faults;

static void allow(int signal, siginfo_t *info, void *context)
{
	u64 at = (u64)((char *)info->si_addr - page);

	(void)signal;
	(void)context;
	faults++;
	mprotect(page + (at & ~4095ull), 4096, PROT_READ | PROT_WRITE);
}

int main(int argc, char **argv)
{
	u64 pages = argument(argc, argv, 1, 500), rounds = argument(argc, argv, 2, 2), sum = 0;
	struct sigaction action = {.sa_sigaction = allow, .sa_flags = SA_SIGINFO};

	page = mmap(NULL, pages * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGSEGV, &action, NULL);
	for (u64 r = 0; r < rounds; r++) {
		mprotect(page, pages * 4096, PROT_READ);
		for (u64 i = 0; i < pages; i++)
			page[i * 4096 + i % 4096] = (char)(i + r);
	}
	for (u64 i = 0; i < pages; i++)
		sum = mix(sum, (u64)page[i * 4096 + i % 4096]);
	return done("segv", mix(sum, faults));
}
