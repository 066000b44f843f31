/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray exec: runs one static Linux program in the guest kernel (workloads/kernel). It is `vtxray run` with the kernel as image, the
 * program and further files as modules, and the program's words on the kernel's command line; the exit status is the program's.
 *
 *     vtxray exec [run's options] [--file HOST[:GUEST]] [--env NAME=VALUE] [--cwd DIR] [--guest-page 4k|2m] [--kernel WORD] PROGRAM
 * [ARG...]
 *
 * LIMIT: the counters are those of the whole run, the kernel's start (a third of a million instructions) included; files that the program
 * wrote are not taken out; a host path that contains = cannot be given.
 */
#include "emu/command.h"

#include "mmu/base.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct exec {
	char **run; /* the arguments of `vtxray run` */
	int count;
	char *line; /* the kernel's own words, then init= and the program's */
	char *program;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "vtxray: %s: %s\n", what, why);
	exit(STATUS_USAGE);
}

static char *join(const char *a, const char *b, const char *c, const char *d)
{
	char *text;

	if (asprintf(&text, "%s%s%s%s", a, b, c, d) < 0)
		die("exec", "the host has no memory left");
	return text;
}

static void add(struct exec *x, const char *word)
{
	x->run[x->count++] = (char *)word;
}

/* A word as the kernel's command line wants it (workloads/kernel/README.md); an empty one is \e. */
static char *encode(const char *word)
{
	char *text = malloc(2 * strlen(word) + 3), *at = text;

	if (!text)
		die("exec", "the host has no memory left");
	if (!*word)
		at = stpcpy(at, "\\e");
	for (; *word; word++) {
		const char *special = strchr(" s\tt\nn\\\\", *word);
		bool is_special = special && (special - " s\tt\nn\\\\") % 2 == 0;
		if (is_special)
			*at++ = '\\';
		*at++ = is_special ? special[1] : *word;
	}
	*at = '\0';
	return text;
}

static void add_word(struct exec *x, const char *name, const char *value)
{
	char *encoded = encode(value), *longer = join(x->line, *x->line ? " " : "", name, encoded);

	free(encoded);
	free(x->line);
	x->line = longer;
}

/* Where the guest kernel is: named by the environment, in the build tree, or installed. */
static char *find_kernel(void)
{
	char self[4096];
	const char *named = getenv("VTXRAY_KERNEL");
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	static const char *const places[] = {"/../images/kernel.elf", "/../share/vtxray/kernel.elf"};

	if (named)
		return join(named, "", "", "");
	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char *path = join(self, places[i], "", "");
		if (access(path, R_OK) == 0)
			return path;
		free(path);
	}
	die("exec", "the guest kernel is not there: make images, or name it in VTXRAY_KERNEL");
}

/* NULL if the guest kernel can run it, else why not. */
static const char *refusal(FILE *file)
{
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (fread(&h, 1, sizeof h, file) < sizeof(Elf32_Ehdr) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF program (a script? run its interpreter, and give the script with --file)";
	if (h.e_ident[EI_CLASS] != ELFCLASS64)
		return "a 32-bit program: compile it with -m64";
	if (h.e_machine != EM_X86_64 || (h.e_type != ET_EXEC && h.e_type != ET_DYN))
		return "not a program for x86-64";
	for (unsigned i = 0; i < h.e_phnum; i++) {
		if (fseek(file, (long)(h.e_phoff + i * sizeof p), SEEK_SET) != 0 || fread(&p, sizeof p, 1, file) != 1)
			return "its program headers lie beyond its end";
		if (p.p_type == PT_INTERP)
			return "dynamically linked: link it with -static";
	}
	return NULL;
}

static void check_program(const char *path)
{
	FILE *file = fopen(path, "re");
	const char *why = file ? refusal(file) : strerror(errno);

	if (file)
		fclose(file);
	if (why)
		die(path, why);
}

static void add_file(struct exec *x, const char *text)
{
	const char *colon = strchr(text, ':');
	char *host = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);

	if (!host)
		die("exec", "the host has no memory left");
	add(x, "--module");
	add(x, join(host, "=", colon || *text == '/' ? "" : "/", colon ? colon + 1 : text));
	free(host);
}

static bool is(const char *word, const char *option)
{
	return strcmp(word, option) == 0;
}

/* One of exec's own options; its value is the next word, or follows "=". false: it is run's. */
static bool own_option(struct exec *x, const char *name, const char *value)
{
	if (is(name, "--file"))
		add_file(x, value);
	else if (is(name, "--env"))
		add_word(x, "env=", value);
	else if (is(name, "--cwd"))
		add_word(x, "cwd=", value);
	else if (is(name, "--guest-page"))
		add_word(x, "user=", value);
	else if (is(name, "--kernel"))
		add_word(x, "", value);
	else
		return false;
	return true;
}

static bool takes_no_value(const char *word)
{
	static const char *const flags[] = {"-v", "--verbose", "-?", "--help", "--usage", "--explain-entry"};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (is(word, flags[i]))
			return true;
	return false;
}

/* Options up to the program; returns its index in argv. */
static int options(struct exec *x, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (is(argv[i], "--"))
			return i + 1;
		char *equals = strchr(argv[i], '='), *name = equals ? strndup(argv[i], (size_t)(equals - argv[i])) : argv[i];
		bool separate = !equals && !takes_no_value(argv[i]);
		const char *value = equals ? equals + 1 : i + 1 < argc ? argv[i + 1] : "";
		if (!own_option(x, name ? name : "", value)) {
			add(x, argv[i]);
			if (separate && i + 1 < argc)
				add(x, argv[i + 1]);
		}
		if (equals)
			free(name);
		i += separate;
	}
	return i;
}

int cmd_exec(int argc, char **argv)
{
	struct exec x = {.run = calloc(2 * (size_t)argc + 16, sizeof *x.run), .line = strdup("")};
	int first;

	if (!x.run || !x.line)
		die("exec", "the host has no memory left");
	add(&x, argv[0]);
	add(&x, "--program-status");
	first = options(&x, argc, argv);
	if (first < argc) {
		char *guest = join("/bin/", base_name(argv[first]), "", "");
		check_program(argv[first]);
		add(&x, "--module");
		add(&x, join(argv[first], "=", guest, ""));
		add_word(&x, "init=", guest);
		for (int i = first + 1; i < argc; i++)
			add_word(&x, "", argv[i]);
		free(guest);
		add(&x, find_kernel());
		add(&x, "--");
		add(&x, x.line);
	}
	int status = cmd_run(x.count, x.run);
	free(x.run);
	free(x.line);
	return status;
}
