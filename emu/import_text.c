/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address traces in text (import.h). A line that is no record is an error, so a file that is taken for another kind is found out. */
#include "emu/import.h"

#include <ctype.h>
#include <string.h>

enum { SIZE_MAX_TEXT = 4096 /* bytes of an access: an instruction's save area is the largest there is */ };

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* A number with digits of its base and nothing before them; false: there is none, or it is too large. */
static bool take_number(const char **at, unsigned base, uint64_t *value)
{
	const char *from = *at;

	for (*value = 0; isxdigit((unsigned char)**at); (*at)++) {
		unsigned char c = (unsigned char)**at;
		unsigned digit = (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
		if (digit >= base)
			break;
		if (*value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return *at != from;
}

/* ---- valgrind's lackey ---- */

/* "I  0023C790,2", " S BE80199C,4" */
static const char *lackey_fields(const char *line, char *what, uint64_t *address, uint64_t *size)
{
	const char *at = skip_blanks(line);

	*what = *at;
	if (!*at || !strchr("ILSM", *at) || (at[1] != ' ' && at[1] != '\t'))
		return "no record of lackey (I, L, S or M first)";
	at = skip_blanks(at + 1);
	if (!take_number(&at, 16, address))
		return "no hexadecimal address";
	if (*at++ != ',' || !take_number(&at, 10, size) || *skip_blanks(at))
		return "no size after the address";
	return *size < 1 || *size > SIZE_MAX_TEXT ? "a size that no access has" : NULL;
}

/* What valgrind says beside: "==1234== ...", "--1234-- ...", "**1234** ..." */
static bool lackey_says(const char *line)
{
	return !*skip_blanks(line) || (strchr("=-*", line[0]) && line[1] == line[0]);
}

bool import_is_lackey(const char *line)
{
	uint64_t address, size;
	char what;

	return !strncmp(line, "==", 2) || (!lackey_says(line) && !lackey_fields(line, &what, &address, &size));
}

const char *import_lackey(struct import *import, const char *line)
{
	uint64_t address, size;
	char what;

	if (lackey_says(line))
		return NULL;
	const char *wrong = lackey_fields(line, &what, &address, &size);
	if (wrong)
		return wrong;
	if (what == 'I')
		import_add_insn(import, address, (unsigned)size);
	else
		import_add_data(import, address, (unsigned)size,
				(what != 'S' ? (unsigned)ACC_READ : 0u) | (what != 'L' ? (unsigned)ACC_WRITE : 0u));
	return NULL;
}

/* ---- Dinero's din ---- */

static const char *din_fields(const char *line, unsigned *label, uint64_t *address)
{
	const char *at = skip_blanks(line);

	if (*at < '0' || *at > '4' || (at[1] != ' ' && at[1] != '\t'))
		return "no record of din (a label from 0 to 4 first)";
	*label = (unsigned)(*at - '0');
	at = skip_blanks(at + 1);
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		at += 2;
	if (!take_number(&at, 16, address) || (*at && *at != ' ' && *at != '\t'))
		return "no hexadecimal address";
	return NULL;
}

bool import_is_din(const char *line)
{
	unsigned label;
	uint64_t address;

	return !din_fields(line, &label, &address);
}

/* The format has no sizes: an access is one byte, as far as pages are concerned. */
const char *import_din(struct import *import, const char *line)
{
	unsigned label;
	uint64_t address;

	if (!*skip_blanks(line))
		return NULL;
	const char *wrong = din_fields(line, &label, &address);
	if (wrong)
		return wrong;
	if (label == 2)
		import_add_insn(import, address, 1);
	else if (label < 2)
		import_add_data(import, address, 1, label ? ACC_WRITE : ACC_READ);
	return NULL;
}

/* ---- drmemtrace's view ---- */

enum { WORD = 16 };

/* Who made the record: "296231"; "W0.T296231" of later versions, "T296231" of earlier ones. */
static bool take_thread(const char **at)
{
	uint64_t number;

	if (**at == 'W') {
		++*at;
		if (!take_number(at, 10, &number) || *(*at)++ != '.' || **at != 'T')
			return false;
	}
	if (**at == 'T')
		++*at;
	return take_number(at, 10, &number);
}

/*
 * "           5           1:      123456 ifetch       2 byte(s) @ 0x00007f6fdd3ec360 eb 6e   jmp    ...": number of the record, of the
 * instruction (earlier versions have none), thread. Returns what is after the word, or NULL: no such line.
 */
static const char *view_fields(const char *line, char word[WORD])
{
	uint64_t number;
	size_t len;
	const char *at = skip_blanks(line);

	if (!take_number(&at, 10, &number))
		return NULL;
	if (*at != ':') {
		at = skip_blanks(at);
		if (!take_number(&at, 10, &number) || *at != ':')
			return NULL;
	}
	at = skip_blanks(at + 1);
	if (!take_thread(&at))
		return NULL;
	at = skip_blanks(at);
	len = strcspn(at, " \t");
	if (len >= WORD)
		len = WORD - 1;
	memcpy(word, at, len);
	word[len] = '\0';
	return at + len;
}

/* "       12345 : total instructions" */
static bool view_sums(const char *line)
{
	uint64_t number;
	const char *at = skip_blanks(line);

	return take_number(&at, 10, &number) && !strncmp(at, " : total ", 9);
}

static bool view_says(const char *line)
{
	return !*skip_blanks(line) || !strncmp(line, "Output format", 13) || line[0] == '<' || !strncmp(line, "---", 3) ||
	       !strncmp(line, "===", 3) || !strncmp(line, "View tool", 9) || !strncmp(line, "Trace invariant", 15) || view_sums(line);
}

/*
 * Records that are no access: markers and ends of threads ("<marker: ..."), the rest of a long instruction's bytes. Prefetches and flushes
 * of caches are accesses, but translate without faulting: they are passed over as well.
 */
static bool view_passes(const char *word)
{
	bool bytes = isxdigit((unsigned char)word[0]) && isxdigit((unsigned char)word[1]) && !word[2];

	return word[0] == '<' || bytes || !strcmp(word, "iflush") || !strcmp(word, "dflush") || !strcmp(word, "pref") ||
	       !strncmp(word, "pref-", 5);
}

bool import_is_drmemtrace(const char *line)
{
	char word[WORD];

	return !strncmp(line, "Output format:", 14) || !strncmp(line, "<--record#-", 11) || view_fields(line, word);
}

static const char *view_access(const char *at, uint64_t *size, uint64_t *address)
{
	at = skip_blanks(at);
	if (!take_number(&at, 10, size) || strncmp(at, " byte(s) @ 0x", 13) != 0)
		return "no size and address";
	at += 13;
	if (!take_number(&at, 16, address))
		return "no hexadecimal address";
	return *size < 1 || *size > SIZE_MAX_TEXT ? "a size that no access has" : NULL;
}

/* A word that is not known may be an access: to pass over it would make a trace that was never recorded. */
static const char *unknown_word(struct import *import, char *word)
{
	for (char *c = word; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	snprintf(import->why, sizeof import->why,
		 "'%s' is no record that is known (ifetch, read, write, pref.., iflush, dflush, <..>): take out such lines if they are no "
		 "accesses",
		 word);
	return import->why;
}

const char *import_drmemtrace(struct import *import, const char *line)
{
	char word[WORD];
	uint64_t size, address;

	if (view_says(line))
		return NULL;
	const char *at = view_fields(line, word);
	if (!at)
		return "no record of drmemtrace's view tool";
	bool insn = !strcmp(word, "ifetch"), read = !strcmp(word, "read"), write = !strcmp(word, "write");
	if (!insn && !read && !write)
		return view_passes(word) ? NULL : unknown_word(import, word);
	const char *wrong = view_access(at, &size, &address);
	if (wrong)
		return wrong;
	if (!insn)
		import_add_data(import, address, (unsigned)size, read ? ACC_READ : ACC_WRITE);
	else if (!strstr(at, " non-fetched instruction"))
		import_add_insn(import, address, (unsigned)size);
	return NULL;
}
