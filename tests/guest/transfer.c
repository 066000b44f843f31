/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments and transfers of control: what LAR, LSL, VERR, VERW say of descriptors; far jumps, calls and returns, call gates, IRET, SYSCALL,
 * SYSRET, SYSENTER, SYSEXIT: where they go, with which selectors, stacks and flags. SDM 3A, "Protection"; SDM 2, the instructions.
 */
#include "finish.h"
#include "gdt.h"
#include "lib/attempt.h"
#include "print.h"

void main(u64 multiboot);

/* descriptors of our own, from TEST_SEL up */
enum {
	READ_ONLY = 0x60,
	ABSENT = 0x68,
	EXEC_ONLY = 0x70,
	CONFORMING = 0x78,
	GATE = 0x80,
	GATE_DPL0 = 0x90,
	GATE_ABSENT = 0xa0,
	GATE_DATA = 0xb0,
	LDT = 0xc0,
	EXPAND_DOWN = 0xd0,
	SMALL = 0xd8,
	L_AND_D = 0xe0,
	CODE_ABSENT = 0xe8,
	LDT_DATA = 0x04,
};
static u64 ldt[2] __attribute__((aligned(16))) = {0x00c0f3000000ffff, 0};

static void gate(unsigned selector, u64 to, u64 code, u64 access)
{
	gdt[selector >> 3] = (to & 0xffff) | code << 16 | access << 40 | (to >> 16 & 0xffff) << 48;
	gdt[(selector >> 3) + 1] = to >> 32;
}

PIECE(target, "", "nop");

static void descriptors(void)
{
	gdt[READ_ONLY >> 3] = 0x00cf91000000ffff;
	gdt[ABSENT >> 3] = 0x00cf13000000ffff;
	gdt[EXEC_ONLY >> 3] = 0x00af99000000ffff;
	gdt[CONFORMING >> 3] = 0x00af9f000000ffff;
	gate(GATE, (u64)t_target, KCODE, 0xec);
	gate(GATE_DPL0, (u64)t_target, KCODE, 0x8c);
	gate(GATE_ABSENT, (u64)t_target, KCODE, 0x6c);
	gate(GATE_DATA, (u64)t_target, KDATA, 0xec);
	gdt[LDT >> 3] = (sizeof(ldt) - 1) | ((u64)ldt & 0xffffff) << 16 | 0x82ull << 40 | ((u64)ldt >> 24 & 0xff) << 56;
	gdt[(LDT >> 3) + 1] = (u64)ldt >> 32;
	gdt[EXPAND_DOWN >> 3] = 0x0040970000000fff;
	gdt[SMALL >> 3] = 0x0040f3000000000f;
	gdt[L_AND_D >> 3] = 0x00ef9b000000ffff;
	gdt[CODE_ABSENT >> 3] = 0x00af1b000000ffff;
}

u64 selector;
#define SELECTOR "mov selector(%rip), %eax; mov $0x5555, %ecx; "
PIECE(lar, SELECTOR, "lar %eax, %ecx");
PIECE(lsl, SELECTOR, "lsl %eax, %ecx");
PIECE(verr, SELECTOR, "verr %ax");
PIECE(verw, SELECTOR, "verw %ax");

static void query(const char *who, void (*how)(void (*)(void)))
{
	static const u16 selectors[] = {0,	     KCODE,    KDATA,	     UCODE32,	  UDATA,     UCODE,	 UDATA & ~3, TSS_SEL,
					TSS_SEL + 8, KCODE32,  READ_ONLY,    ABSENT,	  EXEC_ONLY, CONFORMING, GATE,	     GATE | 3,
					LDT,	     LDT_DATA, LDT_DATA | 3, EXPAND_DOWN, SMALL,     0x1000};
	for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		selector = selectors[i];
		how(t_lar);
		print("%s, selector %lx: lar %u %lx", who, selector, !!(caught.rflags & 0x40),
		      caught.rcx & 0xf0ffff); /* bits 19:16 are undefined */
		how(t_lsl);
		print(" lsl %u %lx", !!(caught.rflags & 0x40), caught.rcx);
		how(t_verr);
		print(" verr %u", !!(caught.rflags & 0x40));
		how(t_verw);
		print(" verw %u\n", !!(caught.rflags & 0x40));
	}
}

static const char *place(u64 rip)
{
	rip &= 0x7fffffff;
	return rip == (u64)at_target + 3 ? "target" : "elsewhere";
}

/* Where an attempt that ended in t_target was: selectors, flags. */
static void where(const char *name, const char *at)
{
	if (caught.vector != VECTOR_NONE) {
		report(name, at);
		return;
	}
	print("%s: at %s cs %lx ss %lx rflags %lx\n", name, place(caught.rip), caught.cs, caught.ss, caught.rflags);
}
#define GO(how, name, text) (how(t_##name), where(text, at_##name))

u64 far_to[2]; /* offset, selector */
u32 far_to32[2];
PIECE(jmp_far, "", "rex.w ljmp *far_to(%rip)");
PIECE(jmp_far32, "", "ljmp *far_to32(%rip)");
PIECE(call_far, "", "rex.w lcall *far_to(%rip)");
PIECE(ret_far, "pushq far_to+8(%rip); pushq far_to(%rip)", "lretq");
PIECE(ret_far_outer, "mov %rsp, %rax; push $0x23; push %rax; pushq far_to+8(%rip); pushq far_to(%rip)", "lretq");
PIECE32(call_far32, "", "lcall *far_to32");
PIECE32(jmp_gate32, "", "ljmp $0x80, $0");

static void go_far(u64 sel, u64 offset)
{
	far_to[0] = offset;
	far_to[1] = sel;
	far_to32[0] = (u32)offset;
	far_to32[1] = (u32)sel;
}

static void far(void)
{
	u64 to = (u64)t_target;
	go_far(KCODE, to), GO(attempt, jmp_far, "jmp to code");
	go_far(KCODE32, to), GO(attempt, jmp_far, "jmp to 32-bit code");
	go_far(CONFORMING, to), GO(attempt, jmp_far, "jmp to conforming");
	go_far(EXEC_ONLY, to), GO(attempt, jmp_far32, "jmp m16:32 to execute-only");
	go_far(KDATA, to), GO(attempt, jmp_far, "jmp to data");
	go_far(0, to), GO(attempt, jmp_far, "jmp to null");
	go_far(0x1000, to), GO(attempt, jmp_far, "jmp beyond the GDT");
	go_far(L_AND_D, to), GO(attempt, jmp_far, "jmp to code with L and D");
	go_far(CODE_ABSENT, to), GO(attempt, jmp_far, "jmp to code not present");
	go_far(UCODE, to), GO(attempt, jmp_far, "jmp to dpl 3");
	go_far(KCODE, 0x800000000000), GO(attempt, jmp_far, "jmp non-canonical");
	go_far(TSS_SEL, to), GO(attempt, jmp_far, "jmp to a TSS");
	go_far(GATE, 0), GO(attempt, jmp_far, "jmp to a gate");
	go_far(GATE, 0), GO(attempt_user, jmp_far, "jmp to a gate, user");
	go_far(CONFORMING, to + BOOT_USER), GO(attempt_user, jmp_far, "jmp to conforming, user");
	go_far(KCODE, to), GO(attempt_user, jmp_far, "jmp to dpl 0, user");
	go_far(UCODE32, to + BOOT_USER), GO(attempt_user, jmp_far, "jmp to 32-bit code, user");
	go_far(KCODE, to), GO(attempt, call_far, "call");
	print("  pushed %lx, return +%ld\n", ((u64 *)caught.rsp)[1], ((u64 *)caught.rsp)[0] - (u64)at_call_far);
	go_far(GATE, 0), GO(attempt, call_far, "call gate");
	print("  pushed %lx, return +%ld\n", ((u64 *)caught.rsp)[1], ((u64 *)caught.rsp)[0] - (u64)at_call_far);
	GO(attempt_user, call_far, "call gate, user");
	print("  on rsp0 -%lu: cs %lx ss %lx, return +%ld, rsp -%lu\n", tss.rsp[0] - caught.rsp, ((u64 *)caught.rsp)[1],
	      ((u64 *)caught.rsp)[3], ((u64 *)caught.rsp)[0] - (u64)at_call_far - BOOT_USER,
	      (u64)user_stack + sizeof(user_stack) + BOOT_USER - ((u64 *)caught.rsp)[2]);
	go_far(GATE_DPL0, 0), GO(attempt_user, call_far, "call gate of dpl 0, user");
	go_far(GATE_ABSENT, 0), GO(attempt_user, call_far, "call gate not present, user");
	go_far(GATE_DATA, 0), GO(attempt_user, call_far, "call gate to data, user");
	go_far(KCODE, to), GO(attempt_compat, call_far32, "call, compatibility mode");
	GO(attempt_compat, jmp_gate32, "jmp to a gate, compatibility mode");
	go_far(KCODE, to), GO(attempt, ret_far, "ret");
	go_far(KCODE32, to), GO(attempt, ret_far, "ret to 32-bit code");
	go_far(0, to), GO(attempt, ret_far, "ret to null");
	go_far(UCODE, to + BOOT_USER), GO(attempt, ret_far_outer, "ret to user");
	go_far(UCODE32, to + BOOT_USER), GO(attempt, ret_far_outer, "ret to user 32-bit code");
	go_far(KCODE, to), GO(attempt_user, ret_far, "ret to cpl 0, user");
	go_far(UCODE & ~3ul, to), GO(attempt, ret_far, "ret to dpl 3, rpl 0");
	go_far(KCODE, 0x800000000000), GO(attempt, ret_far, "ret non-canonical");
}

u64 frame[5]; /* rip, cs, rflags, rsp, ss */
#define PUSH_FRAME "pushq frame+32(%rip); pushq frame+24(%rip); pushq frame+16(%rip); pushq frame+8(%rip); pushq frame(%rip)"
PIECE(iretq, PUSH_FRAME, "iretq");
PIECE(iretq_nt, PUSH_FRAME "; pushf; orl $0x4000, (%rsp); popf", "iretq");
PIECE(iretd,
      "sub $20, %rsp; mov frame(%rip), %eax; mov %eax, (%rsp); mov frame+8(%rip), %eax; mov %eax, 4(%rsp); mov frame+16(%rip), %eax; mov "
      "%eax, 8(%rsp);"
      "mov frame+24(%rip), %eax; mov %eax, 12(%rsp); mov frame+32(%rip), %eax; mov %eax, 16(%rsp)",
      "iretl");
PIECE(iretq_ds, "mov $0x10, %eax; mov %eax, %ds; mov %eax, %gs; mov $0x23, %eax; mov %eax, %es; " PUSH_FRAME, "iretq");

static void set_frame(u64 rip, u64 cs, u64 flags, u64 ss)
{
	frame[0] = rip;
	frame[1] = cs;
	frame[2] = flags;
	frame[3] = (u64)user_stack + 4096 + (cs & 3 ? BOOT_USER : 0);
	frame[4] = ss;
}

PIECE(read_ds, "mov %ds, %eax; mov %es, %ecx; mov %gs, %edx", "nop");

static void iret(void)
{
	u64 to = (u64)t_target, user = to + BOOT_USER;
	set_frame(to, KCODE, 0x2, KDATA), GO(attempt, iretq, "iretq");
	set_frame(to, KCODE, 0x2, 0), GO(attempt, iretq, "iretq, ss null");
	set_frame(to, KCODE32, 0x2, KDATA), GO(attempt, iretq, "iretq to 32-bit code");
	set_frame(to, KCODE32, 0x2, 0), GO(attempt, iretq, "iretq to 32-bit code, ss null");
	set_frame(user, UCODE, 0x3002, UDATA), GO(attempt, iretq, "iretq to user, IOPL 3");
	set_frame(user, UCODE, 0x2, UDATA), GO(attempt, iretd, "iretd to user");
	set_frame(user, UCODE, 0x2, 0), GO(attempt, iretq, "iretq to user, ss null");
	set_frame(user, UCODE, 0x2, KDATA), GO(attempt, iretq, "iretq to user, ss of dpl 0");
	set_frame(user, UCODE32, 0x40ad7, UDATA), GO(attempt, iretq, "iretq to user 32-bit code");
	set_frame(0x800000000000, KCODE, 2, KDATA), GO(attempt, iretq, "iretq non-canonical");
	set_frame(to, 0, 2, KDATA), GO(attempt, iretq, "iretq, cs null");
	set_frame(to, KDATA, 2, KDATA), GO(attempt, iretq, "iretq, cs data");
	set_frame(to, UCODE & ~3ul, 2, KDATA), GO(attempt, iretq, "iretq, cs of dpl 3, rpl 0");
	set_frame(user, KCODE, 2, KDATA), GO(attempt_user, iretq, "iretq to cpl 0, user");
	set_frame(user, UCODE, 0x3202, UDATA), GO(attempt_user, iretq, "iretq, IF and IOPL, user");
	set_frame(to, KCODE, 0x2, KDATA), GO(attempt, iretq_nt, "iretq, NT");
	set_frame((u64)t_read_ds + BOOT_USER, UCODE, 0x2, UDATA), attempt(t_iretq_ds);
	print("iretq to user: ds 10 becomes %lx, es 23 %lx, gs 10 %lx\n", caught.rax, caught.rcx, caught.rdx);
}

PIECE(syscall, "pushf; orl $0x401, (%rsp); popf", "syscall");
PIECE32(syscall32, "", "syscall");
u64 return_to, return_flags;
PIECE(sysret, "mov return_to(%rip), %rcx; mov return_flags(%rip), %r11", "sysretq");
PIECE(sysretl, "mov return_to(%rip), %rcx; mov return_flags(%rip), %r11", "sysretl");
PIECE(sysenter, "pushf; orl $0x401, (%rsp); popf", "sysenter");
PIECE32(sysenter32, "", "sysenter");
PIECE(sysexit, "mov return_to(%rip), %rdx; lea user_stack(%rip), %rcx", "rex.w sysexit");
PIECE(sysexitl, "mov return_to(%rip), %rdx; lea user_stack(%rip), %rcx", "sysexitl");

static void fast(void)
{
	u64 to = (u64)t_target;
	wrmsr(MSR_STAR, (u64)KCODE << 32 | (u64)UCODE32 << 48);
	wrmsr(MSR_LSTAR, to);
	wrmsr(MSR_SFMASK, FLAG_DF | FLAG_IF);
	GO(attempt_user, syscall, "syscall, SCE 0");
	return_to = to + BOOT_USER;
	return_flags = 0x3002;
	GO(attempt, sysret, "sysret, SCE 0");
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	GO(attempt_user, syscall, "syscall, user");
	print("  rcx +%ld r11 %lx rsp %s\n", caught.rcx - (u64)at_syscall - BOOT_USER, caught.r11,
	      caught.rsp == (u64)user_stack + sizeof(user_stack) + BOOT_USER ? "the user's" : "changed");
	GO(attempt, syscall, "syscall, cpl 0");
	GO(attempt_compat_user, syscall32, "syscall, compatibility mode");
	GO(attempt, sysret, "sysret");
	GO(attempt, sysretl, "sysret to 32-bit code");
	GO(attempt_user, sysret, "sysret, user");
	return_flags = 0x7fd7 | 1 << 16 | 1 << 17 | 1 << 18 | 1 << 21;
	return_flags &= ~(u64)(FLAG_TF | FLAG_IF);
	GO(attempt, sysret, "sysret, all flags");
	return_to = 0x800000000000;
	GO(attempt, sysret, "sysret non-canonical");

	return_to = to + BOOT_USER;
	wrmsr(MSR_SYSENTER_CS, 0);
	GO(attempt_user, sysenter, "sysenter, CS 0");
	GO(attempt, sysexit, "sysexit, CS 0");
	wrmsr(MSR_SYSENTER_CS, KCODE);
	wrmsr(MSR_SYSENTER_ESP, (u64)user_stack + 2048);
	wrmsr(MSR_SYSENTER_EIP, to);
	GO(attempt_user, sysenter, "sysenter, user");
	print("  rsp %s\n", caught.rsp == (u64)user_stack + 2048 ? "SYSENTER_ESP" : "wrong");
	GO(attempt_compat_user, sysenter32, "sysenter, compatibility mode");
	GO(attempt, sysexit, "sysexit");
	print("  rsp %s\n", caught.rsp == (u64)user_stack ? "rcx" : "wrong");
	GO(attempt, sysexitl, "sysexit to 32-bit code");
	GO(attempt_user, sysexit, "sysexit, user");
	return_to = 0x800000000000;
	GO(attempt, sysexit, "sysexit non-canonical");
}

void main(u64 multiboot)
{
	attempt_init(multiboot);
	descriptors();
	query("no LDT, cpl 0", attempt);
	asm volatile("lldt %w0" : : "r"(LDT));
	query("cpl 0", attempt);
	query("cpl 3", attempt_user);
	far();
	iret();
	fast();
	finish(0);
}
