/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader: Multiboot 1 images (ELF32, ELF64 or the address fields of the header; modules, command line, memory map), and flat
 * binaries entered in real mode at 0000:7C00 as a boot sector.
 */
#ifndef EMU_LOAD_H
#define EMU_LOAD_H

#include "vmx/state.h"

struct load_module {
	const char *path; /* host file, which may be empty; NULL: the bytes below are it */
	char *bytes;
	size_t size;
	const char *cmdline; /* string given to the guest with it */
};

struct load_request {
	const char *path;    /* the image */
	const char *cmdline; /* the kernel's command line, without the image's name; NULL: none */
	const struct load_module *module;
	size_t modules;
	uint64_t *end; /* NULL, or where to say: nothing was put at or above this address */
};

enum { LOAD_ERROR_SIZE = 512 };

/*
 * Loads the image into cpu->mem and sets cpu to the state that Multiboot 1, or a BIOS boot, leaves (A20 on, registers, segments).
 * Returns 0, or -ERR_IO / -ERR_FORMAT / -ERR_NOMEM (guest memory too small) with one line in error: file, offset, what is wrong.
 */
int load_image(struct cpu *cpu, const struct load_request *request, char error[LOAD_ERROR_SIZE]);

/* The address of a symbol of an ELF image; 0 or -ERR_*: not found is -ERR_ARG. */
int load_symbol(const char *path, const char *symbol, uint64_t *address);

#endif
