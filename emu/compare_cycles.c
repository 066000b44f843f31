/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of causes of cycles (compare_cycles.h). */
#include "emu/compare_cycles.h"

#include "emu/report.h"

#include <inttypes.h>

/* The causes of a group are neighbours in cost.def; CYCLES_EXITS has the VM exits of all reasons as well. */
static const struct {
	const char *name, *head;
	enum cost_cause first, last;
} groups[CYCLES_GROUPS] = {
    [CYCLES_INSTRUCTIONS] = {"instructions", "insns", COST_INSN_ALU, COST_INSN_SYSTEM},
    [CYCLES_SYSTEM] = {"system", "system", COST_MOV_CR3, COST_INTERRUPT},
    [CYCLES_DATA] = {"data", "data", COST_DATA_L2, COST_DATA_MEMORY},
    [CYCLES_FETCH] = {"fetch", "fetch", COST_FETCH_L2, COST_FETCH_MEMORY},
    [CYCLES_STLB] = {"stlb", "STLB", COST_STLB_HIT, COST_STLB_HIT},
    [CYCLES_WALK] = {"walk", "walk", COST_WALK, COST_WALK_MEMORY},
    [CYCLES_EPT] = {"ept", "EPT", COST_EPT_L1, COST_EPT_MEMORY},
    [CYCLES_EXITS] = {"transitions", "exits", COST_VM_ENTRY, COST_VM_ENTRY},
    [CYCLES_VMM] = {"vmm", "VMM", COST_VMREAD, COST_VMM_MEMORY},
    [CYCLES_IDLE] = {"idle", "idle", COST_IDLE, COST_IDLE},
};

const char *cycle_group_name(enum cycle_group group)
{
	return groups[group].name;
}

uint64_t cycle_group_sum(const struct cost *cost, enum cycle_group group)
{
	uint64_t sum = 0;

	for (unsigned i = groups[group].first; i <= groups[group].last; i++)
		sum += cost->n[i] * cost->price.of[i];
	for (unsigned i = 0; group == CYCLES_EXITS && i < COST_REASONS; i++)
		sum += cost->exit[i].count * cost->price.exit[i];
	return sum;
}

static double share(const struct compare_run *run, enum cycle_group group)
{
	return run->cycles ? 100 * (double)cycle_group_sum(&run->cost, group) / (double)run->cycles : 0;
}

double compare_walk_share(const struct compare_run *run)
{
	return share(run, CYCLES_WALK) + share(run, CYCLES_EPT);
}

void compare_cycles_table(FILE *out, const struct comparison *c)
{
	fprintf(out, "   %% of cycles ");
	for (unsigned group = 0; group < CYCLES_GROUPS; group++)
		fprintf(out, " %8s", groups[group].head);
	fputs("\n", out);
	for (size_t i = 0; i < c->count; i++) {
		fprintf(out, "   %-11s ", c->run[i].mode->name);
		for (unsigned group = 0; group < CYCLES_GROUPS; group++)
			fprintf(out, " %8.2f", share(&c->run[i], (enum cycle_group)group));
		fputs("\n", out);
	}
	fputs("\n", out);
}

void compare_cycles_csv_names(FILE *out)
{
	for (unsigned group = 0; group < CYCLES_GROUPS; group++)
		fprintf(out, ",cycles_%s", groups[group].name);
}

void compare_cycles_csv(FILE *out, const struct compare_run *run)
{
	for (unsigned group = 0; group < CYCLES_GROUPS; group++)
		fprintf(out, ",%" PRIu64, cycle_group_sum(&run->cost, (enum cycle_group)group));
}

json_t *compare_cycles_json(const struct compare_run *run)
{
	json_t *by_group = json_object();

	for (unsigned group = 0; group < CYCLES_GROUPS; group++)
		json_object_set_new(by_group, groups[group].name,
				    json_integer((json_int_t)cycle_group_sum(&run->cost, (enum cycle_group)group)));
	return json_pack("{s:o,s:o}", "by_group", by_group, "by_cause", report_cost_json(&run->cost));
}
