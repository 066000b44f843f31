/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the missing-invalidation finder knows of the processor, and how its reports read. */
#include "emu/finder.h"

#include <inttypes.h>

static void where(void *ctx, bool fetch, gla_t gla, struct stale_place *place)
{
	const struct machine *m = ctx;
	const struct cpu *cpu = &m->cpu;

	place->vmm = cpu->vmx && vmm_is_next(cpu);
	place->root = cpu->vmx_op == VMX_ROOT;
	if (place->vmm) {
		place->rip = cpu->vmx->vmcs.guest_rip;
		place->insns = cpu->ev.n[EV_INSTRUCTIONS];
	} else {
		engine_place(m->engine, fetch ? &gla.u : NULL, &place->rip, &place->insns);
	}
}

static bool given(void *ctx, gla_t gla, unsigned access, hpa_t page)
{
	return shadow_vmm_given(ctx, gla, access, page);
}

int finder_attach(struct machine *m)
{
	if (paging_is_shadow(m->config.paging)) {
		m->stale.given = given;
		m->stale.given_ctx = &m->cpu;
	}
	return stale_init(&m->stale, &m->cpu.mmu, where, m);
}

static const char *access_text(unsigned access)
{
	if (access & ACC_FETCH)
		return "fetches from";
	return access & ACC_WRITE ? access & ACC_READ ? "reads and writes" : "writes" : "reads";
}

static const char *cache_text(enum stale_cache cache)
{
	return cache == STALE_TLB ? "a TLB entry" : "a paging-structure-cache entry";
}

/* "guest PTE", "EPT PDE", .. */
static void entry_text(char *text, size_t size, const struct walk_ref *ref)
{
	static const char *const names[] = {"?", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

	snprintf(text, size, "%s%s", ref->ept ? "EPT " : "", names[ref->level <= LEVELS_MAX ? ref->level : 0]);
}

static void print_why(FILE *out, const struct stale_report *r)
{
	switch (r->why) {
	case STALE_DENIED:
		fprintf(out, "   the tables deny this access; %s let it go to 0x%" PRIx64 "\n", cache_text(r->cache), r->went.u);
		break;
	case STALE_ELSEWHERE:
		fprintf(out, "   the tables lead to 0x%" PRIx64 "; %s led to 0x%" PRIx64 "\n", r->should.u, cache_text(r->cache),
			r->went.u);
		break;
	case STALE_CLEAN:
		fprintf(out, "   the EPT entry's dirty flag is 0, and stays so: %s has it as 1\n", cache_text(r->cache));
		break;
	}
}

static void print_report(FILE *out, const struct stale_report *r, unsigned number)
{
	char entry[16];

	fprintf(out, "\n%3u. rip 0x%" PRIx64 " %s linear page 0x%" PRIx64 " (first after %" PRIu64 " instructions, %" PRIu64 " use%s)\n",
		number, r->use.rip, access_text(r->access), r->page.u, r->use.insns, r->count, r->count == 1 ? "" : "s");
	print_why(out, r);
	if (r->found) {
		entry_text(entry, sizeof entry, &r->ref);
		fprintf(out, "   %s at 0x%" PRIx64 ": was 0x%016" PRIx64 ", is 0x%016" PRIx64 "\n", entry, r->ref.hpa.u, r->before,
			r->ref.entry);
		fprintf(out, "   changed by the %s rip 0x%" PRIx64 " (after %" PRIu64 " instructions)\n",
			r->store.vmm ? "built-in VMM, at the guest's" : "store at", r->store.rip, r->store.insns);
	} else {
		fprintf(out, "   no store to its tables is known since: other tables are in use (CR3, EPTP), or it was long ago\n");
	}
	fprintf(out, "   due between the two: %s\n", stale_due_text(r->due));
}

void finder_text(FILE *out, const struct machine *m)
{
	const struct stale *s = &m->stale;

	if (!s->mmu)
		return;
	fprintf(out, "\n Missing invalidations: %" PRIu64 " use%s of stale translations", stale_count(s), stale_count(s) == 1 ? "" : "s");
	fprintf(out, stale_count(s) ? ", %u different:\n" : "\n", s->reports);
	for (unsigned i = 0; i < s->reports; i++)
		print_report(out, &s->report[i], i + 1);
	if (s->further)
		fprintf(out, "\n     and %" PRIu64 " further uses that are not listed\n", s->further);
	fputs("\n", out);
}

static json_t *report_object(const struct stale_report *r)
{
	static const char *const why[] = {[STALE_DENIED] = "denied", [STALE_ELSEWHERE] = "elsewhere", [STALE_CLEAN] = "not_dirty"};
	static const char *const due[] = {
	    [DUE_INVLPG] = "INVLPG",   [DUE_INVLPG_TABLE] = "INVLPG", [DUE_INVLPG_GLOBAL] = "INVLPG", [DUE_INVPCID] = "INVPCID",
	    [DUE_INVVPID] = "INVVPID", [DUE_INVEPT] = "INVEPT",	      [DUE_GUEST] = "INVLPG"};
	char entry[16];
	json_t *object =
	    json_pack("{s:I,s:I,s:s,s:s,s:s,s:I,s:s,s:I}", "rip", (json_int_t)r->use.rip, "page", (json_int_t)r->page.u, "access",
		      access_text(r->access), "cache", r->cache == STALE_TLB ? "tlb" : "paging_structure_cache", "why", why[r->why], "uses",
		      (json_int_t)r->count, "due", due[r->due], "instructions", (json_int_t)r->use.insns);

	if (!object || !r->found)
		return object;
	entry_text(entry, sizeof entry, &r->ref);
	json_object_set_new(object, "changed",
			    json_pack("{s:s,s:I,s:I,s:I,s:I,s:b}", "entry", entry, "at", (json_int_t)r->ref.hpa.u, "was",
				      (json_int_t)r->before, "is", (json_int_t)r->ref.entry, "rip", (json_int_t)r->store.rip, "vmm",
				      r->store.vmm));
	return object;
}

json_t *finder_json(const struct machine *m)
{
	json_t *list = m->stale.mmu ? json_array() : NULL;

	for (unsigned i = 0; list && i < m->stale.reports; i++)
		json_array_append_new(list, report_object(&m->stale.report[i]));
	return list;
}
