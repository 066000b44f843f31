/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explain draws and writes for programs: the picture is well formed and no two pieces of its text overlap; the JSON has the
 * references. */
#include "tests/explain_fixture.h"

struct label {
	int x1, y1, x2, y2;
	char text[160];
};

/* letters of the text as shown: an entity is one */
static int letters(const char *text)
{
	int n = 0;

	for (; *text; text++, n++)
		if (*text == '&')
			text += strcspn(text, ";");
	return n;
}

static unsigned labels_of(char *svg, struct label *label, unsigned max, int *width, int *height)
{
	unsigned n = 0;
	char class[16];

	ck_assert_int_eq(sscanf(strstr(svg, "width="), "width=\"%d\" height=\"%d\"", width, height), 2);
	for (char *line = strtok(svg, "\n"); line; line = strtok(NULL, "\n")) {
		struct label *l = &label[n];
		if (strncmp(line, "<text ", 6) != 0 || n == max)
			continue;
		ck_assert_int_eq(sscanf(line, "<text x=\"%d\" y=\"%d\" class=\"%15[a-z]\">%159[^\n]", &l->x1, &l->y2, class, l->text), 4);
		*strstr(l->text, "</text>") = '\0';
		double size = !strcmp(class, "title") ? 16 : !strcmp(class, "number") ? 13 : 11;
		l->x2 = l->x1 + (int)(letters(l->text) * size * 0.603) + 1;
		l->y1 = l->y2 - (int)size + 1;
		n++;
	}
	return n;
}

static void check_picture(void)
{
	static struct label label[600];
	int width, height;
	char *svg = svg_of();
	unsigned n = labels_of(svg, label, ARRAY_LEN(label), &width, &height);

	ck_assert_uint_gt(n, 3);
	for (unsigned i = 0; i < n; i++) {
		const struct label *a = &label[i];
		ck_assert_msg(a->x1 >= 0 && a->y1 >= 0 && a->x2 <= width && a->y2 <= height, "outside: %s", a->text);
		for (unsigned j = 0; j < i; j++) {
			const struct label *b = &label[j];
			ck_assert_msg(a->x2 <= b->x1 || b->x2 <= a->x1 || a->y2 <= b->y1 || b->y2 <= a->y1, "'%s' overlaps '%s'", a->text,
				      b->text);
		}
	}
	free(svg);
}

/* Every element that is opened is closed, in order. */
static void check_well_formed(void)
{
	char *svg = svg_of(), *stack[32];
	unsigned depth = 0;

	for (char *at = strchr(svg, '<'); at; at = strchr(at, '<')) {
		char *end = strchr(at, '>');
		ck_assert_ptr_nonnull(end);
		if (at[1] == '/') {
			size_t n = strcspn(at + 2, ">");
			ck_assert_uint_gt(depth, 0);
			depth--;
			ck_assert_msg(!strncmp(stack[depth], at + 2, n), "%.20s closes %.20s", at, stack[depth]);
		} else if (at[1] != '?' && end[-1] != '/') {
			ck_assert_uint_lt(depth, ARRAY_LEN(stack));
			stack[depth++] = at + 1;
		}
		at = end;
	}
	ck_assert_uint_eq(depth, 0);
	free(svg);
}

START_TEST(the_picture_is_well_formed_and_nothing_in_it_overlaps)
{
	unsigned levels = _i & 1 ? 5 : 4, ept_levels = _i & 2 ? 5 : 4, ept_leaf = _i & 4 ? 2 : 1;

	ept_start(levels, 1, ept_levels, ept_leaf, false);
	if (_i >= 8)
		ept_put(guest_table(2), ept_leaf, ept_get(guest_table(2), ept_leaf) & ~(uint64_t)(_i & 1 ? EPTE_R : EPTE_RWX));
	explain(GLA_4K, ACC_WRITE | ACC_USER);
	check_picture();
	check_well_formed();
	fix_stop();
	native_start();
	native_map(levels, GLA_4K, 1, 0x5000, (ALL | A | D | G | XD | PTE_PCD | PTE_PWT) & ~(uint64_t)(_i & 2 ? RW : 0));
	explain(GLA_4K, ACC_WRITE | ACC_USER);
	check_picture();
	check_well_formed();
	fix_stop();
}
END_TEST

START_TEST(the_json_has_what_the_text_has)
{
	ept_start(4, 1, 4, 1, false);
	explain(GLA_4K, ACC_READ);
	json_t *object = explain_json(&e), *refs = json_object_get(object, "references");
	ck_assert_ptr_nonnull(object);
	ck_assert_uint_eq(json_array_size(refs), 24);
	json_t *last = json_array_get(refs, 19);
	ck_assert_int_eq(json_integer_value(json_object_get(last, "number")), 20);
	ck_assert_str_eq(json_string_value(json_object_get(last, "host_physical")), "0x40101008");
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(object, "outcome"), "result")), "ok");
	json_decref(object);
	fix_stop();
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *tc = tcase_create("picture and JSON");

	tcase_add_loop_test(tc, the_picture_is_well_formed_and_nothing_in_it_overlaps, 0, 16);
	tcase_add_test(tc, the_json_has_what_the_text_has);
	suite_add_tcase(suite, tc);
}

TEST_MAIN("explain_svg", add_cases)
