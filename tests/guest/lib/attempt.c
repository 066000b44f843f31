/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts: catching the event, going back, and saying what it was. */
#include "attempt.h"
#include "cmdline.h"
#include "finish.h"
#include "gdt.h"
#include "print.h"
#include "serial.h"

struct trap caught;
u64 caught_cr2, caught_dr6, caught_frame;
u64 report_cr2_base;
u8 user_stack[8192] __attribute__((aligned(4096)));

extern u64 attempt_rsp; /* lib/enter.S */
extern char attempt_unwind[];
void attempt_enter(u64 rip, u64 cs, u64 rflags, u64 rsp, u64 ss);

void trap(struct trap *t)
{
	caught = *t;
	caught_cr2 = read_cr2();
	caught_dr6 = read_dr6();
	caught_frame = (u64)(t + 1);
	if (!attempt_rsp) {
		print("outside any attempt: vector %lu error %lx rip %lx cr2 %lx\n", t->vector, t->error, t->rip, caught_cr2);
		finish(1);
	}
	if (t->vector == VECTOR_END)
		caught.vector = VECTOR_NONE;
	t->rip = (u64)attempt_unwind;
	t->cs = KCODE;
	t->ss = KDATA;
	t->rflags = 2;
	t->rsp = attempt_rsp;
}

void attempt_init(u64 multiboot)
{
	serial_init();
	cmdline_init(multiboot);
	gdt_init();
	trap_init();
	trap_gate(VECTOR_END, 3, 0);
	outb(0x21, 0xff); /* no interrupt but those an image asks for */
	outb(0xa1, 0xff);
}

void attempt_iret(u64 rip, u64 cs, u64 rflags, u64 rsp, u64 ss)
{
	attempt_enter(rip, cs, rflags, rsp, ss);
	attempt_rsp = 0;
	asm volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %1, %%fs\n\tmov %1, %%gs" : : "r"(KDATA), "r"(0));
}

static u8 kernel_stack[8192] __attribute__((aligned(4096)));

void attempt(void (*piece)(void))
{
	attempt_iret((u64)piece, KCODE, 2, (u64)kernel_stack + sizeof(kernel_stack), KDATA);
}
void attempt_user(void (*piece)(void))
{
	attempt_iret((u64)piece + BOOT_USER, UCODE, 2, (u64)user_stack + BOOT_USER + sizeof(user_stack), UDATA);
}
void attempt_compat(void (*piece)(void))
{
	attempt_iret((u64)piece, KCODE32, 2, (u64)kernel_stack + sizeof(kernel_stack), KDATA);
}
void attempt_compat_user(void (*piece)(void))
{
	attempt_iret((u64)piece + BOOT_USER, UCODE32, 2, (u64)user_stack + BOOT_USER + sizeof(user_stack), UDATA);
}

static const char *const names[] = {
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM",
};

static bool has_error(u64 v)
{
	return v == 8 || (v >= 10 && v <= 14) || v == 17;
}

void report(const char *name, const char *at)
{
	u64 v = caught.vector;
	int64_t offset = (int64_t)((caught.rip - (u64)at) << 33) >> 33; /* less BOOT_USER */
	print("%s: ", name);
	if (v == VECTOR_NONE) {
		print("completes\n");
		return;
	}
	if (v < sizeof(names) / sizeof(names[0]))
		print("%s", names[v]);
	else
		print("vector %lu", v);
	if (has_error(v))
		print("(%lx)", caught.error);
	if (v == 8)
		print(" cpl %lu", caught.cs & 3);
	else if (offset < -4096 || offset > 4096)
		print(" rip elsewhere cpl %lu", caught.cs & 3);
	else
		print(" rip%s%ld cpl %lu", offset < 0 ? "" : "+", offset, caught.cs & 3);
	if (v == 14)
		print(" cr2 %lx", caught_cr2 - report_cr2_base);
	print("\n");
}
