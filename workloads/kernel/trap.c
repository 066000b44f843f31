/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that enters the kernel: system calls, page faults and other exceptions, the timer. Installs the entries too. */
#include "entry.h"
#include "errno.h"
#include "gdt.h"
#include "lapic.h"
#include "log.h"
#include "process.h"
#include "syscall.h"
#include "time.h"
#include "user.h"

void syscall_entry(void);
bool trap_syscall(struct trap *r); /* from entry.S */

enum { BREAKPOINT = 3, DOUBLE_FAULT = 8, PAGE_FAULT = 14, MATH_FAULT = 16, SIMD_FAULT = 19 };

/* A page fault in user_copy ends the copy. */
static bool fix_up(struct trap *r)
{
	if (r->rip < (u64)user_copy || r->rip >= (u64)user_copy_fault)
		return false;
	r->rip = (u64)user_copy_fault;
	return true;
}

static void no_memory(void)
{
	struct process *p = process_current;

	log("out of memory: process %u (%s) is killed", (u32)p->pid, thread_current->name);
	process_end(p, SIGKILL);
}

static void page_fault(struct trap *r)
{
	u64 linear = read_cr2();
	bool user = r->cs & 3;
	enum vm_fault rc = FAULT_UNMAPPED;

	if (linear < USER_TOP && vm_current())
		rc = vm_fault(vm_current(), linear, r->error);
	if (rc == FAULT_OK)
		return;
	if (!user && !fix_up(r))
		panic("page fault in the kernel", r->rip, linear);
	if (rc == FAULT_MEMORY)
		no_memory();
	else if (user)
		signal_fault(rc == FAULT_BUS ? SIGBUS : SIGSEGV,
			     rc == FAULT_BUS	  ? BUS_ADRERR
			     : rc == FAULT_ACCESS ? SEGV_ACCERR
						  : SEGV_MAPERR,
			     linear);
}

/* Which of the exceptions that are not masked it was: x87's status and control word, or MXCSR. */
static int floating_point(u64 vector)
{
	u16 control, status;
	u32 mxcsr;

	asm volatile("fnstcw %0; fnstsw %1; stmxcsr %2" : "=m"(control), "=m"(status), "=m"(mxcsr));
	u32 is = vector == MATH_FAULT ? status & ~(u32)control : mxcsr & ~(mxcsr >> 7);
	return is & 1 ? FPE_FLTINV : is & 4 ? FPE_FLTDIV : is & 8 ? FPE_FLTOVF : is & 0x12 ? FPE_FLTUND : is & 0x20 ? FPE_FLTRES : 0;
}

static __attribute__((noinline)) void exception(struct trap *r)
{
	static const struct {
		u8 signal, code;
	} means[32] = {
	    [0] = {SIGFPE, FPE_INTDIV}, [1] = {SIGTRAP, TRAP_BRKPT}, [3] = {SIGTRAP, SI_KERNEL},
	    [6] = {SIGILL, ILL_ILLOPN}, [17] = {SIGBUS, 1},
	};

	if (!(r->cs & 3))
		panic("exception in the kernel: vector, rip", r->vector, r->rip);
	if (r->vector == MATH_FAULT || r->vector == SIMD_FAULT)
		signal_fault(SIGFPE, floating_point(r->vector), r->rip);
	else if (means[r->vector].signal)
		signal_fault(means[r->vector].signal, means[r->vector].code, r->vector == BREAKPOINT ? 0 : r->rip);
	else
		signal_fault(SIGSEGV, SI_KERNEL, 0);
}

/* On the way to user mode. */
static inline void leave(struct trap *r)
{
	if (sched_wanted)
		sched_yield_now();
	if (signal_waits(thread_current) || thread_current->on_leaving || (r->vector == SYSCALL_VECTOR && (long)r->rax == -ERESTART))
		signal_deliver(r);
}

void trap(struct trap *r)
{
	if (r->vector == PAGE_FAULT)
		page_fault(r);
	else if (r->vector < 32)
		exception(r);
	else if (r->vector == TIMER_VECTOR) {
		lapic_write(LAPIC_EOI, 0);
		sched_tick();
	}
	if (r->cs & 3)
		leave(r);
}

/* true: by SYSRET, which goes to RCX with R11 as RFLAGS; a RIP that is not canonical would fault in the kernel. */
bool trap_syscall(struct trap *r)
{
	syscall_do(r);
	leave(r);
	return r->vector == SYSCALL_VECTOR && r->rcx == r->rip && r->r11 == r->rflags && r->rip < USER_TOP;
}

void entry_init(bool pcid)
{
	u32 f[4], seven[4] = {0};
	u64 cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PGE;

	gdt_init();
	trap_init();
	trap_gate(DOUBLE_FAULT, 0, 1);
	trap_gate(3, 3, 0);
	trap_gate(4, 3, 0);
	cpuid(0, 0, f);
	if (f[0] >= 7)
		cpuid(7, 0, seven);
	cpuid(1, 0, f);
	if (seven[1] & 1)
		cr4 |= CR4_FSGSBASE;
	vm_pcid = pcid && (f[2] & 1u << 17);
	if (vm_pcid)
		cr4 |= CR4_PCIDE;
	write_cr4(cr4);
	wrmsr(MSR_STAR, (u64)KCODE << 32 | (u64)UCODE32 << 48);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_SFMASK, FLAG_IF | FLAG_DF | FLAG_TF | FLAG_AC | FLAG_NT);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
}
