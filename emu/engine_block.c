/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounting by block: the block hook, before each block of plain 64-bit code. Everything that a block is going to be is booked at its
 * start; the memory hook finds the instruction of each access by going along the block's pieces. A block runs whole only if nothing can
 * want to stop in it: no instruction that our own code executes or checks (these cut it: codeblock.h), no limit or deadline. Lines that the
 * instruction cache lacks are fetched in their turn (engine_lines.h).
 * Any other goes by instruction, on the instance with a code hook, which is the reference: all counts, cycles and faults are the same.
 *
 * Blocks with a plan are not even watched: engine_plan.c books their accesses at their start. In fast-forward there is no booking but of
 * instructions.
 *
 * What cannot be told beforehand arrives as a fill, which stops exactly before its instruction: a missing translation that faults or leads
 * to a device, a store to a frame that holds paging structures or code. The block is then left, its remaining instructions are taken back,
 * and that one begins again by instruction.
 */
#include "emu/engine_lines.h"

static struct hint *hint_of(struct engine *e, uint64_t gla)
{
	return &e->hint[(gla ^ gla >> 10 ^ gla >> 20) & (HINTS - 1)];
}

/* As a whole, watched: not when an observer is told, which the memory hook of blocks does not do. */
static inline bool fits(const struct engine *e, const struct code_block *b)
{
	return !e->observed && !(b->flags & e->slow) && e->done + b->insns <= e->limit &&
	       *e->cpu->cost.clock + b->pieces * e->dearest_piece < e->charged_limit;
}

/* As a whole by its plan. */
static inline bool fits_planned(const struct engine *e, const struct code_block *b)
{
	return b->plan_ops >= 0 && !(b->flags & e->slow_planned) && e->done + b->insns <= e->limit &&
	       *e->cpu->cost.clock + b->pieces * e->dearest_piece < e->charged_limit;
}

/* In fast-forward, where no access is charged. */
static inline bool fits_fast(const struct engine *e, const struct code_block *b)
{
	return !(b->flags & e->slow & ~(uint32_t)INSN_FLAGS) && e->done + b->insns <= e->limit;
}

/* The block ran up to the instruction at this offset of its page. */
static void take_lines(struct engine *e, unsigned last)
{
	unsigned line = line_of(e->block_gla);

	if (!e->lines_taken)
		take_lines_to(e, page_base(e->block_gla), &line, last);
	e->lines_taken = true;
}

/* ---- the beginning of a block ---- */

void engine_book_again(struct engine *e)
{
	for (unsigned i = 0; i < LANES && e->again; i++)
		e->by_block.lane[i] += e->again * e->block->by_class.lane[i];
	e->again = 0;
}

/* Its first instruction may spoil the flags. */
static __attribute__((noinline)) void keep_flags(struct engine *e, uint64_t done)
{
	e->flags_step = done + 1;
	e->flags_kept = engine_read_reg(e, REG_FLAGS_INDEX);
}

/* done is e->done, which need not be read again: at each block it would have to come out of the last one's store. */
static ALWAYS_INLINE void begin_unwatched(struct engine *e, const struct code_block *b, uint64_t gla, uint64_t done)
{
	if (e->again)
		engine_book_again(e);
	for (unsigned i = 0; i < LANES; i++)
		e->by_block.lane[i] += b->by_class.lane[i];
	if (unlikely(b->flags & INSN_FLAGS))
		keep_flags(e, done);
	e->block_done = done + b->insns;
	e->block = b;
	e->block_gla = gla;
	e->lines_taken = false;
	e->again_size = 0;
}

/* Where blocks make no accesses that are looked at, a loop of one needs little. */
static ALWAYS_INLINE void expect_again(struct engine *e, const struct code_block *b)
{
	e->again_size = b->size;
	e->again_insns = b->insns;
}

static ALWAYS_INLINE bool is_again(const struct engine *e, uint64_t gla, uint32_t size, uint64_t done)
{
	return gla == e->block_gla && size == e->again_size && gla - e->code_base < PAGE_SIZE && done + e->again_insns <= e->limit;
}

static ALWAYS_INLINE void begin_watched(struct engine *e, const struct code_block *b, uint64_t gla)
{
	begin_unwatched(e, b, gla, e->done);
	e->piece = e->page->piece + b->first;
	e->pieces = e->piece + b->pieces;
	e->block_special = e->special_step > e->done;
}

/*
 * How many steps to stay in another instance, at least so many. The way there and back takes as long as some hundred instructions: where it
 * is gone often, longer and longer stays pay.
 */
static uint32_t stay_for(const struct engine *e, struct stay *stay, uint32_t least)
{
	uint64_t now = e->done;

	stay->steps = now - stay->end < STAY_MAX ? 2 * stay->steps + STAY_LEAST : 0;
	if (stay->steps > e->stay_max)
		stay->steps = e->stay_max;
	if (stay->steps > least)
		least = stay->steps;
	stay->end = now + least;
	return least;
}

/* This block goes by instruction, and others at its address too for now. */
static void go_by_instruction(struct engine *e, const struct code_block *b, uint64_t gla)
{
	uint32_t steps = b && b->insns ? b->insns : 1;

	if (!b || (b->flags & e->slow))
		*hint_of(e, gla) = (struct hint){.gla = gla, .steps = steps};
	steps = stay_for(e, &e->by_insn, steps);
	e->in_blocks = false;
	e->stretch = e->done + steps;
	e->owed = e->done;
	engine_halt(e, STOP_AGAIN);
}

/* From here on blocks are watched, or run by plan: in another instance. */
static void change_instance(struct engine *e, const struct code_block *b, bool watched)
{
	e->watched_until = watched ? e->done + stay_for(e, &e->watched, b->insns) : 0;
	e->owed = e->done;
	engine_halt(e, STOP_AGAIN);
}

/*
 * A plan waits where pages are first touched: where that is often, its block had better end before the access that it waits for, which is
 * then the first of another.
 */
static bool waits_often(struct engine *e, uint64_t gla)
{
	struct wait *wait = &e->wait[(gla ^ gla >> 6) % WAITS];
	bool near = wait->gla == gla && e->done - wait->step < WAITS_NEAR;

	*wait = (struct wait){.gla = gla, .step = e->done, .times = near ? wait->times + 1 : 1};
	return wait->times >= WAITS_OFTEN;
}

/* The block runs up to the instruction that faults, where a fill is refused; if that is its first, it does not run. */
static void begin_faulting(struct engine *e, const struct code_block *b, uint64_t gla, uint64_t done)
{
	if (e->foreseen.step > done + 1) {
		begin_unwatched(e, b, gla, done);
		return;
	}
	engine_end_block(e);
	engine_raise_foreseen(e, false);
	engine_halt(e, STOP_EXCEPTION);
}

/* Its accesses come first. What these have changed may have to be attended to before the block can run: then all of them are booked. */
static ALWAYS_INLINE void begin_planned(struct engine *e, const struct code_block *b, uint64_t gla, uint64_t done, bool fetching)
{
	enum plan_end end = PLAN_RAN;

	if (fetching)
		end = engine_run_plan_fetching(e, b, gla);
	else if (b->plan_ops)
		end = likely(!e->observed) ? engine_run_plan(e, b, gla) : engine_run_plan_observed(e, b, gla);

	if (likely(end == PLAN_RAN || (end == PLAN_RAN_SLOWLY && !engine_must_attend(e)))) {
		begin_unwatched(e, b, gla, done);
		e->lines_taken = fetching;
		return;
	}
	e->reached = gla;
	if (end == PLAN_FAULTS) {
		begin_faulting(e, b, gla, done);
		e->lines_taken = fetching;
		return;
	}
	if (end == PLAN_RAN_SLOWLY)
		e->booked = e->done + b->insns;
	engine_end_block(e);
	go_by_instruction(e, b, gla);
	if (end == PLAN_WAITS && e->waits && waits_often(e, gla))
		codeblock_cut(&e->code, e->page, (unsigned)page_offset(gla), e->width, e->waits);
}

static bool fits_now(const struct engine *e, const struct code_block *b)
{
	if (e->planning)
		return fits_planned(e, b);
	return engine_is_fast(e) ? fits_fast(e, b) : fits(e, b);
}

/* Before room is denied, the limit is looked at again. */
static bool has_room(struct engine *e, const struct code_block *b)
{
	if (fits_now(e, b))
		return true;
	if (b->flags & e->slow_planned)
		return false;
	engine_take_limit(e);
	return fits_now(e, b) && !e->kicked;
}

/* Should the other instance run this block, and those that follow? */
static bool belongs_elsewhere(struct engine *e, const struct code_block *b)
{
	if (e->planning)
		return b->plan_ops < 0 && fits(e, b);
	if (e->done < e->watched_until)
		return false;
	if (b->plan_ops >= 0)
		return true;
	e->watched_until = e->done + stay_for(e, &e->watched, b->insns);
	return false;
}

static bool begins_ours(const struct engine *e, uint64_t gla)
{
	uint32_t flags = e->page->insn[e->page->at[page_offset(gla)]].flags;

	return (flags & (INSN_SYSTEM | INSN_REP) || engine_is_area(flags)) && e->done < e->limit;
}

/* The engine would not stop, or be told, where the block is cut. */
static ALWAYS_INLINE bool lacks_cut(struct engine *e, const struct code_block *b)
{
	return unlikely(b->cut) && !engine_has_cut(e, b->cut);
}

/* The instance translates the block anew. */
static void cut_block(struct engine *e, const struct code_block *b, uint64_t gla)
{
	if (engine_want_cut(e, b->cut)) {
		e->owed = e->done;
		engine_halt(e, STOP_AGAIN);
	} else {
		go_by_instruction(e, b, gla);
	}
}

static bool is_across(const struct engine *e, const struct code_block *b, uint64_t gla)
{
	bool ready = e->fetch_span == PAGE_SIZE || has_line(e, e->code_base, line_of(gla));

	return engine_is_fast(e) && !e->observed && !b->insns && PAGE_SIZE - page_offset(gla) < ACROSS_OFFSETS && ready;
}

/* A block that begins with an instruction which goes on in the next page: that is fetched too. */
static void begin_across(struct engine *e, uint64_t gla, uint32_t size)
{
	uint8_t bytes[16];

	if (!engine_fetch_across(e, gla, bytes))
		return;
	const struct code_block *b = engine_across(e, gla, size, bytes);
	if (!b || !has_room(e, b)) {
		go_by_instruction(e, b, gla);
	} else if (lacks_cut(e, b)) {
		cut_block(e, b, gla);
	} else {
		engine_enter_across(e, gla);
		if (e->planning)
			begin_planned(e, b, gla, e->done, false);
		else
			begin_unwatched(e, b, gla, e->done);
		if (!e->block)
			engine_leave_across(e);
	}
	if (e->stop == STOP_AGAIN)
		engine_fetches_again(e);
}

/* engine_fetch_page where nothing has changed since the last time. false: something has, or it is not known. */
static ALWAYS_INLINE bool turn_to_known(struct engine *e, uint64_t gla)
{
	const struct known_page *known = &e->known_page[(gla >> PAGE_SHIFT) % KNOWN_PAGES];
	const struct given *given = known->given;
	unsigned access = engine_fetch_access(e->cpu);

	if (known->in != e->now || known->drops != e->code.drops || e->observed || !engine_serves_again(e, known->entry, gla, access))
		return false;
	uint64_t frame = known->page->frame;
	if (tlb_entry_hpa(known->entry, GLA(gla)).u >> PAGE_SHIFT != frame || given->gla != page_base(gla) || given->frame != frame ||
	    given->generation != e->now->generation)
		return false;
	engine_settle_fetches(e);
	mmu_hit_again(e->mmu, known->entry, access);
	e->fetch_part = known->entry->part;
	e->looked_up++;
	e->page = known->page;
	e->code_base = page_base(gla);
	return true;
}

/* The last block is over; instructions may come from another page now. false: stopped. */
static __attribute__((noinline)) bool turn_page(struct engine *e, uint64_t gla)
{
	if (unlikely(e->mode == MODE_PRIVATE)) {
		engine_private_block(e, gla);
		return false;
	}
	CHECK(e->piece == e->pieces);
	e->reached = gla;
	engine_end_block(e);
	if (e->stop != STOP_NONE) {
		uc_emu_stop(e->now->uc);
		return false;
	}
	return engine_may_go_on(e, gla) && (gla - e->code_base < PAGE_SIZE || turn_to_known(e, gla) || engine_fetch_page(e, gla));
}

/*
 * The instruction cache lacks some line: if that is only the first, it is fetched before anything else; others in the turn of a plan, which
 * is right if nothing but its accesses can end the block early.
 */
static void begin_fetching(struct engine *e, const struct code_block *b, uint64_t gla)
{
	unsigned line = line_of(gla);
	bool room = *e->cpu->cost.clock + b->pieces * e->dearest_piece + dearest_lines(e, b, gla) < e->charged_limit;

	if (room && has_lines_from(e, b, gla, line + LINE)) {
		take_lines_to(e, page_base(gla), &line, line);
		if (e->planning)
			begin_planned(e, b, gla, e->done, false);
		else
			begin_watched(e, b, gla);
	} else if (room && e->planning && !class_count(&b->by_class, CLASS_DIV)) {
		begin_planned(e, b, gla, e->done, true);
	} else {
		go_by_instruction(e, b, gla);
	}
}

static __attribute__((noinline)) void block_slow(struct engine *e, uint64_t gla, uint32_t size)
{
	if (!turn_page(e, gla))
		return;
	const struct code_block *b = codeblock_get(&e->code, e->page, (unsigned)page_offset(gla), size, e->width);
	if (b && belongs_elsewhere(e, b))
		change_instance(e, b, e->planning);
	else if (b && is_across(e, b, gla))
		begin_across(e, gla, size);
	else if (b && begins_ours(e, gla))
		engine_halt(e, STOP_OURS);
	else if (!b || !has_room(e, b))
		go_by_instruction(e, b, gla);
	else if (lacks_cut(e, b))
		cut_block(e, b, gla);
	else if (e->fetch_span != PAGE_SIZE && !has_lines(e, b, gla))
		begin_fetching(e, b, gla);
	else if (e->planning)
		begin_planned(e, b, gla, e->done, false);
	else if (engine_is_fast(e))
		begin_unwatched(e, b, gla, e->done);
	else
		begin_watched(e, b, gla);
}

/* The block is known, and all lines are in the cache in which its instructions begin, if there is one for instructions. */
static ALWAYS_INLINE const struct code_block *known_block(struct engine *e, uint64_t gla, uint32_t size)
{
	uint64_t offset = gla - e->code_base;

	if (unlikely(offset >= PAGE_SIZE))
		return NULL;
	if (e->fetch_span != PAGE_SIZE && e->block && !in_line(e, e->block, e->block_gla))
		take_lines(e, e->block->last);
	const struct code_block *b = &e->page->block[e->page->block_at[offset]];
	if (unlikely(b->size != size) || lacks_cut(e, b) || (e->fetch_span != PAGE_SIZE && !in_line(e, b, gla) && !has_lines(e, b, gla)))
		return NULL;
	return b;
}

/* Once more, a block would neither look at accesses nor leave the line that instructions come from now. */
static bool may_come_again(const struct engine *e, const struct code_block *b, uint64_t gla)
{
	if ((e->planning && b->plan_ops) || b->flags & INSN_FLAGS)
		return false;
	return e->fetch_span == PAGE_SIZE || in_line(e, b, gla);
}

static __attribute__((noinline)) void another_block(struct engine *e, uint64_t gla, uint32_t size)
{
	uint64_t done = e->done;

	if (gla - e->code_base >= PAGE_SIZE && !turn_page(e, gla))
		return;
	const struct code_block *b = known_block(e, gla, size);

	if (likely(b && e->planning && fits_planned(e, b)))
		begin_planned(e, b, gla, done, false);
	else if (likely(b && !e->planning && fits_fast(e, b)))
		begin_unwatched(e, b, gla, done);
	else
		b = NULL;
	if (unlikely(!b))
		block_slow(e, gla, size);
	else if (e->block == b && may_come_again(e, b, gla)) /* else b may be gone */
		expect_again(e, b);
}

void engine_on_unwatched_block(uc_engine *uc, uint64_t gla, uint32_t size, void *user)
{
	struct engine *e = user;
	uint64_t done = e->block_done;

	(void)uc;
	e->done = done;
	if (likely(is_again(e, gla, size, done))) {
		e->block_done = done + e->again_insns;
		e->again++;
	} else {
		another_block(e, gla, size);
	}
}

static ALWAYS_INLINE void another_watched_block(struct engine *e, uint64_t gla, uint32_t size)
{
	if (likely(e->piece == e->pieces && e->done < e->watched_until)) {
		const struct code_block *b = known_block(e, gla, size);
		if (likely(b && fits(e, b))) {
			begin_watched(e, b, gla);
			return;
		}
	}
	block_slow(e, gla, size);
}

void engine_on_block(uc_engine *uc, uint64_t gla, uint32_t size, void *user)
{
	struct engine *e = user;

	(void)uc;
	e->done = e->block_done;
	another_watched_block(e, gla, size);
}

void engine_on_cut(uc_engine *uc, uint64_t gla, uint32_t size, void *user)
{
	struct engine *e = user;
	const struct code_block *b = e->block;

	(void)uc;
	(void)size;
	if (!b || !b->cut || gla != page_base(e->block_gla) + b->cut)
		return; /* code that does not need it */
	uint32_t rest = (uint32_t)(e->block_gla + b->size - gla);
	e->done = e->block_done;
	if (engine_is_fast(e))
		another_block(e, gla, rest);
	else
		another_watched_block(e, gla, rest);
}

/* ---- its end ---- */

static const struct insn *insn_at(const struct engine *e, uint64_t offset)
{
	return &e->page->insn[e->page->at[offset]];
}

static void forget_block(struct engine *e)
{
	engine_book_again(e);
	e->again_size = 0;
	e->block = NULL;
	e->piece = e->pieces = &e->no_piece;
	e->split_left = 0;
	e->late_until = NULL;
	if (unlikely(e->kept_page))
		engine_leave_across(e);
}

void engine_end_block(struct engine *e)
{
	if (!e->block)
		return;
	uint64_t base = page_base(e->block_gla);
	if (e->fetch_span != PAGE_SIZE)
		take_lines(e, e->block->last);
	e->previous = *insn_at(e, e->block->last);
	e->insn = &e->previous;
	e->insn_gla = base + e->block->last;
	forget_block(e);
}

void engine_leave_block(struct engine *e, uint64_t gla)
{
	uint64_t begin = e->block_done - e->block->insns, left = page_offset(gla);
	unsigned ordinal = 0;

	CHECK(gla - e->block_gla < e->block->size);
	for (uint64_t i = 0, at = page_offset(e->block_gla); i < e->block->insns; i++) {
		const struct insn *insn = insn_at(e, at);
		if (at < left)
			ordinal++;
		else if (at > left)
			e->by_class[insn->cls]--;
		else
			e->insn = insn;
		at += insn->len;
	}
	if (e->fetch_span != PAGE_SIZE)
		take_lines(e, (unsigned)left);
	e->insn_gla = gla;
	e->left_across = e->kept_page;
	e->done = e->block_done = begin + ordinal + 1;
	forget_block(e);
}

const struct code_piece *engine_piece_under_way(struct engine *e)
{
	bool last = e->split_left || e->late; /* it is still about the last one */
	const struct code_piece *piece = last ? e->piece - 1 : e->piece;

	if (!last && piece == e->pieces)
		return NULL;
	e->done = e->block_done - e->block->insns + piece->ordinal + 1;
	e->insn = &e->page->insn[piece->insn];
	return piece;
}

bool engine_stretches(struct engine *e, uint64_t gla)
{
	uint64_t offset = gla - e->code_base;
	const struct code_block *b = offset < PAGE_SIZE ? &e->page->block[e->page->block_at[offset]] : &e->page->block[0];
	const struct hint *hint = hint_of(e, gla);

	e->stretch = 0;
	engine_take_limit(e);
	if (b->size ? !fits(e, b) && !(e->plans && fits_planned(e, b)) : hint->gla == gla)
		e->stretch = e->done + (b->size ? b->insns : hint->steps);
	return e->stretch;
}
