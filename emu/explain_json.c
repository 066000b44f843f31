/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A translation as JSON: the same facts as the text, addresses and entries as strings of hexadecimal digits ("0x1000"). */
#include "emu/explain.h"
#include "ept/memtype.h"

#include <inttypes.h>

static json_t *hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "0x%" PRIx64, value);
	return json_string(text);
}

static json_t *ref_json(const struct explain_ref *ref)
{
	return json_pack("{s:i,s:b,s:s,s:o,s:i,s:o,s:o,s:o,s:s,s:s,s:s,s:b,s:b,s:b}", "number", (int)ref->number, "ept", ref->ept, "name",
			 explain_entry_name(ref->level), "table", hex(page_base(ref->hpa.u)), "index", ref->index,
			 ref->ept ? "translates" : "guest_physical", hex(ref->gpa.u), "host_physical", hex(ref->hpa.u), "entry",
			 hex(ref->entry), "flags", ref->flags, "meaning", ref->words, "rights", ref->rights, "fails", ref->failed, "sets_a",
			 ref->sets_a, "sets_d", ref->sets_d);
}

static json_t *row_json(const struct explain_row *row)
{
	json_t *ept = json_array();

	for (int i = 0; i < row->ept_count; i++)
		json_array_append_new(ept, json_integer(row->ept + i + 1));
	return json_pack("{s:s,s:o,s:o,s:o,s:o}", "level", row->level ? explain_table_name(row->level) : "final", "guest_physical",
			 row->pdpte ? json_null() : hex(row->gpa.u), "host_physical",
			 row->translated && !row->pdpte ? hex(row->hpa.u) : json_null(), "ept", ept, "guest",
			 row->guest < 0 ? json_null() : json_integer(row->guest + 1));
}

static json_t *outcome_json(const struct explanation *e)
{
	static const char *const names[] = {[WALK_OK] = "ok", [WALK_PAGE_FAULT] = "page_fault", [WALK_SECOND] = "vm_exit"};
	const struct walk *w = &e->walk;
	json_t *o = json_object();

	json_object_set_new(o, "result", json_string(e->canonical ? names[w->status] : "not_canonical"));
	if (!e->canonical)
		return o;
	switch (w->status) {
	case WALK_OK:
		json_object_set_new(o, "guest_physical", hex(w->gpa.u));
		json_object_set_new(o, "host_physical", hex(w->hpa.u));
		break;
	case WALK_PAGE_FAULT:
		json_object_set_new(o, "vector", json_integer(VEC_PF));
		json_object_set_new(o, "error_code", hex(w->error));
		json_object_set_new(o, "cr2", hex(e->request.gla.u));
		break;
	case WALK_SECOND:
		json_object_set_new(o, "exit_reason", json_integer(w->fail.exit_reason));
		json_object_set_new(o, "exit_qualification", hex(e->qualification));
		json_object_set_new(o, "guest_linear", hex(e->request.gla.u));
		json_object_set_new(o, "guest_physical", hex(w->fail_gpa.u));
		break;
	}
	return o;
}

static json_t *tlb_json(const struct explain_tlb *t)
{
	if (!t->held)
		return json_null();
	return json_pack("{s:s,s:s,s:o,s:b,s:b}", "name", t->name, "page", explain_size_name(t->shift), "host_physical", hex(t->hpa.u),
			 "answers", t->answers, "stale", t->stale);
}

static json_t *memtype_json(const struct explain_memtype *m)
{
	if (!m->known)
		return json_null();
	return json_pack("{s:s,s:b,s:i,s:s,s:s}", "ept", memtype_name(m->ept), "ignore_pat", m->ignore_pat, "pat_index", m->pat_index,
			 "pat", memtype_name(m->pat), "effective", memtype_name(m->effective));
}

json_t *explain_json(const struct explanation *e)
{
	static const char *const verdicts[] = {
	    [CHECK_NOT_REACHED] = "not_reached", [CHECK_NOT_ASKED] = "not_asked", [CHECK_PASSED] = "passes", [CHECK_FAILED] = "fails"};
	json_t *refs = json_array(), *rows = json_array(), *checks = json_array(), *bits = json_array(), *lines = json_array();

	for (unsigned i = 0; i < e->refs; i++)
		json_array_append_new(refs, ref_json(&e->ref[i]));
	for (unsigned i = 0; i < e->rows; i++)
		json_array_append_new(rows, row_json(&e->row[i]));
	for (unsigned i = 0; i < e->checks; i++)
		json_array_append_new(checks, json_pack("{s:s,s:s}", "check", e->check[i].text, "verdict", verdicts[e->check[i].verdict]));
	for (unsigned i = 0; i < e->bits; i++)
		json_array_append_new(bits, json_pack("{s:i,s:s,s:b,s:s}", "bit", e->bit[i].bit, "name", e->bit[i].name, "set",
						      e->bit[i].set, "meaning", e->bit[i].text));
	for (unsigned i = 0; i < e->lines; i++)
		json_array_append_new(lines, json_string(e->line[i]));
	return json_pack("{s:o,s:s,s:b,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "linear_address", hex(e->request.gla.u), "access",
			 explain_access_name(e->request.access), "user", !!(e->request.access & ACC_USER), "paging",
			 explain_mode_name(&e->mode), "ept_levels", (int)e->ept_levels, "references", refs, "rows", rows, "checks", checks,
			 "bits", bits, "outcome", outcome_json(e), "tlb", tlb_json(&e->tlb), "memory_type", memtype_json(&e->memtype),
			 "text", lines);
}
