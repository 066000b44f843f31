/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvtxray: run guests on the modelled processor from a program of your own, and read what was counted. This is the one header that
 * `make install` installs; `pkg-config --cflags --libs vtxray` gives what it takes (--static for the archive).
 *
 *     struct vtxray_config config = {.size = sizeof config, .paging = VTXRAY_EPT, .console = stdout, .input = -1};
 *     char error[VTXRAY_ERROR];
 *     struct vtxray *guest = vtxray_open(&config, error);
 *     if (!guest || !vtxray_load(guest, "image.elf", NULL, NULL, 0, error))
 *         ...
 *     vtxray_run(guest);
 *     printf("%llu\n", (unsigned long long)vtxray_count(guest, "walk_refs_ept_pt"));
 *     vtxray_close(guest);
 *
 * Guests are independent of each other; one guest is used by one thread at a time (vtxray_kick excepted).
 */
#ifndef VTXRAY_H
#define VTXRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VTXRAY_API __attribute__((visibility("default")))

struct vtxray; /* a guest and its machine */

enum { VTXRAY_ERROR = 512 }; /* room for one line that says what is wrong: what, where, why */

/* Who translates the guest's physical addresses. */
enum vtxray_paging {
	VTXRAY_NATIVE, /* nobody: the image runs on the processor itself */
	VTXRAY_EPT,    /* the built-in EPT VMM */
	VTXRAY_SHADOW, /* the built-in shadow-paging VMM */
	VTXRAY_AGILE,  /* the same, with walks that begin in shadow tables and may end nested */
};

/* Why a run ended. */
enum vtxray_end {
	VTXRAY_EXIT,	     /* the guest asked for it: vtxray_exit_status */
	VTXRAY_SHUTDOWN,     /* triple fault */
	VTXRAY_HALTED,	     /* nothing is left that could wake the processor */
	VTXRAY_MAX_INSNS,    /* the limit ran out */
	VTXRAY_KICKED,	     /* vtxray_kick */
	VTXRAY_NOT_MODELLED, /* vtxray_stop_reason says what */
};

/* A field that is 0 or NULL means what its comment says first. */
struct vtxray_config {
	size_t size;		   /* sizeof(struct vtxray_config): later versions add fields at the end */
	uint64_t ram;		   /* 128 MiB, or bytes: a multiple of 4 KiB, at least 1 MiB */
	uint64_t max_insns;	   /* no limit, or instructions */
	enum vtxray_paging paging; /* native */
	uint64_t ept_page;	   /* 4 KiB, or 2 MiB or 1 GiB: the largest EPT page to use (bytes) */
	unsigned ept_levels;	   /* 4, or 5 */
	bool vmx;		   /* no, or natively: the image may be a hypervisor */
	const char *cpu;	   /* the plain model, or the name or file of a processor's profile (vtxray cpus) */
	FILE *console;		   /* nowhere, or where COM1 and port 0xE9 write */
	FILE *log;		   /* nowhere, or where port 0x402 writes */
	int input;		   /* a descriptor that COM1 reads (so 0 is standard input); -1: no input */
};

/* A Multiboot module: a host file, and the string that the guest finds with it. */
struct vtxray_module {
	const char *path, *string;
};

/* "0.1" */
VTXRAY_API const char *vtxray_version(void);

/*
 * The path of a file that comes with vtxray, "kernel.elf" (the guest kernel), "profiles" or "programs"; false if it is nowhere. It is
 * looked for in the folder that VTXRAY_DATA names, or else beside the running program, or else where vtxray was installed.
 */
VTXRAY_API bool vtxray_find(const char *name, char *path, size_t size);

/* Returns a guest, to be closed; or NULL with a line in error: memory, a bad setting, a bad profile. Nothing of config is kept. */
VTXRAY_API struct vtxray *vtxray_open(const struct vtxray_config *config, char error[VTXRAY_ERROR]);

/*
 * Loads a Multiboot 1 kernel (ELF32 or ELF64) with its command line (or NULL) and modules, or a flat boot sector; once for each guest.
 * Returns false with a line in error.
 */
VTXRAY_API bool vtxray_load(struct vtxray *guest, const char *image, const char *arguments, const struct vtxray_module *modules,
			    size_t count, char error[VTXRAY_ERROR]);

/* Runs it to an end; goes on with it after VTXRAY_KICKED. */
VTXRAY_API enum vtxray_end vtxray_run(struct vtxray *guest);

/* Makes a running vtxray_run return soon; safe from another thread and in a signal handler. */
VTXRAY_API void vtxray_kick(struct vtxray *guest);

/*
 * After VTXRAY_EXIT: 0 after "Shutdown" at port 0x8900, value << 1 | 1 after a write of value to port 0xF4. The guest kernel writes its
 * program's status, so that is bits 8:1.
 */
VTXRAY_API int vtxray_exit_status(const struct vtxray *guest);

/* After VTXRAY_NOT_MODELLED: what, in words; else NULL. */
VTXRAY_API const char *vtxray_stop_reason(const struct vtxray *guest);

/* The clock of the model, in cycles: with a profile what its prices add up to, else one for each instruction, delivered event and VM exit.
 */
VTXRAY_API uint64_t vtxray_cycles(const struct vtxray *guest);

/* A counter by its name, as in the JSON of `vtxray run`; 0 if there is none of that name. */
VTXRAY_API uint64_t vtxray_count(const struct vtxray *guest, const char *name);

/* Counter i's name and what it counts; NULL from vtxray_counters() on. */
VTXRAY_API size_t vtxray_counters(void);
VTXRAY_API const char *vtxray_counter_name(size_t i);
VTXRAY_API const char *vtxray_counter_text(size_t i);

/* guest may be NULL */
VTXRAY_API void vtxray_close(struct vtxray *guest);

#ifdef __cplusplus
}
#endif

#endif
