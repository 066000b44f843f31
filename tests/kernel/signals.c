/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers: what they are told, masks, an alternate stack, floating-point registers kept, calls interrupted and restarted, default actions.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int seen, repaired;
static char *page;

static void fault(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)uc;
	printf("signal %d code %d at page + %ld\n", signal, info->si_code, (long)((char *)info->si_addr - page));
	siglongjmp(back, 1);
}

static void repair(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	repaired += uc->uc_mcontext.gregs[REG_TRAPNO] == 14 && (uc->uc_mcontext.gregs[REG_ERR] & 2);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void count(int signal)
{
	volatile double spoil = 1.5;

	(void)signal;
	spoil *= 3.25;
	seen++;
}

static void on(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	sigaction(signal, &action, NULL);
}

static void faults(void)
{
	page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	on(SIGSEGV, fault, SA_ONSTACK);
	if (!sigsetjmp(back, 1))
		page[5] = 1;
	if (!sigsetjmp(back, 1))
		page[4096 + 7] = 1;
	on(SIGFPE, fault, 0);
	volatile int zero = 0;
	page = NULL;
	if (!sigsetjmp(back, 1))
		seen = 1 / zero == 5;
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	on(SIGSEGV, repair, 0);
	page[9] = 77;
	printf("repaired %d, holds %d\n", repaired, page[9]);
}

static void masks(void)
{
	sigset_t set, old;
	double before = 0.1, after;

	signal(SIGUSR1, count);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGUSR1);
	raise(SIGUSR1);
	printf("blocked: %d seen\n", seen);
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("then: %d seen\n", seen);
	after = before * 3;
	raise(SIGUSR1);
	printf("%.17g, %d seen\n", after, seen);
}

/* The child's signal comes while the parent reads. */
static void interrupted(int flags)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = flags};
	int p[2], status;
	char c = 0;

	seen = 0;
	sigaction(SIGUSR2, &action, NULL);
	if (pipe(p))
		exit(1);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		usleep(50000);
		kill(getppid(), SIGUSR2);
		usleep(50000);
		_exit(write(p[1], "x", 1) == 1 ? 3 : 4);
	}
	long n = read(p[0], &c, 1);
	while (waitpid(child, &status, 0) < 0)
		;
	printf("read gave %ld, %d seen, child's status %d\n", n, seen, WEXITSTATUS(status));
}

static unsigned controls[2];

static void read_controls(void)
{
	unsigned short x87;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(controls[0]), "=m"(x87));
	controls[1] = x87;
}

static void show_controls(int signal)
{
	(void)signal;
	read_controls();
}

static void what(int signal, siginfo_t *info, void *context)
{
	(void)context;
	printf("signal %d code %d\n", signal, info->si_code);
	siglongjmp(back, 1);
}

/* A handler starts with the floating-point unit as a program does, and what it interrupted has its own again. */
static void floating_point(void)
{
	struct sigaction action = {.sa_handler = show_controls}, told = {.sa_sigaction = what, .sa_flags = SA_SIGINFO};
	unsigned mxcsr = 0x5f80;
	unsigned short x87 = 0x77f, divide = 0x37b;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGFPE, &told, NULL);
	sigaction(SIGTRAP, &told, NULL);
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(x87));
	raise(SIGUSR1);
	printf("in the handler %x %x", controls[0], controls[1]);
	read_controls();
	printf(", then %x %x\n", controls[0], controls[1]);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(divide));
	if (!sigsetjmp(back, 1))
		__asm__ volatile("int3");
	mxcsr = 0x1f80;
	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

static void deaths(void)
{
	static const int kind[] = {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGPIPE};
	int status;

	for (unsigned i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		fflush(stdout);
		pid_t child = fork();
		if (child == 0) {
			signal(kind[i], SIG_DFL);
			raise(kind[i]);
			_exit(0);
		}
		waitpid(child, &status, 0);
		printf("%s: signaled %d by %d\n", strsignal(kind[i]), WIFSIGNALED(status), WTERMSIG(status));
	}
}

int main(void)
{
	static char stack[65536];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(&alternate, NULL);
	faults();
	masks();
	floating_point();
	interrupted(0);
	interrupted(SA_RESTART);
	deaths();
	signal(SIGALRM, SIG_DFL);
	raise(SIGALRM);
	return 0;
}
