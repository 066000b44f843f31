/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of a signal handler, as Linux lays it out on x86-64 (what ucontext_t of libc describes):
 *
 *     RSP ->  return address: sa_restorer, which calls rt_sigreturn
 *             ucontext: flags, alternate stack, registers, mask
 *             siginfo (128 bytes)
 *             FXSAVE area (512 bytes, 64-byte boundary)
 */
#include "sigframe.h"
#include "errno.h"
#include "process.h"
#include "string.h"
#include "user.h"

enum { RED_ZONE = 128, FXSAVE = 512, SS_ONSTACK = 1, SS_DISABLE = 2 };
#define FLAGS_USER 0x40dd5ull /* CF PF AF ZF SF TF DF OF AC */

struct context { /* struct sigcontext */
	u64 r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
	u16 cs, gs, fs, ss;
	u64 error, vector, mask, cr2, fpu, reserved[8];
};

struct ucontext {
	u64 flags, link;
	u64 stack;
	u64 stack_flags; /* an int and its padding */
	u64 stack_size;
	struct context context;
	u64 mask;
};

struct frame {
	u64 restorer;
	struct ucontext uc;
	struct siginfo info;
	u8 info_rest[128 - sizeof(struct siginfo)];
};

_Static_assert(sizeof(struct context) == 256, "struct sigcontext");
_Static_assert(sizeof(struct siginfo) == 48, "the part of siginfo that is used");

static bool on_alt_stack(const struct thread *t, u64 rsp)
{
	return t->alt_size && rsp > t->alt_stack && rsp <= t->alt_stack + t->alt_size;
}

static void fill(struct frame *f, const struct trap *r, const struct thread *t)
{
	struct context *c = &f->uc.context;

	*c = (struct context){.r8 = r->r8,
			      .r9 = r->r9,
			      .r10 = r->r10,
			      .r11 = r->r11,
			      .r12 = r->r12,
			      .r13 = r->r13,
			      .r14 = r->r14,
			      .r15 = r->r15,
			      .rdi = r->rdi,
			      .rsi = r->rsi,
			      .rbp = r->rbp,
			      .rbx = r->rbx,
			      .rdx = r->rdx,
			      .rax = r->rax,
			      .rcx = r->rcx,
			      .rsp = r->rsp,
			      .rip = r->rip,
			      .flags = r->rflags,
			      .cs = UCODE,
			      .ss = UDATA};
	if (r->vector < 32) {
		c->error = r->error;
		c->vector = r->vector;
		c->cr2 = r->vector == 14 ? f->info.address : 0;
	}
	c->mask = t->on_leaving & LEAVING_MASK ? t->saved_mask : t->mask;
	f->uc.mask = c->mask;
	f->uc.stack = t->alt_stack;
	f->uc.stack_size = t->alt_size;
	f->uc.stack_flags = !t->alt_size ? SS_DISABLE : on_alt_stack(t, r->rsp) ? SS_ONSTACK : 0;
}

/* As after FNINIT, with the first MXCSR and all registers 0. */
static void clean_fpu(void)
{
	static const u16 clean[FXSAVE / 2] __attribute__((aligned(16))) = {[0] = 0x37f, [12] = 0x1f80};

	asm volatile("fxrstor64 %0" : : "m"(clean));
}

bool sigframe_push(struct trap *regs, const struct sigaction *action, const struct siginfo *info)
{
	struct thread *t = thread_current;
	struct frame frame = {.restorer = action->restorer, .info = *info};
	u64 rsp = regs->rsp - RED_ZONE, at;

	if ((action->flags & SA_ONSTACK) && t->alt_size && !on_alt_stack(t, regs->rsp))
		rsp = t->alt_stack + t->alt_size;
	rsp = (rsp - FXSAVE) & ~63ull;
	at = ((rsp - sizeof(frame)) & ~15ull) - 8;
	fill(&frame, regs, t);
	frame.uc.context.fpu = rsp;
	asm volatile("fxsave64 %0" : "=m"(t->fpu));
	if (!user_write(rsp, t->fpu, FXSAVE) || !user_write(at, &frame, sizeof(frame)))
		return false;
	clean_fpu();
	regs->rsp = at;
	regs->rip = action->handler;
	regs->rdi = (u64)info->signal;
	regs->rsi = at + offsetof(struct frame, info);
	regs->rdx = at + offsetof(struct frame, uc);
	regs->rax = 0;
	regs->rflags &= ~(u64)(FLAG_DF | FLAG_TF);
	regs->vector = SYSCALL_VECTOR + 1; /* not by SYSRET, and no call to restart */
	return user_range(action->handler, 1);
}

bool sigframe_info(u64 to, const struct siginfo *info)
{
	static const u8 rest[128 - sizeof(*info)];

	return user_write(to, info, sizeof(*info)) && user_write(to + sizeof(*info), rest, sizeof(rest));
}

/* Reserved MXCSR bits would fault in FXRSTOR. */
static bool restore_fpu(struct thread *t, u64 from)
{
	u32 mxcsr;

	if (!from)
		return true;
	if (!user_read(t->fpu, from, FXSAVE))
		return false;
	memcpy(&mxcsr, t->fpu + 24, sizeof(mxcsr));
	mxcsr &= 0xffff;
	memcpy(t->fpu + 24, &mxcsr, sizeof(mxcsr));
	asm volatile("fxrstor64 %0" : : "m"(t->fpu));
	return true;
}

long signal_return(struct trap *r)
{
	struct thread *t = thread_current;
	struct frame f;
	const struct context *c = &f.uc.context;

	if (!user_read(&f, r->rsp - 8, sizeof(f)) || !restore_fpu(t, c->fpu) || !user_range(c->rip, 1)) {
		process_end(t->process, SIGSEGV);
		return -EFAULT;
	}
	*r = (struct trap){.r15 = c->r15,
			   .r14 = c->r14,
			   .r13 = c->r13,
			   .r12 = c->r12,
			   .r11 = c->r11,
			   .r10 = c->r10,
			   .r9 = c->r9,
			   .r8 = c->r8,
			   .rdi = c->rdi,
			   .rsi = c->rsi,
			   .rbp = c->rbp,
			   .rbx = c->rbx,
			   .rdx = c->rdx,
			   .rcx = c->rcx,
			   .rax = c->rax,
			   .vector = SYSCALL_VECTOR + 1,
			   .rip = c->rip,
			   .cs = UCODE,
			   .rflags = (c->flags & FLAGS_USER) | FLAG_IF | 2,
			   .rsp = c->rsp,
			   .ss = UDATA};
	t->mask = f.uc.mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
	if (f.uc.stack_size || (f.uc.stack_flags & SS_DISABLE)) {
		t->alt_stack = f.uc.stack;
		t->alt_size = f.uc.stack_size;
	}
	return (long)r->rax;
}
