/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MOV CR, MOV DR, CLTS, SMSW, LMSW, INVLPG, INVPCID. */
#include "tests/sysinsn_fixture.h"

static int to_cr(unsigned cr, uint64_t value)
{
	fix.cpu.gpr[RBX] = value;
	return fixture_fault(sys_MOV_TO_CR, insn_registers(cr, RBX, 8));
}

static uint64_t from_cr(unsigned cr)
{
	fix.cpu.gpr[RBX] = 0;
	ck_assert(fixture_run(sys_MOV_FROM_CR, insn_registers(cr, RBX, 8), NULL));
	return fix.cpu.gpr[RBX];
}

static int to_dr(unsigned dr, uint64_t value)
{
	fix.cpu.gpr[RBX] = value;
	return fixture_fault(sys_MOV_TO_DR, insn_registers(dr, RBX, 8));
}

START_TEST(privileged_instructions_need_cpl_0)
{
	static sysinsn_fn *const handlers[] = {sys_MOV_TO_CR, sys_MOV_FROM_CR, sys_MOV_TO_DR, sys_MOV_FROM_DR, sys_CLTS, sys_LMSW};

	for (unsigned h = 0; h < ARRAY_LEN(handlers); h++)
		for (enum mode m = REAL; m < MODES; m++) {
			fixture_enter(m, m == REAL ? 0 : 3);
			fix.cpu.gpr[RBX] = 0;
			int want = m == REAL ? -1 : VEC_GP;
			ck_assert_msg(fixture_fault(handlers[h], insn_registers(2, RBX, 8)) == want, "handler %u in %s", h, mode_name[m]);
		}
}
END_TEST

START_TEST(control_registers_that_do_not_exist_are_ud_even_at_cpl_3)
{
	for (unsigned cr = 0; cr < 16; cr++)
		for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
			fixture_enter(LONG, cpl);
			bool exists = cr == 0 || cr == 2 || cr == 3 || cr == 4 || cr == 8;
			int want = !exists ? VEC_UD : cpl ? VEC_GP : -1;
			ck_assert_msg(fixture_fault(sys_MOV_FROM_CR, insn_registers(cr, RBX, 8)) == want, "CR%u at %u", cr, cpl);
		}
	fixture_enter(PROTECTED, 0);
	ck_assert_int_eq(fixture_fault(sys_MOV_FROM_CR, insn_registers(8, RBX, 4)), VEC_UD);
}
END_TEST

/* CR0 values from 64-bit mode */
static const struct {
	const char *name;
	enum mode mode;
	uint64_t cr4, efer, cr0_before, value;
	int vector;
} cr0_rows[] = {
    {"same value", LONG, 0, 0, 0, CR0_PG | CR0_PE | CR0_NE, -1},
    {"PG without PE", PROTECTED, 0, 0, 0, CR0_PG, VEC_GP},
    {"NW without CD", LONG, 0, 0, 0, CR0_PG | CR0_PE | CR0_NW, VEC_GP},
    {"NW with CD", LONG, 0, 0, 0, CR0_PG | CR0_PE | CR0_NW | CR0_CD, -1},
    {"bit 32", LONG, 0, 0, 0, CR0_PG | CR0_PE | BIT(32), VEC_GP},
    {"reserved low bits are ignored", LONG, 0, 0, 0, CR0_PG | CR0_PE | BIT(6) | BIT(28), -1},
    {"PG cleared in 64-bit mode", LONG, 0, 0, 0, CR0_PE, VEC_GP},
    {"PG cleared in compatibility mode", COMPAT, 0, 0, 0, CR0_PE, -1},
    {"PG cleared with PCIDE", COMPAT, CR4_PCIDE, 0, 0, CR0_PE, VEC_GP},
    {"long mode without PAE", PROTECTED, 0, EFER_LME, 0, CR0_PE | CR0_PG, VEC_GP},
    {"long mode with PAE", PROTECTED, CR4_PAE, EFER_LME, 0, CR0_PE | CR0_PG, -1},
    {"32-bit paging", PROTECTED, 0, 0, 0, CR0_PE | CR0_PG, -1},
    {"real mode to protected", REAL, 0, 0, 0, CR0_PE, -1},
    {"real mode to paging at once", REAL, 0, 0, 0, CR0_PE | CR0_PG, -1},
};

START_TEST(mov_to_cr0_checks_the_value)
{
	for (unsigned i = 0; i < ARRAY_LEN(cr0_rows); i++) {
		struct cpu *cpu = fixture_enter(cr0_rows[i].mode, 0);
		cpu->cr4 |= cr0_rows[i].cr4;
		cpu->efer |= cr0_rows[i].efer;
		const uint64_t before = cpu->cr0;
		int vector = to_cr(0, cr0_rows[i].value);

		ck_assert_msg(vector == cr0_rows[i].vector, "%s: %d", cr0_rows[i].name, vector);
		ck_assert_msg(cpu->cr0 == (vector < 0 ? (cr0_rows[i].value & CR0_OFFERED) | CR0_ET : before), "%s", cr0_rows[i].name);
	}
}
END_TEST

START_TEST(setting_pg_with_lme_enters_long_mode_and_clearing_leaves)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 0);

	cpu->cr4 = CR4_PAE;
	cpu->efer = EFER_LME;
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), -1);
	ck_assert_uint_eq(cpu->efer, EFER_LME | EFER_LMA);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 4);
	ck_assert(cpu->engine_flush);
	ck_assert_int_eq(to_cr(0, CR0_PE), -1);
	ck_assert_uint_eq(cpu->efer, EFER_LME);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 0);
}
END_TEST

START_TEST(long_mode_is_refused_with_a_64_bit_cs_or_a_16_bit_tss)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 0);

	cpu->cr4 = CR4_PAE;
	cpu->efer = EFER_LME;
	cpu->seg[SEG_CS].ar |= AR_L;
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), VEC_GP);
	cpu->seg[SEG_CS].ar &= ~(uint32_t)AR_L;
	cpu->tr.ar = AR_P | 3;
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), VEC_GP);
	ck_assert_uint_eq(cpu->efer, EFER_LME);
	cpu->tr.ar |= AR_UNUSABLE;
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), -1);
}
END_TEST

START_TEST(pae_paging_loads_and_checks_the_pdptes)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 0);

	cpu->cr4 = CR4_PAE;
	cpu->cr3 = LAYOUT_PDPTE;
	mem_write(&fix.mem, HPA(LAYOUT_PDPTE + 24), 0x7000 | PTE_P | PTE_RW, 8); /* bit 1 is reserved */
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), VEC_GP);
	ck_assert_uint_eq(cpu->cr0 & CR0_PG, 0);
	mem_write(&fix.mem, HPA(LAYOUT_PDPTE + 24), 0x7000 | PTE_RW, 8); /* not present: nothing is checked */
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), -1);
	ck_assert_uint_eq(cpu->pdpte[0], LAYOUT_PD | 1);
	ck_assert_uint_eq(cpu->pdpte[3], 0x7002);
	ck_assert_uint_eq(cpu->mmu.mode.levels, 3);
}
END_TEST

START_TEST(mov_to_cr3_in_pae_mode_faults_before_cr3_changes)
{
	struct cpu *cpu = fixture_enter(PAE, 0);

	mem_write(&fix.mem, HPA(0x6000), BIT(46) | PTE_P, 8);
	ck_assert_int_eq(to_cr(3, 0x6000), VEC_GP);
	ck_assert_uint_eq(cpu->cr3, LAYOUT_PDPTE);
	ck_assert_uint_eq(cpu->pdpte[0], LAYOUT_PD | 1);
	mem_write(&fix.mem, HPA(0x6020), 0x9000 | PTE_P, 8);
	ck_assert_int_eq(to_cr(3, 0x6020), -1); /* the table is aligned to 32 bytes */
	ck_assert_uint_eq(cpu->pdpte[0], 0x9001);
}
END_TEST

START_TEST(cr3_bits_above_maxphyaddr_are_reserved)
{
	for (unsigned bit = 40; bit < 64; bit++)
		for (unsigned pcide = 0; pcide < 2; pcide++) {
			struct cpu *cpu = fixture_enter(LONG, 0);
			cpu->cr4 |= pcide ? CR4_PCIDE : 0;
			int want = bit < MAXPHYADDR || (bit == 63 && pcide) ? -1 : VEC_GP;
			ck_assert_msg(to_cr(3, LAYOUT_PML4 | BIT(bit)) == want, "bit %u, PCIDE %u", bit, pcide);
			if (want < 0)
				ck_assert_uint_eq(cpu->cr3, LAYOUT_PML4 | (bit == 63 ? 0 : BIT(bit)));
		}
}
END_TEST

/* true if the data TLBs still hold the translation of LAYOUT_DATA, as seen with the present CR3 */
static bool cached(void)
{
	return mmu_peek_tlb(&fix.cpu.mmu, GLA(LAYOUT_DATA), false);
}

static void touch(void)
{
	ck_assert_ptr_nonnull(mmu_access(&fix.cpu.mmu, GLA(LAYOUT_DATA), ACC_READ));
	ck_assert(cached());
}

static void make_global(void)
{
	mem_write(&fix.mem, HPA(LAYOUT_PD), PTE_PS | PTE_P | PTE_RW | PTE_US | PTE_G, 8);
}

/* SDM 3A, "Operations that Invalidate TLBs and Paging-Structure Caches": MOV to CR0 does when it clears PG; WP is none of its reasons. */
START_TEST(mov_to_cr0_flushes_by_the_bits_it_changes)
{
	static const struct {
		const char *name;
		uint64_t bit;
		bool flushes;
	} rows[] = {{"PG", CR0_PG, true}, {"WP", CR0_WP, false}, {"TS", CR0_TS, false}, {"AM", CR0_AM, false}, {"nothing", 0, false}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = fixture_enter(PROTECTED, 0);
		mem_write(&fix.mem, HPA(LAYOUT_PD), PTE_PS | PTE_P | PTE_RW | PTE_US | PTE_G, 4); /* global: nothing else would take it */
		cpu->cr3 = LAYOUT_PD;
		cpu->cr4 = CR4_PSE | CR4_PGE;
		cpu->cr0 |= CR0_PG;
		cpu_paging_changed(cpu);
		touch();
		ck_assert_int_eq(to_cr(0, cpu->cr0 ^ rows[i].bit), -1);
		cpu->cr0 |= CR0_PG; /* as it was: is the translation there? */
		cpu_paging_changed(cpu);
		ck_assert_msg(cached() == !rows[i].flushes, "%s", rows[i].name);
	}
}
END_TEST

/* The translation stays, its rights are judged by the new WP. */
START_TEST(mov_to_cr0_that_sets_wp_denies_supervisor_writes_to_read_only_pages)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	mem_write(&fix.mem, HPA(LAYOUT_PD), PTE_PS | PTE_P | PTE_US, 8);
	cpu->cr0 &= ~CR0_WP;
	cpu_paging_changed(cpu);
	ck_assert_ptr_nonnull(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_WRITE));
	ck_assert_int_eq(to_cr(0, cpu->cr0 | CR0_WP), -1);
	ck_assert(cached());
	ck_assert_ptr_null(mmu_access(&cpu->mmu, GLA(LAYOUT_DATA), ACC_WRITE));
	ck_assert_uint_eq(cpu->mmu.last.error, PF_P | PF_W);
}
END_TEST

START_TEST(mov_to_cr3_flushes_all_but_global_translations)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	touch();
	ck_assert_int_eq(to_cr(3, LAYOUT_PML4), -1);
	ck_assert(!cached());
	make_global();
	cpu->cr4 |= CR4_PGE;
	cpu_paging_changed(cpu);
	touch();
	ck_assert_int_eq(to_cr(3, LAYOUT_PML4), -1);
	ck_assert(cached());
}
END_TEST

START_TEST(mov_to_cr3_flushes_one_pcid_unless_bit_63)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert_int_eq(to_cr(4, cpu->cr4 | CR4_PCIDE), -1);
	ck_assert_int_eq(to_cr(3, LAYOUT_PML4 | 1), -1);
	touch();
	ck_assert_int_eq(to_cr(3, LAYOUT_PML4 | 2), -1);
	ck_assert(!cached());
	ck_assert_int_eq(to_cr(3, LAYOUT_PML4 | 1 | BIT(63)), -1);
	ck_assert(cached());
	ck_assert_int_eq(to_cr(3, LAYOUT_PML4 | 1), -1);
	ck_assert(!cached());
}
END_TEST

START_TEST(mov_to_cr4_flushes_by_the_bits_it_changes)
{
	static const struct {
		const char *name;
		uint64_t before, after;
		bool flushes;
	} rows[] = {
	    {"nothing", 0, 0, false},
	    {"PGE set", 0, CR4_PGE, true},
	    {"PGE cleared", CR4_PGE, 0, true},
	    {"PCIDE set", 0, CR4_PCIDE, false},
	    {"PCIDE cleared", CR4_PCIDE, 0, true},
	    {"SMEP set", 0, CR4_SMEP, true},
	    {"SMEP cleared", CR4_SMEP, 0, false},
	    {"SMAP set", 0, CR4_SMAP, false},
	    {"PKE set", 0, CR4_PKE, false},
	    {"TSD set", 0, CR4_TSD, false},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = fixture_enter(LONG, 0);
		cpu->cr4 = CR4_PAE | rows[i].before;
		cpu_paging_changed(cpu);
		touch();
		ck_assert_int_eq(to_cr(4, CR4_PAE | rows[i].after), -1);
		ck_assert_msg(cached() == !rows[i].flushes, "%s", rows[i].name);
	}
}
END_TEST

START_TEST(every_cr4_bit_not_offered_is_gp)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		struct cpu *cpu = fixture_enter(LONG, 0);
		const bool ok = (CR4_OFFERED & BIT(bit)) && bit != 12;
		ck_assert_msg(to_cr(4, CR4_PAE | BIT(bit)) == (ok ? -1 : VEC_GP), "bit %u", bit);
		ck_assert_uint_eq(cpu->cr4, ok ? CR4_PAE | BIT(bit) : CR4_PAE);
	}
}
END_TEST

START_TEST(cr4_bits_bound_to_long_mode)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert_int_eq(to_cr(4, 0), VEC_GP); /* PAE cleared */
	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_LA57), VEC_GP);
	cpu->cr3 = LAYOUT_PML4 | 1;
	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_PCIDE), VEC_GP);
	cpu->cr3 = LAYOUT_PML4;
	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_PCIDE), -1);
	fixture_enter(PROTECTED, 0);
	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_LA57), -1);
	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_PCIDE), VEC_GP);
}
END_TEST

START_TEST(outside_64_bit_mode_operands_have_32_bits)
{
	struct cpu *cpu = fixture_enter(PROTECTED, 0);

	ck_assert_int_eq(to_cr(3, 0xffffffff00007000), -1);
	ck_assert_uint_eq(cpu->cr3, 0x7000);
	cpu->cr3 = 0x123456789000;
	ck_assert_uint_eq(from_cr(3), 0x56789000);
}
END_TEST

START_TEST(cr8_is_the_task_priority)
{
	for (unsigned v = 0; v < 16; v++) {
		ck_assert_int_eq(to_cr(8, v), -1);
		ck_assert_uint_eq(from_cr(8), v);
		ck_assert_uint_eq(bus_tpr(&fix.bus), v);
	}
	ck_assert_int_eq(to_cr(8, 16), VEC_GP);
	ck_assert_int_eq(to_cr(8, BIT(63)), VEC_GP);
}
END_TEST

START_TEST(lmsw_sets_pe_but_does_not_clear_it)
{
	struct cpu *cpu = fixture_enter(REAL, 0);

	cpu->gpr[RBX] = 0xffff;
	ck_assert(fixture_run(sys_LMSW, insn_registers(6, RBX, 2), NULL));
	ck_assert_uint_eq(cpu->cr0, CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET);
	cpu->gpr[RBX] = 0;
	ck_assert(fixture_run(sys_LMSW, insn_registers(6, RBX, 2), NULL));
	ck_assert_uint_eq(cpu->cr0, CR0_PE | CR0_ET);
}
END_TEST

START_TEST(clts_clears_ts_and_tells_the_engine)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->cr0 |= CR0_TS;
	ck_assert(fixture_run(sys_CLTS, insn_registers(0, 0, 4), NULL));
	ck_assert_uint_eq(cpu->cr0 & CR0_TS, 0);
	ck_assert(cpu->engine_flush);
}
END_TEST

START_TEST(smsw_stores_16_bits_to_memory_and_the_operand_size_to_a_register)
{
	struct cpu *cpu = fixture_enter(LONG, 3);

	mem_write(&fix.mem, HPA(LAYOUT_DATA), ~0ull, 8);
	ck_assert(fixture_run(sys_SMSW, insn_memory(4, LAYOUT_DATA, 8), NULL));
	ck_assert_uint_eq(mem_read(&fix.mem, HPA(LAYOUT_DATA), 8), ~0xffffull | (cpu->cr0 & 0xffff));
	static const unsigned size[] = {2, 4, 8};
	for (unsigned i = 0; i < 3; i++) {
		cpu->gpr[RBX] = ~0ull;
		ck_assert(fixture_run(sys_SMSW, insn_registers(4, RBX, size[i]), NULL));
		ck_assert_uint_eq(cpu->gpr[RBX], size[i] == 2 ? ~0xffffull | (cpu->cr0 & 0xffff) : cpu->cr0);
	}
	cpu->cr4 |= CR4_UMIP;
	ck_assert_int_eq(fixture_fault(sys_SMSW, insn_registers(4, RBX, 4)), VEC_GP);
}
END_TEST

START_TEST(debug_registers_keep_their_fixed_bits)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert_int_eq(to_dr(6, 0), -1);
	ck_assert_uint_eq(cpu->dr[6], 0xffff0ff0);
	ck_assert_int_eq(to_dr(6, 0xffffffff), -1);
	ck_assert_uint_eq(cpu->dr[6], 0xffffefff);
	ck_assert_int_eq(to_dr(7, 0xffffdfff), -1);
	ck_assert_uint_eq(cpu->dr[7], 0xffff07ff);
	ck_assert_int_eq(to_dr(0, 0x123456789abcdef0), -1);
	ck_assert_uint_eq(cpu->dr[0], 0x123456789abcdef0);
	ck_assert_int_eq(to_dr(6, BIT(32)), VEC_GP);
	ck_assert_int_eq(to_dr(7, BIT(63)), VEC_GP);
	ck_assert_int_eq(to_dr(8, 0), VEC_UD);
}
END_TEST

START_TEST(dr4_and_dr5_are_dr6_and_dr7_without_de)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert_int_eq(to_dr(5, 0x401), -1);
	ck_assert_uint_eq(cpu->dr[7], 0x401);
	ck_assert(fixture_run(sys_MOV_FROM_DR, insn_registers(4, RCX, 8), NULL));
	ck_assert_uint_eq(cpu->gpr[RCX], cpu->dr[6]);
	cpu->cr4 |= CR4_DE;
	ck_assert_int_eq(to_dr(4, 0), VEC_UD);
	ck_assert_int_eq(to_dr(5, 0), VEC_UD);
	cpu->cpl = 3;
	ck_assert_int_eq(to_dr(4, 0), VEC_UD); /* before #GP */
	ck_assert_int_eq(to_dr(6, 0), VEC_GP);
}
END_TEST

START_TEST(general_detect_is_db_with_bd)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	cpu->dr[7] |= BIT(13);
	ck_assert_int_eq(to_dr(0, 1), VEC_DB);
	ck_assert_uint_eq(cpu->pending.dr6, BIT(13));
	ck_assert_int_eq(fixture_fault(sys_MOV_FROM_DR, insn_registers(0, RBX, 8)), VEC_DB);
	cpu->cpl = 3;
	ck_assert_int_eq(to_dr(0, 1), VEC_GP);
}
END_TEST

START_TEST(invlpg_drops_one_page_and_ignores_non_canonical_addresses)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	touch();
	ck_assert(fixture_run(sys_INVLPG, insn_memory(7, BIT(62), 8), NULL));
	ck_assert(cached());
	ck_assert(fixture_run(sys_INVLPG, insn_memory(7, LAYOUT_DATA, 8), NULL));
	ck_assert(!cached());
	ck_assert_int_eq(fixture_fault(sys_INVLPG, insn_registers(7, RBX, 8)), VEC_UD);
	cpu->cpl = 3;
	ck_assert_int_eq(fixture_fault(sys_INVLPG, insn_memory(7, LAYOUT_DATA, 8)), VEC_GP);
}
END_TEST

static int invpcid(uint64_t type, uint64_t first, uint64_t second)
{
	mem_write(&fix.mem, HPA(LAYOUT_DATA + 0x200000), first, 8);
	mem_write(&fix.mem, HPA(LAYOUT_DATA + 0x200008), second, 8);
	fix.cpu.gpr[RCX] = type;
	return fixture_fault(sys_INVPCID, insn_memory(RCX, LAYOUT_DATA + 0x200000, 8));
}

START_TEST(invpcid_checks_its_descriptor)
{
	static const struct {
		const char *name;
		bool pcide;
		uint64_t type, first, second;
		int vector;
	} rows[] = {
	    {"type 4", true, 4, 0, 0, VEC_GP},
	    {"type 1 << 32", true, BIT(32), 0, 0, VEC_GP},
	    {"reserved bit, type 0", true, 0, 0x1000, 0, VEC_GP},
	    {"reserved bit, type 2", true, 2, BIT(63), 0, VEC_GP},
	    {"not canonical, type 0", true, 0, 1, BIT(57), VEC_GP},
	    {"not canonical, type 1", true, 1, 1, BIT(57), -1},
	    {"PCID without PCIDE, type 0", false, 0, 1, 0, VEC_GP},
	    {"PCID without PCIDE, type 1", false, 1, 1, 0, VEC_GP},
	    {"PCID without PCIDE, type 2", false, 2, 1, 0, -1},
	    {"PCID 0 without PCIDE", false, 0, 0, 0, -1},
	    {"type 3", true, 3, 0xfff, ~0ull, -1},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		struct cpu *cpu = fixture_enter(LONG, 0);
		cpu->cr4 |= rows[i].pcide ? CR4_PCIDE : 0;
		cpu_paging_changed(cpu);
		ck_assert_msg(invpcid(rows[i].type, rows[i].first, rows[i].second) == rows[i].vector, "%s", rows[i].name);
	}
	ck_assert_int_eq(fixture_fault(sys_INVPCID, insn_memory(RCX, LAYOUT_HOLE, 8)), VEC_PF);
	fix.cpu.cpl = 3;
	ck_assert_int_eq(invpcid(0, 0, 0), VEC_GP);
}
END_TEST

START_TEST(invpcid_types_drop_what_they_name)
{
	/* whether a global and a non-global translation of the current PCID 1 go */
	static const struct {
		uint64_t type, pcid, address;
		bool local_goes, global_goes;
	} rows[] = {
	    {0, 1, LAYOUT_DATA, true, false}, {0, 2, LAYOUT_DATA, false, false}, {0, 1, 0x600000, false, false},
	    {1, 1, 0, true, false},	      {1, 2, 0, false, false},		 {2, 0, 0, true, true},
	    {3, 0, 0, true, false},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned global = 0; global < 2; global++) {
			struct cpu *cpu = fixture_enter(LONG, 0);
			cpu->cr4 |= CR4_PCIDE | CR4_PGE;
			cpu->cr3 = LAYOUT_PML4 | 1;
			cpu_paging_changed(cpu);
			fixture_tables();
			if (global)
				make_global();
			touch();
			ck_assert_int_eq(invpcid(rows[i].type, rows[i].pcid, rows[i].address), -1);
			ck_assert_msg(cached() == !(global ? rows[i].global_goes : rows[i].local_goes), "row %u, global %u", i, global);
		}
}
END_TEST

START_TEST(without_vmx_cr4_vmxe_is_reserved)
{
	struct cpu *cpu = fixture_enter(LONG, 0);

	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_VMXE), VEC_GP);
	cpu->vmx = (struct vmx *)&fix; /* offered, not used here */
	ck_assert_int_eq(to_cr(4, CR4_PAE | CR4_VMXE), -1);
	cpu->vmx_op = VMX_ROOT;
	ck_assert_int_eq(to_cr(4, CR4_PAE), VEC_GP);
	ck_assert_int_eq(to_cr(0, CR0_PE | CR0_PG), VEC_GP); /* NE */
}
END_TEST

static void add_registers(TCase *tc)
{
	tcase_add_test(tc, privileged_instructions_need_cpl_0);
	tcase_add_test(tc, control_registers_that_do_not_exist_are_ud_even_at_cpl_3);
	tcase_add_test(tc, mov_to_cr0_checks_the_value);
	tcase_add_test(tc, setting_pg_with_lme_enters_long_mode_and_clearing_leaves);
	tcase_add_test(tc, long_mode_is_refused_with_a_64_bit_cs_or_a_16_bit_tss);
	tcase_add_test(tc, pae_paging_loads_and_checks_the_pdptes);
	tcase_add_test(tc, mov_to_cr3_in_pae_mode_faults_before_cr3_changes);
	tcase_add_test(tc, cr3_bits_above_maxphyaddr_are_reserved);
	tcase_add_test(tc, every_cr4_bit_not_offered_is_gp);
	tcase_add_test(tc, cr4_bits_bound_to_long_mode);
	tcase_add_test(tc, without_vmx_cr4_vmxe_is_reserved);
	tcase_add_test(tc, outside_64_bit_mode_operands_have_32_bits);
	tcase_add_test(tc, cr8_is_the_task_priority);
	tcase_add_test(tc, lmsw_sets_pe_but_does_not_clear_it);
	tcase_add_test(tc, clts_clears_ts_and_tells_the_engine);
	tcase_add_test(tc, smsw_stores_16_bits_to_memory_and_the_operand_size_to_a_register);
	tcase_add_test(tc, debug_registers_keep_their_fixed_bits);
	tcase_add_test(tc, dr4_and_dr5_are_dr6_and_dr7_without_de);
	tcase_add_test(tc, general_detect_is_db_with_bd);
}

static void add_invalidation(TCase *tc)
{
	tcase_add_test(tc, mov_to_cr0_flushes_by_the_bits_it_changes);
	tcase_add_test(tc, mov_to_cr0_that_sets_wp_denies_supervisor_writes_to_read_only_pages);
	tcase_add_test(tc, mov_to_cr3_flushes_all_but_global_translations);
	tcase_add_test(tc, mov_to_cr3_flushes_one_pcid_unless_bit_63);
	tcase_add_test(tc, mov_to_cr4_flushes_by_the_bits_it_changes);
	tcase_add_test(tc, invlpg_drops_one_page_and_ignores_non_canonical_addresses);
	tcase_add_test(tc, invpcid_checks_its_descriptor);
	tcase_add_test(tc, invpcid_types_drop_what_they_name);
}

static void add_cases(Suite *suite)
{
	add_case(suite, "registers", add_registers);
	add_case(suite, "invalidation", add_invalidation);
}

TEST_MAIN("sysinsn_control", add_cases)
