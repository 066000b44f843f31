/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes of a translation: the ladder of checks with their verdicts, the error code or exit qualification bit by bit, and what
 * follows, in words (SDM 3A, "Determination of Access Rights", "Page-Fault Exceptions"; 3C, "EPT Violations", table "Exit Qualification
 * for EPT Violations", "Virtualization Exceptions"). That an access fails is the walk's verdict; here it is only spelt out.
 */
#include "emu/explain.h"

#include "ept/epte.h"
#include "ept/memtype.h"
#include "ept/violation.h"
#include "mmu/pte.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <stdarg.h>

static void say(struct explanation *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct explanation *e, const char *format, ...)
{
	va_list args;

	if (e->lines == EXPLAIN_LINES)
		return;
	va_start(args, format);
	vsnprintf(e->line[e->lines++], EXPLAIN_LINE, format, args);
	va_end(args);
}

/* ---- which entries are to blame */

static struct explain_ref *last_ref(struct explanation *e, bool ept)
{
	for (unsigned i = e->refs; i-- > 0;)
		if (e->ref[i].ept == ept)
			return &e->ref[i];
	return NULL;
}

static void blame(struct explain_ref *ref)
{
	if (ref)
		ref->failed = true;
}

/* A page fault for rights: the entries that withhold one that the access needs; none of them: the leaf (SMEP, SMAP, its key). */
static void blame_rights(struct explanation *e)
{
	unsigned access = e->request.access;
	bool user = access & ACC_USER, blamed = false;

	for (unsigned i = 0; i < e->refs; i++) {
		struct explain_ref *ref = &e->ref[i];
		if (ref->ept)
			continue;
		ref->failed = (user && !(ref->entry & PTE_US)) || (access & ACC_WRITE && !(ref->entry & PTE_RW) && (user || e->mode.wp)) ||
			      (access & ACC_FETCH && ref->size == 8 && ref->entry & PTE_XD && e->mode.nxe);
		blamed |= ref->failed;
	}
	if (!blamed)
		blame(last_ref(e, false));
}

/* R, W, X bits that the EPT walk under way had to find in all entries. */
static uint64_t ept_needs(const struct explanation *e)
{
	uint64_t access = e->walk.fail.qualification & EPTE_RWX; /* the same bits */
	bool user = e->walk.rights & RIGHT_U;

	if (access & QUAL_EPT_FETCH && e->request.mode_based && user)
		access ^= EPTE_X | EPTE_XU;
	return access;
}

static void blame_ept(struct explanation *e)
{
	struct explain_ref *last = last_ref(e, true);
	uint64_t needs = ept_needs(e);
	bool blamed = false;

	if (!last || last->gpa.u != e->walk.fail_gpa.u) /* wider than EPT translates: no entry was read */
		return;
	if (e->walk.fail.exit_reason != EXIT_EPT_VIOLATION || !last->present) {
		blame(last);
		return;
	}
	for (unsigned i = e->refs; i-- > 0 && e->ref[i].ept && e->ref[i].gpa.u == last->gpa.u;) {
		e->ref[i].failed = needs & ~e->ref[i].entry;
		blamed |= e->ref[i].failed;
	}
	if (!blamed)
		blame(last);
}

static void find_blame(struct explanation *e)
{
	if (e->walk.status == WALK_SECOND)
		blame_ept(e);
	else if (e->walk.status == WALK_PAGE_FAULT && (e->walk.error & (PF_P | PF_RSVD)) == PF_P)
		blame_rights(e);
	else if (e->walk.status == WALK_PAGE_FAULT)
		blame(last_ref(e, false));
}

/* ---- the ladder */

static void add_check(struct explanation *e, const char *text, enum explain_verdict verdict)
{
	e->check[e->checks++] = (struct explain_check){text, verdict};
}

/* What all guest entries give together. */
struct given {
	bool writable, user, xd;
	unsigned key;
};

static struct given given_rights(const struct explanation *e)
{
	uint64_t all = ~0ull, any = 0, leaf = 0;

	for (unsigned i = 0; i < e->refs; i++)
		if (!e->ref[i].ept) {
			all &= e->ref[i].entry;
			any |= e->ref[i].entry;
			leaf = e->ref[i].entry;
		}
	return (struct given){.writable = all & PTE_RW,
			      .user = all & PTE_US,
			      .xd = e->mode.nxe && e->mode.entry_size == 8 && any & PTE_XD,
			      .key = e->mode.levels >= 4 ? (unsigned)FIELD(leaf, 62, PTE_PKEY_SHIFT) : 0};
}

static void rights_ladder(struct explanation *e, bool reached)
{
	const struct paging_mode *mode = &e->mode;
	const struct given g = given_rights(e);
	unsigned a = e->request.access, key = mode->pkru >> (2 * g.key) & 3;
	bool user = a & ACC_USER, write = a & ACC_WRITE, fetch = a & ACC_FETCH, data = a & (ACC_READ | ACC_WRITE);
	bool keyed = data && g.user && mode->pke;
	const struct {
		const char *text;
		bool asked, holds;
	} rung[] = {
	    {"user-mode access: U/S is 1 in every entry", user, g.user},
	    {"write: R/W is 1 in every entry (or supervisor mode and CR0.WP = 0)", write, g.writable || (!user && !mode->wp)},
	    {"instruction fetch: XD is 1 in no entry", fetch && mode->nxe, !g.xd},
	    {"SMEP: a supervisor-mode fetch is not from a user-mode page", fetch && !user && mode->smep, !g.user},
	    {"SMAP: a supervisor-mode data access is not to a user-mode page, or EFLAGS.AC = 1", data && !user && mode->smap,
	     !g.user || (a & (ACC_AC | ACC_IMPLICIT)) == ACC_AC},
	    {"protection key: access is not disabled (PKRU.AD = 0)", keyed, !(key & 1)},
	    {"protection key: writes are not disabled (PKRU.WD = 0)", keyed && write && (user || mode->wp), !(key & 2)},
	};

	for (unsigned i = 0; i < ARRAY_LEN(rung); i++)
		add_check(e, rung[i].text,
			  !reached	   ? CHECK_NOT_REACHED
			  : !rung[i].asked ? CHECK_NOT_ASKED
			  : rung[i].holds  ? CHECK_PASSED
					   : CHECK_FAILED);
}

static void guest_ladder(struct explanation *e)
{
	const struct walk *w = &e->walk;
	bool fault = w->status == WALK_PAGE_FAULT, absent = fault && !(w->error & PF_P), reserved = fault && w->error & PF_RSVD;
	bool in_tables = w->status == WALK_SECOND && w->fail_is_table && !e->refs_again;

	add_check(e, "every entry of the guest is present (P = 1)", absent ? CHECK_FAILED : in_tables ? CHECK_NOT_REACHED : CHECK_PASSED);
	add_check(e, "no entry of the guest has a reserved bit set",
		  reserved		? CHECK_FAILED
		  : absent || in_tables ? CHECK_NOT_REACHED
					: CHECK_PASSED);
	rights_ladder(e, !absent && !reserved && !in_tables);
}

static void ept_ladder(struct explanation *e)
{
	const struct walk *w = &e->walk;
	const struct explain_ref *last = last_ref(e, true);
	bool failed = w->status == WALK_SECOND, misconfig = failed && w->fail.exit_reason == EXIT_EPT_MISCONFIG;
	bool absent = failed && !misconfig && last && !last->present;

	add_check(e, "EPT: no entry is misconfigured", misconfig ? CHECK_FAILED : CHECK_PASSED);
	add_check(e, "EPT: every entry is present", absent ? CHECK_FAILED : misconfig ? CHECK_NOT_REACHED : CHECK_PASSED);
	add_check(e, "EPT: the entries together permit each access, also those to paging structures",
		  absent || misconfig ? CHECK_NOT_REACHED
		  : failed	      ? CHECK_FAILED
				      : CHECK_PASSED);
}

/* ---- bits */

struct bit_text {
	uint8_t bit;
	const char *name, *clear, *set;
};

static const struct bit_text error_bits[] = {
    {0, "P", "an entry was not present", "all entries were present: a right or a reserved bit is why"},
    {1, "W/R", "the access was not a write", "the access was a write"},
    {2, "U/S", "a supervisor-mode access", "a user-mode access"},
    {3, "RSVD", "not caused by a reserved bit", "a reserved bit was set in an entry"},
    {4, "I/D", "not reported as an instruction fetch", "an instruction fetch"},
    {5, "PK", "not caused by a protection key", "a protection key forbade it"},
};

static const struct bit_text qualification_bits[] = {
    {0, "R", "not a data read", "a data read"},
    {1, "W", "not a data write", "a data write"},
    {2, "X", "not an instruction fetch", "an instruction fetch"},
    {3, "readable", "some EPT entry used has R = 0", "R = 1 in all EPT entries used"},
    {4, "writable", "some EPT entry used has W = 0", "W = 1 in all EPT entries used"},
    {5, "executable", "some EPT entry used has X = 0", "X = 1 in all EPT entries used"},
    {6, "user-exec", "some EPT entry used has XU = 0 (or no mode-based execute control)", "XU = 1 in all EPT entries used"},
    {7, "GLA valid", "the guest-linear address field is not valid", "the guest-linear address field is valid"},
    {8, "final", "an access to a guest paging-structure entry", "the access to the final address"},
    {9, "user page", "supervisor-mode linear address (or not reported)", "user-mode linear address"},
    {10, "writable page", "read-only by the guest's tables (or not reported)", "writable by the guest's tables"},
    {11, "XD page", "executable by the guest's tables (or not reported)", "execute-disable by the guest's tables"},
    {12, "NMI unblocked", "no IRET that unblocked NMIs", "an IRET had unblocked NMIs"},
};

static void decode_bits(struct explanation *e, uint64_t value, const struct bit_text *table, size_t count)
{
	for (size_t i = 0; i < count && e->bits < EXPLAIN_BITS; i++) {
		bool set = value >> table[i].bit & 1;
		e->bit[e->bits++] = (struct explain_bit){table[i].bit, set, table[i].name, set ? table[i].set : table[i].clear};
	}
}

/* ---- what follows */

static void say_blame(struct explanation *e)
{
	char where[EXPLAIN_LINE] = "";

	for (unsigned i = 0; i < e->refs; i++)
		if (e->ref[i].failed)
			explain_add(where, sizeof where, "%s reference %u (%s%s)", *where ? "," : "", e->ref[i].number,
				    e->ref[i].ept ? "EPT " : "", explain_entry_name(e->ref[i].level));
	if (*where)
		say(e, "It fails at%s.", where);
	else if (e->walk.status == WALK_PAGE_FAULT && e->rows && e->row[e->rows - 1].pdpte)
		say(e, "It fails at the PDPTE register.");
}

/* What the shadow VMM makes of the VM exit. */
static void say_judged(struct explanation *e)
{
	const struct explain_request *r = &e->request;

	switch (r->judged) {
	case SHADOW_TRUE_FAULT:
		say(e, "To the shadow VMM it is a true fault: the guest's own tables deny the access.");
		say(e, "The guest gets the page fault, with error code %#x.", r->judged_error);
		break;
	case SHADOW_WP_FAULT:
		say(e, "To the shadow VMM it is a write-protect fault: the guest's own tables permit the store.");
		say(e, "It goes to guest-physical address %#018" PRIx64 ", in a page table of the guest's.", r->judged_gpa.u);
		say(e, "Memory is unchanged until the VMM emulates the store, or lets it through.");
		break;
	default:
		say(e, "To the shadow VMM it is a hidden fault: the guest's own tables permit the access.");
		say(e, "The shadow entry is made from them, and the guest sees nothing.");
	}
}

static void say_page_fault(struct explanation *e)
{
	const struct explain_request *r = &e->request;
	bool exits = r->nonroot && ((e->walk.error & r->pf_mask) == r->pf_match) == r->exits_pf;

	say(e, "Page fault: #PF (vector 14), error code %#x, CR2 = %#018" PRIx64 ".", e->walk.error, r->gla.u);
	say_blame(e);
	if (exits)
		say(e, "The exception bitmap makes it a VM exit: basic reason %d, %s (%s); CR2 is not written.", EXIT_EXCEPTION_NMI,
		    exit_name(EXIT_EXCEPTION_NMI), exit_text(EXIT_EXCEPTION_NMI));
	if (exits && r->shadow)
		say_judged(e);
	if (!exits)
		say(e, "It is delivered through the %sIDT.", r->nonroot ? "guest's own " : "");
	decode_bits(e, e->walk.error, error_bits, ARRAY_LEN(error_bits));
}

static void say_second(struct explanation *e)
{
	const struct walk *w = &e->walk;
	unsigned reason = w->fail.exit_reason;
	bool violation = reason == EXIT_EPT_VIOLATION;

	say(e, "VM exit: basic reason %u, %s (%s).", reason, exit_name(reason), exit_text(reason));
	say_blame(e);
	say(e, "Guest-physical address %#018" PRIx64 ", %s.", w->fail_gpa.u,
	    w->fail_is_table ? "of a paging-structure entry of the guest" : "the final address");
	if (e->refs_again && w->fail_is_table)
		say(e, "The entry was read, but its accessed or dirty flag cannot be written.");
	if (!violation) {
		say(e, "It has no exit qualification.");
		return;
	}
	say(e, "Guest-linear address %#018" PRIx64 ", exit qualification %#" PRIx64 ".", e->request.gla.u, e->qualification);
	if (e->request.ve && w->fail.convertible)
		say(e, e->request.ve_busy ? "It is convertible, but the #VE information area is in use, or CR0.PE = 0: so no #VE."
					  : "It is convertible: #VE (vector 20) is delivered to the guest instead of the VM exit.");
	decode_bits(e, e->qualification, qualification_bits, ARRAY_LEN(qualification_bits));
}

static void mark_updates(struct explanation *e)
{
	bool write = e->request.access & ACC_WRITE, ept_ad = e->request.eptp & EPTP_AD;
	const struct explain_row *final = &e->row[e->rows - 1];

	for (unsigned i = 0; i < e->refs; i++) {
		struct explain_ref *ref = &e->ref[i];
		bool table = ref->ept && !(final->level == 0 && (int)i >= final->ept);
		if (ref->ept && ept_ad) {
			ref->sets_a = !(ref->entry & BIT(8));
			ref->sets_d = ref->leaf && (table || write) && !(ref->entry & BIT(9));
		} else if (!ref->ept) {
			ref->sets_a = !(ref->entry & PTE_A);
			ref->sets_d = ref->leaf && write && !(ref->entry & PTE_D);
		}
	}
}

static void say_updates(struct explanation *e)
{
	char a[EXPLAIN_LINE / 2] = "", d[EXPLAIN_LINE / 2] = "";

	for (unsigned i = 0; i < e->refs; i++) {
		if (e->ref[i].sets_a)
			explain_add(a, sizeof a, " %u", e->ref[i].number);
		if (e->ref[i].sets_d)
			explain_add(d, sizeof d, " %u", e->ref[i].number);
	}
	if (*a)
		say(e, "The walk sets the accessed flag of reference%s%s.", a[2] && a[3] ? "s" : "", a);
	if (*d)
		say(e, "The walk sets the dirty flag of reference%s%s.", d[2] && d[3] ? "s" : "", d);
}

static void find_memtype(struct explanation *e)
{
	const struct explain_row *final = &e->row[e->rows - 1];
	const struct walk *w = &e->walk;

	if (!e->ept_levels || final->ept_count == 0)
		return;
	uint64_t leaf = e->ref[final->ept + final->ept_count - 1].entry;
	bool paging = w->guest_shift;
	unsigned index = paging ? memtype_pat_index(w->leaf, w->guest_shift) : 0;
	enum memory_type ept = FIELD(leaf, 5, EPTE_MEMTYPE_SHIFT), pat = paging ? memtype_of_pat(e->request.pat, index) : MEMTYPE_WB;
	enum memory_type effective = memtype_effective(e->request.cache_disable, ept, leaf & EPTE_IPAT, pat);
	e->memtype = (struct explain_memtype){.known = true,
					      .ignore_pat = leaf & EPTE_IPAT,
					      .paging = paging,
					      .pat_index = (uint8_t)index,
					      .ept = (uint8_t)ept,
					      .pat = (uint8_t)pat,
					      .effective = (uint8_t)effective};
}

static void say_memtype(struct explanation *e)
{
	const struct explain_memtype *m = &e->memtype;

	if (!m->known)
		return;
	if (e->request.cache_disable)
		say(e, "Its memory type is UC: CR0.CD is 1.");
	else if (m->ignore_pat)
		say(e, "Its memory type is %s: EPT's, which ignores the guest's PAT.", memtype_name(m->effective));
	else if (!m->paging)
		say(e, "Its memory type is %s: EPT's; with paging off, the guest's is WB.", memtype_name(m->effective));
	else
		say(e, "Its memory type is %s: EPT's %s combined with %s, entry %u of the guest's PAT.", memtype_name(m->effective),
		    memtype_name(m->ept), memtype_name(m->pat), m->pat_index);
}

static void say_success(struct explanation *e)
{
	const struct walk *w = &e->walk;

	if (e->ept_levels)
		say(e, "The access succeeds: guest-physical %#018" PRIx64 " is host-physical %#018" PRIx64 ".", w->gpa.u, w->hpa.u);
	else
		say(e, "The access succeeds: physical address %#018" PRIx64 ".", w->hpa.u);
	if (w->guest_shift)
		say(e, "It lies in a %s page%s%s.", explain_size_name(w->guest_shift), w->global ? ", global" : "",
		    w->shift < w->guest_shift && !(w->guest_shift == PAGE_SHIFT_4M && w->shift == PAGE_SHIFT_2M)
			? ", of which a TLB holds only a smaller piece"
			: "");
	find_memtype(e);
	say_memtype(e);
	mark_updates(e);
	say_updates(e);
}

static void say_tlb(struct explanation *e)
{
	const struct explain_tlb *t = &e->tlb;
	unsigned n = e->refs;

	if (!t->held)
		say(e, "No TLB holds this translation: the walk makes %s%u memory reference%s.", n > 1 ? "all " : "", n, n == 1 ? "" : "s");
	else if (t->answers)
		say(e, "The %s holds it (%s, host-physical %#018" PRIx64 ") and answers: no reference is made%s.", t->name,
		    explain_size_name(t->shift), t->hpa.u, t->stale ? "; the tables now say otherwise" : "");
	else
		say(e,
		    "The %s holds a translation (%s, host-physical %#018" PRIx64 ") that does not permit this: it is dropped, and walked.",
		    t->name, explain_size_name(t->shift), t->hpa.u);
	if (e->refs_again)
		say(e, "%u of the references come again, to write accessed and dirty flags of the guest's entries (not drawn).",
		    e->refs_again);
}

static void ask_tlbs(struct explanation *e, const struct mmu *mmu)
{
	bool fetch = e->request.access & ACC_FETCH;
	const struct tlb_entry *entry = mmu_peek_tlb(mmu, e->request.gla, fetch);
	struct explain_tlb *t = &e->tlb;

	if (!entry)
		return;
	t->held = true;
	t->name = entry >= mmu->stlb.entry && entry < mmu->stlb.entry + mmu->stlb.slots ? "STLB" : fetch ? "ITLB" : "DTLB";
	t->shift = tlb_part_shift[entry->part];
	t->hpa = tlb_entry_hpa(entry, e->request.gla);
	t->answers = mmu_peek_permits(mmu, entry, e->request.access);
	t->stale = t->answers && (e->walk.status != WALK_OK || e->walk.hpa.u != t->hpa.u);
}

void explain_verdict(struct explanation *e, const struct mmu *mmu)
{
	if (!e->canonical) {
		if (e->mode.linear_width == 32)
			say(e, "There is no such linear address: linear addresses have 32 bits in this mode.");
		else
			say(e, "The address is not canonical (%u bits): #GP(0), or #SS(0) through SS; nothing is walked.",
			    e->mode.linear_width);
		return;
	}
	if (e->walk.status == WALK_SECOND)
		e->qualification = e->walk.fail.exit_reason == EXIT_EPT_VIOLATION ? ept_qualification(&e->walk.fail, &e->walk) : 0;
	find_blame(e);
	if (e->mode.levels)
		guest_ladder(e);
	if (e->ept_levels)
		ept_ladder(e);
	ask_tlbs(e, mmu);
	if (e->walk.status == WALK_OK)
		say_success(e);
	else if (e->walk.status == WALK_PAGE_FAULT)
		say_page_fault(e);
	else
		say_second(e);
	say_tlb(e);
}
