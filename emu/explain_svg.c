/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A translation as a picture (SVG 1.1): the same grid as the text's, readable in black and white: what fails has a thick border and the
 * word. Natively there is one column, with the meaning of each entry in words beside it. Every piece of text is an element and a line of
 * its own; the advance of a monospace letter is 0.6 of its size, with some room to spare, so nothing overlaps.
 */
#include "emu/explain.h"

#include "mmu/pte.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MARGIN = 24,
	TITLE = 16,
	FONT = 11,
	LINE = 15,
	CELL_WIDTH = 150,
	CELL_HEIGHT = 78,
	GAP_X = 26,
	GAP_Y = 30,
	LABEL_WIDTH = 160,
	WORDS_LETTERS = 72, /* of words beside a native cell, a line */
	FOOT_LETTERS = 112,
	LETTER = 7, /* an upper bound of the advance at FONT */
};

static void escape(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? '?' : *text, out);
		}
}

static void text_at(FILE *out, int x, int y, const char *class, const char *text)
{
	fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
	escape(out, text);
	fputs("</text>\n", out);
}

static void box(FILE *out, int x, int y, bool failed)
{
	fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"/>\n", x, y, CELL_WIDTH, CELL_HEIGHT,
		failed ? "failed" : "cell");
}

static void arrow(FILE *out, int x1, int y1, int x2, int y2)
{
	fprintf(out, "<path d=\"M%d %dL%d %d\" class=\"arrow\" marker-end=\"url(#head)\"/>\n", x1, y1, x2, y2);
}

/* Text in lines of at most `letters`; returns the y after it. */
static int wrapped(FILE *out, int x, int y, size_t letters, const char *class, const char *text)
{
	char line[160];

	while (*text) {
		size_t n = strlen(text);
		if (n > letters)
			for (n = letters; n > 0 && text[n] != ' '; n--)
				;
		if (n == 0)
			n = letters;
		snprintf(line, sizeof line, "%.*s", (int)n, text);
		text_at(out, x, y, class, line);
		y += LINE;
		text += n;
		text += strspn(text, " ");
	}
	return y;
}

/* ---- the grid */

static int column_x(unsigned column)
{
	return MARGIN + LABEL_WIDTH + (int)column * (CELL_WIDTH + GAP_X);
}

static void draw_ref(FILE *out, const struct explain_ref *ref, int x, int y)
{
	char text[64];

	fprintf(out, "<g id=\"ref%u\">\n", ref->number);
	box(out, x, y, ref->failed);
	snprintf(text, sizeof text, "%u", ref->number);
	text_at(out, x + 6, y + 17, "number", text);
	snprintf(text, sizeof text, "%s%s [%u]", ref->ept ? "E-" : "", explain_entry_name(ref->level), ref->index);
	text_at(out, x + 34, y + 17, "name", text);
	snprintf(text, sizeof text, "@ 0x%012" PRIx64, ref->hpa.u);
	text_at(out, x + 6, y + 35, "mono", text);
	snprintf(text, sizeof text, "0x%0*" PRIx64, 2 * ref->size, ref->entry);
	text_at(out, x + 6, y + 51, "mono", text);
	snprintf(text, sizeof text, "%.19s", ref->flags);
	text_at(out, x + 6, y + 68, "mono", text);
	if (ref->failed)
		text_at(out, x + CELL_WIDTH - 46, y - 6, "name", "FAILS");
	fputs("</g>\n", out);
}

static void draw_label(FILE *out, const struct explanation *e, const struct explain_row *row, int y)
{
	char text[64];

	text_at(out, MARGIN, y + 17, "name", row->level ? explain_table_name(row->level) : "final address");
	if (row->pdpte) {
		snprintf(text, sizeof text, "PDPTE register %u", (unsigned)(e->request.gla.u >> 30 & 3));
		text_at(out, MARGIN, y + 35, "mono", text);
		snprintf(text, sizeof text, "0x%016" PRIx64, row->entry);
		text_at(out, MARGIN, y + 51, "mono", text);
		if (!(row->entry & PTE_P))
			text_at(out, MARGIN, y + 68, "name", "not present: FAILS");
		return;
	}
	snprintf(text, sizeof text, "%s 0x%012" PRIx64, e->ept_levels ? "gpa" : "at", row->gpa.u);
	text_at(out, MARGIN, y + 35, "mono", text);
	if (!e->ept_levels)
		return;
	snprintf(text, sizeof text, "hpa 0x%012" PRIx64, row->hpa.u);
	text_at(out, MARGIN, y + 51, "mono", row->translated ? text : "not translated");
}

static void draw_row(FILE *out, const struct explanation *e, const struct explain_row *row, int y)
{
	int middle = y + CELL_HEIGHT / 2;

	draw_label(out, e, row, y);
	for (int j = row->ept; j < row->ept + row->ept_count; j++) {
		int x = column_x(e->ept_levels - e->ref[j].level);
		draw_ref(out, &e->ref[j], x, y);
		if (j > row->ept)
			arrow(out, x - GAP_X + 2, middle, x - 3, middle);
	}
	if (row->guest < 0)
		return;
	int x = column_x(e->ept_levels);
	draw_ref(out, &e->ref[row->guest], x, y);
	if (row->ept_count) { /* over the columns that a large EPT page leaves empty */
		int from = column_x(e->ept_levels - e->ref[row->ept + row->ept_count - 1].level) + CELL_WIDTH;
		arrow(out, from + 2, middle, x - 3, middle);
	}
	if (!e->ept_levels)
		wrapped(out, x + CELL_WIDTH + GAP_X, y + 17, WORDS_LETTERS, "mono", e->ref[row->guest].words);
}

/* From a guest's entry back to the first EPT reference of the next row, through the gap between the rows. */
static void draw_turn(FILE *out, const struct explanation *e, unsigned row, int y)
{
	const struct explain_row *next = &e->row[row + 1];
	int from = column_x(e->ept_levels) + CELL_WIDTH / 2, bottom = y + CELL_HEIGHT;

	if (e->row[row].guest < 0)
		return;
	if (!e->ept_levels || !next->ept_count) {
		if (next->guest >= 0)
			arrow(out, from, bottom + 2, from, bottom + GAP_Y - 3);
		return;
	}
	int to = column_x(e->ept_levels - e->ref[next->ept].level) + CELL_WIDTH / 2, turn = bottom + 9;
	fprintf(out, "<path d=\"M%d %dL%d %dL%d %dL%d %d\" class=\"arrow\" marker-end=\"url(#head)\"/>\n", from, bottom + 2, from, turn, to,
		turn, to, bottom + GAP_Y - 3);
}

static int draw_grid(FILE *out, const struct explanation *e, int y)
{
	char text[32];

	for (unsigned level = e->ept_levels; level; level--) {
		snprintf(text, sizeof text, "EPT %s", explain_table_name(level));
		text_at(out, column_x(e->ept_levels - level), y, "name", text);
	}
	text_at(out, column_x(e->ept_levels), y, "name", "guest entry");
	y += GAP_Y - 8;
	for (unsigned i = 0; i < e->rows; i++) {
		draw_row(out, e, &e->row[i], y);
		if (i + 1 < e->rows)
			draw_turn(out, e, i, y);
		y += CELL_HEIGHT + GAP_Y;
	}
	return y;
}

/* ---- the rest */

static int draw_head(FILE *out, const struct explanation *e)
{
	char text[256];
	int y = MARGIN + TITLE;

	snprintf(text, sizeof text, "%s mode %s of linear address 0x%016" PRIx64, e->request.access & ACC_USER ? "User" : "Supervisor",
		 explain_access_name(e->request.access), e->request.gla.u);
	text_at(out, MARGIN, y, "title", text);
	snprintf(text, sizeof text, "%s", explain_mode_name(&e->mode));
	if (e->mode.levels && e->mode.levels != 3)
		explain_add(text, sizeof text, ", CR3 table at 0x%" PRIx64, e->mode.root.u);
	if (e->request.ept)
		explain_add(text, sizeof text, "; %u-level EPT, EPTP 0x%" PRIx64, e->ept_levels, e->request.eptp);
	text_at(out, MARGIN, y + 20, "mono", text);
	return y + 20 + LINE + 14;
}

static void draw_bit(FILE *out, const struct explain_bit *bit, int y)
{
	const char *class = bit->set ? "strong" : "mono";
	char text[16];

	snprintf(text, sizeof text, "bit %2u", bit->bit);
	text_at(out, MARGIN, y, class, text);
	text_at(out, MARGIN + 60, y, class, bit->name);
	text_at(out, MARGIN + 170, y, class, bit->set ? "= 1" : "= 0");
	text_at(out, MARGIN + 210, y, class, bit->text);
}

static int draw_foot(FILE *out, const struct explanation *e, int y)
{
	char text[192];

	for (unsigned i = 0; i < e->checks; i++)
		if (e->check[i].verdict == CHECK_FAILED) {
			snprintf(text, sizeof text, "FAILS: %s", e->check[i].text);
			y = wrapped(out, MARGIN, y, FOOT_LETTERS, "name", text);
		}
	for (unsigned i = 0; i < e->lines; i++)
		y = wrapped(out, MARGIN, y, FOOT_LETTERS, "mono", e->line[i]);
	y += LINE / 2;
	for (unsigned i = 0; i < e->bits; i++, y += LINE)
		draw_bit(out, &e->bit[i], y);
	return y;
}

static int picture_width(const struct explanation *e)
{
	int grid = column_x(e->ept_levels + 1) + (e->ept_levels ? 0 : WORDS_LETTERS * LETTER) + MARGIN;
	int foot = 2 * MARGIN + FOOT_LETTERS * LETTER;

	return grid > foot ? grid : foot;
}

/* All but the frame; returns the y where it ends. */
static int draw_body(FILE *out, const struct explanation *e)
{
	int y = draw_head(out, e);

	if (e->canonical)
		y = draw_grid(out, e, y);
	return draw_foot(out, e, y);
}

static void draw_frame(FILE *out, int width, int height)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
		width, height, width, height);
	fprintf(
	    out,
	    "<style>text { font-family: 'DejaVu Sans Mono', 'Liberation Mono', monospace; font-size: %dpx; fill: #000; white-space: pre }\n"
	    ".title { font-size: %dpx; font-weight: bold } .name, .strong, .number { font-weight: bold } .number { font-size: 13px }\n"
	    ".cell { fill: #fff; stroke: #000; stroke-width: 1 } .failed { fill: #ddd; stroke: #000; stroke-width: 4 }\n"
	    ".arrow { fill: none; stroke: #000; stroke-width: 1.2 }</style>\n",
	    FONT, TITLE);
	fputs("<defs><marker id=\"head\" markerWidth=\"8\" markerHeight=\"8\" refX=\"6\" refY=\"3\" orient=\"auto\">"
	      "<path d=\"M0 0L7 3L0 6z\"/></marker></defs>\n"
	      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
	      out);
}

int explain_svg(FILE *out, const struct explanation *e)
{
	char *body = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&body, &size);

	if (!memory)
		return -ERR_NOMEM;
	int height = draw_body(memory, e) + MARGIN;
	bool bad = ferror(memory);
	if (fclose(memory) != 0 || bad) {
		free(body);
		return -ERR_NOMEM;
	}
	draw_frame(out, picture_width(e), height);
	fwrite(body, 1, size, out);
	fputs("</svg>\n", out);
	free(body);
	return 0;
}
