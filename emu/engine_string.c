/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REP MOVS and REP STOS of 64-bit code, many iterations at a time: a hook at each of them costs ten times as much as what it does. Every
 * iteration is a step, with the same translations, counts and prices in the same order as one that the engine executes; those in the page,
 * or cache line, of the last are only counted. What would not just move memory is left to the engine: a fault, a device, a store to code,
 * an element in two pages; and so is whatever else than more iterations comes next. A store to a paging structure (kernels clear and copy
 * them) changes no translation that the TLBs hold; the softmmu is flushed before the engine runs again (engine_attend). SDM 2B,
 * "REP/REPE/REPZ/REPNE/REPNZ": an instruction that is left between two iterations has not retired, and goes on with what is left in its
 * registers.
 *
 * An observer is told of each iteration. Then only those are made here whose translations the first TLB has: of the others the engine's
 * fills are told.
 */
#include "emu/engine_tell.h"

#include <string.h>

struct string {
	struct engine *e;
	unsigned size;
	uint64_t step;	     /* from one element to the next */
	uint64_t price;	     /* of an iteration */
	unsigned len;	     /* of the instruction, until the first iteration is told */
	struct teller *told; /* NULL: there is no observer */
	struct side {
		struct tlb_entry *hint;		/* that may serve again; NULL: none is known to */
		const struct tlb_entry *served; /* the last element */
	} from, to;
};

bool engine_has_string(struct engine *e, const struct insn *insn, unsigned least)
{
	unsigned operation = insn->opcode & 0xfe;
	bool plain = e->account != ACCOUNT_INSN && e->now->wide && insn->addrsize == 8 && !(insn->flags & (INSN_FSGS | INSN_CHECKED)) &&
		     !(e->observed && e->mmu->observer->each_insn) && !e->mmu->stale && !e->mem->watch.armed;

	if (!(insn->flags & INSN_REP) || (operation != 0xa4 && operation != 0xaa) || !plain || e->done <= e->booked ||
	    e->done == e->string_end)
		return false;
	return !least || (e->done + least <= e->limit && engine_read_reg(e, RCX) >= least);
}

static bool in_one_page(const struct string *s, uint64_t gla)
{
	return page_offset(gla) + s->size <= PAGE_SIZE && is_canonical(gla, s->e->mmu->mode.linear_width);
}

/* One access of the iteration. NULL: it is not one of plain memory; then its translation is kept for when the engine makes it. */
static uint8_t *access_element(struct string *s, struct side *side, uint64_t gla, bool write)
{
	struct engine *e = s->e;
	const struct tlb_entry *entry = engine_translate(e, &side->hint, gla, write ? e->write_access : e->read_access);
	hpa_t hpa = entry ? tlb_entry_hpa(entry, GLA(gla)) : HPA(~0ull);

	side->served = entry;
	if (likely(mem_is_ram(e->mem, hpa, s->size) && (!write || !(engine_before_store(e, hpa, s->size) & ~(unsigned)FRAME_TABLE)))) {
		if (e->mmu->env.caches)
			engine_price_data(e, hpa, s->size);
		return e->mem->host + hpa.u;
	}
	access_keep(&e->access, e->done + 1, page_base(gla), write, entry);
	return NULL;
}

/* ---- further elements in the same page, or cache line: what is asked for them is there, and as it was asked for last */

static uint64_t first_level_hits(const struct engine *e)
{
	const uint64_t *n = e->cpu->ev.n;

	return n[EV_DTLB_HIT_4K] + n[EV_DTLB_HIT_2M] + n[EV_DTLB_HIT_1G];
}

/* How many of at most `most` elements lie behind this one in its page, or line if lines are priced. */
static uint64_t behind(const struct string *s, uint64_t gla, uint64_t most)
{
	uint64_t span = s->e->mmu->env.caches ? BIT(CACHE_LINE_SHIFT) : PAGE_SIZE, offset = gla & (span - 1);
	uint64_t room = offset + s->size < span ? (span - offset) / s->size - 1 : 0;

	return room < most ? room : most;
}

static hpa_t place_of(const struct engine *e, const uint8_t *at)
{
	return HPA((uint64_t)(at - e->mem->host));
}

/* Not backwards, not where each store is looked at, not with an L1 that may not hold two lines, and not beyond the limit. */
static uint64_t more_elements(const struct string *s, const uint8_t *to, uint64_t left)
{
	const struct engine *e = s->e;
	const struct caches *caches = e->mmu->env.caches;
	uint64_t most = e->limit > e->done ? e->limit - e->done : 1; /* the one that has just been made is not counted yet */

	if (s->step != s->size || e->mem->frame_flags[place_of(e, to).u >> PAGE_SHIFT] & ~(unsigned)FRAME_TABLE ||
	    (caches && (!caches->level[0].sets || caches->level[0].ways < 2)))
		return 0;
	return (left < most ? left : most) - 1;
}

static void count_hits(const struct engine *e, const struct side *side, unsigned event, uint64_t n)
{
	uint64_t *count = e->mmu->env.ev->n;

	count[event] += n;
	count[EV_DTLB_HIT_4K + side->served->part] += n;
}

/* Books n more accesses like the side's last. */
static void book(const struct string *s, const struct side *side, unsigned event, uint64_t n)
{
	count_hits(s->e, side, event, n);
	if (s->e->mmu->env.caches)
		s->e->mmu->env.caches->data[ANSWER_L1] += n;
}

/* Before n more elements are stored behind this one: those over entries of a paging structure are noted. */
static void before_more(const struct string *s, const uint8_t *to, uint64_t n)
{
	const struct engine *e = s->e;
	hpa_t at = place_of(e, to);

	if (likely(!e->mem->frame_flags[at.u >> PAGE_SHIFT]))
		return;
	while (n--) {
		at.u += s->size;
		engine_before_store(e, at, s->size);
	}
}

static void fill(uint8_t *to, uint64_t value, unsigned size, uint64_t n)
{
	uint64_t first = (value & 0xff) * 0x0101010101010101;

	if (!((value ^ first) << (64 - 8 * size))) {
		memset(to, (int)value, size * n);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		memcpy(to + i * size, &value, size);
}

/* As one after the other does: where a store lies in what is yet to be loaded, it is what is loaded. */
static void copy(uint8_t *to, const uint8_t *from, unsigned size, uint64_t n)
{
	if (to <= from || to >= from + n * size) {
		memmove(to, from, n * size);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		memmove(to + i * size, from + i * size, size);
}

/*
 * Further lines in the pages of the first n elements, whose translations serve those too: what is priced is each line's first element.
 * from: the first element's, NULL if nothing is loaded; to: likewise. Returns n and what has been made more.
 */
static uint64_t more_lines(const struct string *s, const uint8_t *from, uint8_t *to, uint64_t value, uint64_t n, uint64_t left)
{
	struct engine *e = s->e;
	uint64_t target = place_of(e, to).u, source = from ? place_of(e, from).u : target, first = n;
	uint64_t offset = page_offset(source) > page_offset(target) ? page_offset(source) : page_offset(target);
	uint64_t room = (PAGE_SIZE - offset) / s->size, end = room < left ? room : left;

	if (!e->mmu->env.caches || more_elements(s, to, left) == 0 || e->mem->frame_flags[target >> PAGE_SHIFT])
		return n;
	while (n < end && e->done + n < e->limit) {
		uint64_t at = n * s->size;
		if (from)
			engine_price_data(e, HPA(source + at), s->size);
		engine_price_data(e, HPA(target + at), s->size);
		uint64_t most = e->limit > e->done + n ? e->limit - (e->done + n) : 1, rest = (end - n < most ? end - n : most) - 1;
		uint64_t more = behind(s, target + at, from ? behind(s, source + at, rest) : rest);
		if (from)
			copy(to + at, from + at, s->size, 1 + more);
		else
			fill(to + at, value, s->size, 1 + more);
		e->mmu->env.caches->data[ANSWER_L1] += from ? 2 * more : more;
		n += 1 + more;
	}
	if (from)
		count_hits(e, &s->from, EV_LOADS, n - first);
	count_hits(e, &s->to, EV_STORES, n - first);
	return n;
}

/* ---- one iteration, and those that come with it: returns how many. 0: this iteration, which may have begun, is the engine's */

static uint64_t move(struct string *s, uint64_t *rsi, uint64_t *rdi, uint64_t left)
{
	struct engine *e = s->e;

	if (!in_one_page(s, *rsi) || !in_one_page(s, *rdi))
		return 0;
	uint64_t hits = first_level_hits(e);
	const uint8_t *from = access_element(s, &s->from, *rsi, false);
	uint8_t *to = from ? access_element(s, &s->to, *rdi, true) : NULL;
	if (!to) {
		if (from)
			access_was_made(&e->access, page_base(*rsi), false, 1);
		access_again(&e->access);
		e->special_step = e->done + 1;
		return 0;
	}
	uint64_t more = behind(s, *rsi, behind(s, *rdi, more_elements(s, to, left))), n;
	bool hit = first_level_hits(e) == hits + 2; /* else what was looked up instead came between the two */
	if (!hit)
		more = 0;
	before_more(s, to, more);
	copy(to, from, s->size, 1 + more);
	book(s, &s->from, EV_LOADS, more);
	book(s, &s->to, EV_STORES, more);
	e->cpu->ev.n[EV_LOADS]++;
	e->cpu->ev.n[EV_STORES]++;
	n = hit ? more_lines(s, from, to, 0, 1 + more, left) : 1;
	*rsi += s->step * n;
	*rdi += s->step * n;
	return n;
}

static uint64_t store(struct string *s, uint64_t value, uint64_t *rdi, uint64_t left)
{
	struct engine *e = s->e;

	if (!in_one_page(s, *rdi))
		return 0;
	uint8_t *to = access_element(s, &s->to, *rdi, true);
	if (!to) {
		access_again(&e->access);
		e->special_step = e->done + 1;
		return 0;
	}
	uint64_t more = behind(s, *rdi, more_elements(s, to, left)), n;
	before_more(s, to, more);
	fill(to, value, s->size, 1 + more);
	book(s, &s->to, EV_STORES, more);
	e->cpu->ev.n[EV_STORES]++;
	n = more_lines(s, NULL, to, value, 1 + more, left);
	*rdi += s->step * n;
	return n;
}

/* ---- the same, told; returns 0 with nothing done of it where it is the engine's */

/* Does the first TLB translate this element, to plain memory? */
static bool look_at_element(struct string *s, struct side *side, uint64_t gla, bool write, hpa_t *hpa)
{
	struct engine *e = s->e;
	unsigned access = write ? e->write_access : e->read_access;
	struct tlb_entry *entry = side->hint;

	if (!in_one_page(s, gla))
		return false;
	if (!entry || !engine_serves_again(e, entry, gla, access)) {
		struct tlb *tlb = mmu_first(e->mmu, access);
		int slot = tlb_find(tlb, GLA(gla), e->mmu->context_id, e->mmu->group_id);
		if (slot < 0 || !mmu_entry_permits(e->mmu, &tlb->entry[slot], access))
			return false;
		entry = &tlb->entry[slot];
		side->hint = tlb_stays(tlb, entry) ? entry : NULL;
	}
	side->served = entry;
	*hpa = tlb_entry_hpa(entry, GLA(gla));
	return mem_is_ram(e->mem, *hpa, s->size) && (!write || !(e->mem->frame_flags[hpa->u >> PAGE_SHIFT] & ~FRAME_TABLE));
}

static void use_element(struct string *s, const struct side *side, hpa_t hpa, bool write)
{
	struct engine *e = s->e;

	mmu_hit_again(e->mmu, (struct tlb_entry *)side->served, write ? e->write_access : e->read_access);
	if (write)
		engine_before_store(e, hpa, s->size);
	if (e->mmu->env.caches)
		engine_price_data(e, hpa, s->size);
	e->cpu->ev.n[write ? EV_STORES : EV_LOADS]++;
}

static void tell_iteration(struct string *s)
{
	struct teller *t = s->told;

	if (t->count + 2 > TELL_MAX)
		tell_hits(t);
	t->ahead += s->price;
	tell_next(t, s->e, s->e->insn_gla, s->len);
	s->len = 0;
}

static void tell_store(const struct string *s, uint64_t rdi)
{
	tell_hit(s->told, rdi, s->size, s->e->write_access, s->to.served);
}

static void tell_move(const struct string *s, uint64_t rsi, uint64_t rdi)
{
	tell_hit(s->told, rsi, s->size, s->e->read_access, s->from.served);
	tell_store(s, rdi);
}

static uint64_t move_told(struct string *s, uint64_t *rsi, uint64_t *rdi, uint64_t left)
{
	struct engine *e = s->e;
	hpa_t from, to;

	if (!look_at_element(s, &s->from, *rsi, false, &from) || !look_at_element(s, &s->to, *rdi, true, &to))
		return 0;
	uint8_t *at = e->mem->host + to.u;
	tell_iteration(s);
	use_element(s, &s->from, from, false);
	use_element(s, &s->to, to, true);
	tell_move(s, *rsi, *rdi);
	uint64_t more = behind(s, *rsi, behind(s, *rdi, more_elements(s, at, left)));
	for (uint64_t i = 1; i <= more; i++) {
		tell_iteration(s);
		tell_move(s, *rsi + i * s->size, *rdi + i * s->size);
	}
	before_more(s, at, more);
	copy(at, e->mem->host + from.u, s->size, 1 + more);
	book(s, &s->from, EV_LOADS, more);
	book(s, &s->to, EV_STORES, more);
	*rsi += s->step * (1 + more);
	*rdi += s->step * (1 + more);
	return 1 + more;
}

static uint64_t store_told(struct string *s, uint64_t value, uint64_t *rdi, uint64_t left)
{
	struct engine *e = s->e;
	hpa_t to;

	if (!look_at_element(s, &s->to, *rdi, true, &to))
		return 0;
	uint8_t *at = e->mem->host + to.u;
	tell_iteration(s);
	use_element(s, &s->to, to, true);
	tell_store(s, *rdi);
	uint64_t more = behind(s, *rdi, more_elements(s, at, left));
	for (uint64_t i = 1; i <= more; i++) {
		tell_iteration(s);
		tell_store(s, *rdi + i * s->size);
	}
	before_more(s, at, more);
	fill(at, value, s->size, 1 + more);
	book(s, &s->to, EV_STORES, more);
	*rdi += s->step * (1 + more);
	return 1 + more;
}

/* ---- the instruction */

static ALWAYS_INLINE uint64_t iterate(struct string *s, bool moves, uint64_t *gpr)
{
	if (unlikely(s->told))
		return moves ? move_told(s, &gpr[RSI], &gpr[RDI], gpr[RCX]) : store_told(s, gpr[RAX], &gpr[RDI], gpr[RCX]);
	return moves ? move(s, &gpr[RSI], &gpr[RDI], gpr[RCX]) : store(s, gpr[RAX], &gpr[RDI], gpr[RCX]);
}

/* The next iteration is the engine's. */
static void leave(struct string *s, bool goes_on)
{
	struct engine *e = s->e;

	e->string_end = e->owed = e->done;
	e->string_gla = goes_on ? e->insn_gla : UNREACHABLE;
	if (!s->told)
		return;
	e->in_blocks = false;
	if (e->stretch <= e->done)
		e->stretch = e->done + 1;
}

static ALWAYS_INLINE void run(struct engine *e, struct teller *told)
{
	struct cpu *cpu = e->cpu;
	const struct insn *insn = e->insn;
	struct string s = {
	    .e = e, .size = insn->opsize, .step = cpu->rflags & FLAG_DF ? -(uint64_t)insn->opsize : insn->opsize, .told = told};
	uint64_t begin = e->done, *gpr = cpu->gpr;
	bool moves = (insn->opcode & 0xfe) == 0xa4, goes_on = e->string_gla == e->insn_gla;

	if (told) {
		s.price = cpu->cost.price.of[COST_INSN_ALU + insn->cls];
		s.len = goes_on ? 0 : insn->len;
	}
	e->done += !gpr[RCX]; /* the instruction, without an iteration */
	while (gpr[RCX]) {
		uint64_t n = iterate(&s, moves, gpr);
		if (!n) {
			leave(&s, goes_on || e->done != begin);
			break;
		}
		e->done += n;
		gpr[RCX] -= n;
		if (e->done >= e->limit)
			break;
	}
	e->by_class[insn->cls] += e->done - begin;
	e->rep_steps += e->done - begin;
	if (gpr[RCX] && e->done != begin)
		engine_leave_rep(e, e->insn_gla);
	if (!gpr[RCX]) {
		cpu->rip += insn->len;
		e->rep_steps--;
	} else if (insn->flags & INSN_CROSS) {
		engine_fetches_again(e);
	}
	if (e->stretch && e->done >= e->stretch)
		e->in_blocks = true;
}

static __attribute__((noinline)) void run_told(struct engine *e)
{
	struct teller told;

	tell_begin(&told, e, e->insn_gla);
	run(e, &told);
	tell_so_far(&told, e);
	e->ahead = 0;
}

void engine_string(struct engine *e)
{
	if (unlikely(e->observed))
		run_told(e);
	else
		run(e, NULL);
}
