/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lab 2: what you are given, and the two functions that you write. */
#ifndef LAB2_H
#define LAB2_H

#include <stdbool.h>
#include <stdint.h>

/* The virtual machine. */
struct vm {
	uint64_t root;	     /* host-physical address of the EPT PML4 table; it is there, and empty */
	uint64_t ram;	     /* guest-physical [0, ram) is the guest's RAM; there is nothing above */
	uint64_t loaded_end; /* the image was loaded at host-physical = guest-physical addresses below this one */
};

/* Host memory, by host-physical address: 8 bytes, as an EPT entry has. */
uint64_t host_read(uint64_t hpa);
void host_write(uint64_t hpa, uint64_t value);
/* A free 4-KiB frame full of zeros: its host-physical address; 0 when no memory is left. */
uint64_t host_frame(void);

/* What the exit qualification of an EPT violation says. */
struct violation {
	bool read, write, fetch;	     /* what the access was */
	bool readable, writable, executable; /* what the EPT entries permitted */
	bool linear_valid;		     /* the guest-linear address field holds an address */
	bool final;			     /* the access was to the data; false: to a paging structure of the guest */
};

enum reply {
	RETRY, /* handled: the guest executes the instruction again */
	REFUSE /* there is no memory at that address */
};

/* You write these. */
struct violation decode(uint64_t qualification);
enum reply handle(const struct vm *vm, uint64_t gpa, struct violation v);

#endif
