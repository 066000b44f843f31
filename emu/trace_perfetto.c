/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace in Chrome's trace event format (JSON), which Perfetto and chrome://tracing show: tracks for guest user, guest kernel and VMM, on
 * them slices of who runs, VM exits by reason until the next VM entry, walks, and marks for faults. A cycle is taken as a nanosecond.
 * User and kernel mode are told apart where the trace shows them: by instructions, fetches, faults, exits and entries.
 */
#include "emu/trace_export.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <stdlib.h>

enum track { TRACK_NONE, TRACK_USER, TRACK_KERNEL, TRACK_VMM, TRACKS };

struct perfetto {
	enum track running;
	uint64_t since;	 /* the clock when it began */
	uint64_t latest; /* of all records so far: no slice ends later */
	unsigned exit;	 /* reason, on TRACK_VMM */
	uint64_t rip, info;
	bool comma;
};

static void event_begin(struct trace_export *x, const char *name, const char *phase, enum track track, uint64_t cycle)
{
	struct perfetto *p = x->state;

	fprintf(x->out, "%s\n{\"name\":\"%s\",\"cat\":\"vtxray\",\"ph\":\"%s\",\"pid\":1,\"tid\":%u,\"ts\":%" PRIu64 ".%03" PRIu64,
		p->comma ? "," : "", name, phase, track, cycle / 1000, cycle % 1000);
	p->comma = true;
}

static void put_duration(struct trace_export *x, uint64_t cycles)
{
	fprintf(x->out, ",\"dur\":%" PRIu64 ".%03" PRIu64, cycles / 1000, cycles % 1000);
}

static void put_name(struct trace_export *x, const char *what, enum track track, const char *name)
{
	event_begin(x, what, "M", track, 0);
	fprintf(x->out, ",\"args\":{\"name\":\"%s\"}}", name);
}

static bool perfetto_begin(struct trace_export *x)
{
	if (!(x->state = calloc(1, sizeof(struct perfetto))))
		return false;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", x->out);
	put_name(x, "process_name", TRACK_NONE, "vtxray");
	put_name(x, "thread_name", TRACK_USER, "guest user");
	put_name(x, "thread_name", TRACK_KERNEL, "guest kernel");
	put_name(x, "thread_name", TRACK_VMM, "VMM");
	return true;
}

/* Who has run so far is a slice; from now on another does. */
static void change(struct trace_export *x, enum track to, uint64_t cycle)
{
	struct perfetto *p = x->state;
	static const char *const names[TRACKS] = {"", "user", "kernel", ""};

	if (p->running == to)
		return;
	uint64_t end = cycle > p->since ? cycle : p->since;
	if (p->running) {
		event_begin(x, p->running == TRACK_VMM ? exit_name(p->exit) : names[p->running], "X", p->running, p->since);
		put_duration(x, end - p->since);
		if (p->running == TRACK_VMM)
			fprintf(x->out, ",\"args\":{\"rip\":\"0x%" PRIx64 "\",\"qualification\":\"0x%" PRIx64 "\"}", p->rip, p->info);
		fputc('}', x->out);
	}
	p->running = to;
	p->since = end;
}

static enum track mode_of(const struct trace_record *r)
{
	return r->flags & TRACE_USER ? TRACK_USER : TRACK_KERNEL;
}

/* Its references are the last that took time; a walk ends within the slice of who made it. */
static void put_walk(struct trace_export *x, const struct trace_record *r)
{
	struct perfetto *p = x->state;
	enum track track = r->access & ACC_USER ? TRACK_USER : TRACK_KERNEL;
	uint64_t begin = r->cycle > r->duration ? r->cycle - r->duration : 0;

	if (p->running == track && begin < p->since)
		begin = p->since;
	event_begin(x, "walk", "X", track, begin);
	put_duration(x, r->cycle > begin ? r->cycle - begin : 0);
	fprintf(x->out, ",\"args\":{\"gla\":\"0x%" PRIx64 "\",\"access\":\"%s\",\"references\":%u,\"result\":\"%s\"}}", r->gla,
		trace_access_name(r->access), r->refs,
		r->status == WALK_OK	       ? "page"
		: r->status == WALK_PAGE_FAULT ? "#PF"
					       : exit_name(r->code));
}

static void put_fault(struct trace_export *x, const struct trace_record *r)
{
	char name[32];

	snprintf(name, sizeof name, "%s %u", r->type == EVTYPE_EXTERNAL ? "interrupt" : "exception", r->vector);
	event_begin(x, name, "i", mode_of(r), r->cycle);
	fprintf(x->out, ",\"s\":\"t\",\"args\":{\"rip\":\"0x%" PRIx64 "\",\"gla\":\"0x%" PRIx64 "\",\"error_code\":%u}}", r->rip, r->gla,
		r->code);
}

static void perfetto_put(struct trace_export *x, const struct trace_record *r)
{
	struct perfetto *p = x->state;

	p->latest = r->cycle > p->latest ? r->cycle : p->latest;
	switch (r->kind) {
	case TRACE_INSN:
		change(x, mode_of(r), r->cycle);
		break;
	case TRACE_ACCESS:
		if (r->access & ACC_FETCH)
			change(x, mode_of(r), r->cycle);
		break;
	case TRACE_WALK:
		put_walk(x, r);
		break;
	case TRACE_FAULT:
		change(x, mode_of(r), r->cycle);
		put_fault(x, r);
		change(x, TRACK_KERNEL, r->cycle);
		break;
	case TRACE_EXIT:
		change(x, mode_of(r), r->cycle);
		change(x, TRACK_VMM, r->cycle);
		p->exit = r->code & 0xffff;
		p->rip = r->rip;
		p->info = r->qualification;
		break;
	case TRACE_ENTRY:
		change(x, mode_of(r), r->cycle);
		break;
	default:
		break;
	}
}

static void perfetto_end(struct trace_export *x)
{
	struct perfetto *p = x->state;

	change(x, TRACK_NONE, p->latest);
	fputs("\n]}\n", x->out);
	free(p);
}

const struct trace_format trace_as_perfetto = {"perfetto", "Chrome's trace events, for Perfetto", perfetto_begin, perfetto_put,
					       perfetto_end};
