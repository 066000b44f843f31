/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VM exits of a trace (exits.h). */
#include "emu/exits.h"

#include "vmx/exit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 256 /* rows to begin with */ };
enum { CR_TO, CR_FROM, CR_CLTS, CR_LMSW }; /* SDM 3C, "Exit Qualification for Control-Register Accesses" */

static const struct {
	const char *event, *head;
} kinds[EXITS_BYS] = {
    [EXITS_BY_REASON] = {"vmexit", "VM-EXIT"}, [EXITS_BY_PORT] = {"ioport", "IO Port Access"}, [EXITS_BY_MSR] = {"msr", "MSR Access"},
    [EXITS_BY_CR] = {"cr", "CR Access"},       [EXITS_BY_RIP] = {"rip", "Instruction"},	       [EXITS_BY_PAGE] = {"page", "Guest Page"},
};

const char *exits_event_name(enum exits_by by)
{
	return by < EXITS_BYS ? kinds[by].event : NULL;
}

const char *exits_head(enum exits_by by)
{
	return kinds[by].head;
}

bool exits_init(struct exits *x, enum exits_by by)
{
	*x = (struct exits){.by = by, .room = ROOM};
	x->row = calloc(x->room, sizeof *x->row);
	return x->row;
}

void exits_free(struct exits *x)
{
	free(x->row);
	x->row = NULL;
}

/* ---- what a VM exit is counted under ---- */

/* false: this VM exit is none of those that are looked at */
static bool key_of(const struct exits *x, const struct trace_record *r, uint64_t *key, uint8_t *kind)
{
	unsigned reason = r->code & 0xffff;
	uint64_t q = r->qualification;

	*kind = 0;
	switch (x->by) {
	case EXITS_BY_PORT:
		*key = FIELD(q, 31, 16);
		*kind = (uint8_t)FIELD(q, 3, 3);
		return reason == EXIT_IO_INSTRUCTION;
	case EXITS_BY_MSR:
		*key = (uint32_t)r->rcx;
		*kind = reason == EXIT_MSR_READ;
		return reason == EXIT_MSR_READ || reason == EXIT_MSR_WRITE;
	case EXITS_BY_CR:
		*kind = (uint8_t)FIELD(q, 5, 4);
		*key = *kind >= CR_CLTS ? 0 : FIELD(q, 3, 0);
		return reason == EXIT_CR_ACCESS;
	case EXITS_BY_RIP:
		*key = r->rip;
		return true;
	case EXITS_BY_PAGE:
		*key = page_base(r->gpa);
		return reason == EXIT_EPT_VIOLATION || reason == EXIT_EPT_MISCONFIG;
	default:
		*key = reason;
		return true;
	}
}

static void name_row(const struct exits *x, struct exits_row *row)
{
	static const char *const cr_kinds[] = {"write", "read", "CLTS", "LMSW"};
	char *name = row->sum.name;
	size_t size = sizeof row->sum.name;

	switch (x->by) {
	case EXITS_BY_PORT:
		snprintf(name, size, "0x%" PRIx64 ":%s", row->key, row->kind ? "PIN" : "POUT");
		break;
	case EXITS_BY_MSR:
		snprintf(name, size, "0x%" PRIx64 ":%s", row->key, row->kind ? "R" : "W");
		break;
	case EXITS_BY_CR:
		snprintf(name, size, "CR%" PRIu64 ":%s", row->key, cr_kinds[row->kind & 3]);
		break;
	case EXITS_BY_RIP:
	case EXITS_BY_PAGE:
		snprintf(name, size, "0x%016" PRIx64, row->key);
		break;
	default:
		snprintf(name, size, "%s", exit_name((unsigned)row->key));
		break;
	}
}

/* ---- the table ---- */

static struct exits_row *find(struct exits_row *row, size_t room, uint64_t key, uint8_t kind)
{
	size_t at = (size_t)((key ^ kind) * 0x9e3779b97f4a7c15ull >> 20) & (room - 1);

	while (row[at].sum.handled && (row[at].key != key || row[at].kind != kind))
		at = (at + 1) & (room - 1);
	return &row[at];
}

static bool grow(struct exits *x)
{
	size_t room = 2 * x->room;
	struct exits_row *row = calloc(room, sizeof *row);

	if (!row)
		return false;
	for (size_t i = 0; i < x->room; i++)
		if (x->row[i].sum.handled)
			*find(row, room, x->row[i].key, x->row[i].kind) = x->row[i];
	free(x->row);
	x->row = row;
	x->room = room;
	return true;
}

static bool add(struct exits *x, uint64_t time)
{
	uint64_t key;
	uint8_t kind;

	if (!key_of(x, &x->last, &key, &kind))
		return true;
	if (2 * x->rows >= x->room && !grow(x))
		return false;
	struct exits_row *row = find(x->row, x->room, key, kind);
	if (!row->sum.handled) {
		x->rows++;
		row->key = key;
		row->kind = kind;
		name_row(x, row);
	}
	report_exit_add(&row->sum, time);
	return true;
}

bool exits_put(struct exits *x, const struct trace_record *r)
{
	if (r->kind == TRACE_EXIT) {
		x->unanswered++;
		x->open = true;
		x->last = *r;
	}
	if (r->kind != TRACE_ENTRY || !x->open)
		return true;
	x->unanswered--;
	x->open = false;
	return add(x, r->cycle - x->last.cycle);
}

/* ---- in order ---- */

static int compare_keys(const struct exits_row *a, const struct exits_row *b)
{
	return a->key != b->key ? (a->key > b->key ? 1 : -1) : a->kind - b->kind;
}

static int by_samples(const void *left, const void *right)
{
	const struct exits_row *a = left, *b = right;
	return a->sum.handled != b->sum.handled ? (a->sum.handled < b->sum.handled ? 1 : -1) : compare_keys(a, b);
}

static int by_time(const void *left, const void *right)
{
	const struct exits_row *a = left, *b = right;
	return a->sum.time != b->sum.time ? (a->sum.time < b->sum.time ? 1 : -1) : compare_keys(a, b);
}

void exits_sort(struct exits *x, bool time)
{
	size_t n = 0;

	for (size_t i = 0; i < x->room; i++)
		if (x->row[i].sum.handled)
			x->row[n++] = x->row[i];
	qsort(x->row, n, sizeof *x->row, time ? by_time : by_samples);
}
