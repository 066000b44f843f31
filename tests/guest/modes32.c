/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 32-bit stages of the modes image: compatibility mode, protected mode without paging, 32-bit paging with 4-MiB pages, PAE paging.
 * Compiled for i386; notes facts that the 64-bit part prints.
 */
#include "modes.h"

struct trap32 {
	u32 vector, error, eip, cs, eflags, esp, cr2;
};
extern struct trap32 caught32;
extern char stubs32[];
void attempt_enter32(u32 eip, u32 cs, u32 esp, u32 ss);
void stage_compat(void);
void stage_protected(void);
void stage_paging32(void);
void stage_pae(void);
void trap_init32(void);

u64 idt32[256] __attribute__((aligned(16)));
struct fact facts[FACTS];
u32 fact_count;
u32 tss32[26]; /* SDM 3A, "Task-State Segment (TSS)": [1] ESP0, [2] SS0 */
static u8 kernel_stack[4096] __attribute__((aligned(4096)));
static u8 user_stack32[4096] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096))), directory[1024] __attribute__((aligned(4096)));
static u64 pae_pt[512] __attribute__((aligned(4096))), pae_pd[4][512] __attribute__((aligned(4096))), pdpt[4] __attribute__((aligned(32)));
static volatile u8 frame[4096] __attribute__((aligned(4096)));

enum { P = 1, RW = 2, US = 4, A = 32, D = 64, PS = 128, AREA = 0x40000000 };

static void note(const char *text, u32 value)
{
	if (fact_count < FACTS)
		facts[fact_count++] = (struct fact){(u32)text, value, VECTOR_OK, 0, 0, 0};
}

#define PIECE(name, before, insn)                                                                                                          \
	void t_##name(void);                                                                                                               \
	extern const char at_##name[];                                                                                                     \
	asm(".pushsection .text\nt_" #name ": " before "\nat_" #name ": " insn "\nint $0x81\n.popsection")

static void outcome(const char *text, const char *at)
{
	struct trap32 *c = &caught32;
	bool done = c->vector == 0x81;
	if (fact_count < FACTS)
		facts[fact_count++] =
		    (struct fact){(u32)text, c->error, done ? VECTOR_DONE : c->vector, c->eip - (u32)at, c->cr2 - AREA, c->cs & 3};
}
static void supervisor(void (*piece)(void), const char *at, const char *text)
{
	attempt_enter32((u32)piece, KCODE32, (u32)kernel_stack + sizeof(kernel_stack), KDATA);
	outcome(text, at);
}
static void user(void (*piece)(void), const char *at, const char *text)
{
	attempt_enter32((u32)piece, UCODE32, (u32)user_stack32 + sizeof(user_stack32), UDATA);
	outcome(text, at);
}
#define TRY(how, name, text) how(t_##name, at_##name, text)

void trap_init32(void)
{
	for (u32 v = 0; v < 256; v++) {
		u32 to = (u32)stubs32 + 16 * v;
		idt32[v] = (to & 0xffff) | KCODE32 << 16 | (u64)((to & 0xffff0000) | (v == 0x81 || v == 3 ? 0xee00 : 0x8e00)) << 32;
	}
	tss32[1] = (u32)kernel_stack + sizeof(kernel_stack);
	tss32[2] = KDATA;
	tss32[25] = sizeof(tss32) << 16;
}

PIECE(ud2, "", "ud2");
PIECE(div, "xor %ecx, %ecx", "div %ecx");
PIECE(int3, "", "int3");
PIECE(cli, "", "cli");
PIECE(null_load, "xor %eax, %eax; mov %eax, %fs", "mov %fs:0, %eax");
PIECE(cs_store, "", "mov %eax, %cs:result32");
PIECE(small_in, "mov $0x68, %eax; mov %eax, %fs", "mov %fs:0xc, %eax");
PIECE(small_out, "mov $0x68, %eax; mov %eax, %fs", "mov %fs:0xd, %eax");
PIECE(down_in, "mov $0x70, %eax; mov %eax, %fs", "mov %fs:0x1000, %eax");
PIECE(down_out, "mov $0x70, %eax; mov %eax, %fs", "mov %fs:0xfff, %eax");
PIECE(small_stack, "mov $0x68, %eax; mov %eax, %ss; mov $8, %esp; nop", "mov 0xd(%esp), %eax; mov $0x10, %eax; mov %eax, %ss");
PIECE(absent, "mov $0x78, %eax", "mov %eax, %fs");
PIECE(interrupt, "movl $0x40050, 0xfee00300", "sti; nop; nop");
PIECE(daa, "mov $0x19, %al; add $0x28, %al", "daa; movzx %al, %ecx; mov %ecx, result32");
#define V86_FRAME "push $0; push $0; push $0; push $0; push $0; push $0x7c00; pushl v86_flags; push $0; pushl v86_ip" /* GS .. EIP */
PIECE(v86, V86_FRAME, "iretl");
u32 v86_flags, v86_ip;
extern const char real_start[], v86_code[], v86_at[];
PIECE(task, "", "ljmp $0x80, $0");
u32 do_task;
PIECE(cr0_pg, "mov %cr0, %eax; or $0x20000000, %eax", "mov %eax, %cr0");
u32 result32;
u32 far_target[2] = {0, KCODE};

static void virtual_8086(void)
{
	const char *at = v86_at - real_start + (const char *)REAL_CODE;

	v86_ip = (u32)(v86_code - real_start + REAL_CODE);
	v86_flags = 0x20002;
	supervisor(t_v86, at, "virtual-8086 mode, IOPL 0, cli");
	note("  VM in the saved flags", caught32.eflags >> 17 & 1);
	v86_flags = 0x23002;
	supervisor(t_v86, at, "virtual-8086 mode, IOPL 3");
	note("  cs and ip", caught32.cs << 16 | (caught32.eip - (u32)at));
}

static void eoi(void)
{
	*(volatile u32 *)0xfee000b0 = 0;
}

void stage_compat(void)
{
	u32 cs, esp, wide;
	asm volatile("mov %%cs, %0" : "=r"(cs));
	asm volatile("mov %%esp, %0" : "=r"(esp));
	asm volatile("mov $-1, %0\n\tinc %0" : "=r"(wide)); /* 40-4F are INC and DEC here, not REX */
	note("compatibility mode: cs", cs);
	note("inc of ffffffff", wide);
	note("esp below 4 GiB", esp < 0x200000);
}

void stage_protected(void)
{
	trap_init32();
	TRY(supervisor, ud2, "protected mode, ud2");
	TRY(supervisor, div, "protected mode, div by 0");
	TRY(user, int3, "int3, user");
	note("  esp0 frame", caught32.esp - tss32[1] + 8);
	TRY(user, cli, "cli, user");
	TRY(supervisor, null_load, "load by a null segment");
	TRY(supervisor, cs_store, "store to code");
	TRY(supervisor, small_in, "load within a limit");
	TRY(supervisor, small_out, "load beyond a limit");
	TRY(supervisor, down_in, "load above an expand-down limit");
	TRY(supervisor, down_out, "load at an expand-down limit");
	TRY(supervisor, absent, "segment not present");
	TRY(supervisor, interrupt, "self-IPI, no paging"), eoi();
	TRY(supervisor, daa, "daa");
	note("  19 + 28", result32);
	TRY(supervisor, cr0_pg, "cr0, NW without CD");
	virtual_8086();
	if (do_task)
		t_task();
}

PIECE(load, "", "mov 0x40000000, %eax");
PIECE(store, "", "movl $0x909090c3, 0x40000000");
PIECE(modify, "", "addl $0, 0x40000000");
PIECE(fetch, "mov $0x40000000, %ecx", "call *%ecx");
PIECE(split, "", "mov 0x40000ffe, %eax");

/* six facts on one page; `where` says which page */
#define ALL(where)                                                                                                                         \
	(TRY(supervisor, load, where ", supervisor load"), TRY(supervisor, store, where ", supervisor store"),                             \
	 TRY(user, load, where ", user load"), TRY(user, store, where ", user store"),                                                     \
	 TRY(user, modify, where ", user read-modify-write"), TRY(user, fetch, where ", user fetch"))

static u32 paging_on(u32 cr3, u32 cr4)
{
	u32 cr0;
	asm volatile("mov %1, %%cr4\n\tmov %2, %%cr3\n\tmov %%cr0, %0\n\tor $0x80010000, %0\n\tmov %0, %%cr0\n\tjmp 1f\n1:" /* PG, WP */
		     : "=&r"(cr0)
		     : "r"(cr4), "r"(cr3)
		     : "memory");
	return cr0;
}
static void paging_off(void)
{
	u32 cr0;
	asm volatile("mov %%cr0, %0\n\tand $0x7ffeffff, %0\n\tmov %0, %%cr0\n\tjmp 1f\n1:" : "=&r"(cr0) : : "memory");
}
static void reload_cr3(u32 cr3)
{
	asm volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

void stage_paging32(void)
{
	frame[0] = 0xc3;
	for (u32 i = 0; i < 1024; i++)
		directory[i] = i << 22 | PS | RW | US | P;
	directory[AREA >> 22] = (u32)table | RW | US | P;
	paging_on((u32)directory, CR4_PSE);
	ALL("32-bit paging, absent");
	table[0] = (u32)frame | US | P, reload_cr3((u32)directory);
	ALL("32-bit paging, read-only user page");
	table[0] = (u32)frame | RW | P, reload_cr3((u32)directory);
	ALL("32-bit paging, supervisor page");
	table[0] = (u32)frame | RW | US | P, reload_cr3((u32)directory);
	ALL("32-bit paging, user page");
	note("  A and D of the page", table[0] & (A | D));
	note("  A of the directory", directory[AREA >> 22] & (A | D));
	TRY(supervisor, split, "32-bit paging, load over the end of the page");
	directory[AREA >> 22] = AREA | PS | 1 << 21 | RW | US | P, reload_cr3((u32)directory);
	TRY(supervisor, load, "4-MiB page with bit 21");
	directory[AREA >> 22] = PS | US | P, reload_cr3((u32)directory);
	TRY(user, store, "store to a read-only 4-MiB page");
	TRY(supervisor, interrupt, "self-IPI, 32-bit paging"), eoi();
	paging_off();
}

PIECE(bad_pdpte, "mov pdpt_at, %ecx; movl $0x67, 24(%ecx)", "mov %ecx, %cr3");
u32 pdpt_at = (u32)pdpt;

void stage_pae(void)
{
	for (u32 i = 0; i < 4; i++) {
		for (u32 j = 0; j < 512; j++)
			pae_pd[i][j] = (u64)(i << 30 | j << 21) | PS | RW | US | P;
		pdpt[i] = (u32)pae_pd[i] | P;
	}
	pae_pd[1][0] = (u32)pae_pt | RW | US | P;
	paging_on((u32)pdpt, CR4_PAE);
	ALL("PAE, absent");
	pae_pt[0] = (u32)frame | US | P, reload_cr3((u32)pdpt);
	ALL("PAE, read-only user page");
	pae_pt[0] = (u32)frame | RW | US | P | 1ull << 62, reload_cr3((u32)pdpt);
	ALL("PAE, reserved bit 62");
	pae_pt[0] = (u32)frame | RW | US | P, reload_cr3((u32)pdpt);
	ALL("PAE, user page");
	note("  A and D of the page", (u32)pae_pt[0] & (A | D));
	TRY(supervisor, split, "PAE, load over the end of the page");
	pdpt[1] = 0;

	asm volatile("invlpg 0x40000000" : : : "memory");
	TRY(supervisor, load, "PDPTE cleared in memory, INVLPG, load");
	reload_cr3((u32)pdpt);
	TRY(supervisor, load, "then CR3 loaded, load");
	TRY(supervisor, bad_pdpte, "CR3 loaded with a reserved bit in a PDPTE");
	pdpt[3] = (u32)pae_pd[3] | P;
	TRY(supervisor, interrupt, "self-IPI, PAE"), eoi();
	paging_off();
}
