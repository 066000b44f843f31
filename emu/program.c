/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's words and modules (program.h). Everything that is handed to the kernel is a copy, so that options may come from anywhere. */
#include "emu/program.h"

#include "emu/program_check.h"
#include "emu/share.h"
#include "emu/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE = 0x400, KEY_SAVE, KEY_ENV, KEY_CWD, KEY_GUEST_PAGE, KEY_KERNEL };

#define OPTIONS(save_flags)                                                                                                                \
	{                                                                                                                                  \
		{"file", KEY_FILE, "HOST[:GUEST]", 0, "Put a file, or a folder with all that is in it, into the guest's file system", 0},  \
		    {"save",                                                                                                               \
		     KEY_SAVE,                                                                                                             \
		     "GUEST:HOST",                                                                                                         \
		     save_flags,                                                                                                           \
		     "When the program has ended, write the guest's file GUEST (\\: for a colon in it) to HOST",                           \
		     0},                                                                                                                   \
		    {"env", KEY_ENV, "NAME=VALUE", 0, "A variable of the program's environment", 0},                                       \
		    {"cwd", KEY_CWD, "DIR", 0, "The program's working directory", 0},                                                      \
		    {"guest-page",                                                                                                         \
		     KEY_GUEST_PAGE,                                                                                                       \
		     "SIZE",                                                                                                               \
		     0,                                                                                                                    \
		     "Pages of the program's memory: 4k (the default), or 2m or 1g where that fits",                                       \
		     0},                                                                                                                   \
		    {"kernel", KEY_KERNEL, "WORD", 0, "A word for the guest kernel's command line, such as pcid=on", 0},                   \
		{                                                                                                                          \
			0                                                                                                                  \
		}                                                                                                                          \
	}

static const struct argp_option option_table[] = OPTIONS(0), option_table_compare[] = OPTIONS(OPTION_HIDDEN);

static const char no_memory[] = "the host has no memory left";

/* A word as the kernel's command line and its modules' strings want it; an empty one is \e. */
static char *encode(const char *word)
{
	static const char special[] = " \t\n\\", letter[] = "stn\\";
	char *text = malloc(2 * strlen(word) + 3), *at = text;

	if (!text)
		return NULL;
	if (!*word)
		at = stpcpy(at, "\\e");
	for (; *word; word++) {
		const char *found = strchr(special, *word);
		if (found)
			*at++ = '\\';
		*at++ = found ? letter[found - special] : *word;
	}
	*at = '\0';
	return text;
}

bool program_word(struct program *p, const char *name, const char *value)
{
	char *encoded = encode(value), *word = NULL;
	bool ok = encoded && asprintf(&word, "%s%s", name, encoded) >= 0 && value_join(&p->line, word);

	free(word);
	free(encoded);
	return ok;
}

/* One more module; NULL: no memory. What it is of is the caller's to say. */
static struct load_module *add_module(struct program *p, const char *guest, const char *kind)
{
	struct load_module *larger = realloc(p->module, (p->modules + 1) * sizeof *larger);
	char *encoded = encode(guest), *string = NULL;

	if (larger)
		p->module = larger;
	if (!larger || !encoded || asprintf(&string, "%s%s%s", encoded, *kind ? " " : "", kind) < 0) {
		free(encoded);
		return NULL;
	}
	free(encoded);
	p->module[p->modules] = (struct load_module){.cmdline = string};
	return &p->module[p->modules++];
}

bool program_module(struct program *p, const char *host, const char *guest, const char *kind)
{
	struct load_module *m = add_module(p, guest, kind);

	return m && (m->path = strdup(host));
}

bool program_module_bytes(struct program *p, const char *bytes, size_t size, const char *guest, const char *kind)
{
	struct load_module *m = add_module(p, guest, kind);

	if (!m || !(m->bytes = malloc(size + 1)))
		return false;
	memcpy(m->bytes, bytes, size);
	m->size = size;
	return true;
}

/* The colon between the two; one after a backslash is part of a path. */
static const char *divider(const char *text)
{
	for (; *text && *text != ':'; text++)
		if (*text == '\\' && text[1])
			text++;
	return *text ? text : NULL;
}

/* Without the backslashes before colons and backslashes. */
static char *unescape(const char *from, size_t n)
{
	char *text = malloc(n + 1), *to = text;

	for (size_t i = 0; text && i < n; i++) {
		if (from[i] == '\\' && i + 1 < n && (from[i + 1] == ':' || from[i + 1] == '\\'))
			i++;
		*to++ = from[i];
	}
	if (text)
		*to = '\0';
	return text;
}

/* GUEST:HOST; the kernel is asked for GUEST by a word. */
static const char *add_save(struct program *p, const char *text)
{
	const char *colon = divider(text);
	struct save *larger = realloc(p->save, (p->saves + 1) * sizeof *larger);

	if (!larger)
		return no_memory;
	p->save = larger;
	if (!colon || colon == text || !colon[1])
		return "must be GUEST:HOST, a file's path in the guest and one on the host (write \\: for a colon in GUEST)";
	char *guest = unescape(text, (size_t)(colon - text)), *host = strdup(colon + 1);
	p->save[p->saves] = (struct save){.guest = guest, .host = host};
	p->saves++;
	return guest && host && program_word(p, "save=", guest) ? NULL : no_memory;
}

static const char *add_page(struct program *p, const char *text)
{
	if (strcmp(text, "4k") != 0 && strcmp(text, "2m") != 0 && strcmp(text, "1g") != 0)
		return "must be 4k, 2m or 1g";
	return program_word(p, "user=", text) ? NULL : no_memory;
}

/* What --kernel may say; the other words have options of their own. */
static const struct {
	const char *name, *values, *wrong;
} kernel_words[] = {
    {"direct", "4k 2m 1g", "direct must be 4k, 2m or 1g"},
    {"user", "4k 2m 1g", "user must be 4k, 2m or 1g"},
    {"pcid", "on off", "pcid must be on or off"},
    {"trace", "on off", "trace must be on or off"},
    {"tty", "on off", "tty must be on or off"},
    {"hz", NULL, "hz must be a number from 0 to 10000"},
};

static bool is_hz(const char *value)
{
	enum { HZ_MOST = 10000 };
	char *end;

	return *value >= '0' && *value <= '9' && strtoul(value, &end, 10) <= HZ_MOST && !*end;
}

static bool one_of(const char *value, const char *list)
{
	const size_t n = strlen(value);

	for (const char *at = list; n && (at = strstr(at, value)); at++)
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
			return true;
	return false;
}

static const char *add_kernel_word(struct program *p, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(kernel_words); i++) {
		const size_t n = strlen(kernel_words[i].name);
		if (strncmp(text, kernel_words[i].name, n) != 0 || text[n] != '=')
			continue;
		if (kernel_words[i].values ? !one_of(text + n + 1, kernel_words[i].values) : !is_hz(text + n + 1))
			return kernel_words[i].wrong;
		if (!strncmp(text, "tty=", 4)) {
			p->tty_said = true;
			p->tty = !strcmp(text, "tty=on");
		}
		return program_word(p, "", text) ? NULL : no_memory;
	}
	return "must be direct=, user=, pcid=, hz=, trace= or tty=, with a value";
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct program *p = state->input;
	char error[PROGRAM_ERROR];
	const char *wrong = NULL, *name = "";

	switch (key) {
	case KEY_FILE:
		if (!program_add_files(p, text, error))
			argp_failure(state, argp_err_exit_status, 0, "%s", error);
		break;
	case KEY_SAVE:
		name = "save";
		wrong = add_save(p, text);
		break;
	case KEY_ENV:
		name = "env";
		wrong = !strchr(text, '=') ? "must be NAME=VALUE" : program_word(p, "env=", text) ? NULL : no_memory;
		break;
	case KEY_CWD:
		name = "cwd";
		wrong = *text != '/' ? "must begin with /" : program_word(p, "cwd=", text) ? NULL : no_memory;
		break;
	case KEY_GUEST_PAGE:
		name = "guest-page";
		wrong = add_page(p, text);
		break;
	case KEY_KERNEL:
		name = "kernel";
		wrong = add_kernel_word(p, text);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	p->options = true;
	if (wrong)
		argp_error(state, "--%s '%s': %s", name, text, wrong);
	return 0;
}

const struct argp program_argp = {.options = option_table, .parser = parse_option};
const struct argp program_argp_compare = {.options = option_table_compare, .parser = parse_option};

/* ---- the program itself ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A name without a slash that is no file here may be a workload's. */
static bool find_program(const char *name, char path[SHARE_PATH])
{
	if (!strchr(name, '/') && access(name, F_OK) != 0 && share_find("programs", path)) {
		size_t n = strlen(path);
		int length = snprintf(path + n, SHARE_PATH - n, "/%s", name);
		if (length > 0 && (size_t)length < SHARE_PATH - n && access(path, R_OK) == 0)
			return true;
	}
	return (size_t)snprintf(path, SHARE_PATH, "%s", name) < SHARE_PATH;
}

static bool has_module(const struct program *p, const char *guest)
{
	size_t n = strlen(guest);

	for (size_t i = 0; i < p->modules; i++)
		if (!strncmp(p->module[i].cmdline, guest, n) && (!p->module[i].cmdline[n] || p->module[i].cmdline[n] == ' '))
			return true;
	return false;
}

static bool find_kernel(struct program *p)
{
	char path[SHARE_PATH];
	const char *named = getenv("VTXRAY_KERNEL");

	if (!named && !share_find("kernel.elf", path))
		return false;
	p->kernel = strdup(named ? named : path);
	return true;
}

static bool say(char error[PROGRAM_ERROR], const char *name, const char *why)
{
	snprintf(error, PROGRAM_ERROR, "%s: %s", name, why);
	return false;
}

static bool add_words(struct program *p, const char *guest, int argc, char **argv)
{
	bool ok = program_word(p, "name=", argv[0]) && program_word(p, "init=", guest);

	for (int i = 1; i < argc && ok; i++)
		ok = program_word(p, "", argv[i]);
	return ok;
}

bool program_take(struct program *p, int argc, char **argv, char error[PROGRAM_ERROR])
{
	char path[SHARE_PATH], why[512], interpreter[256], *guest = NULL;

	if (!find_kernel(p))
		return say(error, "the guest kernel is not there", "make images, or name it in VTXRAY_KERNEL");
	if (!find_program(argv[0], path))
		return say(error, argv[0], "the path is too long");
	if (!program_check(path, interpreter, sizeof interpreter, why, sizeof why))
		return say(error, argv[0], why);
	if (*interpreter && !has_module(p, interpreter)) {
		snprintf(error, PROGRAM_ERROR, "%s: a script for %s, which is not in the guest: give a static one with --file HOST:%s",
			 argv[0], interpreter, interpreter);
		return false;
	}
	p->name = strdup(argv[0]);
	bool ok = asprintf(&guest, "/bin/%s", base_name(path)) >= 0 && p->name && p->kernel;
	if (ok && has_module(p, guest)) {
		snprintf(error, PROGRAM_ERROR, "--file: %s is where the program itself goes", guest);
		free(guest);
		return false;
	}
	ok = ok && program_module(p, path, guest, "") && add_words(p, guest, argc, argv);
	free(guest);
	return ok || say(error, argv[0], no_memory);
}

struct load_request program_request(const struct program *p)
{
	return (struct load_request){.path = p->kernel, .cmdline = p->line, .module = p->module, .modules = p->modules};
}

void program_free(struct program *p)
{
	for (size_t i = 0; i < p->modules; i++) {
		free((char *)p->module[i].path);
		free((char *)p->module[i].cmdline);
		free(p->module[i].bytes);
	}
	for (size_t i = 0; i < p->saves; i++) {
		free((char *)p->save[i].guest);
		free((char *)p->save[i].host);
	}
	free(p->module);
	free(p->save);
	free(p->kernel);
	free(p->line);
	free(p->name);
	memset(p, 0, sizeof *p);
}
