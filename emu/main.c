/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: a table of subcommands, which also prints the help. */
#include "emu/command.h"

#include "mmu/base.h"

#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *text;
} commands[] = {
    {"vtxray compare", cmd_compare, "run an image or a program natively and under each VMM, and set the counts side by side"},
    {"vtxray run", cmd_run, "run a guest image, show its console and its counters"},
    {"vtxray exec", cmd_exec, "run a static Linux program in the guest kernel"},
    {"vtxray explain", cmd_explain, "show one translation of a guest, reference by reference"},
    {"vtxray workloads", cmd_workloads, "list the programs that exec and compare know by name"},
    {"vtxray replay", cmd_replay, "drive TLBs and page walks with the accesses of a trace"},
    {"vtxray trace", cmd_trace, "show a trace, or write it in the format of another program"},
    {"vtxray exits", cmd_exits, "show the VM exits of a trace as `perf kvm stat report` does"},
    {"vtxray cpus", cmd_cpus, "list the processors that --cpu knows, or show one"},
};

static void print_help(FILE *out)
{
	fputs("vtxray " VTXRAY_VERSION ": an X-ray for VT-x\n\nusage: vtxray COMMAND [OPTION...] ...\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-18s %s\n", commands[i].name, commands[i].text);
	fputs("\n`vtxray COMMAND --help` lists the options of one.\n", out);
}

/* Standard input, output and error exist, so that no file opened later takes their numbers. */
static bool open_standard_files(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!open_standard_files())
		return STATUS_USAGE;
	argp_err_exit_status = STATUS_USAGE;
	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "-?")) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("vtxray " VTXRAY_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(name, strchr(commands[i].name, ' ') + 1) != 0)
			continue;
		argv[1] = (char *)commands[i].name; /* what argp calls the program */
		return commands[i].main(argc - 1, argv + 1);
	}
	if (argc > 1)
		fprintf(stderr, "vtxray: no command '%s'\n", name);
	print_help(stderr);
	return STATUS_USAGE;
}
