/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page fault: the guest's own walk decides whether it is true; else the shadow tables are filled for the address, level by level (the
 * shadow walk has as many levels as the guest's; 32-bit paging and no paging are shadowed by PAE tables).
 *
 *     guest:   CR3 -> PML4 -> PDPT -> PD -> PT -> frame
 *     shadow:  CR3 -> [W+U] -> [W+U] -> [W+U] -> [rights of all, D]  -> the same frame
 *
 * Shadow entries that refer to tables permit everything; the leaf has the rights that all of the guest's entries give, write access only
 * once the guest's dirty flag is set. A large page of the guest is mapped by large entries, or by a direct shadow page where a frame in it
 * holds a table, or the VMM's area begins.
 * CR0.WP is 1 for the processor. For a guest with CR0.WP = 0, supervisor-mode pages are simply writable; a read-only user-mode page that
 * supervisor code writes becomes a writable supervisor-mode page until the user next touches it.
 */
#include "shadow/shadow.h"

#include <string.h>

/* ---- the guest's walk ---- */

/* The largest piece around an address that has nothing of the VMM's area. */
static uint8_t piece(const struct shadow *s, uint64_t gpa)
{
	for (unsigned shift = PAGE_SHIFT_1G; shift > PAGE_SHIFT; shift -= 9)
		if (!frame_region_has_area(s, gpa, shift))
			return (uint8_t)shift;
	return PAGE_SHIFT;
}

struct second fill_identity(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags)
{
	const struct shadow *s = ctx;
	(void)access, (void)is_table, (void)guest_user, (void)flags;
	return (struct second){
	    .ok = true, .hpa = frame_hpa(s, gpa), .shift = piece(s, gpa.u), .rights = SECOND_R | SECOND_W | SECOND_X | SECOND_XU};
}

static void observe(void *ctx, const struct walk_ref *ref)
{
	struct guest_walk *gw = ctx;
	gw->ref[ref->level] = (struct guest_ref){.hpa = ref->hpa, .entry = ref->entry};
	if (!gw->top)
		gw->top = ref->level;
}

void guest_peek(struct shadow *s, gla_t gla, unsigned access, struct guest_walk *gw)
{
	struct events unused;
	struct walk_env env = {
	    .mem = s->mem, .ev = &unused, .second = fill_identity, .second_ctx = s, .observer = observe, .observer_ctx = gw};
	gw->top = 0;
	s->mode.pkru = s->cpu->pkru;
	walk_into(&gw->w, &env, &s->mode, gla, access, WALK_PEEK);
}

void guest_walk(struct shadow *s, gla_t gla, unsigned access, struct guest_walk *gw)
{
	guest_peek(s, gla, access, gw);
	for (unsigned level = gw->top; level >= gw->w.level && level; level--)
		vmm_touch(s->cpu, gw->ref[level].hpa, s->mode.entry_size);
}

/* The entry of another table in the same frame may have been made from the same bytes: that it lacks the flag does no harm. */
void guest_walk_flags(struct shadow *s, struct guest_walk *gw, unsigned access)
{
	for (unsigned level = gw->top; level >= gw->w.level && level; level--) {
		uint64_t want = PTE_A | (level == gw->w.level && access & ACC_WRITE ? PTE_D : 0);
		struct guest_ref *ref = &gw->ref[level];
		if ((ref->entry & want) == want)
			continue;
		vmm_touch(s->cpu, ref->hpa, s->mode.entry_size);
		mem_or_entry(s->mem, ref->hpa, want, s->mode.entry_size);
		ref->entry |= want;
	}
}

/* ---- shadow entries ---- */

static unsigned shadow_top(const struct shadow *s)
{
	return s->mode.levels >= 4 ? s->mode.levels : 3;
}

static unsigned slot_index(const struct shadow *s, unsigned level, gla_t gla)
{
	unsigned index = gla.u >> level_shift(level) & (SLOTS - 1);
	return level == 3 && s->mode.levels < 4 ? index & 3 : index;
}

uint32_t fill_leaf(struct shadow *s, gla_t gla)
{
	uint32_t page = s->root;
	for (unsigned level = shadow_top(s); page && level; level--) {
		uint32_t slot = page * SLOTS + slot_index(s, level, gla);
		uint64_t value = slot_read(s, slot);
		if (!(value & PTE_P) || value & SPTE_SWITCH)
			return 0;
		if (value & SPTE_LEAF)
			return slot;
		page = page_number(s, value);
	}
	return 0;
}

/* Rights of the entries above a level. */
static unsigned rights_above(const struct shadow *s, const struct guest_walk *gw, unsigned level)
{
	unsigned rights = RIGHT_W | RIGHT_U;
	for (unsigned l = gw->top; l > level; l--) {
		uint64_t e = gw->ref[l].entry;
		rights &= (e & PTE_RW ? RIGHT_W : 0u) | (e & PTE_US ? RIGHT_U : 0u) | RIGHT_NX;
		rights |= s->mode.nxe && e & PTE_XD ? RIGHT_NX : 0u;
	}
	return rights;
}

static uint32_t role_base(const struct shadow *s)
{
	const struct paging_mode *m = &s->mode;
	uint32_t wp0 = m->wp ? ROLE_WP : (m->smep ? ROLE_SMEP : 0) | (m->smap ? ROLE_SMAP : 0) | (m->pke ? ROLE_PKE : 0);
	if (m->levels == 0)
		return ROLE_WP;
	return (uint32_t)m->levels << ROLE_FORMAT_SHIFT | wp0 | (m->nxe ? ROLE_NXE : 0) | (m->levels == 2 && m->pse ? ROLE_PSE : 0);
}

/* What a leaf permits: struct walk's rights, with W only where the processor may write without asking. */
struct leaf {
	unsigned rights;
	bool dirty, global;
	uint8_t pkey;
};

/*
 * CR0.WP = 0, and a permitted write by the supervisor to a user-mode page that is read-only, or whose protection key has WD set: the page
 * must be a supervisor-mode page then; under CR4.SMAP or CR4.PKE for this one instruction, because it would be open to more.
 */
static bool for_one_instruction(const struct shadow *s, const struct guest_walk *gw, unsigned access)
{
	const struct paging_mode *m = &s->mode;
	if (!m->levels || m->wp || !(gw->w.rights & RIGHT_U) || !(access & ACC_WRITE) || access & ACC_USER)
		return false;
	return gw->w.rights & RIGHT_W ? m->pke && m->pkru >> (2 * (gw->w.pkey & 15)) & 2 : m->smap || m->pke;
}

static struct leaf leaf_of(const struct shadow *s, const struct guest_walk *gw, unsigned access)
{
	const struct walk *w = &gw->w;
	struct leaf leaf = {.rights = w->rights, .dirty = true};
	if (s->mode.levels == 0)
		return leaf;
	leaf.dirty = gw->ref[w->level].entry & PTE_D;
	leaf.global = w->leaf & PTE_G;
	leaf.pkey = w->pkey;
	if (!s->mode.wp && (!(leaf.rights & RIGHT_W) || for_one_instruction(s, gw, access))) {
		bool supervisor_write = (access & ACC_WRITE) && !(access & ACC_USER);
		if (!(leaf.rights & RIGHT_U)) {
			leaf.rights |= RIGHT_W;
		} else if (supervisor_write) {
			leaf.rights = (leaf.rights | RIGHT_W) & ~(unsigned)RIGHT_U;
			leaf.rights |= s->mode.smep ? RIGHT_NX : 0;
		}
	}
	if (!leaf.dirty)
		leaf.rights &= ~(unsigned)RIGHT_W;
	return leaf;
}

static uint64_t leaf_entry(const struct leaf *leaf, uint64_t address, unsigned level)
{
	return address | SPTE_LEAF | PTE_P | PTE_A | PTE_D | (leaf->rights & RIGHT_W ? PTE_RW : 0) | (leaf->rights & RIGHT_U ? PTE_US : 0) |
	       (leaf->rights & RIGHT_NX ? PTE_XD : 0) | (leaf->global ? PTE_G : 0) | (level > 1 ? PTE_PS : 0) |
	       (uint64_t)leaf->pkey << PTE_PKEY_SHIFT;
}

/* ---- filling ---- */

/* Tables of higher levels are never out of sync. */
static uint32_t table_page(struct shadow *s, hpa_t table, uint32_t role)
{
	uint64_t gfn = table.u >> PAGE_SHIFT;
	if (role_level(role) > 1 && frame_is_ram(s, gfn) && s->frame[gfn].unsync)
		sync_resync(s, gfn);
	return page_get(s, gfn, role);
}

uint32_t fill_root(struct shadow *s)
{
	uint32_t role = role_base(s) | s->mode.levels | (RIGHT_W | RIGHT_U) << ROLE_RIGHTS_SHIFT;
	return table_page(s, frame_hpa(s, s->mode.root), role);
}

/* The shadow page that the slot of a level refers to: of the guest's table, or of a piece of its page. */
static uint32_t child_page(struct shadow *s, const struct guest_walk *gw, const struct leaf *leaf, unsigned level, gla_t gla)
{
	unsigned guest_level = s->mode.levels ? gw->w.level : LEVELS_MAX;
	uint32_t role = role_base(s) | (level - 1);
	if (level <= guest_level) {
		uint64_t base = gw->w.gpa.u & ~(BIT(level_shift(level)) - 1);
		role |=
		    ROLE_DIRECT | leaf->rights << ROLE_RIGHTS_SHIFT | (uint32_t)leaf->pkey << ROLE_PKEY_SHIFT | (leaf->global ? ROLE_G : 0);
		return page_get(s, base >> PAGE_SHIFT, role);
	}
	if (s->mode.levels == 2)
		role |= (level - 1 == 2 ? (uint32_t)(gla.u >> 30 & 3) : (uint32_t)(gla.u >> 21 & 1)) << ROLE_QUADRANT_SHIFT;
	role |= rights_above(s, gw, level - 1) << ROLE_RIGHTS_SHIFT;
	return table_page(s, gw->ref[level - 1].hpa, role);
}

/* The guest's entry that a slot of this level is made from; 1 where there is none in memory. */
static uint64_t saved_entry(const struct shadow *s, const struct guest_walk *gw, unsigned level)
{
	bool has = s->mode.levels && level <= gw->top && level >= gw->w.level;
	return has ? gw->ref[level].entry : 1;
}

static uint32_t link_child(struct shadow *s, uint32_t slot, uint32_t child, uint64_t saved)
{
	bool pdpt = slot / SLOTS == PAGE_ROOT;
	uint64_t value = page_hpa(s, child).u | PTE_P | (pdpt ? 0 : PTE_RW | PTE_US | PTE_A);
	const struct shadow_page *p = &s->page[child];
	if (slot_read(s, slot) != value) {
		if (!(p->role & ROLE_DIRECT) && frame_is_ram(s, p->gfn) && s->frame[p->gfn].unsync)
			sync_page(s, child); /* no stale entry may show up at a new place */
		s->stale_pieces |= (slot_read(s, slot) & PTE_P) != 0;
		page_note_link(s, child);
	}
	slot_write(s, slot, value, saved);
	s->page[child].writes = 0;
	return child;
}

/* true if one entry of this level can map the access */
static bool maps_here(const struct shadow *s, const struct guest_walk *gw, unsigned level)
{
	unsigned guest_level = s->mode.levels ? gw->w.level : 2;
	if (level == 1)
		return true;
	return level <= 3 && level <= guest_level && frame_region_is_plain(s, gw->w.gpa.u, level_shift(level));
}

/* The slot becomes one that refers to the guest's own table, with the rights of all entries that lead there. */
static void link_guest(struct shadow *s, const struct guest_walk *gw, uint32_t slot, unsigned level)
{
	unsigned rights = rights_above(s, gw, level - 1);
	uint64_t value = page_base(gw->ref[level - 1].hpa.u) | SPTE_SWITCH | PTE_P | PTE_A;
	value |= (rights & RIGHT_W ? PTE_RW : 0) | (rights & RIGHT_U ? PTE_US : 0) | (rights & RIGHT_NX ? PTE_XD : 0);
	s->stale_pieces |= (slot_read(s, slot) & PTE_P) != 0;
	s->stale_nested = true;
	slot_write(s, slot, value, gw->ref[level].entry);
}

/* The slot for the leaf, with all above it in place; or, with level 0, the slot where the walk goes on in the guest's tables. */
static uint32_t descend(struct shadow *s, const struct guest_walk *gw, const struct leaf *leaf, gla_t gla, unsigned *level)
{
	uint32_t page = s->root;
	for (*level = shadow_top(s);; --*level) {
		uint32_t slot = page * SLOTS + slot_index(s, *level, gla);
		s->page[page].stamp = s->tick;
		s->page[page].fill = s->fills;
		if (*level < shadow_top(s) && maps_here(s, gw, *level))
			return slot;
		if (s->agile && *level > gw->w.level && agile_is_nested(s, gw->ref[*level - 1].hpa)) {
			link_guest(s, gw, slot, *level);
			*level = 0;
			return slot;
		}
		page = link_child(s, slot, child_page(s, gw, leaf, *level, gla), saved_entry(s, gw, *level));
	}
}

static void reach(struct shadow *s, const struct guest_walk *gw, const struct leaf *leaf, gla_t gla, uint32_t *slot, unsigned *level)
{
	/* A new table may take a region's large mapping away: then the way down is another. */
	do
		*slot = descend(s, gw, leaf, gla, level);
	while (*level > 1 && !maps_here(s, gw, *level));
}

enum fill_result fill(struct shadow *s, gla_t gla, unsigned access, struct guest_walk *gw)
{
	uint32_t slot;
	unsigned level;
	guest_walk(s, gla, access, gw);
	if (gw->w.status != WALK_OK)
		return FILL_TRUE;
	guest_walk_flags(s, gw, access);
	uint64_t changes = s->changes;
	s->fills++;
	if (!s->root)
		return FILL_NOTHING; /* the walk is the processor's own */
	struct leaf leaf = leaf_of(s, gw, access);
	reach(s, gw, &leaf, gla, &slot, &level);
	if (!level) {
		shadow_note(s, SHADOW_HIDDEN_FAULT, gw->w.gpa.u, 0, slot_read(s, slot));
		return changes == s->changes ? FILL_NOTHING : FILL_DONE;
	}

	hpa_t hpa = frame_hpa(s, GPA(gw->w.gpa.u));
	uint64_t gfn = hpa.u >> PAGE_SHIFT;
	bool protected = level == 1 && frame_is_protected(s, gfn);
	uint64_t before = slot_read(s, slot), address = hpa.u & ~(BIT(level_shift(level)) - 1);
	gw->w.hpa = hpa;
	if (access & ACC_WRITE && (protected || for_one_instruction(s, gw, access))) {
		gw->slot = slot;
		gw->entry = leaf_entry(&leaf, address, level);
		gw->saved = saved_entry(s, gw, level);
		gw->once = for_one_instruction(s, gw, access);
		return FILL_PROTECTED;
	}
	if (protected)
		leaf.rights &= ~(unsigned)RIGHT_W;
	if (before & PTE_P && !(before & SPTE_LEAF))
		s->stale_pieces = true;
	slot_write(s, slot, leaf_entry(&leaf, address, level), saved_entry(s, gw, level));
	s->page[slot / SLOTS].writes = 0;
	if (changes == s->changes)
		return FILL_NOTHING;
	if (before & PTE_RW && before & SPTE_LEAF && !(leaf.rights & RIGHT_W && address == (before & BITS(MAXPHYADDR - 1, 12))))
		s->stale_writable = true;
	shadow_note(s, SHADOW_HIDDEN_FAULT, gw->w.gpa.u, before, slot_read(s, slot));
	return FILL_DONE;
}
