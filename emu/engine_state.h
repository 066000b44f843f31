/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the engine share: struct engine, and what each does for the others. They, emu/engine*.c, are the only ones that include
 * Unicorn.
 */
#ifndef EMU_ENGINE_STATE_H
#define EMU_ENGINE_STATE_H

#include "emu/access.h"
#include "emu/alias.h"
#include "emu/codecache.h"
#include "emu/engine.h"

#include <unicorn/unicorn.h>

enum {
	/* bytes of translated code an instance: all of them become resident, a whole flush stays in milliseconds */
	CODE_BUFFER_64 = 8 << 20,
	CODE_BUFFER_BLOCK = 16 << 20,
	CODE_BUFFER_LEGACY = 2 << 20,
	GIVEN_SLOTS = 4096,  /* which frame was given for which fetched page; even and odd pages never share a slot */
	DEVICE_SLOTS = 256,  /* device pages that the softmmu may hold between two flushes */
	DROPS = 32,	     /* frames whose translated code an instance still has to drop */
	KNOWN_PAGES = 64,    /* that instructions came from, by number of the page */
	ACROSS_PAGES = 8,    /* pages of decoded instructions that go on in the next page: by the first one's number */
	ACROSS_OFFSETS = 16, /* they begin at most 15 bytes before its end */
	CUT_SLOTS = 2048,    /* where an instance's blocks are cut: powers of two, never full */
	CUT_HOOK_SLOTS = 1024,
	CUT_SEEN_SLOTS = 1024, /* places that are no hooks yet .. */
	CUT_OFTEN = 8,	       /* .. and have to be met so often to become one */
	PRIVATE_POISON = 0,    /* private pages: what a fetch gets that must not happen */
	PRIVATE_CODE,	       /* INVLPG */
	PRIVATE_GDT,
	PRIVATE_SINK, /* where stores go that are made only to learn the address of another */
	PRIVATE_PAGES,
	INSTANCE_LEGACY = 0,
	INSTANCE_64,
	INSTANCE_BLOCK,	 /* 64-bit code that is accounted for by block: no code hook */
	INSTANCE_FAST,	 /* 64-bit code in fast-forward, and blocks with a plan: no memory hook either */
	INSTANCE_FAST_2, /* the same for another address space */
	INSTANCES,
	SPACES = 2, /* that are remembered when they are left */
	RETURNS_MAX = 128,
	INSTANCE_RETURNS_MAX = 4,
	STRING_LEAST = 12, /* iterations that are worth leaving the instance that goes by instruction */
	STAY_LEAST = 8,	   /* steps by instruction, or watched, before blocks are run by plan again */
	STAY_MAX = 512,
	HELD_MAX = 1024, /* pages of a softmmu whose paths through the tables are known */
	NEARS = 8,
	SLOTS_FIRST = 256, /* pages that a softmmu holds at first */
	SLOTS_LARGE = 1024,
	SLOTS_MAX = 32768,
	PATIENCE_MAX = 7,
	HINTS = 1024,		     /* blocks that must be run by instruction, remembered by address */
	WAITS = 64,		     /* blocks whose plans waited, likewise */
	WAITS_NEAR = 1536,	     /* steps from one time to the next, .. */
	WAITS_OFTEN = 4,	     /* .. so many times running: that is often */
	ENGINE_REGS = GPR_COUNT + 2, /* general registers, RIP, RFLAGS */
	REG_RIP_INDEX = GPR_COUNT,
	REG_FLAGS_INDEX,
};
#define UNREACHABLE 0x8000000000000000ull      /* not canonical: no code is ever there */
#define PRIVATE_CODE_GLA 0x8000000000010000ull /* not canonical either */
#define PRIVATE_GLA 0x1000ull		       /* where an instance sees private pages: only while nothing of the guest runs */
#define PRIVILEGE_FLAG FLAG_AC		       /* set in a 64-bit instance at CPL 3: see engine_flush.c */
#define ENGINE_FLAGS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF | FLAG_DF)

/* why the engine was stopped, beyond what callers are told */
enum stop {
	STOP_NONE,
	STOP_AGAIN,
	STOP_SYSTEM,
	STOP_EXCEPTION,
	STOP_BUDGET,
	STOP_STRING, /* before a REP instruction for engine_string */
	STOP_AREA,   /* before an FXSAVE or FXRSTOR for engine_area */
	STOP_OURS,   /* before a block that begins with an instruction which our own code may execute */
};

/* what the hooks are to do */
enum mode {
	MODE_RUN,
	MODE_PRIVATE /* segments are loaded, or private code runs */,
	MODE_TRAP /* one instruction again, to learn the address of its store */
};

/* which frame was given for a fetched page */
struct given {
	uint64_t gla;
	uint64_t frame;
	uint32_t generation;
};

/*
 * Where an instance calls a hook in the middle of a block (engine_cut.c). A hook is at a linear address; the code that was translated
 * before it is there has to be dropped, so it is known for which frames that was done.
 */
struct cuts {
	struct cut {
		uint64_t gla, frame; /* gla 0: a free slot */
	} at[CUT_SLOTS];
	uint64_t hook[CUT_HOOK_SLOTS]; /* 0: a free slot */
	struct seen {
		uint64_t gla; /* 0: a free slot */
		unsigned times;
	} seen[CUT_SEEN_SLOTS];
	unsigned count, hooks, seen_count;
	uint64_t forgotten;	       /* the step at which count began at 0 again */
	uint64_t wanted, wanted_frame; /* the one to be made before the instance goes on; 0: none */
	unsigned wanted_byte;	       /* of the frame, which the block to be translated anew contains */
};

/* A page that a softmmu holds: where the entries lie that translate it. */
struct held {
	uint64_t gla;
	hpa_t at[LEVELS_MAX];
	unsigned levels;
};

/* A path to the table of 4-KiB entries of some 2 MiB, as long as the softmmu may hold pages of it. */
struct near {
	uint64_t region; /* linear address >> 21 */
	struct mmu_path path;
};

struct instance {
	uc_engine *uc;
	bool wide;
	uint64_t known[ENGINE_REGS];   /* what the instance's registers hold */
	struct segment seg[SEG_COUNT]; /* what its segments were made from */
	bool seg_known;
	uc_context *fresh;    /* its state when it was opened */
	bool excepted;	      /* it has raised an exception since then, which it believes to be still in delivery */
	uint64_t drop[DROPS]; /* frames */
	unsigned drops;	      /* DROPS + 1: all */
	uint64_t flushes;     /* the engine's when its softmmu was flushed last */
	uint32_t generation;  /* +1 whenever it is flushed */
	uint64_t fills;	      /* since then */
	uint64_t full;	      /* so many find it full */
	uint64_t slots;	      /* how many pages its softmmu holds, by our reckoning */
	unsigned patience;
	uint64_t space;	     /* INSTANCE_FAST: the CR3 with which its softmmu is filled */
	unsigned returns;    /* likewise: how often the guest came back to that, less how often it went to spaces that no instance has */
	const uint64_t *reg; /* likewise: its general registers; NULL: they cannot be found */
	struct held *held;   /* likewise: what its softmmu holds since it was flushed; NULL: not known */
	unsigned helds;	     /* so many of HELD_MAX; more: not known */
	struct near near[NEARS]; /* by region; path.levels 0: none */
	struct cuts cuts;
	struct given given[GIVEN_SLOTS];
};

/* A block that has to run by instruction: where, and how many steps that takes. */
struct hint {
	uint64_t gla;
	uint32_t steps;
};

/* A block whose plan had to wait for an access: where, when last, and how many times that was often. */
struct wait {
	uint64_t gla, step;
	unsigned times;
};

/*
 * A page that instructions came from: the entry that served its fetch (see engine_translate), its decoded code, the instance that had been
 * given it and where that is kept, and codecache.drops at that time.
 */
struct known_page {
	struct tlb_entry *entry;
	struct code_page *page;
	const struct instance *in;
	const struct given *given;
	unsigned drops;
};

/* Instructions that go on in the next page, as decoded last: their bytes, by how many of these are in the first page. */
struct across {
	struct code_page *page; /* NULL: none yet */
	uint8_t bytes[ACROSS_OFFSETS][16];
};

/* An address space that the guest was in: how many flushes there had been, and steps, when it was left. */
struct left {
	uint64_t space, flushes, at;
};

/* The last stay in an instance that is slower: it was to be of so many steps, to its end. */
struct stay {
	uint32_t steps;
	uint64_t end;
};

struct device_slot {
	uint64_t gla, hpa;
};

struct engine {
	/* hot: the code and memory hooks */
	uint64_t fetch_base;		/* linear address of the page, or cache line, that instructions come from; UNREACHABLE: none */
	uint64_t fetch_span;		/* its size: PAGE_SIZE, or with an L1 instruction cache a line's */
	struct code_page *page;		/* its decoded code; no_code when there is none */
	uint64_t by_class[CLASS_COUNT]; /* steps since the clock was settled */
	uint64_t done, limit;		/* steps: instructions, and further iterations of REP strings; limit 0: attention */
	const struct insn *insn;	/* the instruction under way */
	uint64_t insn_gla;
	uint32_t slow; /* INSN_*: instructions that need more than to be counted */
	unsigned read_access, write_access;
	uint64_t allows[1 << 3]; /* by kinds of access (1 << enum plan_kind): what a TLB entry has to permit */
	uint64_t special_step;	 /* a step whose pieces need access_piece */

	/* hot: the block hook, and the memory hook of blocks */
	uint64_t code_base;		 /* linear address of the page that instructions come from; UNREACHABLE: none */
	uint64_t block_done;		 /* steps when the block under way, or the last one, is done */
	const struct code_block *block;	 /* the block under way; NULL: none */
	const struct code_piece *piece;	 /* of the next callback */
	const struct code_piece *pieces; /* end of the block's */
	uint64_t block_gla;
	uint64_t reached;     /* where the hook of a block may halt the engine */
	uint32_t again_size;  /* if the next block is this one once more, nothing but its steps need be looked at: its size, else 0 */
	uint32_t again_insns; /* its instructions */
	uint64_t again;	      /* how often it was, which by_block does not have yet */
	struct class_counts by_block;	     /* of blocks, since the clock was settled: with by_class what there is */
	uint64_t dearest_piece;		     /* what a piece may be charged at most */
	uint64_t dearest_line;		     /* likewise a line of instructions */
	uint64_t watched_until;		     /* blocks are watched until this step, not run by plan */
	uint64_t booked;		     /* accesses of steps up to this one are booked already */
	uint32_t slow_planned;		     /* as slow, for blocks that are run by plan */
	bool block_special;		     /* special_step may be within the block */
	bool lines_taken;		     /* the lines of the last block have gone through the instruction cache */
	uint64_t late_page;		     /* the second page of a splitting store, whose fill comes after the callback .. */
	const struct code_piece *late_until; /* .. and before that of this piece */
	bool late;			     /* this fill is it */
	uint8_t split_left;		     /* callbacks of the last piece, which splits a page, still to come */

	uint64_t ram_end; /* engine-physical end of the windows */
	uint64_t frame_mask;
	struct cpu *cpu;
	struct mmu *mmu;
	struct mem *mem;
	struct aliases alias;

	enum account account;
	bool in_blocks;	  /* go on by block if that can be */
	bool plans;	  /* blocks are run by plan where that can be */
	bool in_short;	  /* by its short form, where it has one */
	bool observed;	  /* an observer is told of accesses: blocks run by plan, or by instruction */
	bool planning;	  /* now: INSTANCE_FAST runs with account ACCOUNT_BLOCK */
	unsigned fast;	  /* INSTANCE_FAST or INSTANCE_FAST_2: the one for the present address space */
	bool two_spaces;  /* both are in use */
	unsigned returns; /* +1 for a return to a space that was left since the last flush, -1 for any other */
	struct left left[SPACES];
	uint64_t stretch; /* by instruction until this step, then see whether blocks can be run again */
	struct stay by_insn, watched;
	uint32_t stay_max;
	uint64_t owed; /* a step that is due whatever the clock says: its fetch, or some of its accesses, have been made */
	struct hint hint[HINTS];
	struct wait wait[WAITS];
	unsigned waits; /* the ordinal of the instruction that a plan has waited before */

	enum code_width width;
	enum mode mode;
	enum stop stop;
	uint64_t limit_asked;
	uint64_t charged_limit; /* the clock, without unsettled steps, from which it must be looked at again */
	uint64_t dearest;	/* the highest price of a step */
	bool even;		/* every step costs 1 */
	volatile int kicked;
	bool running;	    /* the instance executes */
	bool halted;	    /* by a hook, before an instruction */
	bool fetch_refused; /* it has stopped between two blocks */

	/* counting since the last settlement */
	uint64_t settled, rep_steps, extra_fetches, looked_up;
	uint8_t fetch_part;

	struct data_access access;
	uint64_t rep_suspended; /* the step after which a REP instruction was stopped between iterations */
	uint64_t rep_left_step; /* the same, also if the engine's run ended there; 0: never .. */
	uint64_t rep_left_at;	/* .. and where */
	uint64_t rep_step;	/* the step of a REP instruction that may go on */
	uint64_t rep_left;	/* its iterations from that step on */
	uint64_t string_end;	/* the step after which engine_string left a REP instruction to the engine */
	uint64_t string_gla;	/* where that is, or the one for engine_string, if iterations of it have been made: it goes on */
	uint64_t smc_step;	/* a step whose store hit a code frame: the engine may begin it again */
	uint64_t smc_rcx;
	uint64_t flags_step; /* a step with INSN_FLAGS .. */
	uint64_t flags_kept; /* .. and the flags before it */
	bool put_back_flags; /* it did not complete */
	hpa_t area;	     /* of engine_area */
	uint64_t call_undo;  /* what an indirect CALL overwrote */
	uint64_t call_undo_at;
	uint64_t begun_step;		    /* step at which this engine run began */
	struct insn previous;		    /* the instruction before a change of page, whose decoded page may be dropped */
	struct insn across;		    /* the instruction under way, when it lies in two pages .. */
	uint8_t across_part;		    /* .. and which part of the TLB had its second page */
	uint64_t across_next, across_again; /* where that begins; the step before which it is fetched again, for reasons of ours */
	struct known_page known_page[KNOWN_PAGES];
	struct across across_of[ACROSS_PAGES];
	struct code_page *kept_page; /* while such an instruction's block is under way: page and .. ; NULL: it is not */
	uint64_t kept_base;	     /* .. code_base as they are */
	bool left_across;	     /* such a block was left at its instruction */

	uint64_t loaded_elsewhere; /* the step of a read-modify-write that loaded from another frame than its translation has found */

	/* lines of instructions of a block, from first to last, that have gone through the cache already: up to this step */
	struct {
		uint64_t first, last, until;
	} lines_ahead;

	/* a fault that the plan of the block under way has come to: what its instruction does not find when it gets there */
	struct {
		uint64_t step; /* 0: none */
		uint64_t gla;
		unsigned access;
	} foreseen;

	/* a fault under way */
	bool fault;
	uint64_t fault_page;
	unsigned fault_access;
	bool trapped;
	uint64_t trap_offset;

	struct instance inst[INSTANCES];
	uint64_t again_gla;  /* an instruction that has to begin once more, for reasons of ours: observers have been told */
	uint64_t told_step;  /* a step at which a plan stopped that had told .. */
	unsigned told_data;  /* .. of so many of its accesses */
	uint64_t untold_rmw; /* a step whose read-modify-write has loaded, and not stored yet */
	uint64_t ahead;	     /* cycles of the block that is being planned, up to the instruction under way: no step has them yet */
	uc_hook code_hook[INSTANCES], memory_hook[INSTANCES];
	struct instance *now;
	struct codecache code;
	uint8_t *code_in; /* by frame: bit i, instance i has been given it for fetching */
	struct device_slot device[DEVICE_SLOTS];
	unsigned devices;
	uint64_t private_base, trap_base, device_base; /* engine-physical */
	uint8_t *private_page;
	struct instance *private_in; /* the one that runs private code */
	uint64_t probe_frame;	     /* uc_ctl_remove_cache asks where this frame is; ~0: nobody asks */
	uint64_t flushed_epoch, flushes, marks;
	bool flush;	 /* the softmmu must be flushed before it goes on */
	uint64_t space;	 /* the softmmu was last used after so many loads of CR3 .. */
	bool user;	 /* .. at CPL 3 .. */
	bool user_pages; /* .. and below it with SMAP suspended: EFLAGS.AC */
	uc_context *context, *moved;
	struct code_piece no_piece;
	struct code_page no_code;
	struct insn no_insn;
};

/* Does the engine run whole blocks now? */
static inline bool engine_in_blocks(const struct engine *e)
{
	return e->now >= &e->inst[INSTANCE_BLOCK];
}

static inline bool engine_is_fast(const struct engine *e)
{
	return e->now >= &e->inst[INSTANCE_FAST];
}

/* A REP instruction at this address is left between iterations. */
static inline void engine_leave_rep(struct engine *e, uint64_t gla)
{
	e->rep_suspended = e->rep_left_step = e->done;
	e->rep_left_at = gla;
}

/* Has the line gone through the cache before the instruction that is fetched now? */
static inline bool engine_line_is_ahead(const struct engine *e, uint64_t line)
{
	return e->done < e->lines_ahead.until && line - e->lines_ahead.first <= e->lines_ahead.last - e->lines_ahead.first;
}

/* The page that instructions come from must be looked up again. */
static inline void engine_forget_fetch_page(struct engine *e)
{
	e->fetch_base = e->code_base = UNREACHABLE;
	e->page = &e->no_code;
}

/* engine.c: the linear address of the memory operand of an instruction of 64-bit code at this address, from the instance's registers */
uint64_t engine_operand(struct engine *e, const struct insn *insn, uint64_t gla);
/* The instruction under way, or the next one if `begun` is false, faults as foreseen. */
void engine_raise_foreseen(struct engine *e, bool begun);

/* engine_count.c */

/* Books what was counted only as steps: all of it, before anyone looks at the clock or the counters; all but the clock, at page changes. */
void engine_settle(struct engine *e);
void engine_settle_fetches(struct engine *e);
/* How far the engine may run before the clock must be looked at again. */
void engine_take_limit(struct engine *e);
/* The instruction under way did not complete: it was fetched, but is not retired. */
void engine_unretire(struct engine *e);
/* The same, to be begun again in the same place: not even fetched. The translations that it has made are not made again. */
void engine_begin_again(struct engine *e);

/* engine_block.c */

/* Whether the block at this address is one that cannot be run as a whole; the stretch to run by instruction then goes to its end. */
bool engine_stretches(struct engine *e, uint64_t gla);
/* What the same block was booked again for, before anyone looks at by_block or the block is another. */
void engine_book_again(struct engine *e);
/* The last block is over: its last instruction is the one that was executed last. */
void engine_end_block(struct engine *e);
/* The block under way was left at its instruction at this linear address, which is now the one under way. */
void engine_leave_block(struct engine *e, uint64_t gla);
/* A callback, or a fill, in a block: makes its instruction, and its step, the ones under way. NULL: none is expected. */
const struct code_piece *engine_piece_under_way(struct engine *e);

/* engine_cut.c */

/* Does the instance call engine_on_cut at this offset of the page that instructions come from (of one that it begins there; or of the
 * next)? */
bool engine_has_cut(struct engine *e, unsigned offset);
/* It is to do so when it goes on after it was stopped. false: there are too many such places, or this one is not met often. */
bool engine_want_cut(struct engine *e, unsigned offset);
/* Does it, while the instance does not run. */
void engine_take_cut(struct engine *e);

/* engine_across.c: such an instruction, as a block that is not decoded yet. NULL: no memory. Valid until the next of another. */
const struct code_block *engine_across(struct engine *e, uint64_t gla, uint32_t size, const uint8_t bytes[16]);
/* The block under way is that one; it is over. */
void engine_enter_across(struct engine *e, uint64_t gla);
void engine_leave_across(struct engine *e);

/* engine_area.c: FXSAVE or FXRSTOR, by its flags */
bool engine_is_area(uint32_t flags);
/* Can our own code execute it? It is next, at this address. Then its accesses are booked, and engine_area is to do the rest. */
bool engine_book_area(struct engine *e, const struct insn *insn, uint64_t gla);
/* The engine is about to execute this FXRSTOR, which in Unicorn leaves FIP as it is. */
void engine_load_fip(struct engine *e, const struct insn *insn, uint64_t gla);
void engine_area(struct engine *e);

/* engine_fx.c: the x87 and SSE registers of an instance, as FXSAVE and FXRSTOR would */
enum { FX_SIZE = 512, FX_FIP = 8, FX_FDP = 16, FX_MXCSR = 24, FX_ST = 0x20, FX_XMM = 0xa0 };
void engine_save_fx(const struct instance *in, uint8_t *area);
void engine_restore_fx(struct instance *in, const uint8_t *area);

/* engine_plan.c: books the accesses of a block; PLAN_STOPPED: not all of them, it has to go by instruction */
enum plan_end {
	PLAN_RAN,
	PLAN_RAN_SLOWLY, /* something had to be looked up: look whether the engine must attend to it */
	PLAN_STOPPED,
	PLAN_FAULTS, /* it stopped at an access that faults, which is foreseen */
	PLAN_WAITS,  /* it stopped at an access that cannot be translated before those before it have been made: e->waits */
};
enum plan_end engine_run_plan(struct engine *e, const struct code_block *b, uint64_t gla);
enum plan_end engine_run_plan_observed(struct engine *e, const struct code_block *b, uint64_t gla); /* the same; an observer is told */
/* The same, observed or not; lines that instructions come from go through the cache in their turn (engine_lines.h). */
enum plan_end engine_run_plan_fetching(struct engine *e, const struct code_block *b, uint64_t gla);

/* engine_code.c: after STOP_OURS: what is next, as e->stop. The registers are in cpu. */
void engine_take_over(struct engine *e);

/*
 * engine_string.c: can iterations of the instruction, at least so many, be made by our own code now? 0: any number, none too. It makes
 * them, the first of them whatever the clock says; the registers are in cpu.
 */
bool engine_has_string(struct engine *e, const struct insn *insn, unsigned least);
void engine_string(struct engine *e);

/* Whether the entry that served last does so again; NULL: none is known to. */
static ALWAYS_INLINE bool engine_serves_again(const struct engine *e, const struct tlb_entry *entry, uint64_t gla, unsigned access)
{
	return likely(entry && mmu_entry_serves(e->mmu, entry, GLA(gla)) && mmu_entry_permits(e->mmu, entry, access));
}

/* mmu_access; *hint: the entry, if it can be tried first the next time. */
static inline struct tlb_entry *engine_look_up(struct engine *e, struct tlb_entry **hint, uint64_t gla, unsigned access)
{
	struct tlb_entry *entry = mmu_access(e->mmu, GLA(gla), access);

	*hint = entry && tlb_stays(mmu_first(e->mmu, access), entry) ? entry : NULL;
	return entry;
}

/* The same, the hint first. Not where an observer is told. */
static ALWAYS_INLINE struct tlb_entry *engine_translate(struct engine *e, struct tlb_entry **hint, uint64_t gla, unsigned access)
{
	struct tlb_entry *entry = *hint;

	if (!engine_serves_again(e, entry, gla, access))
		return engine_look_up(e, hint, gla, access);
	mmu_hit_again(e->mmu, entry, access);
	return entry;
}

/*
 * Before a store of our own code, or of a block that runs unwatched: the flags of the frame. One over an entry of a paging structure in use
 * is noted: the softmmu is flushed before it is relied on again.
 */
static ALWAYS_INLINE unsigned engine_before_store(const struct engine *e, hpa_t hpa, unsigned size)
{
	unsigned flags = e->mem->frame_flags[hpa.u >> PAGE_SHIFT];

	if (unlikely(flags == FRAME_TABLE) && mem_overwrites_entry(e->mem, hpa, size))
		mem_overwritten(e->mem, hpa, size);
	return flags;
}

/* engine_registers.c: where the 64-bit instance keeps its general registers, in the order of enum gpr; NULL: they cannot be found */
const uint64_t *engine_find_registers(uc_engine *uc);

/* engine_code.c: for both hooks */
void engine_halt(struct engine *e, enum stop why);
/* The fetch from a page that instructions did not come from before. false: stopped. */
bool engine_fetch_page(struct engine *e, uint64_t gla);
/* The fetch of the second page of an instruction, whose 15 bytes, with those of what follows, are given. false: stopped. */
bool engine_fetch_across(struct engine *e, uint64_t gla, uint8_t bytes[16]);
/* That fetch is made again, for reasons of ours, and is then a hit: it is counted once. */
void engine_fetches_again(struct engine *e);
/* false: the engine was stopped for something other than an instruction */
bool engine_may_go_on(struct engine *e, uint64_t gla);

/* engine_flush.c */

/* Drops the instance's translations of size bytes of code at this offset of a frame; its softmmu has to be flushed. */
void engine_drop_code(struct engine *e, struct instance *in, uint64_t frame, unsigned offset, unsigned size);
/* A store to a frame that holds code, which instance `by` has noticed itself (NULL: none has). */
void engine_code_stored(struct engine *e, uint64_t frame, const struct instance *by);
/* A fill finds the softmmu full. */
void engine_outgrows(struct engine *e);
/* Everything that has to be in order before the engine goes on; true if any of it is not. */
void engine_attend(struct engine *e);
bool engine_must_attend(const struct engine *e);
/* What the instances without a memory hook hold has rights that are not right any more. */
void engine_forget_unwatched(struct engine *e);

/* engine_held.c */

/* The softmmu of the instance, which runs unwatched, holds nothing now. */
void engine_holds_nothing(struct instance *in);
/* That of the present one is being given this page, as the tables have it. */
void engine_holds(struct engine *e, uint64_t page);
/* mmu_glance, for the present one. */
bool engine_glance(struct engine *e, uint64_t page, unsigned access, hpa_t *hpa, uint64_t *allows);
/* Entries in use were overwritten, as struct mem says: what it holds through them goes. false: all of it must. */
bool engine_drop_changed(struct engine *e, struct instance *in);
/* What it runs for that: put on its private page once; at the beginning of a block of it. */
void engine_put_private_code(struct engine *e);
void engine_private_block(struct engine *e, uint64_t gla);

/* engine_memory.c: the data caches' part of size bytes within a page */
void engine_price_data(struct engine *e, hpa_t hpa, unsigned size);
/* The linear address of a piece at an engine-physical one, of the windows or the device slots */
uint64_t engine_piece_gla(const struct engine *e, uint64_t paddr);

/* engine_fill.c: true if the engine was given this frame when it fetched from that linear page, since the last flush */
bool engine_given_is(struct engine *e, uint64_t gla, uint64_t frame);
/* Where that is kept. */
struct given *engine_given_slot(struct engine *e, uint64_t gla);
static inline unsigned engine_fetch_access(const struct cpu *cpu)
{
	return ACC_FETCH | (cpu->cpl == 3 ? (unsigned)ACC_USER : 0u);
}

/* engine_sync.c: Unicorn's numbers of the general registers, RIP and RFLAGS, in the 64-bit and the 32-bit instance */
extern const int engine_reg_ids[ENGINE_REGS], engine_reg_ids_legacy[ENGINE_REGS];
uint64_t engine_read_reg(struct engine *e, unsigned index);
void engine_sync_in(struct engine *e);
void engine_sync_out(struct engine *e);
/* Puts an instance that has raised an exception back to one that waits for no delivery. */
void engine_forget_exception(struct engine *e);
/* Chooses the instance for the code width; its x87 and SSE registers move along. */
void engine_choose_instance(struct engine *e);
/* Goes on in the other of the two instances for 64-bit code. */
void engine_move(struct engine *e, unsigned to);

/* the hooks, as Unicorn calls them */
bool engine_on_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *result, void *user);
void engine_on_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user);
void engine_on_block(uc_engine *uc, uint64_t gla, uint32_t size, void *user);
void engine_on_unwatched_block(uc_engine *uc, uint64_t gla, uint32_t size, void *user);
void engine_on_cut(uc_engine *uc, uint64_t gla, uint32_t size, void *user); /* within a block, at an instruction that cuts it */
void engine_on_block_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user);
bool engine_on_trap(uc_engine *uc, uc_mem_type type, uint64_t paddr, int size, int64_t value, void *user);
uint64_t engine_on_device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user);
void engine_on_device_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user);
void engine_on_memory_observed(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user);
void engine_on_code(uc_engine *uc, uint64_t gla, uint32_t size, void *user);
void engine_on_code_observed(uc_engine *uc, uint64_t gla, uint32_t size, void *user);
void engine_on_interrupt(uc_engine *uc, uint32_t vector, void *user);

#endif
