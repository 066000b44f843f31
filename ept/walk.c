/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EPT walk, with accessed and dirty flags and page-modification logging (SDM 3C, "EPT Translation Mechanism", "EPT
 * Misconfigurations", "EPT Violations", "Prioritization of EPT Misconfigurations and EPT Violations", "Accessed and Dirty Flags for
 * EPT", "Page-Modification Logging").
 *
 * CHOICE: accessed and dirty flags of EPT are set when the whole translation is known and permitted, in the order of the walk; an
 * access that causes a violation or misconfiguration sets none.
 * CHOICE: an EPT paging structure that lies outside RAM reads as all ones (a misconfiguration).
 */
#include "ept/walk.h"

#include "vmx/exit.h"

enum { PML_ENTRIES = 512, MEMTYPES_RESERVED = 0x8c /* 2, 3, 7 */ };

/* What one walk has used: where its entries lie, for the accessed and dirty flags. */
struct trail {
	uint64_t all; /* bits that are 1 in all entries */
	unsigned count;
	struct {
		hpa_t hpa;
		uint64_t entry;
	} step[LEVELS_MAX];
};

static ALWAYS_INLINE uint64_t reference(const struct ept *ept, hpa_t at, unsigned level, gpa_t gpa, unsigned flags)
{
	struct walk_ref ref = {.ept = true,
			       .level = (uint8_t)level,
			       .for_level = (uint8_t)(flags >> WALK_LEVEL_SHIFT),
			       .entry_size = 8,
			       .gpa = gpa,
			       .hpa = at};
	return walk_reference(&ept->cpu->mmu.env, &ref, flags);
}

static struct second violation(const struct ept *ept, uint64_t all, unsigned access, unsigned level, bool convertible)
{
	uint64_t qualification = (access & (ACC_READ | ACC_WRITE | ACC_FETCH)) | (all & EPTE_RWX) << QUAL_EPT_RIGHTS_SHIFT;
	if (ept->mbec && all & EPTE_XU)
		qualification |= QUAL_EPT_USER_EXECUTABLE;
	return (struct second){
	    .exit_reason = EXIT_EPT_VIOLATION, .qualification = qualification, .level = (uint8_t)level, .convertible = convertible};
}

static struct second misconfiguration(unsigned level)
{
	return (struct second){.exit_reason = EXIT_EPT_MISCONFIG, .level = (uint8_t)level};
}

static ALWAYS_INLINE bool misconfigured(const struct ept *ept, uint64_t entry, unsigned level, bool leaf)
{
	unsigned rights = (unsigned)(entry & EPTE_RWX) | (unsigned)(entry & EPTE_XU) >> 7;
	if (unlikely(ept->misplaced >> rights & 1))
		return true;
	if (!leaf)
		return entry & ept->reserved[level];
	return entry & ept->reserved_leaf[level] || MEMTYPES_RESERVED >> FIELD(entry, 5, EPTE_MEMTYPE_SHIFT) & 1;
}

static ALWAYS_INLINE bool permitted(const struct ept *ept, uint64_t all, unsigned access, bool guest_user)
{
	uint64_t need = access & (ACC_READ | ACC_WRITE);
	if (access & ACC_FETCH)
		need |= ept->mbec && guest_user ? EPTE_XU : EPTE_X;
	return (all & need) == need;
}

static void log_page(struct cpu *cpu, gpa_t gpa)
{
	struct vmcs *v = &cpu->vmx->vmcs;
	vmx_touch(cpu, v->pml_addr + 8 * v->pml_index, 8);
	mem_write(cpu->mem, HPA(v->pml_addr + 8 * v->pml_index), page_base(gpa.u), 8);
	v->pml_index = (v->pml_index - 1) & 0xffff;
}

/* Sets the flags that are still 0. false: a page-modification log-full event, and nothing was set. */
static bool set_flags(const struct ept *ept, struct trail *t, bool write, gpa_t gpa)
{
	struct cpu *cpu = ept->cpu;
	bool log = vmx_proc2(cpu->vmx, CTL(PROC2, PML));
	if (log && cpu->vmx->vmcs.pml_index >= PML_ENTRIES)
		return false;
	for (unsigned i = 0; i < t->count; i++) {
		bool leaf = i == t->count - 1;
		uint64_t want = EPTE_A | (leaf && write ? EPTE_D : 0), missing = want & ~t->step[i].entry;
		if (!missing)
			continue;
		mem_or_entry(cpu->mem, t->step[i].hpa, missing, 8);
		walk_flag_set(&cpu->mmu.env, EV_EPT_AD_UPDATES);
		t->step[i].entry |= missing;
		if (log && missing & EPTE_D)
			log_page(cpu, gpa);
	}
	return true;
}

/* What the translation permits, for the TLB entry. */
static ALWAYS_INLINE uint8_t rights_of(const struct ept *ept, uint64_t all, uint64_t leaf)
{
	unsigned rights = all & (EPTE_R | EPTE_X);
	if (all & EPTE_W)
		rights |= !ept->ad || leaf & EPTE_D ? SECOND_W : SECOND_W_PENDING;
	if (all & (ept->mbec ? EPTE_XU : EPTE_X))
		rights |= SECOND_XU;
	return (uint8_t)rights;
}
static_assert(EPTE_R == SECOND_R && EPTE_X == SECOND_X, "rights of entries and translations agree");
static_assert(ACC_READ == QUAL_EPT_READ && ACC_WRITE == QUAL_EPT_WRITE && ACC_FETCH == QUAL_EPT_FETCH,
	      "accesses, rights and qualification agree");

/* What the walk has used goes into the guest-physical caches. */
static void fill_psc(const struct walk_env *env, const struct trail *t, uint64_t all, gpa_t gpa, unsigned leaf_level)
{
	for (unsigned i = 0; i + 1 < t->count; i++) {
		unsigned level = leaf_level + t->count - 1 - i;
		all &= t->step[i].entry;
		struct psc_entry *e = psc_put(psc_at(env->psc->ept, level), gpa.u >> level_shift(level), env->eptrta);
		if (!e)
			continue;
		e->table = t->step[i].entry & BITS(MAXPHYADDR - 1, 12);
		e->all = all;
		e->epoch = env->psc->oldest;
	}
}

/* The frame of a guest paging structure goes into the nested TLB. */
static void fill_nested(const struct walk_env *env, const struct second *s, uint64_t all, uint64_t leaf, gpa_t gpa)
{
	struct psc_entry *e = psc_put(&env->psc->nested, gpa.u >> PAGE_SHIFT, env->eptrta);
	if (!e)
		return;
	e->table = page_base(s->hpa.u);
	e->gpa = leaf;
	e->all = all;
	e->epoch = env->psc->oldest;
	e->second = s->rights;
	e->shift = s->shift;
}

/* The walk proper, from the top or from a guest-physical entry `known` of known_level. */
static ALWAYS_INLINE struct second walk(const struct ept *ept, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags,
					const struct psc_entry *known, unsigned known_level)
{
	const struct walk_env *env = &ept->cpu->mmu.env;
	struct trail t;
	uint64_t table = known ? known->table : ept->root, entry;
	unsigned level = known ? known_level - 1 : ept->levels;
	bool leaf;
	t.all = known ? known->all : ~0ull;
	t.count = 0;
	for (;; level--) {
		hpa_t at = HPA(table + 8 * (gpa.u >> level_shift(level) & 511));
		entry = reference(ept, at, level, gpa, flags);
		t.step[t.count].hpa = at;
		t.step[t.count++].entry = entry;
		t.all &= entry;
		if (unlikely(!(entry & ept->present)))
			return violation(ept, 0, access, level, !(entry & EPTE_SUPPRESS_VE));
		leaf = level == 1 || (level <= 3 && entry & EPTE_PS);
		if (unlikely(misconfigured(ept, entry, level, leaf)))
			return misconfiguration(level);
		if (leaf)
			break;
		table = entry & BITS(MAXPHYADDR - 1, 12);
	}
	if (unlikely(!permitted(ept, t.all, access, guest_user)))
		return violation(ept, t.all, access, level, !(entry & EPTE_SUPPRESS_VE));
	if (ept->ad && unlikely(!(t.all & EPTE_A) || (access & ACC_WRITE && !(entry & EPTE_D)))) {
		if (flags & WALK_GLANCE || (!(flags & WALK_PEEK) && !set_flags(ept, &t, access & ACC_WRITE, gpa)))
			return (struct second){.exit_reason = EXIT_PML_FULL, .level = (uint8_t)level};
		entry = t.step[t.count - 1].entry;
	}
	uint64_t offset = BIT(level_shift(level)) - 1;
	struct second s = {
	    .ok = true,
	    .hpa = HPA((entry & BITS(MAXPHYADDR - 1, 12) & ~offset) | (gpa.u & offset)),
	    .shift = (uint8_t)level_shift(level),
	    .rights = rights_of(ept, t.all, entry),
	    .memtype = (uint8_t)FIELD(entry, 6, EPTE_MEMTYPE_SHIFT),
	};
	if (env->psc && !(flags & WALK_PEEK)) {
		fill_psc(env, &t, known ? known->all : ~0ull, gpa, level);
		if (is_table)
			fill_nested(env, &s, t.all, entry, gpa);
	}
	return s;
}

/* The nested TLB's translation of a guest paging structure, if it permits the access and leaves no flag to be set. */
static bool nested(const struct ept *ept, gpa_t gpa, unsigned access, struct second *s)
{
	const struct walk_env *env = &ept->cpu->mmu.env;
	const struct psc_entry *e = psc_find(&env->psc->nested, gpa.u >> PAGE_SHIFT, env->eptrta);
	if (!e)
		return false;
	if (!permitted(ept, e->all, access, false) || (ept->ad && access & ACC_WRITE && !(e->gpa & EPTE_D))) {
		psc_drop(&env->psc->nested, gpa.u >> PAGE_SHIFT, env->eptrta);
		return false;
	}
	walk_psc_hit(env, e, true, 1);
	*s = (struct second){.ok = true,
			     .hpa = HPA(e->table | page_offset(gpa.u)),
			     .shift = e->shift,
			     .rights = e->second,
			     .memtype = (uint8_t)FIELD(e->gpa, 6, EPTE_MEMTYPE_SHIFT)};
	return true;
}

/* With guest-physical caches: from the deepest entry that covers gpa; if that fails, from the top, without what was cached. */
static struct second walk_cached(const struct ept *ept, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	const struct walk_env *env = &ept->cpu->mmu.env;
	struct second s;
	unsigned level = 0;
	if (is_table && nested(ept, gpa, access, &s))
		return s;
	const struct psc_entry *hit = psc_deepest(env->psc->ept, gpa.u, env->eptrta, PAGE_SHIFT_2M, &level);
	if (hit) {
		struct psc_entry known = *hit;
		walk_psc_hit(env, hit, true, level);
		s = walk(ept, gpa, access, is_table, guest_user, flags, &known, level);
		if (likely(s.ok))
			return s;
		psc_strike_ept(env->psc, env->eptrta, &gpa);
	}
	return walk(ept, gpa, access, is_table, guest_user, flags, NULL, 0);
}

struct second ept_translate(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	const struct ept *ept = ctx;
	if (is_table && ept->ad)
		access |= ACC_READ | ACC_WRITE;
	if (unlikely(gpa.u >> ept->width))
		return violation(ept, 0, access, ept->levels, false);
	if (ept->cpu->mmu.env.psc && !(flags & WALK_PEEK))
		return walk_cached(ept, gpa, access, is_table, guest_user, flags);
	return walk(ept, gpa, access, is_table, guest_user, flags, NULL, 0);
}
