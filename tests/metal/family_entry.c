/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VM entry with a good VMCS of which one field, or two, is changed: VMfailValid 7 or 8, a failed entry (exit 33 or 34) with its
 * qualification, or a guest that runs VMCALL and what it left (SDM 3C, "VM Entries"). Host-state fields get bad values only: with good ones
 * this program could not go on.
 */
#include "ept.h"
#include "family.h"
#include "line.h"
#include "outcome.h"
#include "random.h"
#include "run.h"
#include "vmcs.h"

#define BEYOND_WIDTH (1ul << 46)
#define NOT_CANONICAL (1ul << 62)

/* Flips one of these bits. */
struct flip {
	enum vmcs_field field;
	u64 bits;
};

/* Controls that not every processor here has are left alone. */
static const struct flip flips[] = {
    {PIN_CONTROLS, 0xffffffbf},
    {PROC_CONTROLS, 0xf7dfffff},
    {PROC2_CONTROLS, 0xfd8f982e},
    {EXIT_CONTROLS, 0xff3cefff},
    {ENTRY_CONTROLS, 0xfffcd3ff},
    {EPTP, 0x3fff | BEYOND_WIDTH},
    {VPID, 0x3},
    {IO_BITMAP_A, 0xfff | BEYOND_WIDTH},
    {MSR_BITMAP, 0xfff | BEYOND_WIDTH},
    {CR3_TARGET_COUNT, 0xff},
    {GUEST_CR0, 0xffffffffe005ffff},
    {GUEST_CR0, 0x80000001},
    {GUEST_CR4, 0xffffffffff3327fc},
    {GUEST_CR3, 0xffff000000000018},
    {GUEST_EFER, 0xffffffffffffffff},
    {GUEST_DR7, 0xffffffff0000ff00},
    {GUEST_DEBUGCTL, 0xffffffffffff0003},
    {GUEST_RFLAGS, 0xffffffffffffffff},
    {GUEST_RIP, 0xffff800000000000},
    {GUEST_RSP, 0xffff800000000000},
    {GUEST_INTERRUPTIBILITY, 0xffffffef},
    {GUEST_ACTIVITY, 0xfffffff7},
    {GUEST_PENDING_DBG, 0xfffffffffffeaff0},
    {LINK_POINTER, 0xffffffffffffffff},
    {GUEST_PDPTE0, 0xffffc000000001f8},
    {GUEST_PDPTE1, 0xffffc000000001f8},
    {GUEST_SYSENTER_ESP, 0xc000000000000000},
    {GUEST_SYSENTER_EIP, 0xc000000000000000},
    {GUEST_CS_SELECTOR, 0xffff},
    {GUEST_SS_SELECTOR, 0xffff},
    {GUEST_DS_SELECTOR, 0xffff},
    {GUEST_TR_SELECTOR, 0xffff},
    {GUEST_LDTR_SELECTOR, 0xffff},
    {GUEST_CS_AR, 0xffffffff},
    {GUEST_SS_AR, 0xffffffff},
    {GUEST_DS_AR, 0xffffffff},
    {GUEST_ES_AR, 0xffffffff},
    {GUEST_FS_AR, 0xffffffff},
    {GUEST_GS_AR, 0xffffffff},
    {GUEST_TR_AR, 0xffffffff},
    {GUEST_LDTR_AR, 0xffffffff},
    {GUEST_CS_LIMIT, 0xffffffff},
    {GUEST_SS_LIMIT, 0xffffffff},
    {GUEST_DS_LIMIT, 0xffffffff},
    {GUEST_TR_LIMIT, 0xfffffff8},
    {GUEST_LDTR_LIMIT, 0xffffffff},
    {GUEST_CS_BASE, 0xffffffff00000000},
    {GUEST_SS_BASE, 0xffffffff00000000},
    {GUEST_DS_BASE, 0xffffffff00000000},
    {GUEST_FS_BASE, 0xc000000000000000},
    {GUEST_GS_BASE, 0xc000000000000000},
    {GUEST_TR_BASE, 0xc000000000000000},
    {GUEST_LDTR_BASE, 0xc000000000000000},
    {GUEST_GDTR_LIMIT, 0xffff0000},
    {GUEST_IDTR_LIMIT, 0xffff0000},
    {GUEST_GDTR_BASE, 0xc000000000000000},
    {GUEST_IDTR_BASE, 0xc000000000000000},
    {ENTRY_MSR_LOAD_COUNT, 0},
    {EXIT_MSR_STORE_COUNT, 0},
    {EXIT_MSR_LOAD_COUNT, 0},
};

static u64 msr_area[2] __attribute__((aligned(16)));

static const struct flip bad_host[] = {
    {HOST_CR0, 0x80000001 | 0x20 | 1ul << 40},
    {HOST_CR4, 0x2000 | 1ul << 40 | 0x8000000 | 0x20},
    {HOST_CR3, BEYOND_WIDTH | 1ul << 60},
    {HOST_CS_SELECTOR, 0x7},
    {HOST_SS_SELECTOR, 0x7},
    {HOST_DS_SELECTOR, 0x7},
    {HOST_FS_SELECTOR, 0x7},
    {HOST_TR_SELECTOR, 0x7},
    {HOST_FS_BASE, NOT_CANONICAL},
    {HOST_GS_BASE, NOT_CANONICAL},
    {HOST_TR_BASE, NOT_CANONICAL},
    {HOST_GDTR_BASE, NOT_CANONICAL},
    {HOST_IDTR_BASE, NOT_CANONICAL},
    {HOST_SYSENTER_ESP, NOT_CANONICAL},
    {HOST_SYSENTER_EIP, NOT_CANONICAL},
    {HOST_RIP, NOT_CANONICAL},
    {HOST_EFER, 0x500 | 1ul << 1 | 1ul << 40},
};

static u64 one_of(u64 bits)
{
	unsigned bit;
	do
		bit = random_below(64);
	while (!(bits >> bit & 1));
	return 1ul << bit;
}

/* MSR lists: a count, and an area that may be bad. */
static void change_msr_list(enum vmcs_field count)
{
	static const u32 indices[] = {0x174, 0xc0000081, 0xc0000100, 0xc0000101, 0x802, 0x277, 0xc0000082};
	enum vmcs_field address = count == ENTRY_MSR_LOAD_COUNT	  ? ENTRY_MSR_LOAD_ADDR
				  : count == EXIT_MSR_STORE_COUNT ? EXIT_MSR_STORE_ADDR
								  : EXIT_MSR_LOAD_ADDR;
	u64 at = (u64)msr_area;
	msr_area[0] = RANDOM_OF(indices);
	msr_area[1] = 0;
	if (count == ENTRY_MSR_LOAD_COUNT && random_one_in(4))
		msr_area[0] |= 1ul << 40;
	else if (count != ENTRY_MSR_LOAD_COUNT)
		msr_area[0] = 0x174;
	if (random_one_in(3))
		at ^= random_one_in(2) ? 8 : BEYOND_WIDTH;
	vmcs_write(address, at);
	vmcs_write(count, 1);
	line(" msr %lx at %lx", msr_area[0], at ^ (u64)msr_area);
}

static void change(void)
{
	const struct flip *f = random_one_in(6) ? &RANDOM_OF(bad_host) : &RANDOM_OF(flips);
	line(" %x", f->field);
	if (!f->bits) {
		change_msr_list(f->field);
		return;
	}
	u64 flipped = one_of(f->bits);
	line("^%lx", flipped);
	vmcs_write(f->field, vmcs_read(f->field) ^ flipped);
}

void family_entry(void)
{
	static const u8 code[] = {0x90};
	static const u8 modes[] = {GUEST_64, GUEST_64, GUEST_PAE, GUEST_32, GUEST_UNPAGED};
	enum guest_mode mode = RANDOM_OF(modes);
	unsigned cpl = mode != GUEST_UNPAGED && random_one_in(3) ? 3 : 0;
	run_unblock_nmi();
	vmcs_init(mode, cpl);
	ept_init(mode);
	guest_code(cpl, code, sizeof(code));
	ept_invalidate();
	vmcs_write(PIN_CONTROLS, PIN_DEFAULT | PIN_PREEMPTION_TIMER);
	vmcs_write(PREEMPTION_TIMER, 100000);
	for (unsigned i = 0; i < 16; i++)
		run_registers[i] = 0;
	line("m%u c%u", mode, cpl);
	change();
	if (random_one_in(4))
		change();
	line(": ");
	outcome_print(run(false));
}
