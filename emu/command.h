/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands of vtxray, and the exit statuses that all of them share. The guest's own status, from the exit port 0xF4, is always
 * odd (value << 1 | 1), or 0; ours are even, so that the two are never confused.
 */
#ifndef EMU_COMMAND_H
#define EMU_COMMAND_H

#define VTXRAY_VERSION "0.1"

enum exit_status {
	STATUS_OK = 0,
	STATUS_USAGE = 2,	/* bad options, files that cannot be read or are not what they should be */
	STATUS_STOPPED = 4,	/* the guest did something that is not modelled */
	STATUS_SHUTDOWN = 6,	/* triple fault: the processor shut down */
	STATUS_HALTED = 8,	/* HLT for ever: interrupts are off, or nothing is left that could raise one */
	STATUS_STALE = 10,	/* --check-invalidation found something; the guest itself ended */
	STATUS_MAX_INSNS = 124, /* --max-insns ran out */
	STATUS_SIGNAL = 128,	/* + the signal: 130 is Ctrl-C */
};

/* Each takes its own name ("vtxray run") and arguments as main does, and returns the exit status. */
int cmd_run(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_exits(int argc, char **argv);
int cmd_cpus(int argc, char **argv);
int cmd_workloads(int argc, char **argv);

/* What cmd_run does once its options are known. */
struct run_options;
int run_with(const struct run_options *options);

#endif
