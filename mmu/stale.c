/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The missing-invalidation finder (stale.h): compares a cached translation with a walk that only looks, and finds the store that made the
 * difference among those remembered.
 *
 * LIMIT: memory types and the accessed flags of EPT have no effect on an access, so a missing INVEPT after a change of them is not found.
 */
#include "mmu/stale.h"

#include <stdlib.h>
#include <string.h>

#include "mmu/pte.h"

/* Bits whose change matters to a translation: of the guest's entries, and of EPT entries (rights, user-mode execute, page size, address).
 */
#define GUEST_MATTERS (PTE_P | PTE_RW | PTE_US | PTE_PS | BITS(51, 12) | BITS(62, PTE_PKEY_SHIFT) | PTE_XD)
#define EPT_MATTERS (BITS(2, 0) | BIT(7) | BIT(10) | BITS(51, 12))
#define EPT_DIRTY BIT(9)

enum { REFS_MAX = 36 }; /* (5+1)(5+1)-1 and one */

/* The references of a walk as the tables now are. */
struct path {
	unsigned count;
	struct walk_ref ref[REFS_MAX];
};

static void note_ref(void *ctx, const struct walk_ref *ref)
{
	struct path *path = ctx;
	if (path->count < REFS_MAX)
		path->ref[path->count++] = *ref;
}

/* A peek through the tables; the references into path if it is not NULL. */
static struct walk look(struct mmu *mmu, gla_t gla, unsigned access, struct path *path)
{
	walk_observer *observer = mmu->env.observer;
	void *ctx = mmu->env.observer_ctx;
	mmu->env.observer = path ? note_ref : NULL;
	mmu->env.observer_ctx = path;
	struct walk w = mmu_peek(mmu, gla, access);
	mmu->env.observer = observer;
	mmu->env.observer_ctx = ctx;
	return w;
}

/* ---- stores to paging structures ---- */

/* Called before the store: what is there is what may be cached. */
static void note_store(void *ctx, hpa_t addr, uint64_t size)
{
	struct stale *s = ctx;
	struct mem *mem = s->mmu->env.mem;
	struct stale_place place = {.rip = 0};
	s->where(s->where_ctx, false, GLA(0), &place);
	for (uint64_t at = addr.u & ~7ull; at < addr.u + size; at += 8) {
		uint64_t before = mem_read_entry(mem, HPA(at), 8);
		if (!before)
			continue; /* nothing of it is cached */
		s->store[s->stores++ % STALE_STORES] = (struct stale_store){
		    .hpa = at, .before = before, .epoch = mem->table_epoch, .place = place, .pcid = s->mmu->context.pcid};
	}
	stale_suspect(s->mmu);
}

void stale_suspect(struct mmu *mmu)
{
	struct tlb *const tlbs[] = {&mmu->itlb, &mmu->dtlb, mmu->store};
	for (unsigned i = 0; i < ARRAY_LEN(tlbs); i++)
		for (uint32_t slot = 0; slot < tlbs[i]->slots; slot++)
			tlbs[i]->entry[slot].allows = 0;
}

/* The part of a remembered or present 8-byte word that is the entry. */
static uint64_t entry_of(const struct walk_ref *ref, uint64_t word)
{
	return ref->entry_size == 8 ? word : word >> (ref->hpa.u & 4 ? 32 : 0) & 0xffffffff;
}

static bool matters(const struct walk_ref *ref, uint64_t before, uint64_t after)
{
	if (!ref->ept)
		return (before ^ after) & GUEST_MATTERS;
	return (before ^ after) & EPT_MATTERS || before & ~after & EPT_DIRTY;
}

/* The first of the stores to this entry since `epoch` after which it was another entry than before them all. */
static bool find_store(const struct stale *s, uint64_t epoch, const struct walk_ref *ref, struct stale_report *r)
{
	uint64_t oldest = s->stores > STALE_STORES ? s->stores - STALE_STORES : 0, word = ref->hpa.u & ~7ull, after = ref->entry;
	bool found = false;
	for (uint64_t i = s->stores; i-- > oldest && s->store[i % STALE_STORES].epoch >= epoch;) {
		const struct stale_store *store = &s->store[i % STALE_STORES];
		if (store->hpa != word)
			continue;
		r->before = entry_of(ref, store->before);
		if (matters(ref, r->before, after)) {
			r->store = store->place;
			r->due = store->pcid != s->mmu->context.pcid && s->mmu->mode.pcide ? DUE_INVPCID : DUE_INVLPG;
			found = true;
		}
		after = r->before;
	}
	r->ref = *ref;
	return found && matters(ref, r->before, ref->entry);
}

/* Guidelines for each kind of entry, and by whom it was changed. */
static enum stale_due due(const struct stale *s, const struct tlb_entry *e, const struct stale_report *r)
{
	const struct tlb_context *c = &s->mmu->context;
	bool leaf = r->ref.level == 1 || r->before & PTE_PS;
	if (r->ref.ept)
		return DUE_INVEPT;
	if (s->given)
		return r->store.vmm ? DUE_GUEST : DUE_INVVPID;
	if (c->vpid && r->store.root)
		return DUE_INVVPID;
	if (e->global)
		return DUE_INVLPG_GLOBAL;
	if (r->due == DUE_INVPCID)
		return DUE_INVPCID;
	return leaf ? DUE_INVLPG : DUE_INVLPG_TABLE;
}

const char *stale_due_text(enum stale_due which)
{
	static const char *const text[] = {
	    [DUE_INVLPG] = "INVLPG of that address",
	    [DUE_INVLPG_TABLE] = "INVLPG of each address that the entry translates, or MOV to CR3",
	    [DUE_INVLPG_GLOBAL] = "INVLPG of that address (the translation is global: MOV to CR3 leaves it)",
	    [DUE_INVPCID] = "INVPCID for this PCID (the store was made under another one)",
	    [DUE_INVVPID] = "INVVPID (individual-address or single-context)",
	    [DUE_INVEPT] = "INVEPT (single-context)",
	    [DUE_GUEST] = "INVLPG by the guest, whose tables have changed as well, or INVVPID by the VMM",
	};
	return text[which];
}

/* ---- uses ---- */

static bool differs(const struct tlb_entry *e, gla_t gla, unsigned access, const struct walk *now, enum stale_why *why)
{
	if (now->status != WALK_OK)
		*why = STALE_DENIED;
	else if (page_base(now->hpa.u) != page_base(tlb_entry_hpa(e, gla).u))
		*why = STALE_ELSEWHERE;
	else if (access & ACC_WRITE && e->second & SECOND_W && now->second & SECOND_W_PENDING)
		*why = STALE_CLEAN;
	else
		return false;
	return true;
}

static struct stale_report *known(struct stale *s, const struct stale_place *use, gla_t page)
{
	for (unsigned i = 0; i < s->reports; i++)
		if (s->report[i].use.rip == use->rip && s->report[i].page.u == page.u)
			return &s->report[i];
	return NULL;
}

static void explain(struct stale *s, struct stale_report *r, const struct tlb_entry *e, gla_t gla)
{
	struct path path = {.count = 0};
	look(s->mmu, gla, r->access, &path);
	for (unsigned i = 0; i < path.count && !r->found; i++)
		r->found = find_store(s, e->epoch, &path.ref[i], r);
	if (r->found)
		r->due = due(s, e, r);
	else
		r->due = e->global ? DUE_INVLPG_GLOBAL : DUE_INVLPG;
}

bool stale_check(struct stale *s, const struct tlb_entry *e, gla_t gla, unsigned access, enum stale_cache cache)
{
	enum stale_why why;
	struct walk now = look(s->mmu, gla, access, NULL);
	if (likely(!differs(e, gla, access, &now, &why)))
		return true;
	if (s->given && s->given(s->given_ctx, gla, access, HPA(page_base(tlb_entry_hpa(e, gla).u))))
		return true;
	struct stale_place use = {.rip = 0};
	gla_t page = GLA(page_base(gla.u));
	s->where(s->where_ctx, access & ACC_FETCH, gla, &use);
	struct stale_report *r = known(s, &use, page);
	if (!r && s->reports == STALE_REPORTS) {
		s->further++;
		return false;
	}
	if (!r) {
		r = &s->report[s->reports++];
		*r = (struct stale_report){.use = use, .page = page, .access = access, .cache = cache, .why = why};
		r->went = HPA(page_base(tlb_entry_hpa(e, gla).u));
		r->should = HPA(why == STALE_ELSEWHERE ? page_base(now.hpa.u) : 0);
		explain(s, r, e, gla);
	}
	r->count++;
	return false;
}

uint64_t stale_count(const struct stale *s)
{
	uint64_t count = s->further;
	for (unsigned i = 0; i < s->reports; i++)
		count += s->report[i].count;
	return count;
}

int stale_init(struct stale *s, struct mmu *mmu, void (*where)(void *ctx, bool fetch, gla_t gla, struct stale_place *place),
	       void *where_ctx)
{
	s->reports = 0;
	s->further = s->stores = 0;
	s->store = calloc(STALE_STORES, sizeof *s->store);
	if (!s->store)
		return -ERR_NOMEM;
	s->mmu = mmu;
	s->where = where;
	s->where_ctx = where_ctx;
	mmu->stale = s;
	mmu->env.mem->before_table_store = note_store;
	mmu->env.mem->before_table_store_ctx = s;
	return 0;
}

void stale_free(struct stale *s)
{
	if (!s->mmu)
		return;
	s->mmu->stale = NULL;
	s->mmu->env.mem->before_table_store = NULL;
	free(s->store);
	memset(s, 0, sizeof *s);
}
