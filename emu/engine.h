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

/* Returns 0 or -ERR_NOMEM / -ERR_ENGINE. cpu, its memory and MMU outlive the engine. */
int engine_new(struct engine **engine, struct cpu *cpu);
void engine_free(struct engine *engine);

/* Runs at most max instructions (>= 1) of plain code from cpu's state. Counts, charges cpu->clock, stops as said above. */
enum engine_stop engine_run(struct engine *engine, uint64_t max);

/* true if the last engine_run ended between two iterations of a REP string instruction: it has not retired. */
bool engine_in_rep(const struct engine *engine);

/* After ENGINE_SYSTEM: the decoded instruction, valid until the next engine_run. */
const struct insn *engine_insn(const struct engine *engine);

/* x87, MMX and SSE state to cpu->fx and back, in FXSAVE64 layout. */
void engine_fx_out(struct engine *engine);
void engine_fx_in(struct engine *engine);

/* Can be called from a signal handler or another thread: the engine stops before its next instruction. */
void engine_kick(struct engine *engine);

#endif
