/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of VM exits (report_exits.h). */
#include "emu/report_exits.h"

void report_exit_add(struct report_exit *row, uint64_t time)
{
	if (row->handled == 0 || time < row->min)
		row->min = time;
	if (time > row->max)
		row->max = time;
	row->time += time;
	row->handled++;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

void report_exits(FILE *out, const char *head, const struct report_exit *row, size_t rows)
{
	uint64_t samples = 0, time = 0;

	for (size_t i = 0; i < rows; i++) {
		samples += row[i].handled;
		time += row[i].time;
	}
	if (!samples)
		return;
	fprintf(out, "\n Analyze events for all VMs, all VCPUs (times in cycles):\n\n%24s %10s %9s %9s %12s %12s %12s\n\n", head, "Samples",
		"Samples%", "Time%", "Min Time", "Max Time", "Avg time");
	for (size_t i = 0; i < rows; i++) {
		const struct report_exit *e = &row[i];

		if (e->handled)
			fprintf(out, "%24s %10llu %8.2f%% %8.2f%% %12llu %12llu %12.2f\n", e->name, (unsigned long long)e->handled,
				percent(e->handled, samples), percent(e->time, time), (unsigned long long)e->min,
				(unsigned long long)e->max, (double)e->time / (double)e->handled);
	}
	fprintf(out, "\nTotal Samples:%llu, Total events handled time:%llu cycles.\n", (unsigned long long)samples,
		(unsigned long long)time);
}
