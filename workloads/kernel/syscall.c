/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From numbers to functions (System V ABI, "Linux Conventions": RAX; RDI, RSI, RDX, R10, R8, R9). */
#include "syscall.h"
#include "errno.h"
#include "log.h"
#include "process.h"

#define CALL_0(name) sys_##name()
#define CALL_1(name) sys_##name(r->rdi)
#define CALL_2(name) sys_##name(r->rdi, r->rsi)
#define CALL_3(name) sys_##name(r->rdi, r->rsi, r->rdx)
#define CALL_4(name) sys_##name(r->rdi, r->rsi, r->rdx, r->r10)
#define CALL_5(name) sys_##name(r->rdi, r->rsi, r->rdx, r->r10, r->r8)
#define CALL_6(name) sys_##name(r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9)
#define CALL_REGS(name) sys_##name(r)

enum { NUMBERS = 512 };

bool syscall_trace;

/* libc tries these first and has another way: they are not worth a line */
static bool expected(u64 number)
{
	return number == 334 || number == 435; /* rseq, clone3 */
}

static long unknown(u64 number)
{
	static bool told[NUMBERS];
	u64 n = number < NUMBERS ? number : NUMBERS - 1;

	if (!told[n] && !expected(number))
		log("system call %lu is not there (ENOSYS)", number);
	told[n] = true;
	return -ENOSYS;
}

static long call(struct trap *r)
{
	switch (r->error) {
#define SYSCALL(number, name, arguments)                                                                                                   \
	case number:                                                                                                                       \
		return CALL_##arguments(name);
#include "syscall.def"
#undef SYSCALL
	}
	return unknown(r->error);
}

/* trace=on: one line for each call that returns */
static const char *name_of(u64 number)
{
	switch (number) {
#define SYSCALL(n, name, arguments)                                                                                                        \
	case n:                                                                                                                            \
		return #name;
#include "syscall.def"
#undef SYSCALL
	}
	return "?";
}

static __attribute__((noinline)) void traced(struct trap *regs)
{
	u64 number = regs->error, a = regs->rdi, b = regs->rsi, c = regs->rdx;

	regs->rax = (u64)call(regs);
	log("%u: %s(0x%lx, 0x%lx, 0x%lx) = 0x%lx", (u32)thread_current->tid, name_of(number), a, b, c, regs->rax);
}

void syscall_do(struct trap *regs)
{
	if (syscall_trace)
		traced(regs);
	else
		regs->rax = (u64)call(regs);
}
