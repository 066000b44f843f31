/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk against the oracle (oracle.h): every paging mode, page size, combination of rights by level, control bit, protection key
 * and kind of access; reserved bits one by one; accessed and dirty flags; the number of references.
 *
 * 4- and 5-level tables have too many combinations of rights at all levels for all control bits. Rights only accumulate, so every pair
 * of levels is enumerated with the others permissive, for all control bits; and all levels together for a sample of control bits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmu/walk.h"
#include "tests/oracle.h"
#include "tests/test.h"

enum { RAM = 1 << 20, P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100, PERMISSIVE = P | RW | US };
#define XD (1ull << 63)

static struct mem mem;
static struct events ev;
static struct walk_env env = {.mem = &mem, .ev = &ev};
static uint32_t noise = 1;

/* One configuration: the mode, and where the entries lie: entry[0] is the leaf's, going up. */
struct setting {
	enum oracle_mode mode;
	unsigned leaf_bits; /* 12, 21, 22, 30 */
	bool pse;
	const char *name;
};

static const struct setting settings[] = {
    {ORACLE_32BIT, 12, false, "32-bit 4K, no PSE"},
    {ORACLE_32BIT, 12, true, "32-bit 4K"},
    {ORACLE_32BIT, 22, true, "32-bit 4M"},
    {ORACLE_PAE, 12, false, "PAE 4K"},
    {ORACLE_PAE, 21, false, "PAE 2M"},
    {ORACLE_4LEVEL, 12, false, "4-level 4K"},
    {ORACLE_4LEVEL, 21, false, "4-level 2M"},
    {ORACLE_4LEVEL, 30, false, "4-level 1G"},
    {ORACLE_5LEVEL, 12, false, "5-level 4K"},
    {ORACLE_5LEVEL, 21, false, "5-level 2M"},
    {ORACLE_5LEVEL, 30, false, "5-level 1G"},
};

struct rig {
	const struct setting *setting;
	struct oracle_machine machine;
	struct paging_mode mode;
	uint64_t linear, frame;
	unsigned depth;	     /* entries in memory */
	uint64_t address[5]; /* of entry[i]; 0 is the leaf's */
	uint64_t pointer[5]; /* the address bits (and PS) that entry[i] needs */
	unsigned entry_bytes;
	uint64_t cases;
};

static uint32_t any(void)
{
	noise = noise * 1664525 + 1013904223;
	return noise >> 8;
}

static void setup(void)
{
	ck_assert_int_eq(mem_init(&mem, RAM), 0);
}

static void teardown(void)
{
	mem_free(&mem);
}

/* levels of tables in memory: 32-bit 2, PAE 2 (the PDPTEs are in registers) */
static unsigned tables_of(enum oracle_mode mode)
{
	return mode == ORACLE_5LEVEL ? 5 : mode == ORACLE_4LEVEL ? 4 : 2;
}

static unsigned index_at(const struct rig *r, unsigned level)
{
	if (r->setting->mode == ORACLE_32BIT)
		return (unsigned)(r->linear >> (12 + 10 * (level - 1))) & 1023;
	return (unsigned)(r->linear >> (12 + 9 * (level - 1))) & 511;
}

/* table of level n lies at n * 64 KiB */
static void rig_init(struct rig *r, const struct setting *setting)
{
	unsigned levels = tables_of(setting->mode);
	unsigned leaf_level = setting->leaf_bits == 12 ? 1 : setting->leaf_bits == 30 ? 3 : 2;
	memset(r, 0, sizeof *r);
	r->setting = setting;
	r->entry_bytes = setting->mode == ORACLE_32BIT ? 4 : 8;
	r->linear = setting->mode <= ORACLE_PAE ? 0xc9f5a6b7 : setting->mode == ORACLE_4LEVEL ? 0xffffb234c9f5a6b8 : 0xff5ab234c9f5a6b8;
	r->frame = setting->mode == ORACLE_32BIT && setting->leaf_bits == 12 ? 0xfedcb000 : 0x2345fedcb000;
	r->depth = levels - leaf_level + 1;
	for (unsigned i = 0; i < r->depth; i++) {
		unsigned level = leaf_level + i;
		r->address[i] = level * 0x10000 + index_at(r, level) * r->entry_bytes;
		r->pointer[i] = (level - 1) * 0x10000;
	}
	r->pointer[0] = r->frame & ~((1ull << setting->leaf_bits) - 1);
	if (setting->leaf_bits == 22) /* PSE-36: address bits 39:32 in bits 20:13 */
		r->pointer[0] = (r->frame & 0xffc00000) | (r->frame >> 32 & 0xff) << 13;
	if (setting->leaf_bits != 12)
		r->pointer[0] |= PS;
	r->machine = (struct oracle_machine){
	    .mode = setting->mode, .cr4_pse = setting->pse, .maxphyaddr = 46, .ram = mem.host, .ram_size = RAM, .cr3 = levels * 0x10000};
	for (unsigned i = 0; i < 4; i++)
		r->machine.pdpte[i] = 0x20000 | P;
}

static void controls(struct rig *r)
{
	const struct oracle_machine *m = &r->machine;
	struct paging_regs regs = {.cr0 = CR0_PE | (m->mode != ORACLE_NONE ? CR0_PG : 0) | (m->cr0_wp ? CR0_WP : 0),
				   .cr3 = m->cr3,
				   .cr4 = (m->cr4_pse ? CR4_PSE : 0) | (m->cr4_pge ? CR4_PGE : 0) | (m->cr4_smep ? CR4_SMEP : 0) |
					  (m->cr4_smap ? CR4_SMAP : 0) | (m->cr4_pke ? CR4_PKE : 0) |
					  (m->mode >= ORACLE_PAE ? CR4_PAE : 0) | (m->mode == ORACLE_5LEVEL ? CR4_LA57 : 0),
				   .efer = (m->efer_nxe ? EFER_NXE : 0) | (m->mode >= ORACLE_4LEVEL ? EFER_LME | EFER_LMA : 0),
				   .pkru = m->pkru};
	memcpy(regs.pdpte, m->pdpte, sizeof regs.pdpte);
	paging_decode(&r->mode, &regs);
}

static void put(const struct rig *r, unsigned i, uint64_t bits)
{
	uint64_t entry = r->pointer[i] | bits;
	memcpy(mem.host + r->address[i], &entry, r->entry_bytes);
}

static uint64_t get(uint64_t address, unsigned bytes)
{
	uint64_t value = 0;
	memcpy(&value, mem.host + address, bytes);
	return value;
}

static void explain(const struct rig *r, const struct oracle_access *a, const struct oracle_result *o, const struct walk *w)
{
	const struct oracle_machine *m = &r->machine;
	printf("%s: WP %d SMEP %d SMAP %d PKE %d NXE %d PKRU %x;%s%s%s%s%s%s\n", r->setting->name, m->cr0_wp, m->cr4_smep, m->cr4_smap,
	       m->cr4_pke, m->efer_nxe, m->pkru, a->reads ? " read" : "", a->writes ? " write" : "", a->fetches ? " fetch" : "",
	       a->user_mode ? " user" : "", a->implicit ? " implicit" : "", a->eflags_ac ? " AC" : "");
	for (unsigned i = r->depth; i-- > 0;)
		printf("  entry at %" PRIx64 " (now): %" PRIx64 "\n", r->address[i], get(r->address[i], r->entry_bytes));
	printf("  oracle: fault %d error %x physical %" PRIx64 " page bits %u global %d references %u changes %u\n", o->page_fault,
	       o->error_code, o->physical, o->page_bits, o->global, o->references, o->changes);
	printf("  walk: status %d error %x physical %" PRIx64 " page bits %u global %d references %" PRIu64 " changes %" PRIu64 "\n",
	       w->status, w->error, w->hpa.u, w->guest_shift, w->global, event_walk_refs(&ev), ev.n[EV_AD_UPDATES]);
}

static bool same_result(const struct oracle_result *o, const struct walk *w)
{
	if (o->page_fault)
		return w->status == WALK_PAGE_FAULT && w->error == o->error_code;
	return w->status == WALK_OK && w->hpa.u == o->physical && w->gpa.u == o->physical && w->guest_shift == o->page_bits &&
	       w->global == o->global;
}

/* the entries that should change have, and the others have not */
static bool same_memory(const struct rig *r, const struct oracle_result *o, const uint64_t before[5])
{
	for (unsigned i = 0; i < r->depth; i++) {
		uint64_t expected = before[i];
		for (unsigned c = 0; c < o->changes; c++)
			if (o->changed[c].address == r->address[i])
				expected = o->changed[c].value;
		if (get(r->address[i], r->entry_bytes) != expected)
			return false;
	}
	return true;
}

static void compare(struct rig *r, const struct oracle_access *a)
{
	uint64_t before[5];
	for (unsigned i = 0; i < r->depth; i++)
		before[i] = get(r->address[i], r->entry_bytes);
	unsigned access = (a->reads ? ACC_READ : 0) | (a->writes ? ACC_WRITE : 0) | (a->fetches ? ACC_FETCH : 0) |
			  (a->user_mode ? ACC_USER : 0) | (a->implicit ? ACC_IMPLICIT : 0) | (a->eflags_ac ? ACC_AC : 0);
	struct oracle_result o = oracle_translate(&r->machine, a);
	memset(&ev, 0, sizeof ev);
	struct walk w = walk_linear(&env, &r->mode, GLA(r->linear), access, 0);
	bool same =
	    same_result(&o, &w) && same_memory(r, &o, before) && event_walk_refs(&ev) == o.references && ev.n[EV_AD_UPDATES] == o.changes;
	if (!same) { /* ck_assert itself would cost more than the comparison */
		explain(r, a, &o, &w);
		ck_abort_msg("walk and oracle differ");
	}
	r->cases++;
}

/* All kinds of access; the entries are put back before each, A and D as given by each bit of flags. */
static void all_accesses(struct rig *r, const uint64_t bits[5])
{
	static const struct {
		bool reads, writes, fetches;
	} kinds[] = {{true, false, false}, {false, true, false}, {true, true, false}, {false, false, true}};
	for (unsigned k = 0; k < 4 * 6; k++) {
		unsigned who = k / 4; /* user, supervisor, implicit; each with AC 0 and 1 */
		struct oracle_access a = {.linear = r->linear,
					  .reads = kinds[k % 4].reads,
					  .writes = kinds[k % 4].writes,
					  .fetches = kinds[k % 4].fetches,
					  .user_mode = who % 3 == 0,
					  .implicit = who % 3 == 2,
					  .eflags_ac = who >= 3};
		uint32_t flags = any();
		for (unsigned i = 0; i < r->depth; i++)
			put(r, i,
			    bits[i] | (flags >> i & 1 ? A : 0) | (i == 0 && flags & 0x100 ? D : 0) | (i == 0 && flags & 0x200 ? G : 0));
		r->machine.cr4_pge = flags & 0x400;
		r->mode.pge = r->machine.cr4_pge;
		compare(r, &a);
	}
}

enum { KEY_CASES = 9, CONTROL_CASES = 16 * KEY_CASES };

/* Control bits number c; returns the key of the leaf. Key cases: PKE off; keys 0 and 5 with each of AD, WD, the others the opposite. */
static unsigned set_controls(struct rig *r, unsigned c)
{
	unsigned k = c / 16;
	r->machine.cr0_wp = c & 1;
	r->machine.cr4_smep = c & 2;
	r->machine.cr4_smap = c & 4;
	r->machine.efer_nxe = c & 8;
	r->machine.cr4_pke = k != 0;
	unsigned key = k == 0 || k > 4 ? 5 : 0, rule = k == 0 ? 3 : (k - 1) % 4;
	r->machine.pkru = 0;
	for (unsigned i = 0; i < 16; i++)
		r->machine.pkru |= (i == key ? rule : rule ^ 3) << (2 * i);
	controls(r);
	return key;
}

static uint64_t key_bits(const struct rig *r, unsigned key)
{
	return r->setting->mode >= ORACLE_4LEVEL ? (uint64_t)key << 59 : 0;
}

/* rights number n of 8 (RW, US, XD); 32-bit entries have no XD */
static uint64_t rights(unsigned n)
{
	return P | (n & 1 ? RW : 0) | (n & 2 ? US : 0) | (n & 4 ? XD : 0);
}

static unsigned rights_count(const struct rig *r)
{
	return r->setting->mode == ORACLE_32BIT ? 4 : 8;
}

static void pair(struct rig *r, unsigned low, unsigned high, unsigned c)
{
	unsigned key = set_controls(r, c), count = rights_count(r);
	for (unsigned n = 0; n < count * (low == high ? 1 : count); n++) {
		uint64_t bits[5] = {PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE};
		bits[high] = rights(n / count);
		bits[low] = rights(n % count);
		bits[0] |= key_bits(r, key);
		all_accesses(r, bits);
	}
}

START_TEST(rights_of_every_pair_of_levels_with_all_control_bits)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	for (unsigned c = 0; c < CONTROL_CASES; c++) {
		if (r.depth == 1)
			pair(&r, 0, 0, c);
		for (unsigned high = 1; high < r.depth; high++)
			for (unsigned low = 0; low < high; low++)
				pair(&r, low, high, c);
	}
	ck_assert_uint_ge(r.cases, CONTROL_CASES * 4 * 24);
}
END_TEST

START_TEST(rights_of_all_levels_with_sampled_control_bits)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	unsigned count = rights_count(&r), total = 1;
	for (unsigned i = 0; i < r.depth; i++)
		total *= count;
	for (unsigned n = 0; n < total; n++) {
		uint64_t bits[5];
		unsigned key = set_controls(&r, any() % CONTROL_CASES);
		for (unsigned i = 0, rest = n; i < r.depth; i++, rest /= count)
			bits[i] = rights(rest % count);
		bits[0] |= key_bits(&r, key);
		all_accesses(&r, bits);
	}
}
END_TEST

START_TEST(entry_not_present_faults_whatever_its_other_bits)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	for (unsigned c = 0; c < CONTROL_CASES; c++) {
		set_controls(&r, c);
		for (unsigned level = 0; level < r.depth; level++)
			for (unsigned other = 0; other < 3; other++) {
				uint64_t bits[5] = {PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE};
				bits[level] = other == 0 ? 0 : other == 1 ? RW | US : ~(uint64_t)P;
				all_accesses(&r, bits);
			}
	}
}
END_TEST

START_TEST(each_bit_alone_is_reserved_or_ignored_as_the_sdm_says)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	for (unsigned c = 0; c < 16; c++) {
		set_controls(&r, c);
		for (unsigned level = 0; level < r.depth; level++)
			for (unsigned n = 1; n < 8 * r.entry_bytes; n++) {
				uint64_t bits[5] = {PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE};
				uint64_t pointer = r.pointer[level];
				bits[level] ^= 1ull << n;
				all_accesses(&r, bits);
				r.pointer[level] &= ~(1ull << n);
				all_accesses(&r, bits);
				r.pointer[level] = pointer;
			}
	}
}
END_TEST

START_TEST(reserved_bit_above_hides_what_is_wrong_below)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	for (unsigned c = 0; c < 16; c++)
		for (unsigned high = 0; high < r.depth; high++)
			for (unsigned low = 0; low < r.depth; low++) {
				uint64_t bits[5] = {PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE};
				set_controls(&r, c);
				bits[high] |= r.entry_bytes == 8 ? 1ull << 50 : 1 << 21;
				bits[low] &= ~(uint64_t)P;
				all_accesses(&r, bits);
				bits[high] = P;
				bits[low] = r.entry_bytes == 8 ? P | 1ull << 46 : P | 1 << 21;
				all_accesses(&r, bits);
			}
}
END_TEST

START_TEST(accessed_and_dirty_flags_in_every_initial_state)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	for (unsigned c = 0; c < 16; c++) {
		set_controls(&r, c);
		for (unsigned flags = 0; flags < 64; flags++)
			for (unsigned access = 1; access < 8; access++)
				for (unsigned user = 0; user < 2; user++) {
					struct oracle_access a = {.linear = r.linear,
								  .reads = access & 1,
								  .writes = access & 2,
								  .fetches = access & 4,
								  .user_mode = user};
					for (unsigned i = 0; i < r.depth; i++)
						put(&r, i, PERMISSIVE | (flags >> i & 1 ? A : 0) | (flags & 32 && i == 0 ? D : 0));
					compare(&r, &a);
				}
	}
}
END_TEST

START_TEST(pdpte_register_not_present_faults_without_a_reference)
{
	struct rig r;
	rig_init(&r, &settings[3]);
	r.machine.pdpte[r.linear >> 30] &= ~(uint64_t)P;
	for (unsigned c = 0; c < 16; c++) {
		uint64_t bits[5] = {PERMISSIVE, PERMISSIVE};
		set_controls(&r, c);
		all_accesses(&r, bits);
		ck_assert_uint_eq(event_walk_refs(&ev), 0);
	}
}
END_TEST

START_TEST(paging_off_is_identity_without_reference_or_fault)
{
	struct rig r;
	rig_init(&r, &settings[0]);
	r.machine.mode = ORACLE_NONE;
	r.depth = 0;
	for (unsigned c = 0; c < 16; c++) {
		uint64_t bits[5] = {0};
		set_controls(&r, c);
		r.linear = any() * 256ull & 0xffffffff;
		all_accesses(&r, bits);
	}
}
END_TEST

START_TEST(tables_beyond_ram_read_as_all_ones)
{
	struct rig r;
	rig_init(&r, &settings[_i]);
	for (unsigned c = 0; c < 16; c++)
		for (unsigned level = 1; level < r.depth; level++) {
			uint64_t bits[5] = {PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE, PERMISSIVE};
			uint64_t pointer = r.pointer[level];
			set_controls(&r, c);
			r.pointer[level] = r.entry_bytes == 8 ? 0x3ffffffff000 : 0xfffff000;
			all_accesses(&r, bits);
			r.pointer[level] = pointer;
		}
}
END_TEST

START_TEST(cold_translation_makes_one_reference_a_level)
{
	/* PAE: the PDPTE registers are in the processor (SDM 3A, "PDPTE Registers"): two references in memory for 4 KiB */
	static const unsigned expected[] = {2, 2, 1, 2, 1, 4, 3, 2, 5, 4, 3};
	struct rig r;
	rig_init(&r, &settings[_i]);
	set_controls(&r, 8);
	for (unsigned i = 0; i < r.depth; i++)
		put(&r, i, PERMISSIVE);
	memset(&ev, 0, sizeof ev);
	struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), ACC_READ, 0);
	ck_assert_int_eq(w.status, WALK_OK);
	ck_assert_msg(event_walk_refs(&ev) == expected[_i], "%s: %" PRIu64, r.setting->name, event_walk_refs(&ev));
	ck_assert_uint_eq(event_walks(&ev), 1);
}
END_TEST

START_TEST(peek_changes_no_entry_counter_or_mark)
{
	struct rig r;
	struct events none = {{0}};
	rig_init(&r, &settings[_i]);
	set_controls(&r, 8);
	for (unsigned i = 0; i < r.depth; i++)
		put(&r, i, PERMISSIVE);
	memset(&ev, 0, sizeof ev);
	struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), ACC_WRITE, WALK_PEEK);
	ck_assert_int_eq(w.status, WALK_OK);
	ck_assert_int_eq(memcmp(&ev, &none, sizeof ev), 0);
	for (unsigned i = 0; i < r.depth; i++) {
		ck_assert_uint_eq(get(r.address[i], r.entry_bytes), r.pointer[i] | PERMISSIVE);
		ck_assert_uint_eq(mem.frame_flags[r.address[i] >> 12], 0);
	}
	walk_linear(&env, &r.mode, GLA(r.linear), ACC_WRITE, 0);
	for (unsigned i = 0; i < r.depth; i++)
		ck_assert_uint_eq(mem.frame_flags[r.address[i] >> 12], FRAME_TABLE);
}
END_TEST

/* an entry that mostly leads on: to a frame of the first FRAMES, with the flags that rarely stop a walk */
enum { FRAMES = 16 };
static uint64_t random_entry(void)
{
	uint64_t entry = (uint64_t)(any() % FRAMES) << 12 | (any() & 0x1ff) | P | (any() % 8 ? US | RW : 0);
	if (any() % 4)
		entry &= ~(uint64_t)PS;
	if (any() % 8 == 0)
		entry |= 1ull << any() % 64;
	return entry | (uint64_t)(any() % 2 ? 0 : any() % 16) << 59;
}

/* what the oracle says should have changed, and nothing else (an entry may be used at several levels) */
static void apply(uint8_t *ram, const struct oracle_result *o)
{
	for (unsigned c = 0; c < o->changes; c++)
		for (unsigned i = 0; i < o->entry_bytes; i++)
			ram[o->changed[c].address + i] |= (uint8_t)(o->changed[c].value >> (8 * i));
}

START_TEST(random_tables_that_refer_to_each_other_and_themselves)
{
	static uint8_t expected[FRAMES * 4096];
	struct rig r;
	unsigned faults = 0, cases = 0;
	rig_init(&r, &settings[_i]);
	r.machine.cr3 = 0x3000;
	for (unsigned i = 0; i < 4; i++)
		r.machine.pdpte[i] = (uint64_t)(i + 4) << 12 | P;
	for (unsigned tables = 0; tables < 40; tables++) {
		for (unsigned i = 0; i < FRAMES * 512; i++) {
			uint64_t entry =
			    r.entry_bytes == 8 ? random_entry() : (uint32_t)random_entry() | (random_entry() & 0xffffffff) << 32;
			memcpy(mem.host + i * 8, &entry, 8);
		}
		for (unsigned n = 0; n < 250; n++) {
			set_controls(&r, any() % CONTROL_CASES);
			r.linear = ((uint64_t)any() << 40 ^ (uint64_t)any() << 20 ^ any()) &
				   (r.setting->mode <= ORACLE_PAE ? 0xffffffff : 0x7fffffffffff);
			unsigned access = 1 + any() % 4; /* read, write, both, fetch */
			struct oracle_access a = {
			    .linear = r.linear, .reads = access & 1, .writes = access & 2, .fetches = access & 4, .user_mode = any() & 1};
			struct oracle_result o = oracle_translate(&r.machine, &a);
			memcpy(expected, mem.host, sizeof expected);
			apply(expected, &o);
			memset(&ev, 0, sizeof ev);
			struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), access | (a.user_mode ? ACC_USER : 0), 0);
			if (!same_result(&o, &w) || event_walk_refs(&ev) != o.references ||
			    memcmp(expected, mem.host, sizeof expected) != 0) {
				explain(&r, &a, &o, &w);
				ck_abort_msg("walk and oracle differ");
			}
			faults += o.page_fault;
			cases++;
		}
	}
	ck_assert_uint_gt(faults, cases / 50); /* both outcomes must be among them */
	ck_assert_uint_lt(faults, cases * 49 / 50);
}
END_TEST

/* A second stage made for tests: guest-physical g is host-physical g - BASE, with k counted references each time. */
enum { BASE = 0x40000 };
struct fake {
	unsigned references, calls, tables;
	uint8_t rights;
	uint64_t fail; /* guest-physical address that fails; 0: none */
	unsigned fail_access;
};

static struct second fake_second(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	struct fake *f = ctx;
	(void)guest_user;
	f->calls++;
	f->tables += is_table;
	if (!(flags & WALK_PEEK))
		ev.n[EV_REF_EPT_PT] += f->references;
	if (f->fail && gpa.u == f->fail && (f->fail_access & access) == f->fail_access)
		return (struct second){.ok = false, .exit_reason = 48, .level = 1};
	return (struct second){.ok = true, .hpa = HPA(is_table ? gpa.u - BASE : gpa.u), .shift = 12, .rights = f->rights};
}

static void rig_second(struct rig *r, struct fake *f)
{
	env.second = fake_second;
	env.second_ctx = f;
	r->machine.cr3 += BASE;
	for (unsigned i = 0; i < 4; i++)
		r->machine.pdpte[i] += BASE;
	set_controls(r, 8);
	for (unsigned i = 1; i < r->depth; i++)
		r->pointer[i] += BASE;
	for (unsigned i = 0; i < r->depth; i++)
		put(r, i, PERMISSIVE);
	memset(&ev, 0, sizeof ev);
}

START_TEST(second_stage_multiplies_references)
{
	struct rig r;
	struct fake f = {.references = 4, .rights = SECOND_R | SECOND_W | SECOND_X};
	rig_init(&r, &settings[_i]);
	rig_second(&r, &f);
	struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), ACC_WRITE, 0);
	ck_assert_int_eq(w.status, WALK_OK);
	ck_assert_uint_eq(event_walk_refs(&ev), (r.depth + 1) * 5 - 1); /* (L+1)(M+1)-1: 24 for 4 and 4 */
	ck_assert_uint_eq(f.calls, r.depth + 1);
	ck_assert_uint_eq(f.tables, r.depth);
	ck_assert_uint_eq(w.shift, 12);
	env.second = NULL;
}
END_TEST

START_TEST(second_stage_failure_names_the_address_and_sets_no_flag)
{
	struct rig r;
	struct fake f = {.references = 1, .rights = SECOND_R | SECOND_W};
	rig_init(&r, &settings[_i]);
	rig_second(&r, &f);
	for (unsigned i = 0; i < r.depth; i++) {
		f.fail = r.address[i] + BASE;
		struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), ACC_WRITE, 0);
		ck_assert_int_eq(w.status, WALK_SECOND);
		ck_assert(w.fail_is_table);
		ck_assert_uint_eq(w.fail_gpa.u, f.fail);
		ck_assert_uint_eq(w.fail.exit_reason, 48);
		ck_assert_uint_eq(ev.n[EV_AD_UPDATES], 0);
	}
	env.second = NULL;
}
END_TEST

START_TEST(accessed_flag_in_a_table_that_the_second_stage_write_protects_fails)
{
	struct rig r;
	struct fake f = {.references = 1, .rights = SECOND_R, .fail_access = ACC_READ | ACC_WRITE};
	rig_init(&r, &settings[5]);
	rig_second(&r, &f);
	f.fail = r.address[2] + BASE;
	put(&r, 3, PERMISSIVE | A);
	struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), ACC_READ, 0);
	ck_assert_int_eq(w.status, WALK_SECOND);
	ck_assert(w.fail_is_table);
	ck_assert_uint_eq(w.fail_gpa.u, f.fail);
	ck_assert_uint_eq(get(r.address[2], 8), r.pointer[2] | PERMISSIVE);
	for (unsigned i = 0; i < 4; i++)
		put(&r, i, PERMISSIVE | A);
	ck_assert_int_eq(walk_linear(&env, &r.mode, GLA(r.linear), ACC_READ, 0).status, WALK_OK);
	env.second = NULL;
}
END_TEST

START_TEST(guest_fault_precedes_the_second_stage_of_the_final_address)
{
	struct rig r;
	struct fake f = {.references = 1, .rights = SECOND_R | SECOND_W};
	rig_init(&r, &settings[5]);
	rig_second(&r, &f);
	put(&r, 0, P | US);
	f.fail = (r.frame & ~0xfffull) | (r.linear & 0xfff);
	ck_assert_int_eq(walk_linear(&env, &r.mode, GLA(r.linear), ACC_WRITE | ACC_USER, 0).status, WALK_PAGE_FAULT);
	struct walk w = walk_linear(&env, &r.mode, GLA(r.linear), ACC_READ, 0);
	ck_assert_int_eq(w.status, WALK_SECOND);
	ck_assert(!w.fail_is_table);
	ck_assert_uint_eq(w.fail_gpa.u, f.fail);
	ck_assert_uint_eq(get(r.address[0], 8) & A, A); /* the guest's walk is done: its flags are set */
	env.second = NULL;
}
END_TEST

static void add_cases(Suite *suite)
{
	int all = ARRAY_LEN(settings);
	TCase *tc = tcase_create("walk");
	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, rights_of_every_pair_of_levels_with_all_control_bits, 0, all);
	tcase_add_loop_test(tc, rights_of_all_levels_with_sampled_control_bits, 0, all);
	tcase_add_loop_test(tc, entry_not_present_faults_whatever_its_other_bits, 0, all);
	tcase_add_loop_test(tc, each_bit_alone_is_reserved_or_ignored_as_the_sdm_says, 0, all);
	tcase_add_loop_test(tc, reserved_bit_above_hides_what_is_wrong_below, 0, all);
	tcase_add_loop_test(tc, accessed_and_dirty_flags_in_every_initial_state, 0, all);
	tcase_add_loop_test(tc, random_tables_that_refer_to_each_other_and_themselves, 0, all);
	tcase_add_loop_test(tc, tables_beyond_ram_read_as_all_ones, 0, all);
	tcase_add_loop_test(tc, cold_translation_makes_one_reference_a_level, 0, all);
	tcase_add_loop_test(tc, peek_changes_no_entry_counter_or_mark, 0, all);
	tcase_add_loop_test(tc, second_stage_multiplies_references, 0, all);
	tcase_add_loop_test(tc, second_stage_failure_names_the_address_and_sets_no_flag, 0, all);
	tcase_add_test(tc, pdpte_register_not_present_faults_without_a_reference);
	tcase_add_test(tc, paging_off_is_identity_without_reference_or_fault);
	tcase_add_test(tc, accessed_flag_in_a_table_that_the_second_stage_write_protects_fails);
	tcase_add_test(tc, guest_fault_precedes_the_second_stage_of_the_final_address);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("walk", add_cases)
