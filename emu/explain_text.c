/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A translation as text: natively (and with --list) one reference below the other, at most 100 columns, with the meaning of each entry
 * in words; under EPT the grid of the two-dimensional walk, at most 160 columns.
 */
#include "emu/explain.h"

#include "ept/epte.h"
#include "mmu/pte.h"

#include <inttypes.h>
#include <string.h>

enum { WIDTH = 100, CELL = 20, LABEL = 20 };

#define ADDR "0x%012" PRIx64
#define ENTRY "0x%016" PRIx64

/* Words, wrapped at WIDTH, each line indented. */
static void print_wrapped(FILE *out, const char *indent, const char *text)
{
	size_t room = WIDTH - strlen(indent);

	while (*text) {
		size_t n = strlen(text);
		if (n > room)
			for (n = room; n > 0 && text[n] != ' '; n--)
				;
		if (n == 0)
			n = room;
		fprintf(out, "%s%.*s\n", indent, (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

static void print_title(FILE *out, const struct explanation *e)
{
	const struct explain_request *r = &e->request;
	unsigned access = r->access;

	fprintf(out, "%s mode %s of linear address 0x%016" PRIx64, access & ACC_USER ? "User" : "Supervisor", explain_access_name(access),
		r->gla.u);
	if (r->symbol)
		fprintf(out, " (%s)", r->symbol);
	fputc('\n', out);
	if (r->when)
		fprintf(out, "%s\n", r->when);
}

static void print_mode(FILE *out, const struct explanation *e)
{
	const struct paging_mode *m = &e->mode;

	fprintf(out, "%s", explain_mode_name(m));
	if (m->levels && m->levels != 3)
		fprintf(out, ", CR3 table at 0x%" PRIx64, m->root.u);
	if (m->pcide)
		fprintf(out, ", PCID %u", m->pcid);
	if (m->levels)
		fprintf(out, "; CR0.WP=%d CR4.PGE=%d SMEP=%d SMAP=%d PKE=%d EFER.NXE=%d", m->wp, m->pge, m->smep, m->smap, m->pke, m->nxe);
	fputc('\n', out);
	if (e->request.ept)
		fprintf(out, "%u-level EPT, EPTP 0x%" PRIx64 ", accessed and dirty flags %s, VPID %u%s\n", e->ept_levels, e->request.eptp,
			e->request.eptp & EPTP_AD ? "on" : "off", e->vpid, e->request.mode_based ? ", mode-based execute control" : "");
}

/* linear bits hi..lo that index a level's table */
static void index_bits(const struct explanation *e, unsigned level, unsigned *hi, unsigned *lo)
{
	if (e->mode.levels == 2) {
		*lo = PAGE_SHIFT + 10 * (level - 1);
		*hi = *lo + 9;
		return;
	}
	*lo = level_shift(level);
	*hi = e->mode.levels == 3 && level == 3 ? 31 : *lo + 8;
}

static void print_indices(FILE *out, const struct explanation *e)
{
	uint64_t gla = e->request.gla.u;
	unsigned lo = 64, hi;

	for (unsigned i = 0; i < e->rows; i++) {
		unsigned level = e->row[i].level;
		if (!level)
			continue;
		index_bits(e, level, &hi, &lo);
		fprintf(out, "%s %" PRIu64 " (%u:%u)  ", explain_table_name(level), (uint64_t)FIELD(gla, hi, lo), hi, lo);
	}
	if (lo < 64)
		fprintf(out, "offset 0x%" PRIx64 "\n", (uint64_t)(gla & (BIT(lo) - 1)));
}

/* ---- the list */

static void print_ref(FILE *out, const struct explanation *e, const struct explain_ref *ref)
{
	uint64_t at = ref->hpa.u;

	fprintf(out, "%s%3u %s%-5s table 0x%012" PRIx64 "  index %4u  read at 0x%012" PRIx64 "  entry 0x%0*" PRIx64 "\n",
		ref->failed ? ">>" : "  ", ref->number,
		ref->ept	? "EPT "
		: e->ept_levels ? "    "
				: "",
		explain_entry_name(ref->level), page_base(at), ref->index, at, 2 * ref->size, ref->entry);
	if (!ref->ept && e->ept_levels)
		fprintf(out, "      guest-physical 0x%012" PRIx64 "\n", ref->gpa.u);
	fprintf(out, "      [%s]", ref->flags);
	if (*ref->rights)
		fprintf(out, "  together so far: %s", ref->rights);
	fprintf(out, "%s\n", ref->failed ? "  <-- fails here" : "");
	print_wrapped(out, "      ", ref->words);
}

static void print_pdpte(FILE *out, const struct explanation *e, const struct explain_row *row)
{
	bool present = row->entry & PTE_P;

	fprintf(out, "%s  - PDPTE register %u, loaded by MOV to CR3: no reference   0x%016" PRIx64 "%s\n", present ? "  " : ">>",
		(unsigned)(e->request.gla.u >> 30 & 3), row->entry, present ? "" : "  not present  <-- fails here");
}

static void print_list(FILE *out, const struct explanation *e)
{
	for (unsigned i = 0; i < e->rows; i++) {
		const struct explain_row *row = &e->row[i];
		if (e->ept_levels && row->level && !row->pdpte)
			fprintf(out, "\nguest %s at guest-physical 0x%" PRIx64 "\n", explain_entry_name(row->level), row->gpa.u);
		else if (e->ept_levels && !row->level)
			fprintf(out, "\nfinal address, guest-physical 0x%" PRIx64 "\n", row->gpa.u);
		else if (i)
			fputs("       |\n       v\n", out);
		if (row->pdpte)
			print_pdpte(out, e, row);
		for (int j = row->ept; j < row->ept + row->ept_count; j++)
			print_ref(out, e, &e->ref[j]);
		if (row->guest >= 0)
			print_ref(out, e, &e->ref[row->guest]);
		if (!row->level && row->translated)
			fprintf(out, "      %s 0x%012" PRIx64 "\n", e->ept_levels ? "host-physical" : "physical address", row->hpa.u);
	}
}

/* ---- the grid */

static const struct explain_ref *ept_cell(const struct explanation *e, const struct explain_row *row, unsigned level)
{
	for (int j = row->ept; j < row->ept + row->ept_count; j++)
		if (e->ref[j].level == level)
			return &e->ref[j];
	return NULL;
}

enum { CELL_LINES = 4 };

static void cell_line(char *to, size_t size, const struct explain_ref *ref, int line)
{
	switch (line) {
	case 0:
		snprintf(to, size, "%s%2u %s [%u]", ref->failed ? ">>" : "", ref->number, explain_entry_name(ref->level), ref->index);
		break;
	case 1:
		snprintf(to, size, "@ " ADDR, ref->hpa.u);
		break;
	case 2:
		snprintf(to, size, ref->size == 8 ? ENTRY : "= 0x%08" PRIx64, ref->entry);
		break;
	default:
		snprintf(to, size, "%s", ref->flags);
	}
}

static void label_line(char *to, size_t size, const struct explanation *e, const struct explain_row *row, int line)
{
	*to = '\0';
	if (line == 0)
		snprintf(to, size, "%s", row->level ? explain_table_name(row->level) : "final address");
	else if (row->pdpte && line == 1)
		snprintf(to, size, "PDPTE register %u", (unsigned)(e->request.gla.u >> 30 & 3));
	else if (row->pdpte && line == 2)
		snprintf(to, size, ENTRY, row->entry);
	else if (line == 1)
		snprintf(to, size, "gpa " ADDR, row->gpa.u);
	else if (line == 2 && row->translated)
		snprintf(to, size, "hpa " ADDR, row->hpa.u);
	else if (line == 2)
		snprintf(to, size, "not translated");
}

static void print_rule(FILE *out, unsigned columns)
{
	static const char dashes[] = "--------------------------------";

	fprintf(out, "%.*s", LABEL, dashes);
	for (unsigned c = 0; c < columns; c++)
		fprintf(out, "+%.*s", CELL, dashes);
	fputs("+\n", out);
}

static void print_cell_line(FILE *out, const struct explain_ref *ref, int line)
{
	char text[64] = "";

	if (ref)
		cell_line(text, sizeof text, ref, line);
	fprintf(out, "|%-*.*s", CELL, CELL, text);
}

static void print_grid(FILE *out, const struct explanation *e)
{
	char text[64];

	fprintf(out, "%-*s", LABEL, "guest level");
	for (unsigned level = e->ept_levels; level; level--)
		fprintf(out, "|EPT %-*s", CELL - 4, explain_table_name(level));
	fprintf(out, "|%-*s|\n", CELL, "guest entry");
	for (unsigned i = 0; i < e->rows; i++) {
		const struct explain_row *row = &e->row[i];
		print_rule(out, e->ept_levels + 1);
		for (int line = 0; line < CELL_LINES; line++) {
			label_line(text, sizeof text, e, row, line);
			fprintf(out, "%-*s", LABEL, text);
			for (unsigned level = e->ept_levels; level; level--)
				print_cell_line(out, ept_cell(e, row, level), line);
			print_cell_line(out, row->guest < 0 ? NULL : &e->ref[row->guest], line);
			fputs("|\n", out);
		}
	}
	print_rule(out, e->ept_levels + 1);
	fputs("number, entry and [index]; @ host-physical address read; the entry; its flags. >> fails. --list says all in words.\n", out);
}

/* ---- the rest */

static void print_checks(FILE *out, const struct explanation *e)
{
	static const char *const mark[] = {
	    [CHECK_NOT_REACHED] = "not reached", [CHECK_NOT_ASKED] = "-", [CHECK_PASSED] = "passes", [CHECK_FAILED] = "FAILS"};

	for (unsigned i = 0; i < e->checks; i++)
		fprintf(out, "  %-11s  %s\n", mark[e->check[i].verdict], e->check[i].text);
}

static void print_bits(FILE *out, const struct explanation *e)
{
	fprintf(out, "%s 0x%" PRIx64 ":\n", e->walk.status == WALK_SECOND ? "exit qualification" : "error code",
		e->walk.status == WALK_SECOND ? e->qualification : e->walk.error);
	for (unsigned i = 0; i < e->bits; i++)
		fprintf(out, "  bit %2u %-13s = %d   %s\n", e->bit[i].bit, e->bit[i].name, e->bit[i].set, e->bit[i].text);
}

void explain_text(FILE *out, const struct explanation *e, bool list)
{
	print_title(out, e);
	print_mode(out, e);
	if (e->canonical) {
		print_indices(out, e);
		fputc('\n', out);
		if (e->ept_levels && !list)
			print_grid(out, e);
		else
			print_list(out, e);
		fputs("\nchecks, in order:\n", out);
		print_checks(out, e);
	}
	fputc('\n', out);
	for (unsigned i = 0; i < e->lines; i++)
		print_wrapped(out, "", e->line[i]);
	if (e->bits) {
		fputc('\n', out);
		print_bits(out, e);
	}
}
