/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a walk that is only looked at to struct explanation: the references as the observer is told of them, sorted into rows by what
 * each EPT walk was for, with the rights that accumulate.
 */
#include "emu/explain.h"

#include "mmu/pte.h"
#include "vmx/vmx.h"

#include <string.h>

const char *explain_table_name(unsigned level)
{
	static const char *const names[LEVELS_MAX + 1] = {"page", "PT", "PD", "PDPT", "PML4", "PML5"};
	return level <= LEVELS_MAX ? names[level] : "?";
}

const char *explain_entry_name(unsigned level)
{
	static const char *const names[LEVELS_MAX + 1] = {"page", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};
	return level <= LEVELS_MAX ? names[level] : "?";
}

const char *explain_access_name(unsigned access)
{
	switch (access & (ACC_READ | ACC_WRITE | ACC_FETCH)) {
	case ACC_READ:
		return "read";
	case ACC_WRITE:
		return "write";
	case ACC_FETCH:
		return "instruction fetch";
	default:
		return "read-modify-write";
	}
}

const char *explain_mode_name(const struct paging_mode *mode)
{
	static const char *const names[LEVELS_MAX + 1] = {"no paging",	   "?", "32-bit paging", "PAE paging", "4-level paging",
							  "5-level paging"};
	return names[mode->levels];
}

const char *explain_size_name(unsigned shift)
{
	switch (shift) {
	case PAGE_SHIFT:
		return "4-KiB";
	case PAGE_SHIFT_2M:
		return "2-MiB";
	case PAGE_SHIFT_4M:
		return "4-MiB";
	case PAGE_SHIFT_1G:
		return "1-GiB";
	default:
		return "unpaged";
	}
}

static void observe(void *ctx, const struct walk_ref *from)
{
	struct explanation *e = ctx;

	if (e->refs == EXPLAIN_REFS)
		return;
	struct explain_ref *ref = &e->ref[e->refs++];
	ref->number = e->refs;
	ref->ept = from->ept;
	ref->level = from->level;
	ref->size = from->entry_size ? from->entry_size : 8;
	ref->gpa = from->gpa;
	ref->hpa = from->hpa;
	ref->entry = from->entry;
	ref->index = (uint16_t)(page_offset(from->hpa.u) / ref->size);
}

static void decode_refs(struct explanation *e)
{
	for (unsigned i = 0; i < e->refs; i++)
		if (e->ref[i].ept)
			explain_ept_entry(&e->ref[i], e);
		else
			explain_guest_entry(&e->ref[i], e);
}

/* ---- rows */

static struct explain_row *add_row(struct explanation *e, uint8_t level, gpa_t gpa)
{
	struct explain_row *row = &e->row[e->rows++];

	CHECK(e->rows <= EXPLAIN_ROWS);
	*row = (struct explain_row){.level = level, .gpa = gpa, .guest = -1};
	return row;
}

/* The EPT references from `first` on that translate one address. */
static unsigned run_length(const struct explanation *e, unsigned first)
{
	unsigned n = 0;

	while (first + n < e->refs && e->ref[first + n].ept && e->ref[first + n].gpa.u == e->ref[first].gpa.u &&
	       (n == 0 || e->ref[first + n].level < e->ref[first + n - 1].level))
		n++;
	return n;
}

static bool seen_entry(const struct explanation *e, gpa_t gpa)
{
	for (unsigned i = 0; i < e->rows; i++)
		if (e->row[i].guest >= 0 && e->row[i].gpa.u == gpa.u)
			return true;
	return false;
}

/* The PDPTE register that a PAE walk starts from. */
static void add_pdpte(struct explanation *e)
{
	struct explain_row *row = add_row(e, 3, GPA(0));

	row->pdpte = true;
	row->entry = e->mode.pdpte[e->request.gla.u >> 30 & 3];
	row->translated = true;
}

/* The rows of the guest's levels; returns the first reference after them. */
static unsigned guest_rows(struct explanation *e)
{
	unsigned at = 0;

	while (at < e->refs) {
		unsigned n = run_length(e, at);
		bool entry_read = at + n < e->refs && !e->ref[at + n].ept;
		bool table_failed = at + n == e->refs && e->walk.status == WALK_SECOND && e->walk.fail_is_table;

		if (!entry_read && (!table_failed || seen_entry(e, e->ref[at].gpa)))
			break;
		const struct explain_ref *ref = &e->ref[at + n - !entry_read];
		struct explain_row *row = add_row(e, entry_read ? ref->level : e->walk.level, ref->gpa);
		row->ept = (int)at;
		row->ept_count = (int)n;
		at += n;
		if (!entry_read)
			break;
		row->hpa = ref->hpa;
		row->translated = true;
		row->guest = (int)at++;
	}
	const struct walk *w = &e->walk;
	bool failed = w->status == WALK_SECOND && w->fail_is_table && at == e->refs && !seen_entry(e, w->fail_gpa);
	if (failed && (!e->rows || e->row[e->rows - 1].gpa.u != w->fail_gpa.u || e->row[e->rows - 1].translated))
		add_row(e, w->level, w->fail_gpa); /* by a second stage that has no tables */
	return at;
}

/* What is left: EPT walks made again to write A and D flags, then that of the final address. */
static void last_row(struct explanation *e, unsigned at)
{
	bool final = e->walk.status == WALK_OK || (e->walk.status == WALK_SECOND && !e->walk.fail_is_table);

	/* the last walk is that of the final address, even if it is the address of an entry that maps itself */
	for (unsigned n; at < e->refs && seen_entry(e, e->ref[at].gpa); at += n) {
		n = run_length(e, at);
		if (final && at + n == e->refs)
			break;
		e->refs_again += n;
	}
	if (!final)
		return;
	struct explain_row *row = add_row(e, 0, e->walk.status == WALK_OK ? e->walk.gpa : e->walk.fail_gpa);
	row->ept = (int)at;
	row->ept_count = (int)(e->refs - at);
	row->translated = e->walk.status == WALK_OK;
	row->hpa = e->walk.hpa;
}

/* ---- rights */

static void guest_rights(struct explanation *e)
{
	uint64_t all = ~0ull, any = 0;

	for (unsigned i = 0; i < e->refs; i++) {
		struct explain_ref *ref = &e->ref[i];
		if (ref->ept || !ref->present)
			continue;
		all &= ref->entry;
		any |= ref->entry;
		explain_add(ref->rights, sizeof ref->rights, "%s%s%s", all & PTE_RW ? "RW" : "R-", all & PTE_US ? " user" : " supervisor",
			    e->mode.nxe && any & PTE_XD ? " XD" : "");
	}
}

static void ept_rights(struct explanation *e)
{
	uint64_t all = ~0ull;

	for (unsigned i = 0; i < e->refs; i++) {
		struct explain_ref *ref = &e->ref[i];
		bool first = i == 0 || !e->ref[i - 1].ept || e->ref[i - 1].gpa.u != ref->gpa.u || e->ref[i - 1].level <= ref->level;
		if (!ref->ept)
			continue;
		all = first ? ref->entry : all & ref->entry;
		explain_add(ref->rights, sizeof ref->rights, "%c%c%c%s", all & 1 ? 'R' : '-', all & 2 ? 'W' : '-', all & 4 ? 'X' : '-',
			    !e->request.mode_based ? ""
			    : all & BIT(10)	   ? "U"
						   : "-");
	}
}

static unsigned ept_levels(const struct explanation *e)
{
	unsigned levels = e->request.ept ? (unsigned)FIELD(e->request.eptp, 5, 3) + 1 : 0;

	for (unsigned i = 0; i < e->refs; i++)
		if (e->ref[i].ept && e->ref[i].level > levels)
			levels = e->ref[i].level;
	return levels < LEVELS_MAX ? levels : LEVELS_MAX;
}

static void walk_observed(struct explanation *e, struct mmu *mmu)
{
	walk_observer *observer = mmu->env.observer;
	void *ctx = mmu->env.observer_ctx;

	mmu->env.observer = observe;
	mmu->env.observer_ctx = e;
	e->walk = mmu_peek(mmu, e->request.gla, e->request.access);
	mmu->env.observer = observer;
	mmu->env.observer_ctx = ctx;
}

void explain_walk(struct explanation *e, struct mmu *mmu, const struct explain_request *request)
{
	memset(e, 0, sizeof *e);
	e->request = *request;
	e->mode = mmu->mode;
	e->vpid = mmu->context.vpid;
	e->guest_levels = e->mode.levels;
	e->canonical = e->mode.linear_width == 32 ? request->gla.u <= UINT32_MAX
						  : e->mode.levels == 0 || is_canonical(request->gla.u, e->mode.linear_width);
	e->ept_levels = ept_levels(e);
	if (e->canonical) {
		walk_observed(e, mmu);
		e->ept_levels = ept_levels(e);
		decode_refs(e);
		if (e->mode.levels == 3)
			add_pdpte(e);
		last_row(e, guest_rows(e));
		guest_rights(e);
		ept_rights(e);
	}
	explain_verdict(e, mmu);
}

void explain_request_from(struct explain_request *request, const struct cpu *cpu)
{
	const struct vmx *vmx = cpu->vmx;

	if (cpu->vmx_op != VMX_NONROOT || !vmx)
		return;
	request->nonroot = true;
	request->ept = vmx_proc2(vmx, CTL(PROC2, EPT));
	request->eptp = request->ept ? vmx->vmcs.eptp : 0;
	request->mode_based = vmx_proc2(vmx, CTL(PROC2, MBEC));
	request->exits_pf = vmx->vmcs.exception_bitmap & BIT(VEC_PF);
	request->pf_mask = (uint32_t)vmx->vmcs.pf_mask;
	request->pf_match = (uint32_t)vmx->vmcs.pf_match;
	request->ve = vmx_proc2(vmx, CTL(PROC2, VE));
	request->pat = cpu->pat;
	request->cache_disable = cpu->cr0 & CR0_CD;
	request->ve_busy = !(cpu->cr0 & CR0_PE) || mem_read(cpu->mem, HPA(vmx->vmcs.ve_info_addr + 4), 4) != 0;
}
