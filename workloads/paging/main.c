/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paging: a small kernel with its own page tables (4-KiB, 2-MiB and 1-GiB pages), GDT, IDT, TSS, a timer interrupt, system calls, and
 * memory that is mapped when a page fault asks for it; and a user program that chases pointers, copies and updates (user.c).
 *
 * Command line, with the defaults:
 *     chase=2048,2 chase2m=64,2 chase1g=8,2 copy=64,2 gups=256,20000 ticks=5
 * each PAGES,ROUNDS (gups: pages, updates); 0 leaves a phase out. ticks: timer interrupts to wait for.
 *
 * Output: tests/guest/paging.expected. What must be counted, by hand:
 *
 * Page faults: one for each 4-KiB page touched first: chase PAGES + 2 * copy PAGES + gups PAGES + 1 (the stack, whose first use is the
 * call in user_main). With the defaults 2048 + 128 + 256 + 1 = 2433.
 *
 * One more round of a chase over N pages: N loads, 3 N instructions (load, dec, jnz), no store; nothing else of the run changes. The
 * code is one page, in the instruction TLB throughout; interrupts do not occur (the timer is not yet running). With TLBs of
 * Skylake's geometry (data TLB: 4 KiB 64 entries in 16 sets of 4, 2 MiB 32 in 8 sets of 4, 1 GiB 4; second level: 1536 in 128 sets of 12
 * for 4 KiB and 2 MiB, 16 in 4 sets of 4 for 1 GiB) and least-recently-used replacement, N consecutive pages put N / sets pages in each
 * set, and a set that is visited cyclically by more pages than it has ways misses every time:
 *
 *     pages     N     per set: data TLB, STLB    data-TLB misses  STLB misses = walks   references
 *     4 KiB     48        3 of 4                        0                0                  0
 *     4 KiB   1024       64 of 4,  8 of 12           1024                0                  0
 *     4 KiB   2048      128 of 4, 16 of 12           2048             2048           4 * 2048 = 8192
 *     2 MiB   2048      256 of 4, 16 of 12           2048             2048           3 * 2048 = 6144
 *     1 GiB     32       32 of 4,  8 of 4              32               32           2 * 32   = 64
 *
 * One more round of copy over N pages: 512 N loads and 512 N stores, REP MOVSQ's included.
 */
#include "cmdline.h"
#include "finish.h"
#include "gdt.h"
#include "lapic.h"
#include "layout.h"
#include "map.h"
#include "print.h"
#include "serial.h"
#include "syscall.h"
#include "trap.h"
#include "user.h"

_Noreturn void enter_user(u64 rip, u64 rsp);
void syscall_entry(void);
u64 syscall_do(enum syscall number, u64 a, u64 b);
void main(u64 multiboot);

enum { TIMER_VECTOR = 0x40, SPURIOUS_VECTOR = 0xff };

static u64 faults;
static volatile u64 ticks;
static u8 syscall_stack[8192] __attribute__((aligned(16)));
static u64 syscall_area[2] = {(u64)syscall_stack + sizeof(syscall_stack), 0};

static bool demand(u64 linear)
{
	if (!(linear >= DEMAND && linear < DEMAND_TOP) && !(linear >= STACK_BASE && linear < STACK_TOP))
		return false;
	map_page(linear & ~4095ull, map_frame(), 1, PTE_RW | PTE_US);
	faults++;
	return true;
}

u64 syscall_do(enum syscall number, u64 a, u64 b)
{
	switch (number) {
	case SYS_EXIT:
		print("page faults: %lu\n", faults);
		finish(0);
	case SYS_SAY:
		print("%s\n", (const char *)a);
		return 0;
	case SYS_RESULT:
		print("%s %016lx\n", (const char *)a, b);
		return 0;
	case SYS_TIMER:
		if (a)
			lapic_timer(TIMER_VECTOR, LVT_PERIODIC, (u32)a);
		else
			lapic_timer_off();
		return 0;
	case SYS_TICKS:
		return ticks;
	}
	return ~0ull;
}

void trap(struct trap *t)
{
	switch (t->vector) {
	case TIMER_VECTOR:
		ticks++;
		lapic_write(LAPIC_EOI, 0);
		return;
	case SPURIOUS_VECTOR:
		return;
	case SYSCALL_INT:
		t->rax = syscall_do((enum syscall)t->rax, t->rdi, t->rsi);
		return;
	case 14:
		if ((t->error & ~2ull) == 4 && demand(read_cr2())) /* user, not present */
			return;
	}
	print("unexpected vector %lu error %lx rip %lx cr2 %lx\n", t->vector, t->error, t->rip, read_cr2());
	finish(1);
}

static struct phase phase(const char *key, u64 pages, u64 rounds)
{
	return (struct phase){cmdline_number(key, 0, pages), cmdline_number(key, 1, rounds)};
}

static void read_args(void)
{
	struct user_args *a = &user_args;
	a->chase = phase("chase", 2048, 2);
	a->chase2m = phase("chase2m", 64, 2);
	a->chase1g = phase("chase1g", 8, 2);
	a->copy = phase("copy", 64, 2);
	a->gups = phase("gups", 256, 20000);
	a->ticks = cmdline_number("ticks", 0, 5);
}

static void syscall_init(void)
{
	wrmsr(MSR_STAR, (u64)KCODE << 32 | (u64)UCODE32 << 48);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_SFMASK, FLAG_IF | FLAG_DF | FLAG_TF);
	wrmsr(MSR_KERNEL_GS_BASE, (u64)syscall_area);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	trap_gate(SYSCALL_INT, 3, 0);
}

void main(u64 multiboot)
{
	serial_init();
	cmdline_init(multiboot);
	read_args();
	gdt_init();
	trap_init();
	syscall_init();
	map_init();
	for (u64 i = 0; i < user_args.chase2m.pages; i++)
		map_page(BIG + (i << 21), BIG_FRAME, 2, PTE_RW | PTE_US);
	for (u64 i = 0; i < user_args.chase1g.pages; i++)
		map_page(HUGE + (i << 30), 0, 3, PTE_RW | PTE_US);
	lapic_init(SPURIOUS_VECTOR);
	print("paging: 4 KiB, 2 MiB and 1 GiB pages\n");
	enter_user((u64)user_main, STACK_TOP - 8);
}
