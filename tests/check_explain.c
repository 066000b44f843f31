/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explain: what it says of hand-built tables in every paging mode and under EPT; that looking changes nothing; that its ladder of checks
 * agrees with the walk; that text and picture hold every reference. The picture itself: check_explain_svg.c.
 */
#include "tests/explain_fixture.h"

#include <inttypes.h>

/* The text; free it. */
static char *text_of(bool list)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	explain_text(out, &e, list);
	fclose(out);
	return text;
}

/* As it stands, or wrapped. */
static void says(const char *text, const char *part)
{
	char *flat = strdup(text), *to = flat;

	for (const char *from = text; *from; from++)
		if (*from != '\n' && (*from != ' ' || (to > flat && to[-1] != ' ')))
			*to++ = *from;
		else if (to > flat && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
	ck_assert_msg(strstr(text, part) || strstr(flat, part), "does not say: %s\nbut:\n%s", part, text);
	free(flat);
}

static const struct native {
	const char *name;
	unsigned levels, leaf;
	uint64_t gla, page, bits;
	unsigned access, refs;
	const char *said[5];
} natives[] = {
    {"4K",
     4,
     1,
     GLA_4K,
     0x5000,
     ALL | A,
     ACC_READ,
     4,
     {"PML4 254 (47:39)  PDPT 1 (38:30)  PD 1 (29:21)  PT 1 (20:12)  offset 0x678",
      "    1 PML4E table 0x000000104000  index  254  read at 0x0000001047f0  entry 0x0000000000103027\n"
      "      [P RW US A]  together so far: RW user\n"
      "      present, writable, user, accessed; refers to the PDPT at 0x103000\n",
      "    4 PTE   table 0x000000101000  index    1  read at 0x000000101008  entry 0x0000000000005027\n"
      "      [P RW US A]  together so far: RW user\n"
      "      present, writable, user, accessed, not dirty; maps the 4-KiB page at 0x5000\n",
      "The access succeeds: physical address 0x0000000000005678.", "the walk makes all 4 memory references"}},
    {"2M",
     4,
     2,
     GLA_4K,
     0x600000,
     ALL,
     ACC_WRITE,
     3,
     {"maps the 2-MiB page at 0x600000", "physical address 0x0000000000601678", "It lies in a 2-MiB page.",
      "sets the accessed flag of references 1 2 3.", "sets the dirty flag of reference 3."}},
    {"1G",
     4,
     3,
     GLA_4K,
     0x40000000,
     ALL | A | D | G,
     ACC_FETCH | ACC_USER,
     2,
     {"[P RW US A D PS G]", "maps the 1-GiB page at 0x40000000", "User mode instruction fetch", "global, ignored as CR4.PGE = 0", NULL}},
    {"LA57",
     5,
     1,
     0xff00000000001000,
     0x5000,
     ALL | A,
     ACC_READ,
     5,
     {"5-level paging", "PML5 256 (56:48)", "    1 PML5E table 0x000000105000", NULL}},
    {"write of a read-only page",
     4,
     1,
     GLA_4K,
     0x5000,
     P | US | A,
     ACC_READ | ACC_WRITE | ACC_USER,
     4,
     {"read-modify-write", "  FAILS        write: R/W is 1", "error code 0x7, CR2 = 0x00007f0040201678",
      "It fails at reference 1 (PML4E), reference 2 (PDPTE), reference 3 (PDE), reference 4 (PTE).",
      "  bit  1 W/R           = 1   the access was a write\n"}},
    {"fetch of an XD page",
     4,
     1,
     GLA_4K,
     0x5000,
     ALL | A | XD,
     ACC_FETCH,
     4,
     {"  FAILS        instruction fetch: XD", "error code 0x11", "execute disable", "  bit  4 I/D           = 1   an instruction fetch\n",
      NULL}},
    {"user access to a supervisor page",
     4,
     1,
     GLA_4K,
     0x5000,
     P | RW | A,
     ACC_READ | ACC_USER,
     4,
     {"  FAILS        user-mode access: U/S", "error code 0x5", "together so far: RW supervisor  <-- fails here", NULL}},
    {"not present",
     4,
     1,
     GLA_4K,
     0x5000,
     0,
     ACC_READ,
     1,
     {"[not present]", "not present (P = 0): the processor ignores all other bits", "error code 0,", "It fails at reference 1 (PML4E).",
      "  not reached  no entry of the guest has a reserved bit set"}},
    {"reserved bit",
     4,
     2,
     GLA_4K,
     0x601000,
     ALL | A | 0x2000,
     ACC_READ,
     3,
     {"reserved bits 0x2000 are set", "  FAILS        no entry of the guest has a reserved bit set", "error code 0x9", NULL}},
    {"not canonical", 4, 1, 0x800000000000, 0x5000, ALL, ACC_READ, 0, {"is not canonical (48 bits): #GP(0), or #SS(0) through SS", NULL}},
};

static void check_widths(const char *text, size_t most)
{
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");
		ck_assert_msg(n <= most, "%zu columns: %.*s", n, (int)n, at);
		at += n + (at[n] == '\n');
	}
}

START_TEST(a_native_walk_is_explained)
{
	const struct native *n = &natives[_i];

	native_start();
	if (strcmp(n->name, "reserved bit") == 0)
		native_map(n->levels, n->gla, n->leaf, n->page & ~0x1fffffull, n->bits & ~0x2000ull),
		    put(guest_entry_at(2, n->gla), 0x600000 | n->bits | PS, 8);
	else
		native_map(n->levels, n->gla, n->leaf, n->page, n->bits);
	explain(n->gla, n->access);
	ck_assert_msg(e.refs == n->refs, "%s: %u references", n->name, e.refs);
	char *text = text_of(false);
	for (unsigned i = 0; i < ARRAY_LEN(n->said) && n->said[i]; i++)
		says(text, n->said[i]);
	check_widths(text, 100);
	free(text);
	fix_stop();
}
END_TEST

START_TEST(pae_starts_at_its_registers)
{
	native_start();
	fix.cpu.cr0 = CR0_PE | CR0_PG;
	fix.cpu.cr4 = CR4_PAE;
	fix.cpu.efer = 0;
	fix.cpu.pdpte[3] = 0x102000 | P;
	put(0x102000 + 8 * 1, 0x101000 | ALL, 8);
	put(0x101000 + 8 * 2, 0x7000 | ALL, 8);
	cpu_paging_changed(&fix.cpu);
	explain(0xc0202abc, ACC_READ);
	char *text = text_of(false);
	ck_assert_uint_eq(e.refs, 2);
	says(text, "PAE paging;");
	says(text, "PDPTE register 3, loaded by MOV to CR3: no reference   0x0000000000102001\n");
	says(text, "PDPT 3 (31:30)  PD 1 (29:21)  PT 2 (20:12)  offset 0xabc");
	says(text, "    1 PDE   table 0x000000102000");
	says(text, "physical address 0x0000000000007abc");
	check_widths(text, 100);
	free(text);
	explain(0x202abc, ACC_READ);
	text = text_of(false);
	ck_assert_uint_eq(e.refs, 0);
	says(text, "It fails at the PDPTE register.");
	free(text);
	fix_stop();
}
END_TEST

START_TEST(a_4_mib_page_of_32_bit_paging_is_explained)
{
	native_start();
	fix.cpu.cr0 = CR0_PE | CR0_PG;
	fix.cpu.cr4 = CR4_PSE;
	fix.cpu.cr3 = 0x102000;
	put(0x102000 + 4 * 5, 0x40800000 | 2 << 13 | ALL | PS, 4);
	put(0x102000 + 4 * 6, 0x101000 | P, 4);
	put(0x101000 + 4 * 1023, 0x9000 | P, 4);
	cpu_paging_changed(&fix.cpu);
	explain(0x01401234, ACC_READ);
	char *text = text_of(false);
	says(text, "32-bit paging, CR3 table at 0x102000;");
	says(text, "PD 5 (31:22)  offset 0x1234");
	says(text, "entry 0x40804087\n");
	says(text, "maps the 4-MiB page at 0x240800000");
	says(text, "physical address 0x0000000240801234");
	free(text);
	explain(0x01bff004, ACC_READ);
	text = text_of(false);
	says(text, "PD 6 (31:22)  PT 1023 (21:12)  offset 0x4");
	says(text, "maps the 4-KiB page at 0x9000");
	free(text);
	fix_stop();
}
END_TEST

/* ---- under EPT */

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

/* Every reference of the last explanation is in the text and in the picture, once. */
static void check_drawn(void)
{
	char *grid = text_of(false), *list = text_of(true), *svg = svg_of(), part[32];

	for (unsigned i = 1; i <= e.refs - e.refs_again; i++) {
		const struct explain_ref *ref = &e.ref[i - 1];
		snprintf(part, sizeof part, "%s%2u %s [%u]", ref->failed ? ">>" : "|", i, explain_entry_name(ref->level), ref->index);
		ck_assert_msg(count(grid, part) == 1, "%s in\n%s", part, grid);
		snprintf(part, sizeof part, "\n%s%3u %s", ref->failed ? ">>" : "  ", i, ref->ept ? "EPT" : "   ");
		ck_assert_msg(count(list, part) == 1, "%s in\n%s", part, list);
		snprintf(part, sizeof part, "<g id=\"ref%u\">", i);
		ck_assert_msg(count(svg, part) == 1, "%s", part);
	}
	ck_assert_uint_eq(count(svg, "<g id=\"ref"), e.refs - e.refs_again);
	check_widths(grid, 160);
	check_widths(list, 100);
	free(grid);
	free(list);
	free(svg);
}

START_TEST(the_grid_has_every_reference_in_its_order)
{
	unsigned levels = _i & 1 ? 5 : 4, ept_levels = _i & 2 ? 5 : 4, leaf = 1 + (unsigned)_i / 8 % 3, ept_leaf = 1 + (unsigned)_i / 24;
	unsigned g = levels - leaf + 1, h = ept_levels - ept_leaf + 1;

	ept_start(levels, leaf, ept_levels, ept_leaf, _i & 4);
	explain(GLA_4K, ACC_WRITE);
	ck_assert_int_eq(e.walk.status, WALK_OK);
	ck_assert_uint_eq(e.refs, (g + 1) * (h + 1) - 1);
	ck_assert_uint_eq(e.refs_again, 0);
	ck_assert_uint_eq(e.rows, g + 1);
	for (unsigned i = 0; i < e.refs; i++) {
		ck_assert_uint_eq(e.ref[i].number, i + 1);
		ck_assert_int_eq(e.ref[i].ept, i % (h + 1) != h);
	}
	for (unsigned i = 0; i <= g; i++) {
		ck_assert_int_eq(e.row[i].level, i == g ? 0 : (int)(levels - i));
		ck_assert_int_eq(e.row[i].ept_count, (int)h);
		ck_assert_int_eq(e.row[i].guest, i == g ? -1 : (int)((i + 1) * (h + 1) - 1));
	}
	check_drawn();
	/* the walk itself counts as many */
	ck_assert_ptr_nonnull(mmu_access(&fix.cpu.mmu, GLA(GLA_4K), ACC_WRITE));
	ck_assert_uint_eq(event_walk_refs(&fix.cpu.ev), e.refs);
	explain(GLA_4K, ACC_WRITE);
	ck_assert(e.tlb.held && e.tlb.answers && !e.tlb.stale);
	fix_stop();
}
END_TEST

START_TEST(an_address_that_is_not_canonical_is_told_under_ept_too)
{
	for (unsigned levels = 4; levels <= 5; levels++) {
		ept_start(4, 1, levels, 1, false);
		explain(0x800000000000, ACC_READ);
		char *text = text_of(false);
		says(text, levels == 4 ? "\n4-level EPT, EPTP" : "\n5-level EPT, EPTP");
		says(text, "is not canonical (48 bits)");
		ck_assert_uint_eq(e.refs, 0);
		free(text);
		fix_stop();
	}
}
END_TEST

START_TEST(the_memory_type_is_that_of_ept_and_the_guests_pat)
{
	static const struct {
		uint64_t guest, ept, cr0;
		const char *says;
	} rows[] = {
	    {0, 0, 0, "Its memory type is WB: EPT's WB combined with WB, entry 0 of the guest's PAT."},
	    {PTE_PCD, 0, 0, "Its memory type is UC: EPT's WB combined with UC-, entry 2 of the guest's PAT."},
	    {PTE_PCD | PTE_PWT, EPTE_IPAT, 0, "Its memory type is WB: EPT's, which ignores the guest's PAT."},
	    {BIT(7) | PTE_PWT, 0, 0, "Its memory type is WT: EPT's WB combined with WT, entry 5 of the guest's PAT."},
	    {0, 0, CR0_CD, "Its memory type is UC: CR0.CD is 1."},
	};
	ept_start(4, 1, 4, 1, true);
	uint64_t page = guest_get(guest_entry_at(1, GLA_4K));
	guest_put(guest_entry_at(1, GLA_4K), page | rows[_i].guest);
	ept_put(page_base(page & BITS(45, 12)), 1, ept_get(page & BITS(45, 12), 1) | rows[_i].ept);
	fix.cpu.cr0 |= rows[_i].cr0;
	explain(GLA_4K, ACC_READ);
	char *text = text_of(false);
	says(text, rows[_i].says);
	free(text);
	fix_stop();
}
END_TEST

START_TEST(an_ept_violation_at_the_final_address_is_decoded)
{
	ept_start(4, 1, 4, 1, true);
	ept_put(0x678, 1, ept_get(0x678, 1) & ~EPTE_W);
	explain(GLA_4K, ACC_WRITE);
	check_drawn();
	char *text = text_of(false);
	ck_assert_uint_eq(e.qualification, 0x7aa);
	says(text, "VM exit: basic reason 48, EPT_VIOLATION (EPT violation).");
	says(text, "It fails at reference 24 (EPT PTE).");
	says(text, "Guest-physical address 0x0000000000000678, the final address.");
	says(text, "  bit  4 writable      = 0   some EPT entry used has W = 0\n");
	says(text, "  bit  8 final         = 1   the access to the final address\n");
	says(text, "FAILS        EPT: the entries together");
	free(text);
	/* what the processor does with it says the same */
	ck_assert_ptr_null(mmu_access(&fix.cpu.mmu, GLA(GLA_4K), ACC_WRITE));
	raise_walk(&fix.cpu, GLA(GLA_4K), ACC_WRITE);
	ck_assert_uint_eq(fix.cpu.pending.qualification, e.qualification);
	ck_assert_uint_eq(fix.cpu.pending.exit_gpa, e.walk.fail_gpa.u);
	fix_stop();
}
END_TEST

START_TEST(an_ept_violation_at_a_table_is_decoded)
{
	ept_start(4, 1, 4, 1, false);
	ept_put(guest_table(3), 1, EPTE_SUPPRESS_VE);
	explain(GLA_4K, ACC_READ);
	check_drawn();
	char *text = text_of(false);
	ck_assert_uint_eq(e.qualification, 0x81);
	ck_assert_uint_eq(e.refs, 9);
	says(text, "It fails at reference 9 (EPT PTE).");
	says(text, "Guest-physical address 0x0000000000103008, of a paging-structure entry of the guest.");
	says(text, "not present SVE");
	says(text, "FAILS        EPT: every entry is present");
	free(text);
	fix_stop();
}
END_TEST

START_TEST(a_flag_that_cannot_be_written_is_a_walk_made_again)
{
	ept_start(4, 1, 4, 1, false);
	ept_put(guest_table(2), 1, ept_get(guest_table(2), 1) & ~EPTE_W);
	explain(GLA_4K, ACC_READ);
	ck_assert_uint_eq(e.refs, 24);
	ck_assert_uint_eq(e.refs_again, 4);
	ck_assert_uint_eq(e.rows, 4);
	check_drawn();
	char *text = text_of(false);
	says(text, "The entry was read, but its accessed or dirty flag cannot be written.");
	says(text, "It fails at reference 24 (EPT PTE).");
	free(text);
	fix_stop();
}
END_TEST

static const struct {
	uint64_t entry;
	const char *why;
} misconfigurations[] = {
    {EPTE_W, "misconfigured: W is 1 while R is 0"},
    {FIX_RWX_WB & ~EPTE_R, "misconfigured: W is 1 while R is 0"},
    {EPTE_R | 2 << EPTE_MEMTYPE_SHIFT, "misconfigured: its memory type is reserved"},
    {FIX_RWX_WB | BIT(50), "misconfigured: reserved bits are set"},
};

START_TEST(an_ept_misconfiguration_says_which)
{
	ept_start(4, 1, 4, 1, false);
	ept_put(guest_table(2), 1, misconfigurations[_i].entry);
	explain(GLA_4K, ACC_READ);
	check_drawn();
	char *text = text_of(true);
	says(text, misconfigurations[_i].why);
	says(text, "basic reason 49, EPT_MISCONFIG (EPT misconfiguration).");
	says(text, "FAILS        EPT: no entry is misconfigured");
	ck_assert_uint_eq(e.bits, 0);
	free(text);
	fix_stop();
}
END_TEST

START_TEST(virtualization_exceptions_and_page_fault_exits_are_told)
{
	ept_start(4, 1, 4, 1, false);
	ept_put(0x678, 1, 0);
	fix.cpu.cr0 |= CR0_PE;
	fix.vmx.vmcs.proc2_controls |= CTL(PROC2, VE);
	explain(GLA_4K, ACC_READ);
	char *text = text_of(false);
	says(text, "It is convertible: #VE (vector 20) is delivered");
	free(text);
	mem_write(&fix.mem, HPA(FIX_VE_INFO + 4), 0xffffffff, 4);
	explain(GLA_4K, ACC_READ);
	text = text_of(false);
	says(text, "so no #VE.");
	free(text);
	guest_put(guest_entry_at(1, GLA_4K), 0);
	explain(GLA_4K, ACC_READ);
	text = text_of(false);
	says(text, "delivered through the guest's own IDT");
	free(text);
	fix.vmx.vmcs.exception_bitmap = BIT(VEC_PF);
	explain(GLA_4K, ACC_READ);
	text = text_of(false);
	says(text, "The exception bitmap makes it a VM exit: basic reason 0");
	free(text);
	fix.vmx.vmcs.pf_match = 2; /* never with mask 0: the bitmap's sense turns round */
	explain(GLA_4K, ACC_READ);
	text = text_of(false);
	says(text, "delivered through the guest's own IDT");
	free(text);
	fix_stop();
}
END_TEST

/* ---- what holds of every explanation */

static uint32_t noise = 1;

static uint32_t any(void)
{
	noise = noise * 1664525 + 1013904223;
	return noise >> 8;
}

static uint64_t hash(const void *data, size_t size)
{
	const uint64_t *word = data;
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < size / 8; i++)
		h = (h ^ word[i]) * 1099511628211u;
	return h;
}

/* Memory that has anything, frame marks, TLBs, counters. */
static uint64_t hash_tlb(const struct tlb *tlb)
{
	uint64_t h = hash(tlb->tag, tlb->slots * sizeof *tlb->tag) ^ hash(tlb->entry, tlb->slots * sizeof *tlb->entry) * 3;

	return h ^ hash(tlb->order, tlb->orders * sizeof *tlb->order) * 5 ^ hash(tlb->used, tlb->slots * sizeof *tlb->used) * 7 ^
	       tlb->clock;
}

static uint64_t hash_all(void)
{
	const struct mmu *mmu = &fix.cpu.mmu;
	uint64_t h = hash(&fix.cpu, sizeof fix.cpu) ^ hash_tlb(&mmu->itlb) * 3 ^ hash_tlb(&mmu->dtlb) * 5 ^ hash_tlb(&mmu->stlb) * 7;
	const uint64_t start[] = {0x100000, FIX_GUEST + 0x100000, fix.pool.high}, size[] = {0x8000, 0x8000, fix.mem.top - fix.pool.high};

	for (unsigned i = 0; i < ARRAY_LEN(start); i++)
		h = h * 31 ^ hash(fix.mem.host + start[i], size[i]);
	h = h * 31 ^ hash(fix.mem.frame_flags, fix.mem.top / PAGE_SIZE);
	return h ^ hash(&fix.vmx, sizeof fix.vmx) ^ fix.mem.table_epoch;
}

START_TEST(looking_changes_nothing)
{
	ept_start(4, 1, 4, 1, _i & 1);
	if (_i & 2)
		mmu_access(&fix.cpu.mmu, GLA(GLA_4K), ACC_READ);
	if (_i & 4)
		ept_put(guest_table(2), 1, 0);
	uint64_t before = hash_all();
	for (unsigned access = 0; access < 6; access++) {
		static const unsigned accesses[] = {
		    ACC_READ, ACC_WRITE, ACC_FETCH, ACC_READ | ACC_WRITE, ACC_READ | ACC_USER, ACC_FETCH | ACC_USER};
		explain(GLA_4K, accesses[access]);
		free(text_of(true));
		free(svg_of());
		json_decref(explain_json(&e));
		explain(GLA_4K + PAGE_SIZE, accesses[access]);
	}
	ck_assert_uint_eq(hash_all(), before);
	fix_stop();
}
END_TEST

static bool any_check_fails(void)
{
	for (unsigned i = 0; i < e.checks; i++)
		if (e.check[i].verdict == CHECK_FAILED)
			return true;
	return false;
}

START_TEST(the_ladder_agrees_with_the_walk)
{
	static const uint64_t any_bits[] = {P, RW, US, A, D, XD};

	native_start();
	native_map(4, GLA_4K, 1, 0x5000, ALL);
	for (unsigned i = 0; i < 20000; i++) {
		for (unsigned level = 1; level <= 4; level++) {
			uint64_t entry = (level > 1 ? guest_table(level - 1) : 0x5000) | ALL;
			for (unsigned b = 0; b < ARRAY_LEN(any_bits); b++)
				if (any() % 8 == 0)
					entry ^= any_bits[b];
			if (any() % 32 == 0)
				entry |= BIT(50);
			if (level == 1)
				entry |= (uint64_t)(any() & 15) << PTE_PKEY_SHIFT;
			put(guest_entry_at(level, GLA_4K), entry, 8);
		}
		fix.cpu.cr0 = CR0_PE | CR0_PG | (any() & 1 ? CR0_WP : 0);
		fix.cpu.cr4 = CR4_PAE | (any() & 1 ? CR4_SMEP : 0) | (any() & 1 ? CR4_SMAP : 0) | (any() & 1 ? CR4_PKE : 0);
		fix.cpu.efer = EFER_LME | EFER_LMA | (any() & 1 ? EFER_NXE : 0);
		fix.cpu.pkru = any() << 8 ^ any();
		cpu_paging_changed(&fix.cpu);
		unsigned kind[] = {ACC_READ, ACC_WRITE, ACC_FETCH, ACC_READ | ACC_WRITE}, access = kind[any() & 3];
		explain(GLA_4K, access | (any() & 1 ? ACC_USER : 0) | (any() & 1 ? ACC_AC : 0));
		ck_assert_msg(any_check_fails() == (e.walk.status != WALK_OK), "case %u: status %d", i, e.walk.status);
		bool blamed = false;
		for (unsigned r = 0; r < e.refs; r++)
			blamed |= e.ref[r].failed;
		ck_assert_int_eq(blamed, e.walk.status != WALK_OK);
	}
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("explain");

	tcase_add_loop_test(tc, a_native_walk_is_explained, 0, ARRAY_LEN(natives));
	tcase_add_test(tc, pae_starts_at_its_registers);
	tcase_add_test(tc, a_4_mib_page_of_32_bit_paging_is_explained);
	tcase_add_loop_test(tc, the_grid_has_every_reference_in_its_order, 0, 72);
	tcase_add_test(tc, an_address_that_is_not_canonical_is_told_under_ept_too);
	tcase_add_loop_test(tc, the_memory_type_is_that_of_ept_and_the_guests_pat, 0, 5);
	tcase_add_test(tc, an_ept_violation_at_the_final_address_is_decoded);
	tcase_add_test(tc, an_ept_violation_at_a_table_is_decoded);
	tcase_add_test(tc, a_flag_that_cannot_be_written_is_a_walk_made_again);
	tcase_add_loop_test(tc, an_ept_misconfiguration_says_which, 0, ARRAY_LEN(misconfigurations));
	tcase_add_test(tc, virtualization_exceptions_and_page_fault_exits_are_told);
	tcase_add_loop_test(tc, looking_changes_nothing, 0, 8);
	tcase_add_test(tc, the_ladder_agrees_with_the_walk);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("explain", add_cases)
