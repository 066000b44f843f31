/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of 64-bit and compatibility mode, but page faults (pagefault.c): vector, error code, the RIP and RF that are saved, stacks,
 * double faults; with case=triple, a triple fault. SDM 3A, "Interrupt and Exception Handling", "Exception and Interrupt Reference".
 */
#include "cmdline.h"
#include "finish.h"
#include "gdt.h"
#include "lapic.h"
#include "lib/attempt.h"
#include "print.h"

void main(u64 multiboot);

/* vectors 0 to 7 */
PIECE(de, "xor %ecx, %ecx; mov $1, %eax; xor %edx, %edx", "div %ecx");
PIECE(de_overflow, "mov $1, %edx; mov $1, %ecx", "div %ecx");
PIECE(idiv, "mov $0x80000000, %eax; cltd; mov $-1, %ecx", "idiv %ecx");
PIECE(bp, "", "int3");
PIECE(int3_long, "", ".byte 0xcd, 3");
PIECE(icebp, "", ".byte 0xf1");
PIECE32(into, "mov $0x7f, %al; add $1, %al", "into");
PIECE32(into_not, "xor %eax, %eax", "into");
PIECE(into64, "", ".byte 0xce");
asm(".pushsection .data\nbounds: .long 1, 5\n.popsection");
PIECE32(bound, "mov $6, %eax", "bound %eax, bounds");
PIECE32(bound_in, "mov $5, %eax", "bound %eax, bounds");
PIECE(ud2, "", "ud2");
PIECE(ud_push_es, "", ".byte 0x06");
PIECE(ud_lock, "", ".byte 0xf0, 0x90");
PIECE(ud_lock_load, "", ".byte 0xf0, 0x8b, 0x04, 0x24");
PIECE(ud_mov_cs, "", ".byte 0x8e, 0xc8");
PIECE(ud_movcr, "", ".byte 0x0f, 0x20, 0xc8"); /* MOV EAX, CR1 */
PIECE(long_insn, "", ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
PIECE(nm_x87, "", "fld1");
PIECE(nm_sse, "", "xorps %xmm0, %xmm0");
PIECE(nm_wait, "", "fwait");

/* debug */
PIECE(step, "pushf; orl $0x100, (%rsp); popf", "nop; nop");
PIECE(step_mov_ss, "mov %ss, %eax; pushf; orl $0x100, (%rsp); popf", "mov %eax, %ss; nop; nop");
PIECE(step_rep, "lea -64(%rsp), %rdi; mov $3, %ecx; pushf; orl $0x100, (%rsp); popf", "rep stosb; nop");
PIECE(step_popf, "pushf; pushf; orl $0x100, (%rsp); popf", "popf; nop");
PIECE(breakpoint, "", "nop; nop");

/* x87 and SSE */
asm(".pushsection .rodata\nfcw_zd: .word 0x37b\n.balign 4\nmxcsr_zd: .long 0x1d80\n.popsection");
PIECE(mf, "fninit; fldcw fcw_zd(%rip); fld1; fldz; fdivrp", "fwait; nop");
PIECE(mf_next, "fninit; fldcw fcw_zd(%rip); fld1; fldz; fdivrp", "fld1; nop");
PIECE(xm, "ldmxcsr mxcsr_zd(%rip); mov $0x3f800000, %eax; movd %eax, %xmm0; xorps %xmm1, %xmm1", "divss %xmm1, %xmm0");
PIECE(movaps, "", "movaps 1-64(%rsp), %xmm0");
PIECE(ac, "pushf; orl $0x40000, (%rsp); popf", "mov -63(%rsp), %eax");
PIECE(ac_byte, "pushf; orl $0x40000, (%rsp); popf", "mov -63(%rsp), %al");
PIECE(ac_split_store, "pushf; orl $0x40000, (%rsp); popf", "mov %ax, -63(%rsp)");

/* segments and addresses */
PIECE(np_ds, "mov $0x60, %eax", "mov %eax, %ds");
PIECE(ss_np, "mov $0x60, %eax", "mov %eax, %ss");
PIECE(gp_ds_code, "mov $0x68, %eax", "mov %eax, %ds");
PIECE(gp_beyond, "mov $0xfff8, %eax", "mov %eax, %ds");
PIECE(gp_ldt_null, "mov $0x0c, %eax", "mov %eax, %ds");
PIECE(gp_ss_readonly, "mov $0x70, %eax", "mov %eax, %ss");
PIECE(gp_ss_null, "xor %eax, %eax", "mov %eax, %ss");
PIECE(gp_ss_dpl, "mov $0x23, %eax", "mov %eax, %ss");
PIECE(gp_tss_busy, "mov $0x38, %eax", "ltr %ax");
PIECE(gp_ltr_data, "mov $0x10, %eax", "ltr %ax");
PIECE(gp_noncanonical, "mov $0x800000000000, %rax", "mov (%rax), %eax");
PIECE(ss_noncanonical, "mov $0x800000000000, %rbp", "mov (%rbp), %eax");
PIECE(ss_push, "mov $0x800000000100, %rsp", "push %rax");
PIECE(gp_jump, "mov $0x800000000000, %rax", "jmp *%rax");
PIECE(gp_int_dpl, "", "int $0x30");
PIECE(np_int, "", "int $0x31");
PIECE(gp_int_type, "", "int $0x32");
PIECE(int_ist, "", "int $0x33");
PIECE(gp_idt_limit, "", "int $0xf0");
PIECE(gp_cli, "", "cli");
PIECE(gp_hlt, "", "hlt");
PIECE(gp_in, "", "in $0x60, %al");

/* double faults: what is raised on a stack that cannot be pushed to */
PIECE(df_noncanonical, "mov $0x800000000100, %rsp", "ud2");
PIECE(df_unmapped, "mov $0x8000000000, %rsp", "ud2");

/* interrupt shadow: a pending self-IPI */
PIECE(sti_shadow, "", "sti; nop; nop");
PIECE(sti_sti, "", "sti; sti; nop");

static void vectors(void)
{
	TRY(attempt, de, "div by 0");
	TRY(attempt, de_overflow, "div overflow");
	TRY(attempt_user, idiv, "idiv overflow, user");
	trap_gate(3, 3, 0);
	trap_gate(4, 3, 0);
	TRY(attempt, bp, "int3");
	TRY(attempt_user, bp, "int3, user");
	TRY(attempt, int3_long, "int 3");
	TRY(attempt, icebp, "int1");
	TRY(attempt_compat, into, "into");
	TRY(attempt_compat_user, into, "into, user");
	TRY(attempt_compat, into_not, "into, OF 0");
	TRY(attempt, into64, "into, 64-bit");
	TRY(attempt_compat, bound, "bound outside");
	TRY(attempt_compat, bound_in, "bound inside");
	TRY(attempt, ud2, "ud2");
	TRY(attempt, ud_push_es, "push es, 64-bit");
	TRY(attempt, ud_lock, "lock nop");
	TRY(attempt, ud_lock_load, "lock mov load");
	TRY(attempt, ud_mov_cs, "mov to cs");
	TRY(attempt, ud_movcr, "mov from cr1");
	TRY(attempt, long_insn, "16 bytes");
}

static void float_unit(void)
{
	write_cr0(read_cr0() | CR0_TS | CR0_MP);
	TRY(attempt, nm_x87, "x87, TS");
	TRY(attempt, nm_wait, "fwait, TS and MP");
	write_cr4(read_cr4() | CR4_OSFXSR);
	TRY(attempt, nm_sse, "sse, TS");
	write_cr0(read_cr0() & ~(u64)CR0_MP);
	TRY(attempt, nm_wait, "fwait, TS");
	write_cr0((read_cr0() & ~(u64)CR0_TS) | CR0_EM);
	TRY(attempt, nm_x87, "x87, EM");
	TRY(attempt, nm_sse, "sse, EM");
	write_cr0((read_cr0() & ~(u64)CR0_EM) | CR0_MP);
	write_cr4(read_cr4() & ~(u64)CR4_OSFXSR);
	TRY(attempt, nm_sse, "sse, OSFXSR 0");
	write_cr4(read_cr4() | CR4_OSFXSR);
	TRY(attempt, mf, "x87 zero divide, fwait");
	TRY(attempt, mf_next, "x87 zero divide, next x87");
	asm volatile("fninit");
	TRY(attempt, xm, "sse zero divide, OSXMMEXCPT 0");
	write_cr4(read_cr4() | CR4_OSXMMEXCPT);
	TRY(attempt, xm, "sse zero divide");
	TRY(attempt, movaps, "movaps misaligned");
	write_cr0(read_cr0() | CR0_AM);
	TRY(attempt_user, ac, "misaligned, AM and AC, user");
	TRY(attempt_user, ac_split_store, "misaligned store of 2, AM and AC, user");
	TRY(attempt_user, ac_byte, "byte, AM and AC, user");
	TRY(attempt, ac, "misaligned, AM and AC, supervisor");
	write_cr0(read_cr0() & ~(u64)CR0_AM);
	TRY(attempt_user, ac, "misaligned, AC, user");
}

static void report_dr6(void)
{
	print("  dr6 %lx tf %u\n", caught_dr6, !!(caught.rflags & FLAG_TF));
	write_dr6(0xffff0ff0);
}

static void debug(void)
{
	write_dr6(0xffff0ff0);
	TRY(attempt, step, "single step"), report_dr6();
	TRY(attempt_user, step, "single step, user"), report_dr6();
	TRY(attempt, step_mov_ss, "single step over mov ss"), report_dr6();
	TRY(attempt, step_rep, "single step, rep"), report_dr6();
	print("  rcx %lu\n", caught.rcx);
	TRY(attempt, step_popf, "single step, popf clears TF"), report_dr6();
	write_dr0((u64)at_breakpoint);
	write_dr7(0x402);
	TRY(attempt, breakpoint, "execution breakpoint"), report_dr6();
	attempt_iret((u64)at_breakpoint, KCODE, FLAG_RF | 2, (u64)user_stack + 4096, KDATA);
	report("execution breakpoint, RF", at_breakpoint);
	write_dr0((u64)at_breakpoint + 1);
	TRY(attempt, breakpoint, "execution breakpoint on the next"), report_dr6();
	write_dr7(0x400);
	TRY(attempt, breakpoint, "execution breakpoint disabled");
}

static void segments(void)
{
	gdt[TEST_SEL >> 3] = 0x00cf13000000ffff;       /* 0x60: data, not present */
	gdt[(TEST_SEL >> 3) + 1] = 0x00cf99000000ffff; /* 0x68: code, execute only */
	gdt[(TEST_SEL >> 3) + 2] = 0x00cf91000000ffff; /* 0x70: data, read only */
	TRY(attempt, np_ds, "ds not present");
	TRY(attempt, ss_np, "ss not present");
	TRY(attempt, gp_ds_code, "ds execute-only code");
	TRY(attempt, gp_beyond, "ds beyond the GDT");
	TRY(attempt, gp_ldt_null, "ds in no LDT");
	TRY(attempt, gp_ss_readonly, "ss read-only");
	TRY(attempt, gp_ss_null, "ss null, cpl 0");
	TRY(attempt_user, gp_ss_null, "ss null, cpl 3");
	TRY(attempt_compat, gp_ss_null, "ss null, compatibility mode");
	TRY(attempt, gp_ss_dpl, "ss of dpl 3 at cpl 0");
	TRY(attempt, gp_tss_busy, "ltr busy");
	TRY(attempt, gp_ltr_data, "ltr data");
	TRY(attempt, gp_noncanonical, "load non-canonical");
	TRY(attempt, ss_noncanonical, "load non-canonical by rbp");
	trap_gate(12, 0, 3);
	trap_gate(13, 0, 3);
	TRY(attempt, ss_push, "push non-canonical");
	trap_gate(12, 0, 0);
	trap_gate(13, 0, 0);
	TRY(attempt, gp_jump, "jump non-canonical");
	TRY(attempt_user, gp_cli, "cli, user");
	TRY(attempt_user, gp_hlt, "hlt, user");
	TRY(attempt_user, gp_in, "in, user");
}

static const char *stack_name(void)
{
	if (caught_frame == tss.rsp[0])
		return "rsp0";
	for (unsigned i = 1; i < 4; i++)
		if (caught_frame == tss.ist[i])
			return i == 1 ? "ist1" : i == 2 ? "ist2" : "ist3";
	return "same";
}

static void gates(void)
{
	struct table_reg idtr = {0xf0 * 16 - 1, (u64)idt};
	trap_gate(0x33, 3, 2);
	idt[0x31][0] &= ~(1ull << 47);
	idt[0x32][0] &= ~(0xfull << 40);
	TRY(attempt_user, gp_int_dpl, "int, gate of dpl 0, user");
	TRY(attempt, gp_int_dpl, "int, gate of dpl 0");
	print("  stack %s\n", stack_name());
	TRY(attempt_user, bp, "int3, user");
	print("  stack %s\n", stack_name());
	TRY(attempt, np_int, "int, gate not present");
	TRY(attempt_user, np_int, "int, gate not present, dpl 0, user");
	TRY(attempt, gp_int_type, "int, no gate");
	TRY(attempt, int_ist, "int, ist2");
	print("  stack %s\n", stack_name());
	TRY(attempt_user, int_ist, "int, ist2, user");
	print("  stack %s\n", stack_name());
	asm volatile("lidt %0" : : "m"(idtr));
	TRY(attempt, gp_idt_limit, "int beyond the IDT");
	attempt_iret((u64)t_bp, KCODE, 2, (u64)user_stack + 4096 + 5, KDATA);
	print("odd rsp: frame at %lx\n", ((u64)user_stack + 4096 + 5) - caught_frame);
	/* a TSS that ends behind RSP0: ist2 is beyond its limit */
	gdt[TSS_SEL >> 3] = (gdt[TSS_SEL >> 3] & ~0xffffull & ~(2ull << 40)) | 0x2b;
	asm volatile("ltr %w0" : : "r"(TSS_SEL));
	TRY(attempt, int_ist, "int, ist2 beyond the TSS");
	TRY(attempt_user, int_ist, "int, ist2 beyond the TSS, user");
	gdt[TSS_SEL >> 3] = (gdt[TSS_SEL >> 3] & ~0xffffull & ~(2ull << 40)) | (sizeof(tss) - 1);
	asm volatile("ltr %w0" : : "r"(TSS_SEL));
}

static void nested(void)
{
	u64 old_ud = idt[6][0], old_de = idt[0][0], old_gp = idt[13][0], old_ist3 = tss.ist[3];
	trap_gate(8, 0, 1);
	TRY(attempt, df_noncanonical, "#UD on a non-canonical stack");
	print("  stack %s rsp %lx\n", stack_name(), caught.rsp);
	TRY(attempt, df_unmapped, "#UD on an unmapped stack");
	print("  stack %s cr2 %lx\n", stack_name(), caught_cr2);
	idt[6][0] &= ~(1ull << 47);
	TRY(attempt, ud2, "#UD, gate not present");
	idt[6][0] = (old_ud & ~0xffff0000ull); /* null CS */
	TRY(attempt, ud2, "#UD, gate with null cs");
	idt[6][0] = (old_ud & ~0xffff0000ull) | (u64)KDATA << 16;
	TRY(attempt, ud2, "#UD, gate with data cs");
	idt[6][0] = (old_ud & ~0xffff0000ull) | (u64)KCODE32 << 16;
	TRY(attempt, ud2, "#UD, gate with 32-bit cs");
	idt[6][0] = old_ud;
	idt[6][1] = 0x8000;
	TRY(attempt, ud2, "#UD, gate with non-canonical rip");
	trap_gate(6, 0, 0);
	idt[0][0] &= ~(1ull << 47);
	TRY(attempt, de, "#DE, gate not present");
	idt[0][0] = old_de;
	tss.ist[3] = 0x8000000000; /* unmapped */
	trap_gate(13, 0, 3);
	report_cr2_base = 0x8000000000;
	TRY(attempt, gp_noncanonical, "#GP, unmapped ist3");
	report_cr2_base = 0;
	tss.ist[3] = 0x800000000100;
	TRY(attempt, gp_noncanonical, "#GP, non-canonical ist3");
	tss.ist[3] = old_ist3;
	idt[13][0] = old_gp;
	trap_gate(8, 0, 0);
}

static void self_ipi(u8 vector)
{
	lapic_write(LAPIC_ICR, 0x40000u | vector); /* self, fixed */
}

static void shadow(void)
{
	lapic_init(0xff);
	self_ipi(0x50);
	TRY(attempt, sti_shadow, "sti with an interrupt pending"), lapic_write(LAPIC_EOI, 0);
	self_ipi(0x50);
	TRY(attempt, sti_sti, "sti, sti with an interrupt pending"), lapic_write(LAPIC_EOI, 0);
	idt[0x51][0] &= ~(1ull << 47);
	self_ipi(0x51);
	TRY(attempt, sti_shadow, "interrupt, gate not present"), lapic_write(LAPIC_EOI, 0);
}

static void resume(const char *name, void (*piece)(void))
{
	attempt(piece);
	print("RF saved by %s: %u\n", name, !!(caught.rflags & FLAG_RF));
}

/* SDM 3B, "Instruction-Breakpoint Exception Condition": 1 for faults but instruction breakpoints, else what it was */
static void resume_flag(void)
{
	resume("#UD", t_ud2);
	resume("#GP", t_gp_noncanonical);
	resume("int3", t_bp);
	resume("single step", t_step);
	resume("single step within rep", t_step_rep);
	write_dr0((u64)at_breakpoint);
	write_dr7(0x402);
	resume("execution breakpoint", t_breakpoint);
	write_dr7(0x400);
}

void main(u64 multiboot)
{
	attempt_init(multiboot);
	if (cmdline_is("case", "triple")) {
		struct table_reg none = {0, 0};
		print("triple fault\n");
		asm volatile("lidt %0; ud2" : : "m"(none));
	}
	vectors();
	float_unit();
	debug();
	segments();
	gates();
	nested();
	shadow();
	resume_flag();
	finish(0);
}
