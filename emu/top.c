/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view of a long run (top.h). Pages are counted in a table of fixed size: when two pages meet in a slot, the one that was there
 * loses a count, and leaves when it has none; so pages with many accesses stay, and their counts may be somewhat low.
 */
#include "emu/top.h"

#include "emu/machine.h"
#include "vmx/exit.h"

#include <inttypes.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 8192, ROWS_MAX = 200, PERIOD = 1 /* seconds */, HEAD = 5 };

struct hot {
	uint64_t page, accesses, walks;
};

struct top {
	struct machine *machine;
	struct mmu_observer observer;
	SCREEN *screen;
	struct events before; /* of the last picture */
	double drawn;
	struct hot page[PAGES];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_access(void *ctx, gla_t gla, unsigned access, const struct tlb_entry *entry, enum mmu_served served)
{
	struct top *top = ctx;
	uint64_t page = gla.u >> PAGE_SHIFT;
	struct hot *h = &top->page[(page ^ page >> 13 ^ page >> 26) % PAGES];

	(void)access;
	(void)entry;
	if (h->page != page && h->accesses) {
		h->accesses--;
		return;
	}
	if (h->page != page)
		*h = (struct hot){.page = page};
	h->accesses++;
	h->walks += served == SERVED_WALK;
}

struct top *top_new(struct machine *m)
{
	struct top *top = calloc(1, sizeof *top);

	if (!top)
		return NULL;
	top->machine = m;
	top->before = m->cpu.ev;
	top->observer = (struct mmu_observer){.ctx = top, .access = on_access};
	mmu_observe(&m->cpu.mmu, &top->observer);
	return top;
}

void top_free(struct top *top)
{
	mmu_observe(&top->machine->cpu.mmu, NULL);
	free(top);
}

/* ---- the picture ---- */

static int hotter(const void *a, const void *b)
{
	const struct hot *x = a, *y = b;

	if (x->accesses != y->accesses)
		return x->accesses < y->accesses ? 1 : -1;
	return x->page > y->page ? 1 : x->page < y->page ? -1 : 0;
}

static double rate(const struct top *top, uint64_t (*of)(const struct events *ev), double seconds)
{
	return seconds > 0 ? (double)(of(&top->machine->cpu.ev) - of(&top->before)) / seconds : 0;
}

static uint64_t instructions(const struct events *ev)
{
	return ev->n[EV_INSTRUCTIONS];
}

static uint64_t misses(const struct events *ev)
{
	return ev->n[EV_DTLB_MISSES] + ev->n[EV_ITLB_MISSES];
}

static uint64_t exits(const struct events *ev)
{
	return ev->n[EV_VM_EXITS];
}

static void render_head(const struct top *top, double seconds, char line[][TOP_LINE])
{
	const struct cpu *cpu = &top->machine->cpu;
	double walks = rate(top, event_walks, seconds), refs = rate(top, event_walk_refs, seconds);

	snprintf(line[0], TOP_LINE, "vtxray: %.1f million instructions, %.1f million cycles, rip 0x%" PRIx64,
		 (double)cpu->ev.n[EV_INSTRUCTIONS] / 1e6, (double)cpu->clock / 1e6, cpu->rip);
	snprintf(
	    line[1], TOP_LINE,
	    "a second of the host: %.2f million instructions, %.0f TLB misses, %.0f walks, %.0f references (%.2f a walk), %.0f VM exits",
	    rate(top, instructions, seconds) / 1e6, rate(top, misses, seconds), walks, refs, walks > 0 ? refs / walks : 0,
	    rate(top, exits, seconds));
	line[2][0] = '\0';
	snprintf(line[3], TOP_LINE, "%-18s %12s %12s    %-24s %12s", "page", "accesses", "walks", cpu->vmx ? "VM exit" : "",
		 cpu->vmx ? "count" : "");
}

/* The reason with the n-th most exits, or -1. */
static int nth_reason(const struct vmx *vmx, unsigned n)
{
	for (unsigned i = 0; vmx && i < VMX_REASONS; i++) {
		unsigned more = 0;
		for (unsigned j = 0; j < VMX_REASONS; j++)
			more += vmx->exits[j] > vmx->exits[i] || (j < i && vmx->exits[j] == vmx->exits[i]);
		if (vmx->exits[i] && more == n)
			return (int)i;
	}
	return -1;
}

unsigned top_render(struct top *top, double seconds, unsigned rows, char line[][TOP_LINE])
{
	static struct hot sorted[PAGES];
	const struct vmx *vmx = top->machine->cpu.vmx;
	unsigned count = 0, row = HEAD - 1;

	for (unsigned i = 0; i < PAGES; i++)
		if (top->page[i].accesses)
			sorted[count++] = top->page[i];
	qsort(sorted, count, sizeof(struct hot), hotter);
	if (rows < HEAD)
		return 0;
	render_head(top, seconds, line);
	for (unsigned n = 0; row < rows; n++, row++) {
		int reason = nth_reason(vmx, n), at = 0;
		if (n >= count && reason < 0)
			break;
		if (n < count)
			at = snprintf(line[row], TOP_LINE, "0x%016" PRIx64 " %12" PRIu64 " %12" PRIu64, sorted[n].page << PAGE_SHIFT,
				      sorted[n].accesses, sorted[n].walks);
		else
			at = snprintf(line[row], TOP_LINE, "%44s", "");
		if (reason >= 0)
			snprintf(line[row] + at, TOP_LINE - (size_t)at, "    %-24s %12" PRIu64, exit_name((unsigned)reason),
				 vmx->exits[reason]);
	}
	top->before = top->machine->cpu.ev;
	return row;
}

/* ---- the terminal ---- */

static void draw(struct top *top)
{
	static char line[ROWS_MAX][TOP_LINE];
	double time = now();
	int rows, columns;

	getmaxyx(stdscr, rows, columns);
	unsigned used = top_render(top, time - top->drawn, rows < ROWS_MAX ? (unsigned)rows : ROWS_MAX, line);
	top->drawn = time;
	erase();
	for (unsigned i = 0; i < used; i++)
		mvaddnstr((int)i, 0, line[i], columns);
	refresh();
}

void top_look(struct top *top)
{
	if (now() - top->drawn >= PERIOD)
		draw(top);
}

struct top *top_start(struct machine *m)
{
	if (!isatty(STDERR_FILENO) || !getenv("TERM")) {
		fputs("vtxray: --top: standard error is no terminal\n", stderr);
		return NULL;
	}
	struct top *top = top_new(m);
	if (top && (top->screen = newterm(NULL, stderr, stdin)) != NULL) {
		top->drawn = now();
		m->top = top;
		return top;
	}
	if (top)
		top_free(top);
	fputs("vtxray: --top: this terminal cannot be used\n", stderr);
	return NULL;
}

void top_end(struct top *top)
{
	draw(top);
	endwin();
	delscreen(top->screen);
	top->machine->top = NULL;
	top_free(top);
}
