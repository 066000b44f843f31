/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: Unicorn as the data path, with every access routed through the model's MMU. The only file that includes Unicorn.
 * DESIGN.md's facts about Unicorn are what it is built on; tests/check_engine.c holds one contract test for each.
 */
#ifndef EMU_ENGINE_H
#define EMU_ENGINE_H

#include "emu/decode.h"

struct engine;

/* Why engine_run came back. cpu's general registers, rip and rflags are then those before the instruction at rip. */
enum engine_stop {
	ENGINE_BUDGET,	  /* the instructions asked for have run, or cpu or memory asked for attention */
	ENGINE_SYSTEM,	  /* the instruction at rip (engine_insn) is one that our code executes */
	ENGINE_EXCEPTION, /* cpu->pending holds an exception, VM exit or stop; nothing of the instruction happened */
};

/*
 * How instructions are accounted for: block by block, or each at its own hook, with the same outcome in every count, cycle and fault.
 * Blocks that hold an instruction which our own code executes or checks, and all code that is not 64-bit, go by instruction in any case.
 * Fast-forward: of such blocks only the instructions are counted, and charged by their classes; accesses that would change neither TLBs nor
 * tables leave no trace in either. All that happens to the guest is the same.
 */
enum account { ACCOUNT_BLOCK, ACCOUNT_INSN, ACCOUNT_FAST };

/* Returns 0 or -ERR_NOMEM / -ERR_ENGINE. cpu, its memory and MMU outlive the engine. */
int engine_new(struct engine **engine, struct cpu *cpu);
void engine_free(struct engine *engine);

/* Runs at most max instructions (>= 1) of plain code from cpu's state. Counts, charges cpu->clock, stops as said above. */
enum engine_stop engine_run(struct engine *engine, uint64_t max);

/* ACCOUNT_BLOCK if never called; between two calls of engine_run. */
void engine_set_account(struct engine *engine, enum account account);

/*
 * The engine stays in a slow way of running, once it is there, longer and longer while it comes back to it, which only makes it faster.
 * Tests ask it not to, so that more runs the fast ways.
 */
void engine_set_stays(struct engine *engine, bool on);

/* true if the last engine_run ended between two iterations of a REP string instruction: it has not retired. */
bool engine_in_rep(const struct engine *engine);

/* After ENGINE_SYSTEM: the decoded instruction, valid until the next engine_run. */
const struct insn *engine_insn(const struct engine *engine);

/*
 * The instruction under way and how many retired before it, as seen from within engine_run (by what the MMU calls) or between runs. fetch:
 * the linear address it is being fetched from, or NULL.
 */
void engine_place(const struct engine *engine, const uint64_t *fetch, uint64_t *rip, uint64_t *insns);

/* x87, MMX and SSE state to cpu->fx and back, in FXSAVE64 layout. */
void engine_fx_out(struct engine *engine);
void engine_fx_in(struct engine *engine);

/*
 * From now on cpu->mmu.observer, which has the members access, data and insn, is told of accesses and their instructions, or of all
 * instructions (each_insn). The engine goes slower, with the same results. Returns 0 or -ERR_ENGINE.
 */
int engine_observe(struct engine *engine);

/* The clock as it will be once what the engine has done is charged; exact also while it runs (in callbacks). */
uint64_t engine_clock(const struct engine *engine);

/* Can be called from a signal handler or another thread: the engine stops before its next instruction. */
void engine_kick(struct engine *engine);

#endif
