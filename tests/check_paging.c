/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The paging mode decoded from the control registers. */
#include "mmu/paging.h"
#include "tests/test.h"

static const struct {
	const char *name;
	uint64_t cr0, cr4, efer;
	unsigned levels, entry_size, width;
} modes[] = {
    {"off", CR0_PE, CR4_PAE | CR4_LA57, EFER_LME, 0, 8, 32},
    {"32-bit", CR0_PE | CR0_PG, CR4_PSE, 0, 2, 4, 32},
    {"32-bit, NXE set", CR0_PE | CR0_PG, 0, EFER_NXE, 2, 4, 32},
    {"PAE", CR0_PE | CR0_PG, CR4_PAE, 0, 3, 8, 32},
    {"4-level", CR0_PE | CR0_PG, CR4_PAE, EFER_LME | EFER_LMA, 4, 8, 48},
    {"5-level", CR0_PE | CR0_PG, CR4_PAE | CR4_LA57, EFER_LME | EFER_LMA, 5, 8, 57},
    {"PAE, LA57 without effect", CR0_PE | CR0_PG, CR4_PAE | CR4_LA57, 0, 3, 8, 32},
};

START_TEST(control_bits_select_the_mode)
{
	struct paging_mode m;
	paging_decode(&m, &(struct paging_regs){.cr0 = modes[_i].cr0, .cr4 = modes[_i].cr4, .efer = modes[_i].efer});
	ck_assert_msg(m.levels == modes[_i].levels, "%s: %u levels", modes[_i].name, m.levels);
	ck_assert_msg(m.entry_size == modes[_i].entry_size, "%s: entries of %u", modes[_i].name, m.entry_size);
	ck_assert_msg(m.linear_width == modes[_i].width, "%s: width %u", modes[_i].name, m.linear_width);
}
END_TEST

START_TEST(execute_disable_needs_64_bit_entries)
{
	struct paging_mode m;
	paging_decode(&m, &(struct paging_regs){.cr0 = CR0_PG, .efer = EFER_NXE});
	ck_assert(!m.nxe);
	paging_decode(&m, &(struct paging_regs){.cr0 = CR0_PG, .cr4 = CR4_PAE, .efer = EFER_NXE});
	ck_assert(m.nxe);
}
END_TEST

START_TEST(protection_keys_need_four_levels)
{
	struct paging_mode m;
	paging_decode(&m, &(struct paging_regs){.cr0 = CR0_PG, .cr4 = CR4_PAE | CR4_PKE});
	ck_assert(!m.pke);
	paging_decode(&m, &(struct paging_regs){.cr0 = CR0_PG, .cr4 = CR4_PAE | CR4_PKE, .efer = EFER_LME | EFER_LMA});
	ck_assert(m.pke);
}
END_TEST

START_TEST(root_and_pcid_come_from_cr3)
{
	struct paging_regs regs = {.cr0 = CR0_PG, .cr3 = 0xfff0234567891abc, .cr4 = CR4_PAE | CR4_PCIDE, .efer = EFER_LME | EFER_LMA};
	struct paging_mode m;
	paging_decode(&m, &regs);
	ck_assert_uint_eq(m.root.u, 0x234567891000);
	ck_assert_uint_eq(m.pcid, 0xabc);
	regs.cr4 &= ~CR4_PCIDE;
	paging_decode(&m, &regs);
	ck_assert_uint_eq(m.pcid, 0);
	regs.cr4 = regs.efer = 0;
	paging_decode(&m, &regs);
	ck_assert_uint_eq(m.root.u, 0x67891000);
}
END_TEST

START_TEST(pdpte_reserved_bits_are_those_of_the_sdm)
{
	/* "Format of a PAE Page-Directory-Pointer-Table Entry": 2:1, 8:5, 63:MAXPHYADDR */
	ck_assert_uint_eq(paging_pdpte_reserved(), 0xffffc000000001e6);
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("paging");
	tcase_add_loop_test(tc, control_bits_select_the_mode, 0, ARRAY_LEN(modes));
	tcase_add_test(tc, execute_disable_needs_64_bit_entries);
	tcase_add_test(tc, protection_keys_need_four_levels);
	tcase_add_test(tc, root_and_pcid_come_from_cr3);
	tcase_add_test(tc, pdpte_reserved_bits_are_those_of_the_sdm);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("paging", add_cases)
