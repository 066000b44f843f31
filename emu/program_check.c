/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at a program before it is run (program_check.h): System V ABI, "ELF Header", "Program Header"; for instruction sets the property
 * note of the x86-64 psABI, "Program Property". The file may hold anything.
 */
#include "emu/program_check.h"

#include "mmu/base.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef PT_GNU_PROPERTY
#define PT_GNU_PROPERTY 0x6474e553
#endif
#define PROPERTY_ISA_NEEDED 0xc0008002u
enum { NOTE_PROPERTY = 5, ISA_V3 = BIT(2), ISA_V4 = BIT(3), SEGMENTS_MAX = 256, NOTE_MAX = 4096 };

static const struct {
	uint16_t machine;
	const char *name;
} machines[] = {
    {EM_386, "32-bit x86"}, {EM_ARM, "32-bit ARM"}, {EM_AARCH64, "ARM64"}, {EM_RISCV, "RISC-V"},
    {EM_PPC64, "POWER"},    {EM_S390, "z"},	    {EM_MIPS, "MIPS"},
};

static const char *machine_name(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another processor";
}

static bool read_at(FILE *file, uint64_t offset, void *to, size_t size)
{
	return offset < BIT(62) && fseek(file, (long)offset, SEEK_SET) == 0 && fread(to, size, 1, file) == 1;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof v);
	return v;
}

/* The instruction sets that the program says it needs, of the descriptor of one property note. */
static uint32_t isa_of(const uint8_t *at, size_t size)
{
	while (size >= 8) {
		uint32_t type = get32(at), bytes = get32(at + 4);
		uint64_t whole = 8 + ((uint64_t)bytes + 7) / 8 * 8;
		if (bytes > size - 8)
			break;
		if (type == PROPERTY_ISA_NEEDED && bytes >= 4)
			return get32(at + 8);
		if (whole > size)
			break;
		at += whole;
		size -= whole;
	}
	return 0;
}

static uint32_t isa_needed(FILE *file, const Elf64_Phdr *p)
{
	uint8_t note[NOTE_MAX];
	size_t size = p->p_filesz < NOTE_MAX ? p->p_filesz : NOTE_MAX;

	/* name size 4, descriptor size, type, "GNU" */
	if (size < 16 || !read_at(file, p->p_offset, note, size) || get32(note) != 4 || get32(note + 8) != NOTE_PROPERTY)
		return 0;
	size_t left = size - 16, descriptor = get32(note + 4);
	return isa_of(note + 16, descriptor < left ? descriptor : left);
}

/* NULL: this one is no reason */
static const char *segment_refusal(FILE *file, const Elf64_Phdr *p)
{
	if (p->p_type == PT_INTERP)
		return "dynamically linked: link it with -static";
	if (p->p_type == PT_GNU_PROPERTY && (isa_needed(file, p) & (ISA_V3 | ISA_V4)))
		return "it says that it needs AVX, which the processor modelled does not have: compile it with -march=x86-64-v2";
	return NULL;
}

static const char *elf_refusal(FILE *file, const Elf64_Ehdr *h)
{
	Elf64_Phdr p;

	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return h->e_type == ET_REL ? "an object file: link it (gcc -static)" : "an ELF file, but no program";
	if (h->e_phentsize != sizeof p || h->e_phnum > SEGMENTS_MAX)
		return "its ELF header is damaged: wrong size or number of program headers";
	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (!read_at(file, h->e_phoff + i * sizeof p, &p, sizeof p))
			return "it is cut short: its program headers lie beyond its end";
		const char *why = segment_refusal(file, &p);
		if (why)
			return why;
	}
	return NULL;
}

/* "#!INTERPRETER ARGUMENT" */
static bool script(FILE *file, char *interpreter, size_t size, char *error, size_t error_size)
{
	char line[256] = "";

	rewind(file);
	if (!fgets(line, sizeof line, file) || strncmp(line, "#!", 2) != 0) {
		snprintf(error, error_size, "not a program: neither ELF nor a script that begins with #!");
		return false;
	}
	const char *word = line + 2 + strspn(line + 2, " \t");
	int length = (int)strcspn(word, " \t\r\n");
	if (!length || *word != '/' || (size_t)length >= size) {
		snprintf(error, error_size, "a script without the path of an interpreter in its first line");
		return false;
	}
	snprintf(interpreter, size, "%.*s", length, word);
	return true;
}

static bool check(FILE *file, char *interpreter, size_t size, char *error, size_t error_size)
{
	Elf64_Ehdr h = {0};
	size_t n = fread(&h, 1, sizeof h, file);

	if (n < SELFMAG || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return script(file, interpreter, size, error, error_size);
	if (n < sizeof h) {
		snprintf(error, error_size, "it is cut short, in its ELF header");
		return false;
	}
	if (h.e_machine == EM_386 || (h.e_machine == EM_X86_64 && h.e_ident[EI_CLASS] != ELFCLASS64)) {
		snprintf(error, error_size, "a 32-bit program: compile it with -m64");
		return false;
	}
	if (h.e_machine != EM_X86_64 || h.e_ident[EI_DATA] != ELFDATA2LSB) {
		snprintf(error, error_size, "a program for %s, not for x86-64: compile it with gcc for x86-64 (x86_64-linux-gnu-gcc)",
			 machine_name(h.e_machine));
		return false;
	}
	const char *why = elf_refusal(file, &h);
	if (why)
		snprintf(error, error_size, "%s", why);
	return !why;
}

bool program_check(const char *path, char *interpreter, size_t interpreter_size, char *error, size_t error_size)
{
	FILE *file = fopen(path, "re");

	*interpreter = '\0';
	if (!file) {
		snprintf(error, error_size, "%s", strerror(errno));
		return false;
	}
	bool ok = check(file, interpreter, interpreter_size, error, error_size);
	fclose(file);
	return ok;
}
