/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The phases of a run of which a part is counted (region.h). */
#include "emu/machine.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t accesses(const struct cpu *cpu)
{
	return cpu->ev.n[EV_LOADS] + cpu->ev.n[EV_STORES];
}

static void book(struct region *r, const struct cpu *cpu)
{
	uint64_t now = cpu->ev.n[EV_INSTRUCTIONS];

	if (r->phase == REGION_FORWARD)
		r->forwarded += now - r->since;
	if (r->phase == REGION_WARM)
		r->warmed += now - r->since;
	r->since = now;
}

static void enter(struct machine *m, enum region_phase phase)
{
	struct region *r = &m->region;

	book(r, &m->cpu);
	r->phase = phase;
	r->warm_end = accesses(&m->cpu) + r->config.warm;
	engine_set_account(m->engine, phase == REGION_FORWARD ? ACCOUNT_FAST : m->config.account);
	r->times += phase == REGION_COUNT;
	life_hold(&m->life, &m->cpu, phase != REGION_COUNT);
}

void region_start(struct machine *m)
{
	m->region = (struct region){.config = m->config.region};
	if (m->region.config.from != REGION_ALL)
		enter(m, REGION_FORWARD);
}

static bool begins(const struct machine *m)
{
	const struct region *r = &m->region;
	const struct cpu *cpu = &m->cpu;

	switch (r->config.from) {
	case REGION_AFTER:
		return cpu->cost.steps >= r->config.steps;
	case REGION_USER:
		return cpu->cpl == 3 && cpu->vmx_op != VMX_ROOT;
	case REGION_MARKER:
		return r->marked && cpu->vmx_op == r->operation;
	case REGION_ALL:
		break;
	}
	return false;
}

void region_step(struct machine *m)
{
	struct region *r = &m->region;

	if (r->phase == REGION_FORWARD && begins(m)) {
		r->marked = false;
		enter(m, r->config.warm ? REGION_WARM : REGION_COUNT);
	} else if (r->phase == REGION_WARM && accesses(&m->cpu) >= r->warm_end) {
		enter(m, REGION_COUNT);
	}
}

void region_cpuid(struct machine *m)
{
	struct region *r = &m->region;
	uint32_t leaf = (uint32_t)m->cpu.gpr[RAX];

	if (r->config.from != REGION_MARKER)
		return;
	if (leaf == REGION_LEAF_BEGIN && r->phase == REGION_FORWARD) {
		r->marked = true;
		r->operation = m->cpu.vmx_op;
	} else if (leaf == REGION_LEAF_END && r->config.interest && r->phase != REGION_FORWARD) {
		enter(m, REGION_FORWARD);
	}
}

uint64_t region_limit(const struct machine *m, uint64_t max)
{
	const struct region *r = &m->region;
	uint64_t left = max;

	if (r->phase == REGION_FORWARD && r->config.from == REGION_AFTER)
		left = r->config.steps - m->cpu.cost.steps;
	if (r->phase == REGION_WARM)
		left = r->warm_end - accesses(&m->cpu); /* few instructions make several accesses: it comes near in few stretches */
	return left < max ? left : max;
}

void region_close(struct machine *m)
{
	if (m->region.config.from != REGION_ALL)
		book(&m->region, &m->cpu);
}

const char *region_text(const struct region *r)
{
	static char text[160];
	int n;

	text[0] = '\0';
	if (r->config.from == REGION_ALL)
		return text;
	n = snprintf(text, sizeof text, ", counted %u time%s after %" PRIu64 " instructions of fast-forward", r->times,
		     r->times == 1 ? "" : "s", r->forwarded);
	if (r->config.warm)
		snprintf(text + n, sizeof text - (size_t)n, " and %" PRIu64 " of warm-up", r->warmed);
	return text;
}
