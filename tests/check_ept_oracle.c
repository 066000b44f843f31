/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EPT walk against the oracle: every kind of entry at every level, and whole accesses whose tables or final page EPT restricts.
 */
#include "tests/ept_fixture.h"

#include "tests/ept_oracle.h"

static unsigned access_of(enum oracle_kind kind)
{
	static const unsigned access[ORACLE_KINDS] = {ACC_READ,	 ACC_WRITE, ACC_READ | ACC_WRITE, ACC_FETCH,
						      ACC_FETCH, ACC_READ,  ACC_READ | ACC_WRITE};
	return access[kind];
}

static uint64_t *host_of(hpa_t at)
{
	return (uint64_t *)(void *)(fix.mem.host + at.u);
}

/* ---- one guest-physical address ---- */

static const uint64_t gpa = 0x2a9d4e5f7b8; /* every table is entered at a different index */

static const uint64_t odd_bits[] = {0, BIT(12), BIT(20), BIT(21), BIT(29), BIT(45), BIT(46), BIT(51), BIT(52), BIT(11), BIT(62)};

/* what the entries above and below the one under test are */
static const uint64_t others[] = {
    EPTE_RWX | EPTE_XU | EPTE_A | EPTE_D, EPTE_RWX | EPTE_XU, EPTE_R | EPTE_X | EPTE_A, EPTE_R | EPTE_W | EPTE_XU, EPTE_X | EPTE_A,
};

enum { ENTRIES = 1 << 12 }; /* bits 0-2, 3-6, 7, 8, 9, 10, 63 */

static uint64_t entry_number(unsigned n)
{
	return (n & BITS(10, 0)) | (n & BIT(11) ? EPTE_SUPPRESS_VE : 0);
}

static void compare_one(const struct oracle_ept *config, struct oracle_entries *e, uint64_t *const place[6], enum oracle_kind kind)
{
	struct oracle_entries before = *e;
	for (unsigned level = 1; level <= config->levels; level++)
		*place[level] = e->of[level];
	struct oracle_result want = oracle_translate(config, e, gpa, kind);
	bool table = kind == ORACLE_TABLE || kind == ORACLE_TABLE_FLAGS;
	struct second got = ept_translate(&fix.ept, GPA(gpa), access_of(kind), table, kind == ORACLE_FETCH_USER, 0);
	bool same = got.ok == !want.reason &&
		    (got.ok ? got.hpa.u == want.hpa && got.shift == 3 + 9 * want.leaf
			    : got.exit_reason == want.reason && got.qualification == want.qualification && got.level == want.leaf);
	if (want.reason == ORACLE_VIOLATION)
		same = same && got.convertible == want.convertible;
	for (unsigned level = 1; level <= config->levels; level++)
		same = same && *place[level] == e->of[level];
	if (likely(same))
		return;
	ck_abort_msg(
	    "levels %u ad %d mbec %d exec_only %d kind %d entries %lx %lx %lx %lx %lx: reason %u, not %u; qualification %#lx, not %#lx; "
	    "hpa %#lx, not %#lx; leaf entry %#lx, not %#lx",
	    config->levels, config->ad, config->mbec, config->exec_only, kind, (unsigned long)before.of[5], (unsigned long)before.of[4],
	    (unsigned long)before.of[3], (unsigned long)before.of[2], (unsigned long)before.of[1], got.ok ? 0 : got.exit_reason,
	    want.reason, (unsigned long)got.qualification, (unsigned long)want.qualification, (unsigned long)got.hpa.u,
	    (unsigned long)want.hpa, (unsigned long)*place[want.leaf], (unsigned long)e->of[want.leaf]);
}

/* The address that an entry of this level has: the table below, or a page aligned to 1 GiB. */
static uint64_t address_for(uint64_t entry, unsigned level, const uint64_t table[6])
{
	return level > 1 && !(level <= 3 && entry & EPTE_PS) ? table[level - 1] : FIX_GUEST;
}

static void enumerate(const struct oracle_ept *config, unsigned tested, const uint64_t table[6], uint64_t *const place[6])
{
	struct oracle_entries e = {.of = {0}};
	uint64_t count = 0;
	for (unsigned n = 0; n < ENTRIES; n++)
		for (unsigned odd = 0; odd < ARRAY_LEN(odd_bits); odd++)
			for (unsigned kind = 0; kind < ORACLE_KINDS; kind++) {
				uint64_t entry = entry_number(n);
				bool leaf = tested == 1 || (tested <= 3 && entry & EPTE_PS);
				count++;
				if (!leaf && odd_bits[odd] & BITS(45, 12))
					continue; /* the address of a table is not varied */
				uint64_t other = others[count / 7 % ARRAY_LEN(others)];
				for (unsigned level = 1; level <= config->levels; level++)
					e.of[level] = (level == 1 ? other : other & ~EPTE_D) | address_for(0, level, table);
				e.of[tested] = (entry | address_for(entry, tested, table)) ^ odd_bits[odd];
				compare_one(config, &e, place, kind);
			}
}

START_TEST(every_entry_is_as_the_sdm_says)
{
	struct oracle_ept config = {.ad = _i & 1, .mbec = _i & 2, .exec_only = _i & 4, .levels = _i & 8 ? 5 : 4};
	uint64_t table[6], *place[6] = {NULL};

	fix_start(config.levels, config.ad);
	ept_decode(&fix.ept, fix.vmx.vmcs.eptp, config.mbec, config.exec_only);
	for (unsigned level = 1; level <= config.levels; level++) {
		table[level] = level == config.levels ? fix.map.root.u : BIT(31) + level * PAGE_SIZE;
		place[level] = host_of(HPA(table[level] + 8 * (gpa >> level_shift(level) & 511)));
	}
	for (unsigned tested = 1; tested <= config.levels; tested++)
		enumerate(&config, tested, table, place);
	fix_stop();
}
END_TEST

/* ---- a whole access ---- */

enum { DATA_GPA = 0x3000000, RIGHTS = 8, FLAGS = 4 };
static const uint64_t linear = 0x0000123456789abc;

struct whole {
	struct oracle_ept config;
	struct oracle_guest guest; /* as the oracle leaves it */
	uint64_t *guest_place[5], *ept_place[5][6], *final_place[6];
};

/* Where the guest's tables lie: each is reached through EPT entries of its own at every level but the fifth, and so is the data. */
static uint64_t table_gpa(unsigned level)
{
	return (uint64_t)level << 39 | guest_table(level);
}

static uint64_t hpa_of(uint64_t gpa_)
{
	return FIX_GUEST + (gpa_ & BITS(38, 0));
}

static void map_apart(uint64_t page)
{
	ck_assert(ept_map_page(&fix.map, GPA(page), HPA(hpa_of(page)), PAGE_SHIFT, FIX_RWX_WB));
}

static void whole_start(struct whole *w, const struct oracle_ept *config)
{
	w->config = *config;
	fix_start(config->levels, config->ad);
	if (config->mbec)
		fix.vmx.vmcs.proc2_controls |= CTL(PROC2, MBEC);
	fix_use(fix.vmx.vmcs.eptp);
	guest_paging(4);
	fix.cpu.cr3 = table_gpa(4);
	cpu_paging_changed(&fix.cpu);
	w->guest.final_gpa = DATA_GPA | page_offset(linear);
	map_apart(DATA_GPA);
	for (unsigned level = 1; level <= 4; level++) {
		map_apart(table_gpa(level));
		w->guest.entry_gpa[level] = (uint64_t)level << 39 | guest_entry_at(level, linear);
		w->guest_place[level] = host_of(HPA(hpa_of(w->guest.entry_gpa[level])));
	}
	for (unsigned l = 1; l <= config->levels; l++) {
		w->final_place[l] = host_of(ept_entry_at(w->guest.final_gpa, l));
		for (unsigned level = 1; level <= 4; level++)
			w->ept_place[level][l] = host_of(ept_entry_at(w->guest.entry_gpa[level], l));
	}
}

/* Guest entries with these rights (R/W, U/S, XD) at one level and all rights at the others; A and D as flags say, in all. */
static void set_guest(struct whole *w, unsigned rights, unsigned restricted, unsigned flags)
{
	for (unsigned level = 1; level <= 4; level++) {
		uint64_t address = level == 1 ? DATA_GPA : table_gpa(level - 1);
		uint64_t entry = address | PTE_P | PTE_RW | PTE_US | (flags & 1 ? PTE_A : 0) | (flags & 2 && level == 1 ? PTE_D : 0);
		if (level == restricted) {
			entry &= ~(PTE_RW | PTE_US);
			entry |= (rights & 1 ? PTE_RW : 0) | (rights & 2 ? PTE_US : 0) | (rights & 4 ? PTE_XD : 0);
		}
		*w->guest_place[level] = w->guest.entry[level] = entry;
	}
}

/* EPT entries: all rights, but for the victim (0: the final page) at one EPT level: these bits. */
static void set_ept(struct whole *w, unsigned victim, unsigned at_level, uint64_t bits)
{
	const uint64_t full = FIX_RWX_WB | EPTE_XU;
	for (unsigned level = 0; level <= 4; level++) {
		uint64_t **place = level ? w->ept_place[level] : w->final_place;
		uint64_t page = hpa_of(page_base(level ? w->guest.entry_gpa[level] : w->guest.final_gpa));
		*place[1] = page | (level == victim && at_level == 1 ? bits : full);
		for (unsigned l = 2; l <= w->config.levels && l < 5; l++)
			*place[l] = (*place[l] & BITS(45, 12)) | (level == victim && at_level == l ? bits : EPTE_RWX | EPTE_XU);
	}
	if (w->config.levels == 5) /* of all */
		*w->final_place[5] = (*w->final_place[5] & BITS(45, 12)) | (at_level == 5 ? bits : EPTE_RWX | EPTE_XU);
	for (unsigned level = 0; level <= 4; level++)
		for (unsigned l = 1; l <= w->config.levels; l++)
			(level ? &w->guest.table[level] : &w->guest.final)->of[l] = *(level ? w->ept_place[level] : w->final_place)[l];
}

static bool same_entries(const struct whole *w)
{
	bool same = true;
	for (unsigned level = 1; level <= 4; level++)
		same = same && *w->guest_place[level] == w->guest.entry[level];
	for (unsigned level = 0; level <= 4; level++)
		for (unsigned l = 1; l <= 4; l++)
			same = same && *(level ? w->ept_place[level] : w->final_place)[l] ==
					   (level ? &w->guest.table[level] : &w->guest.final)->of[l];
	/* the top entry of five levels is shared: each of the oracle's copies is a part of it */
	for (unsigned level = 0; w->config.levels == 5 && level <= 4; level++)
		same = same && !((level ? &w->guest.table[level] : &w->guest.final)->of[5] & ~*w->final_place[5]);
	return same;
}

static void compare_whole(struct whole *w, enum oracle_kind kind, bool user)
{
	struct cpu *cpu = &fix.cpu;
	unsigned access = access_of(kind) | (user ? ACC_USER : 0);
	struct oracle_outcome want = oracle_access(&w->config, &w->guest, kind, user), got = {0};
	cpu->mmu.last = walk_linear(&cpu->mmu.env, &cpu->mmu.mode, GLA(linear), access, 0);
	cpu->pending = (struct pending){.kind = PENDING_NONE};
	if (cpu->mmu.last.status != WALK_OK)
		raise_walk(cpu, GLA(linear), access);
	const struct pending *p = &cpu->pending;
	if (p->kind == PENDING_NONE)
		got.hpa = cpu->mmu.last.hpa.u;
	else if (p->kind == PENDING_EXCEPTION)
		got.reason = p->vector == VEC_PF ? ORACLE_PAGE_FAULT : p->vector;
	else
		got.reason = p->exit_reason;
	got.error = p->error;
	got.qualification = p->qualification;
	got.gpa = p->exit_gpa;
	bool gla_ok = p->exit_gla == (want.reason == ORACLE_VIOLATION ? linear : 0);
	if (likely(got.reason == want.reason && got.error == want.error && got.qualification == want.qualification && got.gpa == want.gpa &&
		   got.hpa == want.hpa && gla_ok && same_entries(w)))
		return;
	ck_abort_msg(
	    "ad %d mbec %d kind %d user %d guest %lx %lx: reason %u, not %u; error %#x, not %#x; qualification %#lx, not %#lx; gpa %#lx, "
	    "not %#lx; hpa %#lx, not %#lx",
	    w->config.ad, w->config.mbec, kind, user, (unsigned long)w->guest.entry[4], (unsigned long)w->guest.entry[1], got.reason,
	    want.reason, got.error, want.error, (unsigned long)got.qualification, (unsigned long)want.qualification, (unsigned long)got.gpa,
	    (unsigned long)want.gpa, (unsigned long)got.hpa, (unsigned long)want.hpa);
}

/* bits of the victim's leaf: R, W, X, XU and a memory type that may be reserved */
static uint64_t leaf_number(unsigned n)
{
	return (n & 7) | (n & 8 ? EPTE_XU : 0) | (uint64_t)(n & 16 ? MEMTYPE_WB : 2) << EPTE_MEMTYPE_SHIFT | (n & 32 ? EPTE_A : 0) |
	       (n & 64 ? EPTE_D : 0);
}

static uint64_t upper_number(unsigned n)
{
	return (n & 7) | (n & 8 ? EPTE_XU : 0) | (n & 16 ? EPTE_A : 0);
}

START_TEST(every_access_through_guest_tables_is_as_the_sdm_says)
{
	struct oracle_ept config = {.ad = _i & 1, .mbec = _i & 2, .exec_only = true, .levels = _i & 4 ? 5 : 4};
	static struct whole w;
	unsigned count = 0;

	whole_start(&w, &config);
	for (unsigned victim = 0; victim <= 4; victim++)
		for (unsigned leaf = 0; leaf < 128; leaf++)
			for (unsigned guest = 0; guest < RIGHTS * FLAGS; guest++)
				for (unsigned kind = 0; kind < ORACLE_TABLE; kind++) {
					count++;
					set_guest(&w, guest & 7, 1 + count % 4, guest >> 3);
					set_ept(&w, victim, 1, leaf_number(leaf));
					compare_whole(&w, kind == ORACLE_FETCH_USER ? ORACLE_FETCH_SUPERVISOR : kind,
						      kind == ORACLE_FETCH_USER || count / 5 & 1);
				}
	fix_stop();
}
END_TEST

/* R, W, X, XU and A of an EPT entry that refers to a table: those above the leaf count as much as it does. */
START_TEST(every_access_under_restricted_upper_levels_is_as_the_sdm_says)
{
	struct oracle_ept config = {.ad = _i & 1, .mbec = _i & 2, .exec_only = true, .levels = _i & 4 ? 5 : 4};
	static struct whole w;
	unsigned count = 0;

	whole_start(&w, &config);
	for (unsigned victim = 0; victim <= 4; victim++)
		for (unsigned level = 2; level <= config.levels; level++)
			for (unsigned upper = 0; upper < 32; upper++)
				for (unsigned guest = 0; guest < RIGHTS * FLAGS; guest++)
					for (unsigned kind = 0; kind < ORACLE_TABLE; kind++) {
						count++;
						set_guest(&w, guest & 7, 1 + count % 4, guest >> 3);
						set_ept(&w, victim, level, upper_number(upper));
						compare_whole(&w, kind == ORACLE_FETCH_USER ? ORACLE_FETCH_SUPERVISOR : kind,
							      kind == ORACLE_FETCH_USER || count / 5 & 1);
					}
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("oracle");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_entry_is_as_the_sdm_says, 0, 16);
	tcase_add_loop_test(tc, every_access_through_guest_tables_is_as_the_sdm_says, 0, 8);
	tcase_add_loop_test(tc, every_access_under_restricted_upper_levels_is_as_the_sdm_says, 0, 8);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("ept_oracle", add_cases)
