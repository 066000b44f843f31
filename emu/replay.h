/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replaying a trace: its accesses drive the modelled MMU, without an engine. The paging structures are those of the trace, if it holds
 * them (then hits, misses and walks are those of the recorded run, if the processor is the same), or are built as pages are touched.
 */
#ifndef EMU_REPLAY_H
#define EMU_REPLAY_H

#include "emu/replay_tables.h"
#include "emu/trace.h"

enum { REPLAY_REFS = 256 };

/* What the walk recorded last came to; shift 0: nothing. */
struct replay_piece {
	gpa_t gpa;
	hpa_t hpa;
	uint8_t shift;
};

struct replay {
	struct cpu cpu;
	struct mem mem;
	struct vmx vmx;
	struct ept ept;
	struct caches caches;
	struct replay_config config;
	struct replay_tables tables;
	uint64_t accesses;    /* replayed: instructions, loads, stores */
	uint64_t differences; /* recorded tables: translations that faulted, or not, other than when recorded */
	const char *wrong;    /* why replay_put failed */
	bool fetched;	      /* the page of the next instruction has been looked up */
	uint8_t fetch_part;   /* of the page that instructions come from */
	/* recorded tables: the references of the walk under way */
	unsigned refs;
	struct replay_piece piece;
	bool log_full; /* it ends in a page-modification log-full event */
	struct {
		uint64_t hpa, entry;
		uint8_t size;
	} ref[REPLAY_REFS];
};

/* Returns 0, or -ERR_NOMEM, -ERR_ARG; then replay_free must not be called. */
int replay_init(struct replay *replay, const struct replay_config *config);
void replay_free(struct replay *replay);

/* The next record. false: it cannot be replayed; r->wrong says why. */
bool replay_put(struct replay *r, const struct trace_record *t);

#endif
