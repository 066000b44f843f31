/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps the segments of a static program, position-independent or not (System V ABI, "Program Loading"). An interpreter is refused. */
#include "elf.h"
#include "errno.h"
#include "user.h"

enum { ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62, PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, HEADERS_MAX = 64 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };
#define BASE 0x555555554000 /* of a position-independent program */

struct file_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
	u32 type, flags;
	u64 offset, address, physical, file_size, size, align;
};

_Static_assert(sizeof(struct file_header) == 64 && sizeof(struct segment) == 56, "ELF64");

static bool is_program(const struct file_header *h)
{
	static const u8 magic[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

	for (unsigned i = 0; i < sizeof(magic); i++)
		if (h->ident[i] != magic[i])
			return false;
	return (h->type == ET_EXEC || h->type == ET_DYN) && h->machine == EM_X86_64 && h->phentsize == sizeof(struct segment) && h->phnum &&
	       h->phnum <= HEADERS_MAX;
}

static u32 prot_of(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0u) | (flags & PF_W ? PROT_WRITE : 0u) | (flags & PF_X ? PROT_EXEC : 0u);
}

/* File pages as far as the file goes, the rest of the last one zeroed if it may be written, then anonymous pages. */
static long map_segment(struct vm *vm, struct inode *inode, const struct segment *s, u64 base)
{
	u64 start = (base + s->address) & PAGE_MASK, file_end = base + s->address + s->file_size, end = base + s->address + s->size;
	u64 file_pages = s->file_size ? page_round(file_end) - start : 0, pages = page_round(end) - start;
	u32 prot = prot_of(s->flags);
	long rc = 0;

	if (s->size < s->file_size || s->offset % PAGE != s->address % PAGE || s->address > USER_TOP || s->size > USER_TOP ||
	    s->offset > inode->size || s->file_size > inode->size - s->offset || !vm_free_range(vm, start, pages))
		return -ENOEXEC;
	if (file_pages)
		rc = vm_map(vm, start, file_pages, prot, 0, inode, s->offset & PAGE_MASK);
	if (rc == 0 && pages > file_pages)
		rc = vm_map(vm, start + file_pages, pages - file_pages, prot, 0, NULL, 0);
	if (rc == 0 && file_pages && s->size > s->file_size && (prot & PROT_WRITE) && file_end % PAGE)
		rc = user_zero(file_end, page_round(file_end) - file_end) ? 0 : -ENOMEM;
	return rc;
}

long elf_map(struct vm *vm, struct inode *inode, struct elf *elf)
{
	struct file_header h;
	struct segment s;

	if (!inode_copy(inode, 0, &h, sizeof(h)) || !is_program(&h))
		return -ENOEXEC;
	u64 base = h.type == ET_DYN ? BASE : 0;
	*elf = (struct elf){.entry = base + h.entry, .header_count = h.phnum, .header_size = h.phentsize};
	for (unsigned i = 0; i < h.phnum; i++) {
		if (!inode_copy(inode, h.phoff + i * sizeof(s), &s, sizeof(s)) || s.type == PT_INTERP)
			return -ENOEXEC;
		if (s.type == PT_PHDR)
			elf->headers = base + s.address;
		if (s.type != PT_LOAD || !s.size)
			continue;
		long rc = map_segment(vm, inode, &s, base);
		if (rc)
			return rc;
		if (!elf->headers && h.phoff >= s.offset && h.phoff < s.offset + s.file_size)
			elf->headers = base + s.address + (h.phoff - s.offset);
		if (page_round(base + s.address + s.size) > elf->end)
			elf->end = page_round(base + s.address + s.size);
	}
	return elf->end ? 0 : -ENOEXEC;
}
