/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port 404H: files that the guest kernel hands out when its program has ended (workloads/kernel/README.md has the protocol). Only files
 * that the user named with --save are taken, each once, and they are written where the user said: nothing that the guest says is part of a
 * path. Everything else that comes through the port is dropped.
 *
 * A file comes as 32-bit words: which (0 is the first --save), 0 or a Linux error number, its size (low, high), then, without an error,
 * its bytes, the last word filled up with anything.
 */
#ifndef EMU_SAVE_H
#define EMU_SAVE_H

#include "mmu/base.h"

#include <stdio.h>

enum { SAVE_PORT = 0x404 };

enum save_state { SAVE_AWAITED, SAVE_COMING, SAVE_DONE, SAVE_ABSENT /* the guest has none: error says why */, SAVE_UNWRITTEN };

struct save {
	const char *guest, *host;
	enum save_state state;
	uint32_t error; /* SAVE_ABSENT: the guest's error number; SAVE_UNWRITTEN: the host's */
};

/* What arrives at the port. */
struct save_port {
	struct save *save;
	size_t saves;
	uint64_t most; /* no file is longer: the guest's memory holds them all */
	uint32_t head[4];
	unsigned heads;
	struct save *now; /* NULL: bytes are dropped */
	FILE *file;
	uint64_t left; /* bytes of this file */
};

void save_init(struct save_port *port, struct save *save, size_t saves, uint64_t most);
void save_word(struct save_port *port, uint32_t word);

/* The run is over: closes what is open and says, one line each, which files did not come whole. false: there are such. */
bool save_finish(struct save_port *port);

#endif
