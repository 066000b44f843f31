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
	CODE_BUFFER_64 = 48 << 20,
	CODE_BUFFER_LEGACY = 16 << 20,
	GIVEN_SLOTS = 4096, /* which frame was given for which fetched page; even and odd pages never share a slot */
	DEVICE_SLOTS = 256, /* device pages that the softmmu may hold between two flushes */
	DROPS = 32,	    /* frames whose translated code an instance still has to drop */
	PRIVATE_POISON = 0, /* private pages: what a fetch gets that must not happen */
	PRIVATE_CODE,	    /* FXSAVE, FXRSTOR */
	PRIVATE_DATA,
	PRIVATE_GDT,
	PRIVATE_SINK, /* where stores go that are made only to learn the address of another */
	PRIVATE_PAGES,
	INSTANCE_LEGACY = 0,
	INSTANCE_64,
	INSTANCES,
	ENGINE_REGS = GPR_COUNT + 2, /* general registers, RIP, RFLAGS */
	REG_RIP_INDEX = GPR_COUNT,
	REG_FLAGS_INDEX,
};
#define UNREACHABLE 0x8000000000000000ull /* not canonical: no code is ever there */
#define PRIVATE_GLA 0x1000ull		  /* where private code sees private pages: only while nothing of the guest runs */
#define ENGINE_FLAGS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF | FLAG_DF)

/* why the engine was stopped, beyond what callers are told */
enum stop { STOP_NONE, STOP_AGAIN, STOP_SYSTEM, STOP_EXCEPTION, STOP_BUDGET };

/* what the hooks are to do */
enum mode { MODE_RUN, MODE_PRIVATE /* our own code runs */, MODE_TRAP /* one instruction again, to learn the address of its store */ };

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
};

struct given {
	uint64_t gla;
	uint64_t frame;
	uint32_t generation;
};

struct device_slot {
	uint64_t gla, hpa;
};

struct engine {
	/* hot: the code and memory hooks */
	uint64_t fetch_base;		/* linear address of the page that instructions come from; UNREACHABLE: none */
	struct code_page *page;		/* its decoded code; no_code when there is none */
	uint64_t by_class[CLASS_COUNT]; /* steps since the clock was settled */
	uint64_t done, limit;		/* steps: instructions, and further iterations of REP strings; limit 0: attention */
	const struct insn *insn;	/* the instruction under way */
	uint64_t insn_gla;
	uint32_t slow; /* INSN_*: instructions that need more than to be counted */
	unsigned read_access, write_access;
	uint64_t special_step; /* a step whose pieces need access_piece */
	uint64_t ram_end;      /* engine-physical end of the windows */
	uint64_t frame_mask;
	struct cpu *cpu;
	struct mmu *mmu;
	struct mem *mem;
	struct aliases alias;

	enum code_width width;
	enum mode mode;
	enum stop stop;
	uint64_t limit_asked;
	uint64_t charged_limit; /* the clock, without unsettled steps, from which it must be looked at again */
	uint64_t dearest;	/* the highest price of a step */
	volatile int kicked;

	/* counting since the last settlement */
	uint64_t settled, rep_steps, extra_fetches, looked_up;
	uint8_t fetch_part;

	struct data_access access;
	uint64_t rep_suspended; /* the step after which a REP instruction was stopped between iterations */
	uint64_t rep_step;	/* the step of a REP instruction that may go on */
	uint64_t rep_left;	/* its iterations from that step on */
	uint64_t smc_step;	/* a step whose store hit a code frame: the engine may begin it again */
	uint64_t smc_rcx;
	uint64_t call_undo; /* what an indirect CALL overwrote */
	uint64_t call_undo_at;
	uint64_t begun_step;  /* step at which this engine run began */
	struct insn previous; /* the instruction before a change of page, whose decoded page may be dropped */
	struct insn across;   /* the instruction under way, when it lies in two pages */

	/* a fault under way */
	bool fault;
	uint64_t fault_page;
	unsigned fault_access;
	bool trapped;
	uint64_t trap_offset;

	struct instance inst[INSTANCES];
	struct instance *now;
	struct codecache code;
	uint8_t *code_in; /* by frame: bit i, instance i has been given it for fetching */
	struct given given[GIVEN_SLOTS];
	struct device_slot device[DEVICE_SLOTS];
	unsigned devices;
	uint64_t private_base, trap_base, device_base; /* engine-physical */
	uint8_t *private_page;
	uint64_t private_end; /* where private code ends, and who runs it */
	struct instance *private_in;
	uint64_t probe_frame; /* uc_ctl_remove_cache asks where this frame is; ~0: nobody asks */
	uint64_t flushed_epoch;
	bool flush; /* the softmmu must be flushed before it goes on */
	uc_context *context;
	struct code_page no_code;
	struct insn no_insn;
};

/* The page that instructions come from must be looked up again. */
static inline void engine_forget_fetch_page(struct engine *e)
{
	e->fetch_base = UNREACHABLE;
	e->page = &e->no_code;
}

/* engine_count.c */

/* Books what was counted only as steps: all of it, before anyone looks at the clock or the counters; all but the clock, at page changes. */
void engine_settle(struct engine *e);
void engine_settle_fetches(struct engine *e);
/* How far the engine may run before the clock must be looked at again. */
void engine_take_limit(struct engine *e);
/* The instruction under way did not complete: it was fetched, but is not retired. */
void engine_unretire(struct engine *e);

/* engine_flush.c */

/* A store to a frame that holds code, which instance `by` has noticed itself (NULL: none has). */
void engine_code_stored(struct engine *e, uint64_t frame, const struct instance *by);
/* Everything that has to be in order before the engine goes on. */
void engine_attend(struct engine *e);

/* engine_fill.c: true if the engine was given this frame when it fetched from that linear page, since the last flush */
bool engine_given_is(struct engine *e, uint64_t gla, uint64_t frame);
unsigned engine_fetch_access(const struct cpu *cpu);

/* engine_sync.c: Unicorn's numbers of the general registers, RIP and RFLAGS, in the 64-bit and the 32-bit instance */
extern const int engine_reg_ids[ENGINE_REGS], engine_reg_ids_legacy[ENGINE_REGS];
uint64_t engine_read_reg(struct engine *e, unsigned index);
void engine_sync_in(struct engine *e);
void engine_sync_out(struct engine *e);
/* Puts an instance that has raised an exception back to one that waits for no delivery. */
void engine_forget_exception(struct engine *e);
/* Chooses the instance for the code width; its x87 and SSE registers move along. */
void engine_choose_instance(struct engine *e);

/* the hooks, as Unicorn calls them */
bool engine_on_fill(uc_engine *uc, uint64_t address, uc_mem_type type, uc_tlb_entry *result, void *user);
void engine_on_memory(uc_engine *uc, uc_mem_type type, uint64_t paddr, int bytes, int64_t value, void *user);
bool engine_on_trap(uc_engine *uc, uc_mem_type type, uint64_t paddr, int size, int64_t value, void *user);
uint64_t engine_on_device_read(uc_engine *uc, uint64_t offset, unsigned size, void *user);
void engine_on_device_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user);
void engine_on_code(uc_engine *uc, uint64_t gla, uint32_t size, void *user);
void engine_on_interrupt(uc_engine *uc, uint32_t vector, void *user);

#endif
