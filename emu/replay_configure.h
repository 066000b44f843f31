/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a trace is replayed: what the user says, and for all else the description of the trace. */
#ifndef EMU_REPLAY_CONFIGURE_H
#define EMU_REPLAY_CONFIGURE_H

#include "emu/import.h"
#include "emu/profile.h"
#include "emu/replay.h"

struct replay_options {
	const char *path, *cpu, *without, *json;
	bool plain_cpu; /* --cpu none */
	struct replay_config config;
	bool paging_given;
	bool build;		    /* an option asks for tables of its own */
	const char *without_tables; /* why the trace brings none; NULL: it does */
	enum import_kind kind;
	bool kind_given;
	uint64_t max_records;
};

/* What the user did not say is as in the recording. false, with a message on standard error: it cannot be. profile: for the processor. */
bool replay_configure(struct replay_options *options, const struct import *import, struct profile *profile);

#endif
