/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of a replay beside those of the recorded run (replay_compare.h). */
#include "emu/replay_compare.h"

#include <stdio.h>
#include <string.h>

/* Counters of the recorded run that a replay on the same processor repeats. */
static bool is_repeated(const char *name)
{
	static const char *const prefixes[] = {"dtlb_misses", "itlb_misses", "stlb_",	     "tlb_",	   "walks_",
					       "walk_refs_",  "dtlb_hits_",  "agile_walks_", "agile_refs_"};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

void replay_compare(struct replay_comparison *c, const struct events *ev, const struct trace_record *r)
{
	for (unsigned e = 0; e < EVENT_COUNT; e++) {
		if (strcmp(event_name(e), r->name) != 0 || !is_repeated(r->name))
			continue;
		if (ev->n[e] == r->value) {
			c->same++;
		} else if (c->different++ == 0) {
			snprintf(c->first, sizeof c->first, "%s: recorded %llu, replayed %llu", r->name, (unsigned long long)r->value,
				 (unsigned long long)ev->n[e]);
		}
	}
}

void replay_say_comparison(const struct replay_comparison *c)
{
	if (c->different)
		printf(" Other than recorded: %u of %u counters of TLBs and walks; the first is %s\n\n", c->different,
		       c->same + c->different, c->first);
	else if (c->same)
		printf(" As recorded: all %u counters of TLBs and walks\n\n", c->same);
}
