/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtxray run: runs one guest image. The guest's console goes to standard output, or a file, as it comes; at the end the counters go to
 * standard error and, with --json, to a file. The exit status is the guest's own, or one of emu/command.h.
 */
#include "emu/command.h"
#include "emu/console.h"
#include "emu/finder.h"
#include "emu/machine.h"
#include "emu/options.h"
#include "emu/output.h"
#include "emu/profile.h"
#include "emu/progress.h"
#include "emu/recorder.h"
#include "emu/region_options.h"
#include "emu/report_intel.h"
#include "emu/report_life.h"
#include "emu/shadow_log.h"
#include "emu/terminal.h"
#include "emu/top.h"
#include "emu/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SIGILL_IN_GUEST = 4 }; /* as Linux numbers it; bits 15:8 of what is written to port 0xF4 */

struct run {
	struct run_options options;
	FILE *console_out, *json_out;
	struct console console;
	struct machine machine;
	struct save_port save;
	enum machine_end end;
	int status;
	double host_seconds;
	struct profile profile; /* if options name a processor */
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "vtxray: %s: %s\n", what, why);
	return STATUS_USAGE;
}

static const char *error_text(int error)
{
	switch (-error) {
	case ERR_NOMEM:
		return "the host has not enough memory for this guest (see --mem)";
	case ERR_ARG:
		return "a setting is out of range";
	case ERR_ENGINE:
		return "the engine (Unicorn) cannot be set up";
	default:
		return "failed";
	}
}

static void kick(void *machine)
{
	machine_kick(machine);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int load(struct run *run)
{
	const struct run_options *options = &run->options;
	const struct load_request request = {
	    .path = options->image, .cmdline = options->arguments, .module = options->module, .modules = options->modules};
	char error[LOAD_ERROR_SIZE] = "";

	if (machine_load(&run->machine, &request, error) == 0)
		return 0;
	fprintf(stderr, "vtxray: %s\n", error);
	return STATUS_USAGE;
}

static int end_status(const struct run *run)
{
	switch (run->end) {
	case END_EXIT:
		if (run->machine.stale.mmu && stale_count(&run->machine.stale))
			return STATUS_STALE;
		return (run->options.program ? run->machine.bus.exit_status >> 1 : run->machine.bus.exit_status) & 0xff;
	case END_SHUTDOWN:
		return STATUS_SHUTDOWN;
	case END_HALTED:
		return STATUS_HALTED;
	case END_MAX_INSNS:
		return STATUS_MAX_INSNS;
	case END_KICKED:
		return STATUS_SIGNAL + terminal_signal();
	case END_WATCH: /* nobody watches here */
	case END_STOP:
		break;
	}
	return STATUS_STOPPED;
}

/* stable names, for "end" in the JSON */
static const char *end_name(enum machine_end end)
{
	static const char *const names[] = {
	    [END_EXIT] = "exit",	   [END_SHUTDOWN] = "shutdown",	 [END_HALTED] = "halted",
	    [END_MAX_INSNS] = "max_insns", [END_KICKED] = "interrupted", [END_STOP] = "not_modelled",
	};
	return names[end];
}

static void say_end(const struct run *run)
{
	const struct machine *machine = &run->machine;
	unsigned long long rip = machine->cpu.rip;

	switch (run->end) {
	case END_SHUTDOWN:
		fprintf(stderr, "vtxray: triple fault: the processor shut down (rip 0x%llx)\n", rip);
		break;
	case END_HALTED:
		fprintf(stderr, "vtxray: halted with nothing left to wake the processor (rip 0x%llx)\n", rip);
		break;
	case END_STOP:
		fprintf(stderr, "vtxray: not modelled: %s (rip 0x%llx)\n", machine->stop_reason ? machine->stop_reason : "no reason given",
			rip);
		break;
	case END_EXIT:
		if (machine->life.avx_rip && machine->bus.exit_status >> 9 == SIGILL_IN_GUEST)
			fprintf(stderr,
				"vtxray: the program died of an AVX instruction (rip 0x%llx), which the processor modelled does not have: "
				"compile it with -march=x86-64-v2, or without -mavx\n",
				(unsigned long long)machine->life.avx_rip);
		break;
	default:
		break;
	}
}

static json_t *tlb_json(const struct tlb_geometry geometry[TLB_PARTS])
{
	static const char *const part[TLB_PARTS] = {"4k", "2m", "1g"};
	json_t *object = json_object();

	for (unsigned i = 0; i < TLB_PARTS; i++)
		json_object_set_new(object, part[i], json_pack("{s:i,s:i}", "entries", geometry[i].entries, "ways", geometry[i].ways));
	return object;
}

static json_t *configuration_json(const struct run *run)
{
	const struct run_options *options = &run->options;
	const struct mmu_config *tlbs = run->machine.config.tlbs;
	json_t *modules = json_array();

	for (size_t i = 0; i < options->modules; i++)
		json_array_append_new(modules,
				      json_pack("{s:s,s:s}", "file", options->module[i].path, "cmdline", options->module[i].cmdline));
	return json_pack("{s:s,s:s*,s:s*,s:s,s:o,s:I,s:I,s:s,s:b,s:b,s:s,s:i,s:i,s:{s:o,s:o,s:o,s:b}}", "image", options->image, "cpu",
			 options->cpu, "without", options->without, "arguments", options->arguments ? options->arguments : "", "modules",
			 modules, "mem", (json_int_t)options->ram_size, "max_insns", (json_int_t)options->max_insns, "console",
			 options->console ? options->console : "-", "verbose", options->verbose, "vmx", run->machine.config.vmx, "paging",
			 paging_name(run->machine.config.paging), "ept_page",
			 options->paging != PAGING_EPT ? 0 : 1 << (options->ept_page_shift ? options->ept_page_shift : PAGE_SHIFT),
			 "ept_levels",
			 options->paging != PAGING_EPT ? 0
			 : options->ept_levels	       ? (int)options->ept_levels
						       : 4,
			 "tlbs", "itlb", tlb_json(tlbs->itlb), "dtlb", tlb_json(tlbs->dtlb), "stlb", tlb_json(tlbs->stlb), "stlb_shared",
			 tlbs->stlb_shared);
}

static void write_frame(void *ctx, gpa_t frame)
{
	fprintf(ctx, "0x%012llx\n", (unsigned long long)frame.u);
}

/* The dirty log, a frame a line in ascending order; false, with a message, if it could not be written. */
static bool write_dirty(struct run *run)
{
	FILE *file = output_open(run->options.dirty);

	if (!file)
		return false;
	ept_vmm_take_dirty(&run->machine.ept_vmm, write_frame, file);
	return output_close(file, run->options.dirty);
}

/* What is shown instead of the whole run's counters; NULL: nothing is. */
static const struct life *life_shown(const struct run *run)
{
	const struct machine *machine = &run->machine;

	return machine->life.begun || machine->region.config.from != REGION_ALL ? &machine->life : NULL;
}

/* Writes the whole object on one go; returns false, with a message, if it could not. */
static bool write_json(struct run *run, const struct report *report)
{
	json_t *object = json_pack(
	    "{s:s,s:o*,s:s,s:s*,s:i,s:o*,s:o*,s:o*}", "version", VTXRAY_VERSION, "configuration", configuration_json(run), "end",
	    end_name(run->end), "stop_reason", run->end == END_STOP ? run->machine.stop_reason : NULL, "exit_status", run->status, "region",
	    region_json(&run->machine.region), "counters", report_json(report), "missing_invalidations", finder_json(&run->machine));
	bool ok = object && (!life_shown(run) || report_life_json(object, &run->machine.life)) &&
		  json_dumpf(object, run->json_out, JSON_INDENT(2)) == 0;

	if (!object)
		fail("--json", "no memory left, or a name that is not UTF-8");
	json_decref(object);
	if (ok)
		fputc('\n', run->json_out);
	return ok;
}

/* Begins the trace, if one is asked for; its description is the configuration, and what the trace holds. false, with a message, if not. */
static bool start_trace(struct run *run)
{
	const struct run_options *options = &run->options;
	json_t *object = json_pack("{s:s,s:o,s:I,s:I,s:b}", "version", VTXRAY_VERSION, "configuration", configuration_json(run), "memory",
				   (json_int_t)mem_size(&run->machine.mem), "kinds", (json_int_t)options->trace_kinds, "user_only",
				   options->trace_user_only);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	const struct recorder_config config = {
	    .path = options->trace, .kinds = options->trace_kinds, .user_only = options->trace_user_only, .description = text};
	bool ok = text && recorder_start(&run->machine, &config);

	if (!text)
		fail("--trace", "no memory left, or a name that is not UTF-8");
	free(text);
	json_decref(object);
	return ok;
}

static void run_machine(struct run *run)
{
	double started = now();

	terminal_start(kick, &run->machine, run->options.tty);
	if (run->options.top)
		top_start(&run->machine); /* without it, if it cannot be; that has been said */
	else if (!run->options.quiet)
		progress_start(&run->machine.cpu.cost.steps, NULL, &run->console);
	run->end = machine_run(&run->machine);
	if (run->machine.top)
		top_end(run->machine.top);
	progress_stop();
	terminal_stop();
	run->host_seconds = now() - started;
	run->status = end_status(run);
	console_flush(&run->console);
	say_end(run);
}

/* What the counters are of, when they are not those of the whole run. */
static const char *life_title(const struct run *run)
{
	static char title[512];
	const struct run_options *options = &run->options;
	const struct region *region = &run->machine.region;

	if (region->config.from != REGION_ALL && !region->times)
		fputs("vtxray: what --fast-forward or --roi waits for did not come: nothing was counted\n", stderr);
	snprintf(title, sizeof title, "'%s'%s%s", options->program ? options->program : options->image,
		 options->program && region->config.from == REGION_ALL ? ", from its first instruction to its end" : "",
		 region_text(region));
	return title;
}

/* The machine exists from here on: loads, runs, reports. */
static int with_machine(struct run *run)
{
	int status = load(run);

	if (status)
		return status;
	save_init(&run->save, run->options.save, run->options.saves, run->options.ram_size);
	if (run->options.trace && !start_trace(run))
		return STATUS_USAGE;
	run_machine(run);
	if (run->machine.recorder)
		recorder_end(run->machine.recorder);
	if (!save_finish(&run->save) && run->status == STATUS_OK)
		run->status = STATUS_USAGE;
	const struct report report = {.ev = &run->machine.cpu.ev,
				      .cycles = run->machine.cpu.clock,
				      .cost = run->options.cpu ? &run->machine.cpu.cost : NULL,
				      .caches = run->machine.cpu.mmu.env.caches,
				      .host_seconds = run->host_seconds};
	const struct life *life = life_shown(run);
	const struct report shown = life ? report_life(life, &report) : report;
	if (life)
		report_life_table(stderr, life_title(run), life, &report);
	else
		report_table(stderr, run->options.image, &report);
	report_cycles(stderr, &shown);
	finder_text(stderr, &run->machine);
	if (run->options.references)
		report_references(stderr, shown.caches);
	if (run->options.dirty && !write_dirty(run))
		return STATUS_USAGE;
	return !run->json_out || write_json(run, &shown) ? run->status : STATUS_USAGE;
}

static int with_console(struct run *run)
{
	const struct run_options *options = &run->options;
	const struct machine_config config = {.ram_size = options->ram_size,
					      .max_insns = options->max_insns,
					      .vmx = options->vmx,
					      .life = options->program,
					      .paging = options->paging,
					      .ept_page_shift = options->ept_page_shift,
					      .ept_levels = options->ept_levels,
					      .log_dirty = options->dirty,
					      .shadow = options->shadow,
					      .explain_entry = options->explain_entry,
					      .check_invalidation = options->check_invalidation,
					      .verbose = options->verbose,
					      .account = options->account,
					      .region = options->region,
					      .console = &run->console,
					      .save = options->saves ? &run->save : NULL,
					      .tlbs = options->cpu ? &run->profile.tlbs : &mmu_config_default,
					      .profile = options->cpu ? &run->profile : NULL};
	int error = machine_init(&run->machine, &config);

	if (error)
		return fail(options->image, error_text(error));
	int status = with_machine(run);
	machine_free(&run->machine);
	return status;
}

static int with_outputs(struct run *run)
{
	int error = console_init(&run->console, run->console_out, STDIN_FILENO, 0);

	if (error)
		return fail("console", error_text(error));
	run->console.log = stderr;
	if (run->options.program)
		run->console.err = stderr;
	int status = with_console(run);
	console_free(&run->console);
	return status;
}

static bool load_profile(struct run *run)
{
	char error[PROFILE_ERROR];

	if (profile_load(&run->profile, run->options.cpu, run->options.without, error) == 0)
		return true;
	fprintf(stderr, "vtxray: %s\n", error);
	return false;
}

/* Before and after the run: false, with a message, if the log cannot be written. */
static bool open_log(struct run_options *options)
{
	if (!options->shadow_log)
		return true;
	options->shadow.trace = shadow_log_write;
	options->shadow.trace_ctx = output_open(options->shadow_log);
	return options->shadow.trace_ctx;
}

static bool close_log(const struct run_options *options)
{
	return !options->shadow.trace_ctx || output_close(options->shadow.trace_ctx, options->shadow_log);
}

int run_with(const struct run_options *options)
{
	static struct run run;
	int status = STATUS_USAGE;

	run.options = *options;
	if (options->cpu && !load_profile(&run))
		return status;
	run.console_out = output_open(options->console);
	run.json_out = options->json ? output_open(options->json) : NULL;
	if (run.console_out && (run.json_out || !options->json) && open_log(&run.options))
		status = with_outputs(&run);
	if (!close_log(&run.options))
		status = STATUS_USAGE;
	if (run.json_out && !output_close(run.json_out, options->json))
		status = STATUS_USAGE;
	if (run.console_out && run.console_out != run.json_out && !output_close(run.console_out, options->console))
		status = STATUS_USAGE;
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run_options options;

	options_parse(&options, argc, argv);
	int status = run_with(&options);
	options_free(&options);
	return status;
}
