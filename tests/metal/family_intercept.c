/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One instruction of a list under random controls, bitmaps, masks and shadows, at CPL 0 or 3: does it exit, fault or run, and with what
 * (SDM 3C, "Instructions That Cause VM Exits", "Exit Qualification", "Information for VM Exits Due to Instruction Execution").
 */
#include "ept.h"
#include "family.h"
#include "fault.h"
#include "line.h"
#include "outcome.h"
#include "random.h"
#include "run.h"
#include "vmcs.h"
#include "vmx.h"

enum kind { PLAIN, MEMORY, CONTROL, PORT, MSR, TIME };

struct instruction {
	const char *name;
	u8 bytes[8];
	u8 length;
	u8 kind;
	bool only64;
};

static const struct instruction instructions[] = {
    {"cpuid", {0x0f, 0xa2}, 2, TIME, false},
    {"hlt", {0xf4}, 1, PLAIN, false},
    {"rdtsc", {0x0f, 0x31}, 2, TIME, false},
    {"pause", {0xf3, 0x90}, 2, PLAIN, false},
    {"invd", {0x0f, 0x08}, 2, PLAIN, false},
    {"wbinvd", {0x0f, 0x09}, 2, PLAIN, false},
    {"invlpg", {0x0f, 0x01, 0x3f}, 3, MEMORY, false},
    {"invlpg disp", {0x0f, 0x01, 0x7f, 0x40}, 4, MEMORY, false},
    {"clts", {0x0f, 0x06}, 2, PLAIN, false},
    {"mov cr0,ax", {0x0f, 0x22, 0xc0}, 3, CONTROL, false},
    {"mov cr3,cx", {0x0f, 0x22, 0xd9}, 3, CONTROL, false},
    {"mov cr4,dx", {0x0f, 0x22, 0xe2}, 3, CONTROL, false},
    {"mov cr8,r9", {0x45, 0x0f, 0x22, 0xc1}, 4, CONTROL, true},
    {"mov bx,cr0", {0x0f, 0x20, 0xc3}, 3, PLAIN, false},
    {"mov bx,cr3", {0x0f, 0x20, 0xdb}, 3, PLAIN, false},
    {"mov bx,cr4", {0x0f, 0x20, 0xe3}, 3, PLAIN, false},
    {"mov bx,cr2", {0x0f, 0x20, 0xd3}, 3, PLAIN, false},
    {"mov r11,cr8", {0x45, 0x0f, 0x20, 0xc3}, 4, PLAIN, true},
    {"lmsw ax", {0x0f, 0x01, 0xf0}, 3, CONTROL, false},
    {"lmsw mem", {0x0f, 0x01, 0x37}, 3, MEMORY, false},
    {"smsw bx", {0x0f, 0x01, 0xe3}, 3, PLAIN, false},
    {"smsw mem", {0x0f, 0x01, 0x27}, 3, MEMORY, false},
    {"mov dr0,ax", {0x0f, 0x23, 0xc0}, 3, CONTROL, false},
    {"mov dr7,bx", {0x0f, 0x23, 0xfb}, 3, CONTROL, false},
    {"mov cx,dr6", {0x0f, 0x21, 0xf1}, 3, PLAIN, false},
    {"mov bx,dr4", {0x0f, 0x21, 0xe3}, 3, PLAIN, false},
    {"in al,dx", {0xec}, 1, PORT, false},
    {"in ax,dx", {0x66, 0xed}, 2, PORT, false},
    {"in eax,dx", {0xed}, 1, PORT, false},
    {"out dx,al", {0xee}, 1, PORT, false},
    {"out dx,eax", {0xef}, 1, PORT, false},
    {"in al,imm", {0xe4, 0xe0}, 2, PORT, false},
    {"out imm,al", {0xe6, 0xe0}, 2, PORT, false},
    {"rdmsr", {0x0f, 0x32}, 2, MSR, false},
    {"wrmsr", {0x0f, 0x30}, 2, MSR, false},
    {"lgdt", {0x0f, 0x01, 0x17}, 3, MEMORY, false},
    {"lidt", {0x0f, 0x01, 0x1f}, 3, MEMORY, false},
    {"sgdt", {0x0f, 0x01, 0x07}, 3, MEMORY, false},
    {"sidt", {0x0f, 0x01, 0x0f}, 3, MEMORY, false},
    {"sidt base+index", {0x0f, 0x01, 0x4c, 0x6f, 0x10}, 5, MEMORY, false},
    {"sldt mem", {0x0f, 0x00, 0x07}, 3, MEMORY, false},
    {"sldt bx", {0x0f, 0x00, 0xc3}, 3, PLAIN, false},
    {"str bx", {0x0f, 0x00, 0xcb}, 3, PLAIN, false},
    {"str mem", {0x0f, 0x00, 0x0f}, 3, MEMORY, false},
    {"lldt mem", {0x0f, 0x00, 0x17}, 3, MEMORY, false},
    {"lldt bp", {0x0f, 0x00, 0xd5}, 3, PLAIN, false},
    {"ltr mem", {0x0f, 0x00, 0x1f}, 3, MEMORY, false},
    {"int3", {0xcc}, 1, PLAIN, false},
    {"int 13", {0xcd, 0x0d}, 2, PLAIN, false},
    {"int 32", {0xcd, 0x20}, 2, PLAIN, false},
    {"int1", {0xf1}, 1, PLAIN, false},
    {"into", {0xce}, 1, PLAIN, false},
    {"ud2", {0x0f, 0x0b}, 2, PLAIN, false},
    {"div", {0xf7, 0xf5}, 2, PLAIN, false},
    {"vmcall", {0x0f, 0x01, 0xc1}, 3, PLAIN, false},
    {"vmlaunch", {0x0f, 0x01, 0xc2}, 3, PLAIN, false},
    {"vmresume", {0x0f, 0x01, 0xc3}, 3, PLAIN, false},
    {"vmxoff", {0x0f, 0x01, 0xc4}, 3, PLAIN, false},
    {"vmxon", {0xf3, 0x0f, 0xc7, 0x37}, 4, MEMORY, false},
    {"vmclear", {0x66, 0x0f, 0xc7, 0x37}, 4, MEMORY, false},
    {"vmptrld", {0x0f, 0xc7, 0x37}, 3, MEMORY, false},
    {"vmptrst", {0x0f, 0xc7, 0x7f, 0x08}, 4, MEMORY, false},
    {"vmread", {0x0f, 0x78, 0xd3}, 3, PLAIN, false},
    {"vmread mem", {0x0f, 0x78, 0x17}, 3, MEMORY, false},
    {"vmwrite", {0x0f, 0x79, 0xd3}, 3, PLAIN, false},
    {"invept", {0x66, 0x0f, 0x38, 0x80, 0x17}, 5, MEMORY, false},
    {"invvpid", {0x66, 0x0f, 0x38, 0x81, 0x17}, 5, MEMORY, false},
    {"invpcid", {0x66, 0x0f, 0x38, 0x82, 0x1f}, 5, MEMORY, false},
    {"rdtscp", {0x0f, 0x01, 0xf9}, 3, TIME, false},
    {"swapgs", {0x0f, 0x01, 0xf8}, 3, PLAIN, true},
    {"fninit", {0xdb, 0xe3}, 2, PLAIN, false},
    {"sti", {0xfb}, 1, PLAIN, false},
    {"cli", {0xfa}, 1, PLAIN, false},
    {"pushf", {0x9c}, 1, PLAIN, false},
    {"mov ss", {0x8e, 0xd6}, 2, PLAIN, false},
};

static const u32 msrs[] = {0x174,      0x175,	   0x176,      0x277,	   0xc0000080, 0xc0000081, 0xc0000082, 0xc0000084,
			   0xc0000100, 0xc0000101, 0xc0000102, 0xc0001fff, 0xc0002000, 0x1fff,	   0x2000,     0x40000000};
static const u16 ports[] = {0x300, 0x301, 0x302, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffd, 0xfffe, 0xffff};

static u8 bitmaps[3][4096] __attribute__((aligned(4096)));

static void set_bitmaps(void)
{
	u8 fill = random_one_in(2) ? 0xff : 0;
	for (unsigned b = 0; b < 3; b++)
		for (unsigned i = 0; i < 4096; i++)
			bitmaps[b][i] = fill;
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (random_one_in(4))
			bitmaps[ports[i] >> 15][(ports[i] & 0x7fff) / 8] ^= (u8)(1 << ports[i] % 8);
	vmcs_write(IO_BITMAP_A, (u64)bitmaps[0]);
	vmcs_write(IO_BITMAP_B, (u64)bitmaps[1]);
	vmcs_write(MSR_BITMAP, (u64)bitmaps[2]);
}

static void choose_controls(const struct instruction *insn)
{
	/* HLT, INVLPG, MWAIT, RDPMC, RDTSC, CR3, CR8, MOV DR, I/O, MSR bitmaps, MONITOR, PAUSE; not TPR shadow */
	static const u32 proc_choice = 0x53989e80 | 0x02000000, proc2_choice = 0x0000104c;
	u64 proc = PROC_DEFAULT | PROC_SECONDARY | (random_word() & random_word() & proc_choice);
	if (random_one_in(2))
		proc |= PROC_MSR_BITMAPS;
	if (random_one_in(2))
		proc |= PROC_IO_BITMAPS;
	if (insn->kind == TIME)
		proc |= 1 << 12; /* RDTSC exiting */
	vmcs_write(PROC_CONTROLS, proc);
	vmcs_write(PROC2_CONTROLS, vmcs_read(PROC2_CONTROLS) | (random_word() & proc2_choice));
	vmcs_write(PIN_CONTROLS, PIN_DEFAULT | PIN_PREEMPTION_TIMER);
	vmcs_write(PREEMPTION_TIMER, 100000);
	vmcs_write(EXCEPTION_BITMAP, random_one_in(2) ? 0xffffffff : random_word() & 0xffffffff);
	set_bitmaps();
}

static void choose_masks(enum guest_mode mode)
{
	u64 cr3 = vmcs_read(GUEST_CR3), cr0 = vmcs_read(GUEST_CR0), cr4 = vmcs_read(GUEST_CR4);
	static const u32 cr0_flips[] = {2, 4, 8, 0x10000, 0x40000, 0x20000000, 0x40000000, 0x80000000, 1, 0x20, 0x40, 0};
	static const u32 cr4_flips[] = {4, 8, 0x10, 0x20, 0x80, 0x200, 0x400, 0x2000, 0x10000, 0x100000, 0x200000, 0x8000000, 0};
	static const u16 cr3_flips[] = {0, 0, 8, 0x10};
	u32 large = mode == GUEST_32 ? 0x10 : 0; /* its code lies in a 4-MiB page, which may stay cached */
	vmcs_write(CR0_MASK, random_one_in(2) ? 0 : random_word());
	vmcs_write(CR4_MASK, random_one_in(2) ? 0 : random_word());
	vmcs_write(CR0_SHADOW, random_one_in(2) ? cr0 : random_word());
	vmcs_write(CR4_SHADOW, random_one_in(2) ? cr4 : random_word());
	vmcs_write(CR3_TARGET_COUNT, random_below(5));
	for (unsigned i = 0; i < 4; i++)
		vmcs_write(CR3_TARGET0 + 2 * i, cr3 ^ (RANDOM_OF(cr3_flips)));
	vmcs_write(GUEST_CR0, cr0 ^ (random_one_in(4) ? 0x8 : 0) ^ (random_one_in(8) ? 0x4 : 0));
	vmcs_write(GUEST_CR4, cr4 ^ (random_one_in(8) ? 0x8 : 0));
	run_registers[REG_AX] = cr0 ^ RANDOM_OF(cr0_flips) ^ RANDOM_OF(cr0_flips);
	run_registers[REG_CX] = cr3 ^ RANDOM_OF(cr3_flips);
	run_registers[REG_DX] = (cr4 ^ RANDOM_OF(cr4_flips) ^ RANDOM_OF(cr4_flips)) | large;
	run_registers[9] = random_below(20);
	run_registers[REG_BX] = random_one_in(4) ? 0x2400 : 0x400;
}

static void choose_operands(const struct instruction *insn, enum guest_mode mode, unsigned cpl)
{
	u64 memory = GUEST_SPARE + (cpl ? GUEST_USER : 0);
	u8 *spare = guest_host(GUEST_SPARE);
	for (unsigned i = 0; i < 16; i++)
		run_registers[i] = 0x1000 + i;
	for (unsigned i = 0; i < 128; i++)
		spare[i] = 0;
	*(u16 *)spare = 0x1ff; /* a limit, then a base: where the tables are */
	*(u64 *)(spare + 2) = insn->bytes[2] == 0x1f ? GUEST_IDT : GUEST_GDT;
	if (insn->bytes[1] == 0) /* LLDT, LTR: selectors */
		*(u16 *)spare = (u16)(random_one_in(2) ? 0 : random_below(0x60));
	choose_masks(mode);
	run_registers[REG_BP] = random_one_in(2) ? 0 : random_below(0x60);
	run_registers[REG_SI] = 0x10;
	run_registers[REG_DI] = memory;
	if (insn->kind == MSR) {
		run_registers[REG_CX] = RANDOM_OF(msrs);
		run_registers[REG_AX] = run_registers[REG_CX] == 0xc0000080 ? vmcs_read(GUEST_EFER) : 0x06060606;
		run_registers[REG_DX] = random_one_in(4) ? 0x80000000 : run_registers[REG_CX] == 0x277 ? 0x06060606 : 0;
		if (run_registers[REG_CX] == 0xc0000080)
			run_registers[REG_DX] = 0;
	} else if (insn->kind == PORT) {
		run_registers[REG_DX] = RANDOM_OF(ports);
		run_registers[REG_AX] = 0x55;
	} else if (insn->kind != CONTROL) {
		run_registers[REG_DX] = 0x681e;
	}
}

static void print_registers(const struct instruction *insn)
{
	if (insn->kind == TIME)
		return;
	line(" ax=%lx bx=%lx cx=%lx dx=%lx r11=%lx", run_registers[REG_AX], run_registers[REG_BX], run_registers[REG_CX],
	     run_registers[REG_DX], run_registers[11]);
	line(" cr0=%lx cr3=%lx cr4=%lx", vmcs_read(GUEST_CR0), vmcs_read(GUEST_CR3), vmcs_read(GUEST_CR4));
	const u64 *spare = (const u64 *)guest_host(GUEST_SPARE);
	line(" mem=%lx,%lx,%lx", spare[0], spare[1], spare[2]);
}

/* What the guest may have written that a VM exit does not put back. */
static void restore(void)
{
	static const u32 written[] = {0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000102};
	for (unsigned i = 0; i < sizeof(written) / sizeof(written[0]); i++)
		wrmsr(written[i], 0);
	wrmsr(0x277, 0x0007040600070406);
	write_cr0(read_cr0() & 0x9fffffff); /* CD and NW, which neither VM entry nor VM exit loads */
	write_cr8(0);
	write_cr2(0);
	write_dr0(0);
	write_dr6(0xffff0ff0);
}

void family_intercept(void)
{
	static const u8 modes[] = {GUEST_64, GUEST_64, GUEST_PAE, GUEST_32};
	enum guest_mode mode = RANDOM_OF(modes);
	unsigned cpl = random_one_in(3) ? 3 : 0;
	const struct instruction *insn = &RANDOM_OF(instructions);
	if (insn->only64)
		mode = GUEST_64;
	restore();
	run_unblock_nmi();
	vmcs_init(mode, cpl);
	ept_init(mode);
	choose_controls(insn);
	choose_operands(insn, mode, cpl);
	guest_code(cpl, insn->bytes, insn->length);
	ept_invalidate();
	line("m%u c%u %s: ", mode, cpl, insn->name);
	outcome_print(run(false));
	print_registers(insn);
}
