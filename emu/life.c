/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of a program's life, by mode (life.h). */
#include "emu/life.h"

#include <string.h>

const char *life_mode_name(enum life_mode mode)
{
	static const char *const names[LIFE_MODES] = {"user", "kernel", "vmm"};

	return names[mode];
}

static void take(struct life_counts *counts, const struct cpu *cpu)
{
	counts->ev = cpu->ev;
	memcpy(counts->cause, cpu->cost.n, sizeof counts->cause);
	counts->cycles = cpu->clock;
}

/* to += now - before */
static void add(struct life_counts *to, const struct life_counts *now, const struct life_counts *before)
{
	for (unsigned e = 0; e < EVENT_COUNT; e++)
		to->ev.n[e] += now->ev.n[e] - before->ev.n[e];
	for (unsigned i = 0; i < COST_COUNT; i++)
		to->cause[i] += now->cause[i] - before->cause[i];
	to->cycles += now->cycles - before->cycles;
}

void life_init(struct life *life, bool announced)
{
	memset(life, 0, sizeof *life);
	life->announced = announced;
	life->alive = !announced;
}

void life_switch(struct life *life, struct cpu *cpu)
{
	struct life_counts now;

	if (life->counted) {
		take(&now, cpu);
		add(&life->by[life->mode], &now, &life->at);
		life->at = now;
	}
	life->mode = life_mode_of(cpu);
}

/* The shortest and the longest VM exit are those of the life alone: the piece goes on where the last one ended. */
static void begin_exits(struct life *life, struct cost *cost)
{
	for (unsigned i = 0; i < COST_REASONS; i++) {
		cost->exit[i].min = life->cost.exit[i].handled ? life->cost.exit[i].min : ~0ull;
		cost->exit[i].max = life->cost.exit[i].max;
	}
	memcpy(life->exit_begin, cost->exit, sizeof life->exit_begin);
}

static void end_exits(struct life *life, const struct cost *cost)
{
	for (unsigned i = 0; i < COST_REASONS; i++) {
		struct cost_exit *e = &life->cost.exit[i];
		const struct cost_exit *before = &life->exit_begin[i], *now = &cost->exit[i];

		e->count += now->count - before->count;
		e->handled += now->handled - before->handled;
		e->time += now->time - before->time;
		e->min = e->handled ? now->min : 0;
		e->max = now->max;
	}
}

static void begin_piece(struct life *life, struct cpu *cpu)
{
	life->begun = life->counted = true;
	life->mode = life_mode_of(cpu);
	take(&life->begin, cpu);
	life->at = life->begin;
	begin_exits(life, &cpu->cost);
	if (cpu->mmu.env.caches)
		life->caches_begin = *cpu->mmu.env.caches;
}

static void end_piece(struct life *life, struct cpu *cpu)
{
	struct life_counts now;

	life_switch(life, cpu);
	life->counted = false;
	take(&now, cpu);
	add(&life->total, &now, &life->begin);
	memcpy(life->cost.n, life->total.cause, sizeof life->cost.n);
	end_exits(life, &cpu->cost);
	if (cpu->mmu.env.caches)
		caches_add_between(&life->caches, &life->caches_begin, cpu->mmu.env.caches);
	CHECK(cost_sum(&life->cost) == life->total.cycles);
}

/* Begins or ends a piece if that is due. */
static void look(struct life *life, struct cpu *cpu)
{
	bool counts = life->alive && !life->held;

	if (counts && !life->counted)
		begin_piece(life, cpu);
	else if (!counts && life->counted)
		end_piece(life, cpu);
}

void life_hold(struct life *life, struct cpu *cpu, bool held)
{
	life->held = held;
	look(life, cpu);
}

void life_open(struct life *life, struct cpu *cpu)
{
	life->cost.price = cpu->cost.price;
	if (!life->begun && cpu->mmu.env.caches)
		life->caches = caches_uncounted(cpu->mmu.env.caches);
	look(life, cpu);
}

void life_close(struct life *life, struct cpu *cpu)
{
	if (life->counted)
		end_piece(life, cpu);
}

void life_announced(struct life *life, struct cpu *cpu, uint8_t post)
{
	life->alive = post == LIFE_BEGIN;
	if (!life->alive)
		life->announced = false; /* one life a run */
	look(life, cpu);
}

/* VEX (C4H, C5H) and EVEX (62H) prefixes: nothing else begins so in 64-bit mode (SDM 2A, "Intel AVX Instruction Format"). */
void life_undefined(struct life *life, const struct cpu *cpu)
{
	struct walk walk = mmu_peek(&cpu->mmu, GLA(cpu->rip), cpu_access(cpu, ACC_FETCH));
	uint8_t byte;

	if (cpu->cpl != 3 || !cpu_64bit(cpu) || life->avx_rip || walk.status != WALK_OK || !mem_read_bytes(cpu->mem, walk.hpa, &byte, 1))
		return;
	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
		life->avx_rip = cpu->rip;
}
