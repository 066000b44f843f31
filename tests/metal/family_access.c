/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One access of the guest to the test page, through paging structures and EPT entries of which some are spoilt. Printed: the outcome, the
 * accessed and dirty flags that the access left in the guest's entries (g: level 1, next page's level 1, 2, 3, 4; two bits each) and in
 * the EPT entries (e: the same, a frame at a time), and a sum over the test pages.
 */
#include "ept.h"
#include "family.h"
#include "line.h"
#include "outcome.h"
#include "random.h"
#include "run.h"
#include "vmcs.h"

struct access {
	const char *name;
	u8 bytes[4];
	u8 length;
};

/* RDI is the address in the test page, RSI one in the working part */
static const struct access accesses[] = {
    {"read8", {0x8a, 0x07}, 2},
    {"read32", {0x8b, 0x07}, 2},
    {"write8", {0x88, 0x07}, 2},
    {"write32", {0x89, 0x07}, 2},
    {"add", {0x01, 0x07}, 2},
    {"xchg", {0x87, 0x07}, 2},
    {"cmpxchg", {0xf0, 0x0f, 0xb1, 0x0f}, 4},
    {"bt", {0x0f, 0xa3, 0x07}, 3},
    {"jmp", {0xff, 0xe7}, 2},
    {"movs to", {0xa5}, 1},
    {"push mem", {0xff, 0x37}, 2},
    {"pop mem", {0x8f, 0x07}, 2},
    {"or imm", {0x83, 0x0f, 0x00}, 3},
    {"cmp", {0x39, 0x07}, 2},
    {"call mem", {0xff, 0x17}, 2},
    {"jmp", {0xff, 0xe7}, 2},
};

static enum guest_mode mode;
static unsigned cpl, offset;
static const struct access *access;

static void choose_mode(void)
{
	static const u8 modes[] = {GUEST_64, GUEST_64, GUEST_64, GUEST_64, GUEST_PAE, GUEST_32, GUEST_UNPAGED};
	mode = RANDOM_OF(modes);
	cpl = mode != GUEST_UNPAGED && random_one_in(2) ? 3 : 0;
}

/* Flags that a good entry may have as well: A, D, PWT, PCD, G, ignored bits. */
static u64 harmless_bits(void)
{
	u64 bits = random_word() & 0x60;
	if (random_one_in(4))
		bits |= random_word() & 0xf18;
	return bits;
}

static u64 spoil_entry(u64 entry, unsigned level)
{
	switch (random_below(9)) {
	case 0:
		return entry & ~1ul;
	case 1:
	case 2:
		return entry & ~2ul;
	case 3:
	case 4:
		return entry & ~4ul;
	case 5:
		return entry | 1ul << 63;
	case 6:
		return entry | 1ul << (46 + random_below(6));
	case 7:
		if (level == 4)
			return entry | 0x80;
		return entry | (level == 3 ? 1ul << (13 + random_below(16)) : 1ul << (13 + random_below(8)));
	default:
		return entry ^ 1ul << (12 + random_below(28));
	}
}

static void make_large(unsigned level)
{
	u64 mask = level == 3 ? 0x3fffffff : 0x1fffff;
	*guest_test_entry64(mode, level) = (guest_test_gpa(mode, FRAME_DATA) & ~mask) | 0x87;
}

static unsigned top_level(void)
{
	return mode == GUEST_64 ? 4 : mode == GUEST_UNPAGED ? 0 : 2;
}

static void build_guest_tables64(unsigned defects)
{
	unsigned leaf = random_one_in(4) ? 2 + random_below(mode == GUEST_64 ? 2 : 1) : 1;
	if (leaf > 1)
		make_large(leaf);
	for (unsigned level = leaf; level <= top_level(); level++)
		*guest_test_entry64(mode, level) |= harmless_bits();
	if (leaf == 1)
		guest_test_entry64(mode, 1)[1] |= harmless_bits();
	if (random_one_in(3))
		*guest_test_entry64(mode, leaf + random_below(top_level() - leaf + 1)) &= ~4ul;
	while (defects--) {
		unsigned level = leaf + random_below(top_level() - leaf + 1);
		u64 *entry = guest_test_entry64(mode, level) + (level == 1 && random_one_in(3));
		*entry = spoil_entry(*entry, level);
	}
}

static void build_guest_tables32(unsigned defects)
{
	unsigned leaf = random_one_in(4) ? 2 : 1;
	if (leaf == 2)
		*guest_test_entry32(2) = (u32)(guest_test_gpa(mode, FRAME_DATA) & ~0x3ffffful) | 0x87;
	for (unsigned level = leaf; level <= 2; level++)
		*guest_test_entry32(level) |= (u32)harmless_bits();
	while (defects--) {
		unsigned level = leaf + random_below(3 - leaf);
		u32 *entry = guest_test_entry32(level) + (level == 1 && random_one_in(3));
		static const u32 flips[] = {1, 2, 2, 4, 4};
		*entry &= ~RANDOM_OF(flips);
	}
}

static u64 spoil_ept_entry(u64 entry, unsigned level)
{
	static const u8 types[] = {0, 1, 2, 3, 4, 5, 6, 7};
	switch (random_below(12)) {
	case 0:
		return entry & ~EPT_R;
	case 1:
	case 2:
	case 3:
		return entry & ~EPT_W;
	case 4:
	case 5:
		return entry & ~EPT_X;
	case 6:
		return entry & ~(EPT_W | EPT_X);
	case 7:
		return entry & ~(EPT_R | EPT_W);
	case 8:
		return entry & ~EPT_RWX;
	case 9:
		return (entry & ~0x38ul) | (u64)RANDOM_OF(types) << 3;
	case 10:
		return entry | 1ul << (46 + random_below(6));
	default:
		return level == 1 ? entry | 0x80 : level == 4 ? entry | 1ul << (3 + random_below(5)) : entry ^ 0x80;
	}
}

static enum test_frame random_frame(void)
{
	if (mode == GUEST_UNPAGED || random_one_in(2))
		return FRAME_DATA;
	if (mode == GUEST_32)
		return FRAME_PT;
	return FRAME_PT + random_below(mode == GUEST_64 ? 3 : 2);
}

static void make_ept_large(enum test_frame frame, unsigned level)
{
	u64 mask = level == 3 ? 0x3fffffff : 0x1fffff;
	u64 host = guest_test_gpa(mode, frame) & 0x3fffffff & ~mask;
	*ept_entry(mode, frame, level) = host | EPT_WB | EPT_LARGE | EPT_RWX;
}

static void build_ept(unsigned defects)
{
	for (enum test_frame f = FRAME_DATA; f < FRAMES; f++) {
		if (!guest_test_gpa(mode, f))
			continue;
		if (random_one_in(4))
			make_ept_large(f, 2 + random_below(2));
		for (unsigned level = 1; level < 4; level++)
			*ept_entry(mode, f, level) |= random_word() & (EPT_A | EPT_D | 0xc00);
	}
	while (defects--) {
		enum test_frame f = random_frame();
		unsigned level = mode == GUEST_64 ? 1 + random_below(4) : 1 + random_below(3);
		u64 *entry = ept_entry(mode, f, level) + (level == 1 && random_one_in(3));
		*entry = spoil_ept_entry(*entry, level);
	}
}

static void choose_controls(void)
{
	u64 cr0 = vmcs_read(GUEST_CR0), cr4 = vmcs_read(GUEST_CR4), bitmap = random_word() & 0xffffffff;
	if (random_one_in(3))
		cr0 &= ~(u64)CR0_WP;
	if (mode != GUEST_UNPAGED && random_one_in(4))
		cr4 |= CR4_SMEP;
	if (mode != GUEST_UNPAGED && random_one_in(4))
		cr4 |= CR4_SMAP;
	if (mode != GUEST_UNPAGED && random_one_in(5))
		vmcs_write(GUEST_EFER, vmcs_read(GUEST_EFER) & ~(u64)EFER_NXE);
	vmcs_write(GUEST_CR0, cr0);
	vmcs_write(GUEST_CR4, cr4);
	vmcs_write(GUEST_RFLAGS, 2 | (random_one_in(2) ? FLAG_AC : 0));
	vmcs_write(EXCEPTION_BITMAP, (bitmap & 0x4000) | 0xffffbfff);
	if (random_one_in(2)) {
		vmcs_write(PF_MASK, random_word() & 0x1f);
		vmcs_write(PF_MATCH, random_word() & 0x1f);
	}
	vmcs_write(EPTP, ept_pointer() | (random_one_in(2) ? EPTP_AD : 0));
	if (random_one_in(2))
		vmcs_write(PROC2_CONTROLS, vmcs_read(PROC2_CONTROLS) | PROC2_VPID);
}

static void choose_access(void)
{
	static const u16 offsets[] = {0x10, 0x123, 0x800, 0xff8, 0xffd, 0xffe, 0xfff};
	access = &RANDOM_OF(accesses);
	offset = RANDOM_OF(offsets);
	u8 *target = guest_test_page() + offset;
	target[0] = 0x0f; /* VMCALL, for a jump there */
	target[1] = 0x01;
	target[2] = 0xc1;
	run_registers[REG_AX] = 0xc10f;
	run_registers[REG_CX] = 0xabcdef;
	run_registers[REG_SI] = GUEST_SPARE + (cpl ? GUEST_USER : 0);
	run_registers[REG_DI] = guest_test_linear(mode) + offset;
	guest_code(cpl, access->bytes, access->length);
}

static u64 flags_of(u64 entry, unsigned accessed)
{
	return entry >> accessed & 3;
}

static void print_guest_flags(void)
{
	u64 flags = 0;
	if (mode == GUEST_UNPAGED)
		return;
	if (mode == GUEST_32) {
		flags = flags_of(guest_test_entry32(1)[0], 5) | flags_of(guest_test_entry32(1)[1], 5) << 2 |
			flags_of(*guest_test_entry32(2), 5) << 4;
	} else {
		flags = flags_of(guest_test_entry64(mode, 1)[0], 5) | flags_of(guest_test_entry64(mode, 1)[1], 5) << 2;
		for (unsigned level = 2; level <= top_level(); level++)
			flags |= flags_of(*guest_test_entry64(mode, level), 5) << (2 * level);
	}
	line(" g=%03lx", flags);
}

static void print_ept_flags(void)
{
	line(" e=");
	for (enum test_frame f = FRAME_DATA; f < FRAMES; f++) {
		if (!guest_test_gpa(mode, f))
			continue;
		u64 *leaf = ept_entry(mode, f, 1);
		u64 flags = flags_of(leaf[0], 8) | flags_of(leaf[1], 8) << 2;
		for (unsigned level = 2; level <= 4; level++)
			flags |= flags_of(*ept_entry(mode, f, level), 8) << (2 * level);
		line("%03lx.", flags);
	}
}

static void print_sum(void)
{
	const u64 *page = (const u64 *)guest_test_page();
	u64 sum = 0;
	for (unsigned i = 0; i < 1024; i++)
		sum = (sum << 1 | sum >> 63) ^ page[i];
	line(" s=%lx", sum);
}

void family_access(void)
{
	static const u8 defects[] = {0, 0, 1, 1, 1, 2, 2, 3};
	choose_mode();
	vmcs_init(mode, cpl);
	guest_test_init(mode);
	ept_init(mode);
	choose_controls();
	choose_access();
	unsigned guest_defects = RANDOM_OF(defects);
	if (mode == GUEST_64 || mode == GUEST_PAE)
		build_guest_tables64(guest_defects);
	else if (mode == GUEST_32)
		build_guest_tables32(guest_defects);
	build_ept(RANDOM_OF(defects));
	ept_invalidate();
	write_cr2(0);
	line("m%u c%u %s +%x ad%u: ", mode, cpl, access->name, offset, (u32)(vmcs_read(EPTP) & EPTP_AD) != 0);
	outcome_print(run(false));
	line(" ax=%lx", run_registers[REG_AX]);
	print_guest_flags();
	print_ept_flags();
	print_sum();
}
