/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 3: what you are given, and the four functions that you write. */
#ifndef LAB3_H
#define LAB3_H

#include <stdbool.h>
#include <stdint.h>

enum { GUEST_FRAMES = 32768, TABLE_ENTRIES = 512 }; /* the guest has 128 MiB */

/* an access, as a set of bits */
enum { READ = 1, WRITE = 2, FETCH = 4, USER = 8 };

/* The guest's memory, by guest-physical address: 8 bytes. Anywhere: outside RAM all ones are read. */
uint64_t guest_read(uint64_t gpa);
void guest_write(uint64_t gpa, uint64_t value);
/* Where a guest-physical address lies: its host-physical address. */
uint64_t host_of(uint64_t gpa);

/* Your shadow tables, by host-physical address: 8 bytes. */
uint64_t host_read(uint64_t hpa);
void host_write(uint64_t hpa, uint64_t value);
/* A 4-KiB frame full of zeros for a shadow table: its host-physical address; 0 when all are in use. */
uint64_t host_frame(void);
/* Takes back all frames that host_frame has given. Nothing may refer to them any more. */
void host_frames_free(void);
/* The shadow PML4 table: CR3 of the processor points there while your code is in charge. Full of zeros at first. */
uint64_t shadow_root(void);
/* Forgets every translation that the processor has cached (INVVPID). */
void tlb_flush(void);

/* What a walk of the guest's own tables gives. */
struct gwalk {
	bool ok;
	uint32_t error;			 /* not ok: the error code of the guest's page fault */
	uint64_t gpa;			 /* ok: the guest-physical address */
	bool writable, user, executable; /* ok: what all entries together permit */
	bool dirty;			 /* ok: D of the entry that maps the page, after this access */
	int tables;			 /* tables read, top first */
	uint64_t table[4];		 /* their guest-physical addresses */
};

enum outcome {
	FILLED,	     /* the access can be tried again */
	GUEST_FAULT, /* the guest's own tables deny it: *error is the error code */
	TABLE_WRITE  /* permitted, but it writes to a frame that is one of the guest's tables: the shadow entry is there, read-only */
};

/* You write these. */
struct gwalk gwalk(uint64_t cr3, uint64_t gla, unsigned access);
enum outcome miss(uint64_t gla, unsigned access, uint32_t *error);
void table_written(uint64_t gpa);
void flush(uint64_t cr3);

#endif
