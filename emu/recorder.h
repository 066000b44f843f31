/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recording a machine: its MMU, engine and loop tell the recorder what happens, which puts it into a trace (emu/trace.h). What is not
 * asked for is not even told, so recording exits and faults alone costs next to nothing. The machine does the same as without.
 */
#ifndef EMU_RECORDER_H
#define EMU_RECORDER_H

#include "emu/trace_write.h"

struct machine;
struct recorder;

struct recorder_config {
	const char *path;	 /* of the trace */
	uint32_t kinds;		 /* mask of enum trace_kind */
	bool user_only;		 /* of instructions, accesses, walks and TLB misses those at CPL 3 only */
	const char *description; /* JSON */
};

/* Begins; the machine is loaded and has not run. NULL with a message on standard error if the file cannot be written. */
struct recorder *recorder_start(struct machine *machine, const struct recorder_config *config);

/* Ends: writes the counters of the run and closes the file. Returns false if not all could be written; that has been said. */
bool recorder_end(struct recorder *recorder);

/* What the machine tells: a VM exit is about to be taken (cpu->pending), an event was delivered, an instruction or VMM has run. */
void recorder_exit(struct recorder *recorder);
void recorder_delivered(struct recorder *recorder, uint64_t rip, bool user);
void recorder_look(struct recorder *recorder);

#endif
