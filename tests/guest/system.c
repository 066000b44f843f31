/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System registers and state: descriptor-table registers, SMSW and LMSW, flags at CPL 3, the I/O permission bitmap, reserved bits of CR0,
 * CR3, CR4, CR8, EFER and other MSRs, debug registers, FS and GS bases, TSD, PKRU, FXSAVE and XSAVE.
 */
#include "finish.h"
#include "gdt.h"
#include "lib/attempt.h"
#include "print.h"

void main(u64 multiboot);

/* RAX at the end of a piece, if it came there */
static void value(const char *name, const char *at)
{
	if (caught.vector != VECTOR_NONE)
		report(name, at);
	else
		print("%s: %lx\n", name, caught.rax);
}
#define GET(how, name, text) (how(t_##name), value(text, at_##name))

struct table_reg stored;
PIECE(sgdt, "", "sgdt stored(%rip)");
PIECE(sidt, "", "sidt stored(%rip)");
PIECE(str, "mov $-1, %rax", "str %eax");
PIECE(str16, "mov $-1, %rax", "str %ax");
PIECE(sldt, "mov $-1, %rax", "sldt %rax");
PIECE(smsw, "mov $-1, %rax", "smsw %rax");
PIECE(smsw16, "xor %eax, %eax", "smsw %ax");
PIECE(lmsw, "mov %cr0, %rax; and $-16, %eax", "lmsw %ax; mov %cr0, %rax; and $0x1f, %eax");
PIECE(lmsw_ts, "mov %cr0, %rax; or $8, %eax", "lmsw %ax; mov %cr0, %rax; and $0x1f, %eax; clts");
PIECE(clts, "", "clts");
PIECE(lgdt, "", "lgdt stored(%rip)");
PIECE(lgdt_canonical, "sgdt stored(%rip); mov $0x100000000000000, %rax; push %rax; pushw $0x100", "lgdt (%rsp); lgdt stored(%rip)");
PIECE(lmsw_user, "", "lmsw %ax");
PIECE(lldt_null, "xor %eax, %eax", "lldt %ax");
PIECE(lldt_code, "mov $8, %eax", "lldt %ax");
PIECE(ltr_null, "xor %eax, %eax", "ltr %ax");

static void tables(void)
{
	attempt(t_sgdt);
	print("sgdt: limit %x, base %s\n", stored.limit, stored.base == (u64)gdt ? "right" : "wrong");
	attempt_user(t_sidt);
	print("sidt, user: limit %x, base %s\n", stored.limit, stored.base == (u64)idt ? "right" : "wrong");
	GET(attempt, str, "str");
	GET(attempt, str16, "str 16");
	GET(attempt_user, sldt, "sldt, user");
	GET(attempt, smsw, "smsw");
	GET(attempt_user, smsw16, "smsw 16, user");
	GET(attempt, lmsw, "lmsw, PE MP EM TS 0");
	GET(attempt, lmsw_ts, "lmsw, TS 1");
	TRY(attempt_user, lmsw_user, "lmsw, user");
	TRY(attempt_user, clts, "clts, user");
	TRY(attempt_user, lgdt, "lgdt, user");
	TRY(attempt, lgdt_canonical, "lgdt non-canonical");
	TRY(attempt, lldt_null, "lldt null");
	TRY(attempt, lldt_code, "lldt code");
	TRY(attempt, ltr_null, "ltr null");
	gdt[TSS_SEL >> 3] &= ~(2ull << 40); /* not busy: for those who accepted it */
	asm volatile("ltr %w0" : : "r"(TSS_SEL));
	write_cr4(read_cr4() | CR4_UMIP);
	TRY(attempt_user, sgdt, "sgdt, UMIP, user");
	TRY(attempt_user, sidt, "sidt, UMIP, user");
	TRY(attempt_user, str, "str, UMIP, user");
	TRY(attempt_user, sldt, "sldt, UMIP, user");
	TRY(attempt_user, smsw, "smsw, UMIP, user");
	TRY(attempt, str, "str, UMIP");
	write_cr4(read_cr4() & ~(u64)CR4_UMIP);
}

PIECE(popf_all, "pushq $0x244ed7", "popf; pushf; pop %rax");
PIECE(popf_iopl, "pushq $0x3202", "popf; pushf; pop %rax; cli");
PIECE(popfw, "pushq $0; pushw $0x0cd5", "popfw; pushf; pop %rax");
PIECE(popf_rf, "pushq $0x10002", "popf; pushf; pop %rax");
PIECE(cli, "", "cli; pushf; pop %rax");
PIECE(sti, "", "sti; pushf; pop %rax");
PIECE(in_b, "mov $0x80, %edx", "in %dx, %al");
PIECE(in_w, "mov $0x87, %edx", "in %dx, %ax");
PIECE(in_d, "mov $0x87, %edx", "in %dx, %eax");
PIECE(in_last, "mov $0x107, %edx", "in %dx, %al");
PIECE(outs, "mov $0x80, %edx; lea -8(%rsp), %rsi; mov $3, %ecx", "rep outsb");

static void with_iopl(void (*piece)(void), u64 iopl, const char *name, const char *at)
{
	attempt_iret((u64)piece + BOOT_USER, UCODE, 2 | iopl << 12, (u64)user_stack + sizeof(user_stack) + BOOT_USER, UDATA);
	value(name, at);
}

static void port(void (*piece)(void), const char *name, const char *at)
{
	attempt_user(piece);
	if (caught.vector != VECTOR_NONE)
		report(name, at);
	else
		print("%s: allowed\n", name);
}

static void flags(void)
{
	GET(attempt, popf_all, "popf");
	GET(attempt_user, popf_all, "popf, user");
	GET(attempt_user, popf_iopl, "popf of IOPL and IF, user");
	GET(attempt, popfw, "popfw");
	GET(attempt, popf_rf, "popf of RF");
	with_iopl(t_popf_iopl, 3, "popf of IF, user, IOPL 3", at_popf_iopl);
	with_iopl(t_cli, 3, "cli, user, IOPL 3", at_cli);
	with_iopl(t_sti, 3, "sti, user, IOPL 3", at_sti);
	with_iopl(t_sti, 2, "sti, user, IOPL 2", at_sti);
	attempt_iret((u64)t_in_b + BOOT_USER, UCODE, 0x3002, (u64)user_stack + BOOT_USER, UDATA);
	report("in, user, IOPL 3", at_in_b);

	tss.io_map = 104;
	for (unsigned i = 0; i < sizeof(tss.io_bits); i++)
		tss.io_bits[i] = 0xff;
	port(t_in_b, "in 80, bit 1", at_in_b);
	tss.io_bits[0x80 / 8] = 0xfe;
	port(t_in_b, "in 80, bit 0", at_in_b);
	port(t_outs, "rep outsb, bit 0", at_outs);
	tss.io_bits[0x80 / 8] = 0x7f;
	port(t_in_w, "in 87 to 88, bits 0 and 1", at_in_w);
	tss.io_bits[0x88 / 8] = 0xfe;
	port(t_in_w, "in 87 to 88, bits 0", at_in_w);
	port(t_in_d, "in 87 to 8a, one bit 1", at_in_d);
	tss.io_bits[0x88 / 8] = 0;
	port(t_in_d, "in 87 to 8a, bits 0", at_in_d);
	tss.io_bits[0x100 / 8] = 0;
	port(t_in_last, "in 107, second byte beyond the TSS", at_in_last);
	tss.io_map = sizeof(tss);
}

u64 operand, index_;
PIECE(to_cr0, "mov operand(%rip), %rax", "mov %rax, %cr0");
PIECE(to_cr3, "mov operand(%rip), %rax", "mov %rax, %cr3");
PIECE(to_cr4, "mov operand(%rip), %rax", "mov %rax, %cr4");
PIECE(to_cr8, "mov operand(%rip), %rax", "mov %rax, %cr8; mov %cr8, %rax");
PIECE(from_cr8, "", "mov %cr8, %rax");
PIECE(to_msr, "mov index_(%rip), %ecx; mov operand(%rip), %eax; mov operand+4(%rip), %edx", "wrmsr; rdmsr");
PIECE(from_msr, "mov index_(%rip), %ecx", "rdmsr");

static void write(void (*piece)(void), const char *at, u64 v, const char *name)
{
	operand = v;
	attempt(piece);
	report(name, at);
}
#define WRITE(name, v, text) write(t_##name, at_##name, v, text)

static void msr(u32 index, u64 v, const char *name)
{
	index_ = index;
	operand = v;
	attempt(t_to_msr);
	if (caught.vector != VECTOR_NONE)
		report(name, at_to_msr);
	else
		print("%s: reads %s\n", name, (caught.rdx << 32 | caught.rax) == v ? "the same" : "otherwise");
}

/* QEMU's own CPU does not check these, and goes astray: left out there. */
static bool checks_reserved(void)
{
	u32 r[4];
	cpuid(0x40000000, 0, r);
	return r[1] != 0x54474354; /* "TCGT" */
}

static void control_reserved(u64 cr0, u64 cr3, u64 cr4)
{
	WRITE(to_cr0, cr0 & ~(u64)CR0_PE, "cr0, PG without PE");
	WRITE(to_cr0, cr0 & ~(u64)CR0_PG, "cr0, PG cleared in 64-bit mode");
	WRITE(to_cr4, cr4 & ~(u64)CR4_PAE, "cr4, PAE cleared");
	WRITE(to_cr4, cr4 ^ CR4_LA57, "cr4, LA57 changed");
	WRITE(to_cr0, cr0 | 0x20000000, "cr0, NW without CD");
	WRITE(to_cr0, cr0 | 1ull << 32, "cr0, bit 32");
	WRITE(to_cr0, cr0 | 1 << 6, "cr0, bit 6");
	print("  %s\n", read_cr0() == cr0 ? "not set" : "set");
	WRITE(to_cr0, cr0, "cr0, the same");
	WRITE(to_cr3, cr3 | 1ull << 62, "cr3, bit 62");
	WRITE(to_cr3, cr3 | 1ull << 63, "cr3, bit 63, PCIDE 0");
	WRITE(to_cr3, cr3 | 0x18, "cr3, PWT and PCD");
	WRITE(to_cr3, cr3, "cr3, the same");
	WRITE(to_cr4, cr4 | 1ull << 31, "cr4, bit 31");
	WRITE(to_cr4, cr4 | 1ull << 32, "cr4, bit 32");
	WRITE(to_cr4, cr4 | 1ull << 15, "cr4, bit 15");
}

static void control(void)
{
	u64 cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();
	if (checks_reserved())
		control_reserved(cr0, cr3, cr4);
	WRITE(to_cr8, 16, "cr8, 16");
	operand = 5;
	GET(attempt, to_cr8, "cr8, 5");
	operand = 0;
	GET(attempt, to_cr8, "cr8, 0");
	TRY(attempt_user, from_cr8, "cr8, user");
	TRY(attempt_user, to_cr3, "cr3, user");
	WRITE(to_cr4, cr4, "cr4, the same");
}

static void model_specific(void)
{
	u64 efer = rdmsr(MSR_EFER), high = 0xffff800000000000, bad = 0x4000000000000000; /* neither 48 nor 57 bits wide */
	msr(MSR_EFER, efer, "EFER, the same");
	msr(MSR_EFER, efer | 2, "EFER, bit 1");
	msr(MSR_EFER, efer | 1 << 16, "EFER, bit 16");
	msr(MSR_EFER, efer & ~(u64)EFER_LME, "EFER, LME cleared while paging");
	msr(MSR_LSTAR, high, "LSTAR");
	msr(MSR_LSTAR, bad, "LSTAR, non-canonical");
	msr(MSR_KERNEL_GS_BASE, bad, "KERNEL_GS_BASE, non-canonical");
	msr(MSR_FS_BASE, bad, "FS_BASE, non-canonical");
	msr(MSR_FS_BASE, high, "FS_BASE");
	msr(MSR_SYSENTER_EIP, bad, "SYSENTER_EIP, non-canonical");
	msr(MSR_SFMASK, 0x200, "SFMASK");
	msr(0x277, 0x0007040600070406, "PAT");
	msr(0x277, 0x0007040600070402, "PAT, type 2");
	msr(0xc0000103, 7, "TSC_AUX");
	msr(0x12345678, 0, "unknown MSR, write");
	index_ = 0x12345678;
	TRY(attempt, from_msr, "unknown MSR, read");
	index_ = MSR_EFER;
	TRY(attempt_user, from_msr, "rdmsr, user");
	TRY(attempt_user, to_msr, "wrmsr, user");
}

PIECE(to_dr6_high, "mov $0x100000000, %rax", "mov %rax, %dr6");
PIECE(to_dr7_high, "mov $0x100000000, %rax", "mov %rax, %dr7");
PIECE(from_dr4, "", "mov %dr4, %rax");
PIECE(from_dr6, "", "mov %dr6, %rax");
PIECE(from_dr7, "", "mov %dr7, %rax");
PIECE(to_dr6, "xor %eax, %eax", "mov %rax, %dr6; mov %dr6, %rax");
PIECE(to_dr7, "mov $0x0000dfff, %eax; and $0xdc00, %eax", "mov %rax, %dr7; mov %dr7, %rax");

static void debug(void)
{
	TRY(attempt, to_dr6_high, "dr6, bit 32");
	TRY(attempt, to_dr7_high, "dr7, bit 32");
	GET(attempt, to_dr6, "dr6, 0");
	GET(attempt, to_dr7, "dr7, reserved bits 11, 12, 14, 15");
	write_dr7(0x400);
	GET(attempt, from_dr4, "dr4, DE 0");
	write_cr4(read_cr4() | CR4_DE);
	TRY(attempt, from_dr4, "dr4, DE 1");
	write_cr4(read_cr4() & ~(u64)CR4_DE);
	TRY(attempt_user, from_dr7, "dr7, user");
	write_dr6(0xffff0ff0);
	write_dr7(0x2400);
	TRY(attempt, from_dr6, "dr6, GD");
	print("  dr6 %lx, dr7 %lx\n", read_dr6(), read_dr7());
	write_dr6(0xffff0ff0);
	write_dr7(0x400);
}

PIECE(swapgs, "", "swapgs");
PIECE(rdfsbase, "", "rdfsbase %rax");
PIECE(wrgsbase, "mov $0x123456789000, %rax", "wrgsbase %rax; rdgsbase %rax");
PIECE(wrgsbase32, "mov $0xffffffff12345678, %rax", "wrgsbase %eax; rdgsbase %rax");
PIECE(wrfs_bad, "mov $0x100000000000000, %rax", "wrfsbase %rax");
PIECE(gs_data, "", "mov %gs:8, %rax");
PIECE(load_gs, "mov $0x23, %eax; mov %eax, %gs", "rdgsbase %rax");
PIECE(null_gs, "mov $-1, %rax; xor %eax, %eax; mov %eax, %gs", "rdgsbase %rax");

static void bases(void)
{
	static const u64 a[2] = {0, 0x1111}, b[2] = {0, 0x2222};
	TRY(attempt, rdfsbase, "rdfsbase, FSGSBASE 0");
	write_cr4(read_cr4() | CR4_FSGSBASE);
	wrmsr(MSR_GS_BASE, (u64)a);
	wrmsr(MSR_KERNEL_GS_BASE, (u64)b);
	GET(attempt, gs_data, "gs:8");
	wrmsr(MSR_GS_BASE, (u64)a); /* attempts end with a null GS */
	asm volatile("swapgs");
	print("swapgs: bases %s\n", rdmsr(MSR_GS_BASE) == (u64)b && rdmsr(MSR_KERNEL_GS_BASE) == (u64)a ? "exchanged" : "wrong");
	TRY(attempt_user, swapgs, "swapgs, user");
	GET(attempt_user, wrgsbase, "wrgsbase, user");
	GET(attempt, wrgsbase32, "wrgsbase of 32 bits");
	TRY(attempt, wrfs_bad, "wrfsbase non-canonical");
	GET(attempt_user, load_gs, "gs selector loaded: base");
	GET(attempt_user, null_gs, "gs null loaded: base");
	write_cr4(read_cr4() & ~(u64)CR4_FSGSBASE);
	TRY(attempt_user, wrgsbase, "wrgsbase, FSGSBASE 0, user");
}

PIECE(rdtsc, "", "rdtsc");
PIECE(rdpmc, "xor %ecx, %ecx", "rdpmc");
PIECE(rdpkru, "xor %ecx, %ecx", "rdpkru");
PIECE(wrpkru_ecx, "mov $1, %ecx", "wrpkru");
PIECE(wrpkru, "mov $0x55555550, %eax; xor %ecx, %ecx; xor %edx, %edx", "wrpkru; rdpkru");
PIECE(xgetbv, "xor %ecx, %ecx", "xgetbv");
PIECE(xsetbv_no_x87, "xor %ecx, %ecx; mov $2, %eax; xor %edx, %edx", "xsetbv");
PIECE(xsetbv_1, "mov $1, %ecx; mov $1, %eax; xor %edx, %edx", "xsetbv");
PIECE(xsetbv, "xor %ecx, %ecx; mov $3, %eax; xor %edx, %edx", "xsetbv; xgetbv");
PIECE(clac, "", "clac");
PIECE(wbinvd, "", "wbinvd");

static void others(void)
{
	TRY(attempt_user, rdtsc, "rdtsc, user");
	write_cr4(read_cr4() | CR4_TSD);
	TRY(attempt_user, rdtsc, "rdtsc, TSD, user");
	TRY(attempt, rdtsc, "rdtsc, TSD");
	write_cr4(read_cr4() & ~(u64)CR4_TSD);
	TRY(attempt_user, rdpmc, "rdpmc, user");
	TRY(attempt, rdpkru, "rdpkru, PKE 0");
	write_cr4(read_cr4() | CR4_PKE);
	GET(attempt_user, wrpkru, "wrpkru, user");
	TRY(attempt, wrpkru_ecx, "wrpkru, ecx 1");
	asm volatile("wrpkru" : : "a"(0), "c"(0), "d"(0));
	write_cr4(read_cr4() & ~(u64)CR4_PKE);
	TRY(attempt, xgetbv, "xgetbv, OSXSAVE 0");
	write_cr4(read_cr4() | CR4_OSXSAVE | CR4_OSFXSR);
	TRY(attempt, xsetbv_no_x87, "xsetbv without x87");
	TRY(attempt, xsetbv_1, "xsetbv of XCR1");
	GET(attempt, xsetbv, "xsetbv of x87 and SSE");
	TRY(attempt_user, xsetbv, "xsetbv, user");
	TRY(attempt_user, clac, "clac, user");
	TRY(attempt_user, wbinvd, "wbinvd, user");
}

static u8 area[1024] __attribute__((aligned(64)));
u8 *area_at;
u64 pattern[2] __attribute__((aligned(16))) = {0x0123456789abcdef, 0xfedcba9876543210};
#define AREA "mov area_at(%rip), %rdi; mov $-1, %eax; mov $-1, %edx"
PIECE(fxsave, AREA "; fninit; fld1; movaps pattern(%rip), %xmm15", "fxsave64 (%rdi); xorps %xmm15, %xmm15; fninit");
PIECE(fxrstor, AREA, "fxrstor64 (%rdi); movq %xmm15, %rax");
PIECE(xsave, AREA "; fninit; fldpi; movaps pattern(%rip), %xmm3", "xsave64 (%rdi)");
PIECE(xsave_sse, AREA "; mov $2, %eax; movaps pattern(%rip), %xmm3", "xsave64 (%rdi)");
PIECE(xrstor, AREA "; xorps %xmm3, %xmm3", "xrstor64 (%rdi); movq %xmm3, %rax");
PIECE(xrstor_x87, AREA "; mov $1, %eax; xorps %xmm3, %xmm3", "xrstor64 (%rdi); movq %xmm3, %rax");

static void clear_area(void)
{
	for (unsigned i = 0; i < sizeof(area); i++)
		area[i] = 0;
}

static u64 at(unsigned offset)
{
	return *(u64 *)(area + offset);
}

static void extended(void)
{
	clear_area();
	area_at = area;
	TRY(attempt, fxsave, "fxsave");
	print("  fcw fsw %lx, mxcsr %x, st0 %lx %lx, xmm15 %lx %lx\n", at(0) & 0xffffffffff, (u32)at(24), at(32), at(40) & 0xffff, at(400),
	      at(408));
	GET(attempt, fxrstor, "fxrstor");
	*(u32 *)(area + 24) = 1u << 31;
	TRY(attempt, fxrstor, "fxrstor, reserved MXCSR bit");
	asm volatile("ldmxcsr %0" : : "m"((u32){0x1f80}));
	area_at = area + 8;
	TRY(attempt, fxsave, "fxsave, misaligned");
	clear_area();
	area_at = area;
	TRY(attempt, xsave, "xsave");
	print("  xstate_bv %lx, mxcsr %x, st0 %lx, xmm3 %lx\n", at(512), (u32)at(24), at(32), at(208));
	GET(attempt, xrstor, "xrstor");
	GET(attempt, xrstor_x87, "xrstor of x87 only: xmm3");
	*(u64 *)(area + 512) = 1;
	GET(attempt, xrstor, "xrstor, SSE not in XSTATE_BV: xmm3");
	*(u64 *)(area + 512) = 8;
	TRY(attempt, xrstor, "xrstor, component not in XCR0");
	*(u64 *)(area + 512) = 3;
	*(u64 *)(area + 528) = 1;
	TRY(attempt, xrstor, "xrstor, reserved header byte");
	clear_area();
	TRY(attempt, xsave_sse, "xsave of SSE only");
	print("  xstate_bv %lx, xmm3 %lx\n", at(512), at(208));
	area_at = area + 16;
	TRY(attempt, xsave, "xsave, misaligned");
	write_cr4(read_cr4() & ~(u64)CR4_OSXSAVE);
	TRY(attempt, xsave, "xsave, OSXSAVE 0");
}

void main(u64 multiboot)
{
	attempt_init(multiboot);
	tables();
	flags();
	control();
	model_specific();
	debug();
	bases();
	others();
	extended();
	finish(0);
}
