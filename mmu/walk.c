/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's page walk (SDM 3A, "Paging"; see walk.h for the picture). One loop over the levels for all modes.
 *
 * CHOICE: a PAE walk starts at the PDPTE registers, which MOV to CR3 loaded; memory is not referenced for them, so a cold 4-KiB
 * translation with PAE paging makes two references (three entries are used).
 * CHOICE: accessed and dirty flags are set, from the top table down, once the access is known to be permitted by all guest
 * entries, and before the second stage translates the final address. An access that faults in the guest's tables sets none.
 * (SDM 3A, "Accessed and Dirty Flags" asks only that a flag is set when an entry is used for a translation.)
 * CHOICE: a paging structure that lies outside RAM reads as all ones and cannot be written.
 */
#include "mmu/walk.h"

#include <string.h>

#include "mmu/walk_plain.h"

/* What one walk has used so far: where its entries lie, for the A and D flags. */
struct trail {
	unsigned count;
	uint64_t all, any; /* bits that are 1 in all entries, in any entry */
	struct step {
		gpa_t gpa;
		hpa_t hpa;
		uint64_t entry;
		uint8_t level;
		uint8_t second; /* SECOND_* of the entry's address */
	} step[LEVELS_MAX];
};

bool walk_permits(const struct paging_mode *mode, unsigned rights, unsigned pkey, unsigned access, uint32_t *error)
{
	bool user_page = rights & RIGHT_U, user = access & ACC_USER;
	bool write = access & ACC_WRITE, fetch = access & ACC_FETCH;
	bool data = access & (ACC_READ | ACC_WRITE);
	bool wp = user || mode->wp; /* CR0.WP lets only supervisor writes ignore R/W and the key's WD */
	bool ok = true, key_ok = true;

	if (mode->levels == 0)
		return true;
	if (user && !user_page)
		ok = false;
	if (write && !(rights & RIGHT_W) && wp)
		ok = false;
	if (fetch && rights & RIGHT_NX)
		ok = false;
	if (fetch && !user && user_page && mode->smep)
		ok = false;
	if (data && !user && user_page && mode->smap && (access & (ACC_AC | ACC_IMPLICIT)) != ACC_AC)
		ok = false;
	if (data && user_page && mode->pke) {
		unsigned key = mode->pkru >> (2 * (pkey & 15)) & 3; /* AD, WD */
		key_ok = !(key & 1) && !(key & 2 && write && wp);
	}
	if (likely(ok && key_ok))
		return true;
	*error = PF_P | (write ? PF_W : 0) | (user ? PF_U : 0) | (fetch && (mode->nxe || mode->smep) ? PF_I : 0) | (key_ok ? 0 : PF_PK);
	return false;
}

/* Without agile paging every table and page goes through the second stage. */
enum { SWITCH_OFF = 0xff };

/* One second-stage translation; with none, guest-physical is host-physical; so are addresses in shadow tables (level 0: of the page). */
static ALWAYS_INLINE bool translate(const struct walk_env *env, struct walk *w, gpa_t gpa, unsigned access, bool is_table, bool user,
				    unsigned flags, struct second *s)
{
	if (!env->second || (is_table ? w->level : 0) >= w->switched) {
		s->hpa = HPA(gpa.u);
		s->shift = PAGE_SHIFT_1G;
		s->rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU;
		return true;
	}
	*s = env->second(env->second_ctx, gpa, access, is_table, user, is_table ? flags | (unsigned)w->level << WALK_LEVEL_SHIFT : flags);
	if (likely(s->ok))
		return true;
	w->status = WALK_SECOND;
	w->fail = *s;
	w->fail_gpa = gpa;
	w->fail_is_table = is_table;
	return false;
}

static bool fault(const struct paging_mode *mode, struct walk *w, unsigned access, uint32_t why)
{
	w->status = WALK_PAGE_FAULT;
	w->error = why;
	if (access & ACC_WRITE)
		w->error |= PF_W;
	if (access & ACC_USER)
		w->error |= PF_U;
	if (access & ACC_FETCH && (mode->nxe || mode->smep))
		w->error |= PF_I;
	return false;
}

static ALWAYS_INLINE bool maps_page(const struct paging_mode *mode, unsigned level, uint64_t entry)
{
	if (level == 1)
		return true;
	if (likely(!(entry & PTE_PS)))
		return false;
	return level == 2 ? mode->levels != 2 || mode->pse : level == 3;
}

/*
 * Follows one table: reads the entry for gla, checks it, adds its rights. False: the walk has ended in a fault. known: the
 * paging-structure-cache entry that says where the table is, or NULL.
 */
static ALWAYS_INLINE bool follow(const struct walk_env *env, const struct paging_mode *mode, struct walk *w, struct step *at, gpa_t table,
				 gla_t gla, unsigned access, unsigned flags, const struct psc_entry *known, bool *leaf)
{
	struct second s;
	unsigned size = mode->entry_size;
	unsigned index =
	    size == 4 ? (unsigned)(gla.u >> (PAGE_SHIFT + 10 * (at->level - 1))) & 1023 : (unsigned)(gla.u >> level_shift(at->level)) & 511;
	w->level = at->level;
	at->gpa = GPA(table.u + index * size);
	if (known) {
		s.hpa = HPA(known->table | page_offset(at->gpa.u));
		s.rights = known->second;
	} else if (!translate(env, w, at->gpa, ACC_READ, true, false, flags, &s)) {
		return false;
	}
	at->hpa = s.hpa;
	at->second = s.rights;
	struct walk_ref ref = {.level = at->level, .entry_size = (uint8_t)size, .gpa = at->gpa, .hpa = at->hpa};
	at->entry = walk_reference(env, &ref, flags);
	if (unlikely(!(at->entry & PTE_P)))
		return fault(mode, w, access, 0);
	*leaf = maps_page(mode, at->level, at->entry);
	if (unlikely(at->entry & (*leaf ? mode->reserved_leaf : mode->reserved)[at->level]))
		return fault(mode, w, access, PF_P | PF_RSVD);
	return true;
}

/* Sets A in every entry used and D in the leaf of a write, those not yet set. */
static bool set_flags(const struct walk_env *env, const struct paging_mode *mode, struct walk *w, struct trail *trail, unsigned access,
		      unsigned flags)
{
	if (flags & WALK_GLANCE) {
		w->status = WALK_PAGE_FAULT;
		return false;
	}
	for (unsigned i = 0; i < trail->count; i++) {
		struct step *at = &trail->step[i];
		uint64_t want = PTE_A | (access & ACC_WRITE && i == trail->count - 1 ? PTE_D : 0);
		if (likely((at->entry & want) == want))
			continue;
		if (!(at->second & (SECOND_W | SECOND_W_PENDING))) { /* pending: of a peek, where EPT's dirty flag was left as it is */
			struct second s;
			w->level = at->level;
			if (!translate(env, w, at->gpa, ACC_READ | ACC_WRITE, true, false, flags, &s))
				return false;
		}
		if (flags & WALK_PEEK)
			continue;
		mem_or_entry(env->mem, at->hpa, want, mode->entry_size);
		walk_flag_set(env, EV_AD_UPDATES);
		at->entry |= want;
	}
	return true;
}

static uint8_t guest_shift_of(const struct paging_mode *mode, unsigned level)
{
	if (mode->levels == 2)
		return level == 2 ? PAGE_SHIFT_4M : PAGE_SHIFT;
	return (uint8_t)level_shift(level);
}

static uint64_t page_address(const struct walk *w, uint64_t entry)
{
	if (w->guest_shift == PAGE_SHIFT_4M)
		return (entry & BITS(31, 22)) | FIELD(entry, 20, 13) << 32;
	return entry & BITS(MAXPHYADDR - 1, 12) & ~(BIT(w->guest_shift) - 1);
}

/* log2 of what an entry of a level maps */
static unsigned entry_shift(const struct paging_mode *mode, unsigned level)
{
	return mode->entry_size == 4 && level == 2 ? PAGE_SHIFT_4M : level_shift(level);
}

/* What the walk has used goes into the paging-structure caches: of all but the leaf, the table that the entry leads to. */
static void fill_psc(const struct walk_env *env, const struct paging_mode *mode, const struct trail *t, const struct psc_entry *known,
		     unsigned switched, gla_t gla)
{
	uint64_t all = known ? known->all : ~0ull, any = known ? known->any : 0;
	for (unsigned i = 0; i + 1 < t->count; i++) {
		const struct step *at = &t->step[i];
		all &= at->entry;
		any |= at->entry;
		struct psc_array *a = psc_at(env->psc->linear, at->level);
		struct psc_entry *e = psc_put(a, FIELD(gla.u, 56, 0) >> entry_shift(mode, at->level), env->context);
		if (!e)
			continue;
		e->table = page_base(at[1].hpa.u);
		e->gpa = page_base(at[1].gpa.u);
		e->all = all;
		e->any = any;
		e->epoch = env->psc->oldest;
		e->second = at[1].second;
		e->switched = at->level <= switched + 1 ? (uint8_t)switched : SWITCH_NONE;
	}
}

/* From the top table, or from what a paging-structure cache knows, to the leaf, the check of rights, A and D. */
static ALWAYS_INLINE bool walk_tables(const struct walk_env *env, const struct paging_mode *mode, struct walk *w, gla_t gla,
				      unsigned access, unsigned flags, const struct psc_entry *known, unsigned known_level)
{
	struct trail trail;
	unsigned level = mode->levels;
	gpa_t table = mode->root;
	bool leaf = false;

	trail.count = 0;
	trail.all = ~0ull;
	trail.any = 0;
	w->switched = !env->switch_bit ? SWITCH_OFF : known ? known->switched : env->switch_root;
	if (level == 3) {
		uint64_t pdpte = mode->pdpte[gla.u >> 30 & 3];
		w->level = 3;
		if (!(pdpte & PTE_P))
			return fault(mode, w, access, 0);
		table = GPA(pdpte & BITS(MAXPHYADDR - 1, 12));
		level = 2;
	}
	if (known) {
		trail.all = known->all;
		trail.any = known->any;
		table = GPA(known->gpa);
		level = known_level - 1;
	}
	for (;; level--) {
		struct step *at = &trail.step[trail.count++];
		at->level = (uint8_t)level;
		if (!follow(env, mode, w, at, table, gla, access, flags, trail.count == 1 ? known : NULL, &leaf))
			return false;
		trail.all &= at->entry;
		trail.any |= at->entry;
		if (leaf)
			break;
		if (unlikely(w->switched == SWITCH_NONE) && at->entry & env->switch_bit)
			w->switched = (uint8_t)(level - 1);
		table = GPA(at->entry & (mode->entry_size == 4 ? BITS(31, 12) : BITS(MAXPHYADDR - 1, 12)));
	}
	struct step *last = &trail.step[trail.count - 1];
	w->rights = walk_rights(mode, trail.all, trail.any);
	w->leaf_hpa = last->hpa;
	w->leaf_size = mode->entry_size;
	w->leaf = last->entry;
	w->pkey = mode->levels >= 4 ? (uint8_t)FIELD(last->entry, 62, PTE_PKEY_SHIFT) : 0;
	if (!walk_permits(mode, w->rights, w->pkey, access, &w->error)) {
		w->status = WALK_PAGE_FAULT;
		return false;
	}
	if (unlikely(!(trail.all & PTE_A) || (access & ACC_WRITE && !(last->entry & PTE_D))) &&
	    !set_flags(env, mode, w, &trail, access, flags))
		return false;
	if (env->psc && !(flags & WALK_PEEK))
		fill_psc(env, mode, &trail, known, w->switched, gla);
	w->leaf = last->entry;
	w->dirty = last->entry & PTE_D;
	w->global = mode->pge && last->entry & PTE_G;
	w->guest_shift = guest_shift_of(mode, level);
	w->gpa = GPA(page_address(w, last->entry) | (gla.u & (BIT(w->guest_shift) - 1)));
	return true;
}

static void count(struct events *ev, const struct walk *w, unsigned access)
{
	enum walk_kind kind = walk_kind(access);
	ev->n[EV_WALKS_LOAD + kind]++;
	if (w->status != WALK_OK)
		ev->n[EV_WALKS_FAULT]++;
	else
		ev->n[EV_WALKS_LOAD_4K + kind * EVENT_SIZES + (w->shift >= PAGE_SHIFT_2M) + (w->shift >= PAGE_SHIFT_1G)]++;
}

static ALWAYS_INLINE void walk_one(const struct walk_env *env, const struct paging_mode *mode, struct walk *w, gla_t gla, unsigned access,
				   unsigned flags, const struct psc_entry *known, unsigned known_level)
{
	struct second s;
	if (mode->levels == 0) {
		w->switched = SWITCH_OFF;
		w->rights = RIGHT_W | RIGHT_U;
		w->gpa = GPA(gla.u);
		w->dirty = true;
	} else if (!walk_tables(env, mode, w, gla, access, flags, known, known_level)) {
		return;
	}
	if (!translate(env, w, w->gpa, access & (ACC_READ | ACC_WRITE | ACC_FETCH), false, w->rights & RIGHT_U, flags, &s))
		return;
	uint8_t guest = w->guest_shift == 0 ? PAGE_SHIFT_1G : w->guest_shift == PAGE_SHIFT_4M ? PAGE_SHIFT_2M : w->guest_shift;
	w->hpa = s.hpa;
	w->second = s.rights;
	w->shift = guest < s.shift ? guest : s.shift;
}

void walk_forget(const struct walk_env *env, const struct paging_mode *mode, gla_t gla)
{
	for (unsigned level = PSC_FIRST_LEVEL; level <= LEVELS_MAX; level++)
		psc_drop(psc_at(env->psc->linear, level), FIELD(gla.u, 56, 0) >> entry_shift(mode, level), env->context);
}

/* With paging-structure caches: from the deepest entry that covers gla; if that fails, from the top, without what was cached. */
static void walk_cached(const struct walk_env *env, const struct paging_mode *mode, struct walk *w, gla_t gla, unsigned access)
{
	uint64_t addr = FIELD(gla.u, 56, 0);
	unsigned level = 0;
	env->psc->oldest = env->mem->table_epoch;
	const struct psc_entry *hit = mode->levels ? psc_deepest(env->psc->linear, addr, env->context, entry_shift(mode, 2), &level) : NULL;
	if (hit) {
		struct psc_entry known = *hit;
		walk_psc_hit(env, hit, false, level);
		walk_one(env, mode, w, gla, access, 0, &known, level);
		if (likely(w->status == WALK_OK))
			return;
		walk_forget(env, mode, gla);
		memset(w, 0, sizeof *w);
	}
	walk_one(env, mode, w, gla, access, 0, NULL, 0);
}

/* What the walk is counted under, and what it costs before its references. */
static void begin_priced(const struct walk_env *env, unsigned access)
{
	env->caches->kind = walk_kind(access);
	cost_charge(env->caches->cost, COST_WALK);
}

/* Agile paging: the walk, and its references (before: all that there were), under the level at which it switched. */
static void count_switch(struct events *ev, const struct walk *w, uint64_t before)
{
	ev->n[EV_AGILE_WALKS_SHADOW + w->switched]++;
	ev->n[EV_AGILE_REFS_SHADOW + w->switched] += event_walk_refs(ev) - before;
}

void walk_into(struct walk *w, const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access, unsigned flags)
{
	if (likely(!(flags & WALK_PEEK) && walk_is_plain(env, mode)) && walk_plain(w, env, mode, gla, access)) {
		count(env->ev, w, access);
		return;
	}
	uint64_t before = env->switch_bit ? event_walk_refs(env->ev) : 0;
	memset(w, 0, offsetof(struct walk, fail));
	if (env->caches && !(flags & WALK_PEEK))
		begin_priced(env, access);
	if (env->psc && !(flags & WALK_PEEK))
		walk_cached(env, mode, w, gla, access);
	else
		walk_one(env, mode, w, gla, access, flags, NULL, 0);
	if (unlikely(flags & WALK_PEEK))
		return;
	count(env->ev, w, access);
	if (unlikely(env->switch_bit) && w->switched != SWITCH_OFF)
		count_switch(env->ev, w, before);
}

void walk_from(struct walk *w, const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access, unsigned flags,
	       const struct psc_entry *known, unsigned known_level)
{
	memset(w, 0, offsetof(struct walk, fail));
	walk_one(env, mode, w, gla, access, flags, known, known_level);
}

struct walk walk_linear(const struct walk_env *env, const struct paging_mode *mode, gla_t gla, unsigned access, unsigned flags)
{
	struct walk w = {.status = WALK_OK};
	walk_into(&w, env, mode, gla, access, flags);
	return w;
}
