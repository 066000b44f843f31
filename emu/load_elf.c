/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF files: the segments of an executable for 386 or x86-64, loaded at their physical addresses, and the symbol table. libelf reads the
 * headers; what they say about the file and about guest memory is checked here.
 */
#include "emu/load_image.h"

#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool load_is_elf(const struct image *image)
{
	return image->size >= SELFMAG && memcmp(image->bytes, ELFMAG, SELFMAG) == 0;
}

/* Opens the file with libelf and checks what kind it is; NULL with a line in error. */
static Elf *open_elf(const struct image *image, GElf_Ehdr *header)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_memory((char *)image->bytes, (size_t)image->size);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, header)) {
		image_bad(image, 0, "the ELF header is cut short or damaged (%s); build the file again", elf_errmsg(-1));
		elf_end(elf);
		return NULL;
	}
	return elf;
}

static int check_header(const struct image *image, const GElf_Ehdr *h)
{
	bool wide = h->e_ident[EI_CLASS] == ELFCLASS64;

	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
		return image_bad(image, EI_DATA, "the file is not little endian; give an image for x86");
	if (h->e_machine != EM_386 && h->e_machine != EM_X86_64)
		return image_bad(image, 18, "the file is for machine %u, not for 386 or x86-64", h->e_machine);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return image_bad(image, 16, "the file is of type %u, not an executable; link it", h->e_type);
	if (h->e_phnum == 0)
		return image_bad(image, wide ? 56 : 44, "the file has no program headers, so nothing to load; link it");
	return 0;
}

/* Loads one segment; a virtual entry address that lies in it becomes physical. */
static int load_segment(const struct image *image, struct mem *mem, struct load_ranges *ranges, const GElf_Phdr *p, unsigned index,
			const GElf_Ehdr *h, uint64_t *entry)
{
	uint64_t at = h->e_phoff + (uint64_t)index * h->e_phentsize;
	char what[32];

	if (p->p_filesz > p->p_memsz)
		return image_bad(image, at, "segment %u is larger in the file (%#" PRIx64 ") than in memory (%#" PRIx64 ")", index,
				 p->p_filesz, p->p_memsz);
	if (p->p_offset > image->size || p->p_filesz > image->size - p->p_offset)
		return image_bad(image, at, "segment %u, %#" PRIx64 " bytes at offset %#" PRIx64 ", ends beyond the file; it is cut short",
				 index, p->p_filesz, p->p_offset);
	if (h->e_entry - p->p_vaddr < p->p_memsz)
		*entry = h->e_entry - p->p_vaddr + p->p_paddr;
	snprintf(what, sizeof what, "segment %u", index);
	return image_place(image, mem, ranges, p->p_offset, p->p_filesz, p->p_paddr, p->p_memsz, what);
}

static int load_segments(const struct image *image, Elf *elf, const GElf_Ehdr *h, struct mem *mem, struct load_ranges *ranges,
			 uint64_t *entry)
{
	int rc = check_header(image, h);

	for (unsigned i = 0; i < h->e_phnum && rc == 0; i++) {
		GElf_Phdr p;
		if (!gelf_getphdr(elf, (int)i, &p))
			return image_bad(image, h->e_phoff, "the program headers end beyond the file; it is cut short");
		if (p.p_type == PT_LOAD)
			rc = load_segment(image, mem, ranges, &p, i, h, entry);
	}
	if (rc == 0 && ranges->count == 0)
		rc = image_bad(image, h->e_phoff, "no segment is to be loaded; link the file with some");
	return rc;
}

int load_elf(const struct image *image, struct mem *mem, struct load_ranges *ranges, uint64_t *entry)
{
	GElf_Ehdr header;
	Elf *elf = open_elf(image, &header);
	int rc;

	if (!elf)
		return -ERR_FORMAT;
	*entry = header.e_entry;
	rc = load_segments(image, elf, &header, mem, ranges, entry);
	elf_end(elf);
	return rc;
}

/* Looks for a defined symbol of that name in one symbol table. */
static bool find_in_table(Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr, const char *symbol, uint64_t *address)
{
	Elf_Data *data = elf_getdata(section, NULL);

	for (int i = 0; data; i++) {
		GElf_Sym sym;
		if (!gelf_getsym(data, i, &sym))
			return false;
		const char *name = elf_strptr(elf, shdr->sh_link, sym.st_name);
		if (name && sym.st_shndx != SHN_UNDEF && strcmp(name, symbol) == 0) {
			*address = sym.st_value;
			return true;
		}
	}
	return false;
}

static int find_symbol(Elf *elf, const char *symbol, uint64_t *address)
{
	for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
		GElf_Shdr shdr;
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_SYMTAB && find_in_table(elf, section, &shdr, symbol, address))
			return 0;
	}
	return -ERR_ARG;
}

int load_symbol(const char *path, const char *symbol, uint64_t *address)
{
	char error[LOAD_ERROR_SIZE];
	struct image image;
	GElf_Ehdr header;
	Elf *elf = NULL;
	int rc = image_open(&image, path, error);

	if (rc == 0 && (!load_is_elf(&image) || !(elf = open_elf(&image, &header))))
		rc = -ERR_FORMAT;
	if (rc == 0)
		rc = find_symbol(elf, symbol, address);
	elf_end(elf);
	image_close(&image);
	return rc;
}
