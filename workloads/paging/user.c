/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user program, ring 3: three pointer chases, a copy, random updates (GUPS), a wait for the timer. It uses nothing of the kernel's
 * but system calls; all its code and data are in the pages of .user, its stack and its DEMAND memory appear when touched.
 */
#include "layout.h"
#include "syscall.h"
#include "user.h"

struct user_args user_args = {};

static u64 call(enum syscall number, u64 a, u64 b)
{
	u64 result;
	asm volatile("syscall" : "=a"(result) : "a"((u64)number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

static u64 call_int(enum syscall number, u64 a, u64 b)
{
	u64 result;
	asm volatile("int %1" : "=a"(result) : "i"(SYSCALL_INT), "a"((u64)number), "D"(a), "S"(b) : "memory");
	return result;
}

static void result(const char *name, u64 value)
{
	call(SYS_RESULT, (u64)name, value);
}

/* Node i lies in page i; pages are visited in steps of 769, a prime, so that each is visited once a round. */
static u64 *node(u64 base, u64 page_size, u64 offset, u64 i)
{
	return (u64 *)(base + i * page_size + offset + i * NODE % 4096 + (page_size > 4096 ? i * NODE & ~4095ull : 0));
}

static void chase(const char *name, struct phase p, u64 base, u64 page_size, u64 offset)
{
	if (!p.pages)
		return;
	for (u64 i = 0; i < p.pages; i++)
		*node(base, page_size, offset, i) = (u64)node(base, page_size, offset, (i + 769) % p.pages);
	u64 at = (u64)node(base, page_size, offset, 0), steps = p.pages * p.rounds;
	if (steps)
		asm volatile("1: mov (%0), %0\n\tdec %1\n\tjnz 1b" : "+r"(at), "+r"(steps) : : "memory");
	result(name, at);
}

static u64 random_next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static u64 checksum(const u64 *p, u64 words)
{
	u64 sum = 0;
	for (u64 i = 0; i < words; i++)
		sum = (sum << 5 | sum >> 59) ^ p[i];
	return sum;
}

/* Half of each round by single loads and stores, half by REP MOVSQ. */
static void copy(struct phase p, u64 base)
{
	u64 words = p.pages * 512, *from = (u64 *)base, *to = from + words, state = 88172645463325252;
	if (!words)
		return;
	for (u64 i = 0; i < words; i++)
		from[i] = random_next(&state);
	for (u64 round = 0; round < p.rounds; round++) {
		u64 *s = from, *d = to, n = words / 2, t;
		asm volatile("1: mov (%0), %3\n\tmov %3, (%1)\n\tadd $8, %0\n\tadd $8, %1\n\tdec %2\n\tjnz 1b"
			     : "+r"(s), "+r"(d), "+r"(n), "=&r"(t)
			     :
			     : "memory");
		n = words / 2;
		asm volatile("rep movsq" : "+S"(s), "+D"(d), "+c"(n) : : "memory");
	}
	result("copy: checksum", checksum(to, words));
}

static void gups(struct phase p, u64 base)
{
	u64 words = p.pages * 512, *table = (u64 *)base, state = 88172645463325252;
	if (!words)
		return;
	for (u64 i = 0; i < words; i++)
		table[i] = i;
	for (u64 n = 0; n < p.rounds; n++) {
		u64 r = random_next(&state);
		table[r % words] ^= r;
	}
	result("gups: checksum", checksum(table, words));
}

static void wait_ticks(u64 ticks)
{
	if (!ticks)
		return;
	u64 start = call(SYS_TICKS, 0, 0);
	call(SYS_TIMER, 100000, 0);
	while (call(SYS_TICKS, 0, 0) - start < ticks)
		for (unsigned i = 0; i < 1000; i++)
			asm volatile("");
	call(SYS_TIMER, 0, 0);
	call(SYS_SAY, (u64) "timer ticks: ok", 0);
}

void user_main(void)
{
	const struct user_args *a = &user_args;
	call_int(SYS_SAY, (u64) "ring 3: ok", 0);
	chase("chase 4K: ends at", a->chase, DEMAND, 1ull << 12, 0);
	chase("chase 2M: ends at", a->chase2m, BIG, 1ull << 21, 0);
	chase("chase 1G: ends at", a->chase1g, HUGE, 1ull << 30, HUGE_NODES);
	copy(a->copy, DEMAND + 0x10000000);
	gups(a->gups, DEMAND + 0x20000000);
	wait_ticks(a->ticks);
	call_int(SYS_EXIT, 0, 0);
}
