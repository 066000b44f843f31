/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as an address trace: what instructions fetch, load and store, in the formats of valgrind's lackey, Dinero (din) and ChampSim.
 *
 * LIMIT: din has no sizes. ChampSim's records have neither sizes nor address 0, and a branch that is not taken is no branch there; an
 * instruction with more accesses than a record holds takes several. Flags of lackey and din have no place for what only translates.
 */
#include "emu/trace_export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A load or store that took place. */
static bool is_data(const struct trace_record *r)
{
	return r->kind == TRACE_ACCESS && (r->flags & TRACE_COUNTS) && !(r->access & ACC_FETCH);
}

static void lackey_put(struct trace_export *x, const struct trace_record *r)
{
	if (r->kind == TRACE_INSN)
		fprintf(x->out, "I  %08" PRIx64 ",%u\n", r->rip, r->size);
	else if (is_data(r))
		fprintf(x->out, " %c %08" PRIx64 ",%u\n",
			!(r->access & ACC_WRITE) ? 'L'
			: r->access & ACC_READ	 ? 'M'
						 : 'S',
			r->gla, r->size);
}

static void din_put(struct trace_export *x, const struct trace_record *r)
{
	if (r->kind == TRACE_INSN)
		fprintf(x->out, "2 %" PRIx64 "\n", r->rip);
	if (is_data(r) && r->access & ACC_READ)
		fprintf(x->out, "0 %" PRIx64 "\n", r->gla);
	if (is_data(r) && r->access & ACC_WRITE)
		fprintf(x->out, "1 %" PRIx64 "\n", r->gla);
}

/* ---- ChampSim ---- */

enum { SOURCES = 4, DESTINATIONS = 2, REGISTER_FLAGS = 25, REGISTER_IP = 26 };

struct champsim_record {
	uint64_t ip;
	uint8_t is_branch, taken;
	uint8_t to_register[DESTINATIONS], from_register[SOURCES];
	uint64_t to[DESTINATIONS], from[SOURCES];
};
static_assert(sizeof(struct champsim_record) == 64, "as ChampSim reads it");

struct champsim {
	struct champsim_record record;
	bool filled;	   /* record holds an instruction */
	unsigned to, from; /* addresses in it */
	uint64_t next;	   /* where execution goes on if it is no branch */
	bool sized;	   /* that is known */
};

static bool champsim_begin(struct trace_export *x)
{
	return (x->state = calloc(1, sizeof(struct champsim))) != NULL;
}

static void champsim_write(struct trace_export *x)
{
	struct champsim *c = x->state;

	if (c->filled)
		fwrite(&c->record, sizeof c->record, 1, x->out);
	c->filled = false;
}

/* Another record for the instruction at ip. */
static void champsim_open(struct champsim *c, uint64_t ip)
{
	c->record = (struct champsim_record){.ip = ip};
	c->filled = true;
	c->to = c->from = 0;
}

static void champsim_insn(struct trace_export *x, const struct trace_record *r)
{
	struct champsim *c = x->state;

	if (c->filled && c->sized && r->rip != c->next) { /* as its tracers do: a branch writes IP and reads flags and IP */
		c->record.is_branch = c->record.taken = 1;
		c->record.to_register[0] = REGISTER_IP;
		c->record.from_register[0] = REGISTER_FLAGS;
		c->record.from_register[1] = REGISTER_IP;
	}
	champsim_write(x);
	champsim_open(c, r->rip);
	c->next = r->rip + r->size;
	c->sized = r->size > 1; /* 1: perhaps of a format without sizes */
}

static void champsim_data(struct trace_export *x, const struct trace_record *r)
{
	struct champsim *c = x->state;
	bool read = r->access & ACC_READ, write = r->access & ACC_WRITE;

	if (!c->filled || (read && c->from == SOURCES) || (write && c->to == DESTINATIONS)) {
		champsim_write(x);
		champsim_open(c, r->rip);
	}
	if (read)
		c->record.from[c->from++] = r->gla;
	if (write)
		c->record.to[c->to++] = r->gla;
}

static void champsim_put(struct trace_export *x, const struct trace_record *r)
{
	if (r->kind == TRACE_INSN)
		champsim_insn(x, r);
	else if (is_data(r))
		champsim_data(x, r);
}

static void champsim_end(struct trace_export *x)
{
	champsim_write(x);
	free(x->state);
}

const struct trace_format trace_as_lackey = {"lackey", "as valgrind --tool=lackey --trace-mem=yes", NULL, lackey_put, NULL};
const struct trace_format trace_as_din = {"din", "Dinero's din", NULL, din_put, NULL};
const struct trace_format trace_as_champsim = {"champsim", "ChampSim's records", champsim_begin, champsim_put, champsim_end};
