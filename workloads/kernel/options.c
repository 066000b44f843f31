/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words end at a blank. In a word \s is a blank, \t a tab, \n a newline, \e nothing (a word of that alone is an empty argument), and \\ a
 * backslash; any other character after a backslash is itself.
 */
#include "options.h"
#include "string.h"

static char line[OPTIONS_SIZE];
static const char *arguments = ""; /* what follows init= */

static const char *after(const char *word, const char *name)
{
	for (; *name; word++, name++)
		if (*word != *name)
			return NULL;
	return *word == '=' ? word + 1 : NULL;
}

static const char *next_word(const char *at)
{
	while (*at && *at != ' ')
		at++;
	while (*at == ' ')
		at++;
	return at;
}

void options_init(const char *text)
{
	text_add(line, sizeof(line), 0, "%s", text);
	for (const char *w = line; *w; w = next_word(w)) {
		const char *value = after(w, "init");
		if (value) {
			line[value - line - 5] = 0; /* the kernel's own words end here */
			arguments = value;
			return;
		}
	}
}

void options_decode(const char *word, char *to, size_t size)
{
	size_t n = 0;

	for (; *word && *word != ' ' && n + 1 < size; word++) {
		if (*word != '\\' || !word[1] || word[1] == ' ') {
			to[n++] = *word;
			continue;
		}
		switch (*++word) {
		case 's':
			to[n++] = ' ';
			break;
		case 't':
			to[n++] = '\t';
			break;
		case 'n':
			to[n++] = '\n';
			break;
		case 'e':
			break;
		default:
			to[n++] = *word;
			break;
		}
	}
	to[n] = 0;
}

bool options_next(const char *name, const char **at, char *to, size_t size)
{
	for (*at = *at ? next_word(*at) : line; **at; *at = next_word(*at)) {
		const char *value = after(*at, name);
		if (value) {
			options_decode(value, to, size);
			return true;
		}
	}
	return false;
}

bool options_is(const char *name, const char *value)
{
	char text[64];
	const char *at = NULL;

	return options_next(name, &at, text, sizeof(text)) && strcmp(text, value) == 0;
}

u64 options_number(const char *name, u64 otherwise)
{
	char text[24];
	const char *at = NULL;
	u64 v = 0;

	if (!options_next(name, &at, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return otherwise;
	for (const char *c = text; *c >= '0' && *c <= '9'; c++)
		v = v * 10 + (u64)(*c - '0');
	return v;
}

bool options_argument(const char **at, char *to, size_t size)
{
	*at = *at ? next_word(*at) : arguments;
	if (!**at)
		return false;
	options_decode(*at, to, size);
	return true;
}

/* Values: a list of words, or a number up to most, or anything. */
static const struct {
	const char *name, *values;
	u64 most;
} known[] = {
    {"direct", "4k 2m 1g", 0}, {"user", "4k 2m 1g", 0}, {"pcid", "on off", 0}, {"trace", "on off", 0}, {"tty", "on off", 0},
    {"hz", NULL, 10000},       {"env", NULL, 0},	{"save", NULL, 0},     {"cwd", NULL, 0},       {"name", NULL, 0},
};

static bool one_of(const char *value, const char *list)
{
	size_t n = (size_t)(next_word(value) - value);

	while (n && value[n - 1] == ' ')
		n--;
	for (const char *w = list; *w; w = next_word(w))
		if (memcmp(w, value, n) == 0 && (w[n] == ' ' || !w[n]))
			return n > 0;
	return false;
}

static bool small_number(const char *value, u64 most)
{
	u64 v = 0;

	if (*value == ' ' || !*value)
		return false;
	for (; *value && *value != ' '; value++) {
		v = v * 10 + (u64)(*value - '0');
		if (*value < '0' || *value > '9' || v > most)
			return false;
	}
	return true;
}

static bool good(const char *word)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *value = after(word, known[i].name);
		if (value)
			return known[i].values ? one_of(value, known[i].values) : !known[i].most || small_number(value, known[i].most);
	}
	return false;
}

/* NAME=..., of small letters */
static bool is_setting(const char *word)
{
	const char *c = word;

	while (*c >= 'a' && *c <= 'z')
		c++;
	return c > word && *c == '=';
}

const char *options_wrong(void)
{
	static char text[64];
	const char *w = line;

	while (*w && !is_setting(w)) /* loaders put the kernel's own path first */
		w = next_word(w);
	for (; *w; w = next_word(w))
		if (!good(w)) {
			options_decode(w, text, sizeof(text));
			return text;
		}
	return NULL;
}
