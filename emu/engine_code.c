/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code hook, before every instruction: the fetch goes through the modelled TLB, what our own code executes stops the engine, what needs
 * checks gets them, REP strings count as one instruction, and attention is paid.
 */
#include "emu/engine_state.h"

#include "emu/plain.h"

#include <string.h>

void engine_halt(struct engine *e, enum stop why)
{
	e->stop = why;
	e->halted = true;
	uc_emu_stop(e->now->uc);
}

static uint64_t rip_of(const struct engine *e, uint64_t gla)
{
	return e->now->wide ? gla : (uint32_t)(gla - e->cpu->seg[SEG_CS].base);
}

/* A branch whose target cannot be fetched because of where it is (canonical form, CS limit) faults itself: undo it. */
static void undo_branch(struct engine *e)
{
	const struct insn *insn = e->insn;
	uint64_t sp = engine_read_reg(e, RSP);
	uc_engine *uc = e->now->uc;
	const int *ids = e->now->wide ? engine_reg_ids : engine_reg_ids_legacy;

	if (e->done == e->begun_step || !(insn->flags & INSN_BRANCH))
		return; /* nothing was executed before: the address itself is what faults */
	uint64_t rip = rip_of(e, e->insn_gla);
	if ((insn->flags & INSN_STACK) && (insn->flags & INSN_WRITE)) {
		sp += insn->opsize;
		if (insn->opcode == 0xff && e->call_undo_at)
			memcpy(e->mem->host + e->call_undo_at, &e->call_undo, insn->opsize);
	} else if (insn->flags & INSN_STACK) {
		sp -= insn->opsize + insn->imm2;
	}
	uc_reg_write(uc, ids[RSP], &sp);
	uc_reg_write(uc, ids[REG_RIP_INDEX], &rip);
	e->reached = e->insn_gla;
	e->cpu->ev.n[EV_LOADS] -= insn->flags & INSN_READ ? 1u : 0u;
	e->cpu->ev.n[EV_STORES] -= insn->flags & INSN_WRITE ? 1u : 0u;
	e->access.loads = e->access.stores = 0;
	engine_unretire(e);
}

static bool target_faults(struct engine *e, uint64_t gla)
{
	if (e->now->wide)
		return !is_canonical(gla, e->mmu->mode.linear_width);
	return rip_of(e, gla) > e->cpu->seg[SEG_CS].limit;
}

/*
 * The page that instructions come from changes: the fetch is an access of the processor. Further fetches from the page are hits, until
 * instructions come from another or the engine's run ends. Returns false when the engine has been stopped.
 */
bool engine_fetch_page(struct engine *e, uint64_t gla)
{
	engine_settle_fetches(e);
	if (target_faults(e, gla)) {
		undo_branch(e);
		raise_error(e->cpu, VEC_GP, 0);
		engine_halt(e, STOP_EXCEPTION);
		return false;
	}
	unsigned access = engine_fetch_access(e->cpu);
	struct known_page *known = &e->known_page[(gla >> PAGE_SHIFT) % KNOWN_PAGES];
	const struct tlb_entry *entry =
	    e->observed ? mmu_access(e->mmu, GLA(gla), access) : engine_translate(e, &known->entry, gla, access);
	if (!entry) {
		raise_walk(e->cpu, GLA(gla), access);
		e->extra_fetches++;
		e->looked_up++;
		engine_halt(e, STOP_EXCEPTION);
		return false;
	}
	hpa_t hpa = tlb_entry_hpa(entry, GLA(page_base(gla)));
	e->fetch_part = entry->part;
	e->looked_up++;
	if (!mem_is_ram(e->mem, hpa, PAGE_SIZE)) { /* LIMIT: instruction fetches outside RAM read all ones, which is no instruction */
		raise_exception(e->cpu, VEC_UD);
		e->extra_fetches++;
		engine_halt(e, STOP_EXCEPTION);
		return false;
	}
	if (e->insn != &e->previous) {
		e->previous = *e->insn;
		e->insn = &e->previous;
	}
	e->page = codecache_page(&e->code, hpa, e->width);
	if (!e->page) {
		raise_stop(e->cpu, "the host has no memory left for decoded code");
		engine_halt(e, STOP_EXCEPTION);
		return false;
	}
	e->code_base = page_base(gla);
	if (engine_given_is(e, e->code_base, e->page->frame)) {
		known->page = e->page;
		known->in = e->now;
		known->given = engine_given_slot(e, gla);
		known->drops = e->code.drops;
		return true;
	}
	e->owed = e->done; /* the engine's code is from elsewhere: now it is given this page */
	e->flush = true;
	engine_halt(e, STOP_AGAIN);
	return false;
}

/* The line that instructions come from changes, and perhaps the page: the line goes through the instruction cache. */
static bool fetch_line(struct engine *e, uint64_t gla)
{
	uint64_t line = gla & ~(e->fetch_span - 1);

	if (page_base(gla) != e->code_base && !engine_fetch_page(e, gla))
		return false;
	e->fetch_base = line;
	if (e->mmu->env.caches && !engine_line_is_ahead(e, line))
		caches_fetch(e->mmu->env.caches, HPA(e->page->frame << PAGE_SHIFT | page_offset(line)));
	if (unlikely(*e->cpu->cost.clock >= e->charged_limit))
		e->limit = 0;
	return true;
}

void engine_fetches_again(struct engine *e)
{
	e->cpu->ev.n[EV_ITLB_HIT_4K + e->across_part]--;
	e->across_again = e->done;
}

/* That fetch, which is a hit, and not told to an observer: NULL: it is another. */
static const struct tlb_entry *fetch_again(struct engine *e, uint64_t next, unsigned access)
{
	struct mmu *mmu = e->mmu;

	if (e->across_again != e->done || e->across_next != next)
		return NULL;
	int slot = tlb_find(&mmu->itlb, GLA(next), mmu->context_id, mmu->group_id);
	if (slot < 0 || !mmu_entry_permits(mmu, &mmu->itlb.entry[slot], access))
		return NULL;
	mmu_hit_again(mmu, &mmu->itlb.entry[slot], access);
	return &mmu->itlb.entry[slot];
}

bool engine_fetch_across(struct engine *e, uint64_t gla, uint8_t bytes[16])
{
	uint64_t first = PAGE_SIZE - page_offset(gla), next = gla + first;

	if (!e->now->wide)
		next = e->cpu->seg[SEG_CS].base + (uint32_t)(rip_of(e, gla) + first);
	next &= e->now->wide ? ~0ull : 0xffffffffull;
	const unsigned access = engine_fetch_access(e->cpu);
	const struct tlb_entry *entry = NULL;
	if (e->now->wide && !is_canonical(next, e->mmu->mode.linear_width))
		raise_error(e->cpu, VEC_GP, 0);
	else if (!(entry = fetch_again(e, next, access)) && !(entry = mmu_access(e->mmu, GLA(next), access)))
		raise_walk(e->cpu, GLA(next), access);
	e->across_next = next;
	e->across_again = 0;
	if (!entry) {
		e->extra_fetches++;
		engine_halt(e, STOP_EXCEPTION);
		return false;
	}
	e->across_part = entry->part;
	hpa_t hpa = tlb_entry_hpa(entry, GLA(next));
	memcpy(bytes, e->mem->host + (e->page->frame << PAGE_SHIFT) + page_offset(gla), first);
	memset(bytes + first, 0xff, 16 - first);
	mem_read_bytes(e->mem, hpa, bytes + first, 15 - first);
	if (!engine_given_is(e, page_base(next), hpa.u >> PAGE_SHIFT) && mem_is_ram(e->mem, hpa, 1)) {
		engine_fetches_again(e);
		e->owed = e->done;
		e->flush = true;
		engine_halt(e, STOP_AGAIN);
		return false;
	}
	return true;
}

/* Decodes an instruction whose bytes go on in the next page. NULL: stopped. */
static const struct insn *decode_across(struct engine *e, uint64_t gla)
{
	uint8_t bytes[16];

	if (!engine_fetch_across(e, gla, bytes))
		return NULL;
	codecache_decode(&e->code, bytes, 15, e->width, &e->across);
	e->across.flags |= INSN_CROSS;
	return &e->across;
}

/* The registers that a plain instruction's checks look at. */
static void sync_for_checks(struct engine *e, const struct insn *insn, uint64_t gla)
{
	struct cpu *cpu = e->cpu;

	cpu->rip = rip_of(e, gla);
	if (insn->base < GPR_COUNT)
		cpu->gpr[insn->base] = engine_read_reg(e, insn->base);
	if (insn->index < GPR_COUNT)
		cpu->gpr[insn->index] = engine_read_reg(e, insn->index);
	if (insn->flags & (INSN_STACK | INSN_MULTI)) {
		cpu->gpr[RSP] = engine_read_reg(e, RSP);
		cpu->gpr[RBP] = engine_read_reg(e, RBP);
		cpu->gpr[RSI] = engine_read_reg(e, RSI);
		cpu->gpr[RDI] = engine_read_reg(e, RDI);
		cpu->gpr[RCX] = engine_read_reg(e, RCX);
		cpu->gpr[RBX] = engine_read_reg(e, RBX);
		cpu->gpr[RAX] = engine_read_reg(e, RAX);
	}
}

static void begin_rep(struct engine *e)
{
	unsigned bits = 8u * e->insn->addrsize;

	e->rep_step = e->done;
	e->rep_suspended = 0;
	e->rep_left = engine_read_reg(e, RCX) & BITS(bits - 1, 0);
}

/* Between two iterations of a REP string instruction that this run has begun? */
static bool within_rep(const struct engine *e, uint64_t gla)
{
	return (e->insn->flags & INSN_REP) && gla == e->insn_gla && e->rep_step == e->done && e->done != e->begun_step;
}

/* The engine comes to the instruction once more after the last iteration, only to leave it. */
static bool finishes_rep(const struct engine *e, uint64_t gla)
{
	return e->rep_left == 1 && within_rep(e, gla);
}

/* One more iteration of a REP string instruction? */
static bool continues_rep(struct engine *e, uint64_t gla)
{
	if (!within_rep(e, gla))
		return false;
	e->done++;
	e->by_class[e->insn->cls]++;
	e->rep_steps++;
	e->rep_step = e->done;
	e->rep_left--;
	return true;
}

/* After a store to its own block, the engine begins the storing instruction again: it has been counted. */
static bool begins_again(struct engine *e, uint64_t gla)
{
	if (e->smc_step != e->done || gla != e->insn_gla || (e->insn->flags & INSN_BRANCH))
		return false;
	if ((e->insn->flags & INSN_REP) && engine_read_reg(e, RCX) != e->smc_rcx)
		return false;
	e->smc_step = e->done + 1;
	e->special_step = e->done;
	e->flush = true; /* Unicorn 2.1.1 left an unaligned store in the middle: it reports no store any more until it is started anew */
	return true;
}

/* A REP instruction stopped between iterations has not retired: going on with it counts it again. */
static void suspend_rep(struct engine *e, uint64_t gla)
{
	if (!within_rep(e, gla))
		return;
	if (e->insn->flags & INSN_CROSS)
		engine_fetches_again(e);
	e->rep_steps++;
	engine_leave_rep(e, gla);
}

bool engine_in_rep(const struct engine *e)
{
	return e->rep_suspended == e->done;
}

/* A stretch by instruction has come to its end: does another follow? A REP instruction is not left for that. */
static bool stays_by_instruction(struct engine *e, uint64_t gla)
{
	if (!within_rep(e, gla))
		return engine_stretches(e, gla);
	e->stretch = e->done + e->rep_left;
	return true;
}

bool engine_may_go_on(struct engine *e, uint64_t gla)
{
	if (e->done < e->limit)
		return true;
	bool blocks = e->stretch && e->done >= e->stretch && !stays_by_instruction(e, gla);
	if (blocks || engine_must_attend(e)) {
		e->in_blocks |= blocks;
		suspend_rep(e, gla);
		engine_halt(e, STOP_AGAIN);
		return false;
	}
	engine_take_limit(e);
	if (e->done < e->limit && !e->kicked)
		return true;
	suspend_rep(e, gla);
	engine_halt(e, STOP_BUDGET);
	return false;
}

/* Was a REP instruction stopped here between iterations, also by the end of a run of the engine? Then it goes on: it does not begin again.
 */
static bool left_rep(const struct engine *e, uint64_t gla)
{
	return e->done && e->rep_left_step == e->done && e->rep_left_at == gla;
}

static __attribute__((noinline)) void code_slow(struct engine *e, uint64_t gla)
{
	if (e->mode == MODE_TRAP) {
		if (gla != e->insn_gla || e->trapped)
			uc_emu_stop(e->now->uc);
		return;
	}
	if (e->stop != STOP_NONE) {
		uc_emu_stop(e->now->uc);
		return;
	}
	if (begins_again(e, gla) || finishes_rep(e, gla))
		return;
	if (!engine_may_go_on(e, gla))
		return;
	if (within_rep(e, gla) && engine_has_string(e, e->insn, STRING_LEAST)) {
		e->rep_steps++; /* what has been done of it is not retired */
		e->string_gla = gla;
		engine_halt(e, STOP_STRING);
		return;
	}
	if (continues_rep(e, gla))
		return;
	if (gla - e->fetch_base >= e->fetch_span && !fetch_line(e, gla))
		return;
	if (!e->page->at[page_offset(gla)]) { /* decoding may move or drop what is decoded */
		e->previous = *e->insn;
		e->insn = &e->previous;
	}
	const struct insn *insn = codecache_insn(&e->code, e->page, (unsigned)page_offset(gla), e->width);
	if (!insn && !(insn = decode_across(e, gla)))
		return;
	if (insn->flags & INSN_SYSTEM) {
		e->insn = insn;
		e->insn_gla = gla;
		e->extra_fetches++;
		engine_halt(e, STOP_SYSTEM);
		return;
	}
	if (insn->flags & e->slow & ~(uint32_t)(INSN_REP | INSN_CROSS | INSN_FLAGS)) {
		sync_for_checks(e, insn, gla);
		uint16_t x87_status = 0;
		if (insn->flags & INSN_X87)
			uc_reg_read(e->now->uc, UC_X86_REG_FPSW, &x87_status);
		if (!plain_check(e->cpu, insn, x87_status)) {
			e->extra_fetches++;
			engine_halt(e, STOP_EXCEPTION);
			return;
		}
	}
	e->insn = insn;
	e->insn_gla = gla;
	if (insn->flags & INSN_REP && engine_has_string(e, insn, STRING_LEAST)) {
		e->string_gla = left_rep(e, gla) ? gla : UNREACHABLE;
		engine_halt(e, STOP_STRING);
		return;
	}
	if (engine_is_area(insn->flags) && insn->flags & INSN_READ)
		engine_load_fip(e, insn, gla);
	e->done++;
	e->by_class[insn->cls]++;
	if (insn->flags & INSN_REP)
		begin_rep(e);
	if (insn->flags & INSN_FLAGS) {
		e->flags_step = e->done;
		e->flags_kept = engine_read_reg(e, REG_FLAGS_INDEX);
	}
}

static void tell_insn(const struct engine *e, uint64_t gla, unsigned len)
{
	const struct mmu_observer *observer = e->mmu->observer;

	if (observer->insn)
		observer->insn(observer->ctx, GLA(gla), len, engine_clock(e));
}

/* As the code hook would at this instruction, but without the instance that has one: to change it there and back takes longer. */
void engine_take_over(struct engine *e)
{
	uint64_t gla = e->cpu->rip;

	e->stop = STOP_NONE;
	if (e->done < e->limit && (gla - e->fetch_base < e->fetch_span || fetch_line(e, gla))) {
		const struct insn *insn = codecache_insn(&e->code, e->page, (unsigned)page_offset(gla), e->width);
		bool system = insn && insn->flags & INSN_SYSTEM;
		bool area = insn && engine_is_area(insn->flags) && engine_book_area(e, insn, gla);
		if (system || area || (insn && engine_has_string(e, insn, 0))) {
			e->insn = insn;
			e->insn_gla = gla;
			e->extra_fetches += system;
			e->string_gla = left_rep(e, gla) ? gla : UNREACHABLE;
			e->stop = system ? STOP_SYSTEM : area ? STOP_AREA : STOP_STRING;
		}
	}
	if (e->stop == STOP_SYSTEM && e->observed) {
		if (gla != e->again_gla)
			tell_insn(e, gla, e->insn->len);
		e->again_gla = UNREACHABLE;
	}
	if (e->stop != STOP_NONE)
		return;
	e->in_blocks = false; /* the code hook decides */
	e->stretch = e->done + 1;
	e->owed = e->done;
	e->stop = STOP_AGAIN;
}

void engine_on_code(uc_engine *uc, uint64_t gla, uint32_t size, void *user)
{
	struct engine *e = user;
	uint64_t offset = gla - e->fetch_base;

	(void)uc;
	(void)size;
	if (likely(offset < e->fetch_span && e->done < e->limit)) {
		const struct insn *insn = &e->page->insn[e->page->at[page_offset(gla)]];
		if (likely(!(insn->flags & e->slow))) {
			e->insn = insn;
			e->insn_gla = gla;
			e->done++;
			e->by_class[insn->cls]++;
			return;
		}
	}
	code_slow(e, gla);
}

/* Is the next iteration not the first of what engine_string has begun? */
static bool goes_on_with_string(const struct engine *e, uint64_t gla)
{
	return (e->string_end == e->done && e->string_gla == gla) || left_rep(e, gla);
}

/* The same when instructions are observed: each that begins is told, those of the model included. */
void engine_on_code_observed(uc_engine *uc, uint64_t gla, uint32_t size, void *user)
{
	struct engine *e = user;
	bool again = gla == e->again_gla, iteration = within_rep(e, gla) || goes_on_with_string(e, gla);
	uint64_t done = e->done;
	enum stop stop = e->stop;

	engine_on_code(uc, gla, size, user);
	if (e->done != done || e->stop == STOP_SYSTEM)
		e->again_gla = UNREACHABLE;
	if ((e->done != done && !again && e->done > e->told_step) || (e->stop == STOP_SYSTEM && stop == STOP_NONE))
		tell_insn(e, gla, iteration ? 0 : e->insn->len);
}

/* An exception that the engine itself found: #DE, #MF, #XM, #BR. */
void engine_on_interrupt(uc_engine *uc, uint32_t vector, void *user)
{
	struct engine *e = user;

	e->now->excepted = true;
	if (e->block)
		engine_leave_block(e, engine_read_reg(e, REG_RIP_INDEX));
	if (e->mode == MODE_RUN && e->stop == STOP_NONE) {
		/* an only piece, or one that a plan has booked, is counted nowhere else */
		if ((e->insn->flags & INSN_READ) && (e->access.step != e->done || e->done <= e->booked))
			e->cpu->ev.n[EV_LOADS]--;
		engine_unretire(e);
		if (vector == VEC_GP || vector == VEC_SS || vector == VEC_AC)
			raise_error(e->cpu, vector, 0);
		else
			raise_exception(e->cpu, (enum vector)vector);
		e->stop = STOP_EXCEPTION;
	}
	uc_emu_stop(uc);
}
