/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a trace is replayed (replay_configure.h). The description of a trace is not believed: it may be any JSON. */
#include "emu/replay_configure.h"

#include "emu/output.h"
#include "emu/value.h"

#include <stdio.h>
#include <string.h>

/* What the description of a trace of ours says; NULL: nothing. */
static const json_t *recorded_configuration(const struct import *import)
{
	return import->kind == IMPORT_VTXRAY ? json_object_get(import->ours.description, "configuration") : NULL;
}

/* What a trace holds: mask of enum trace_kind; of others instructions and accesses. */
static uint64_t kinds_of(const struct import *import)
{
	if (import->kind != IMPORT_VTXRAY)
		return BIT(TRACE_INSN) | BIT(TRACE_ACCESS);
	return (uint64_t)json_integer_value(json_object_get(import->ours.description, "kinds"));
}

/* NULL: the tables are in the trace, which was recorded with all that they are made of. Else why not. */
static const char *why_no_tables(const struct import *import)
{
	const uint32_t needed = BIT(TRACE_ACCESS) | BIT(TRACE_REF) | BIT(TRACE_WALK) | BIT(TRACE_OPERATION);

	if (import->kind != IMPORT_VTXRAY)
		return "an address trace";
	if (json_is_true(json_object_get(import->ours.description, "user_only")))
		return "recorded with --trace-user-only";
	return (kinds_of(import) & needed) == needed ? NULL : "recorded without `access`, `walk` or `tlb`";
}

/* Tables that have to be built are of the kind that the recorded run had. false, with a message: there is no building those. */
static bool follow_recorded(struct replay_options *options, const json_t *recorded)
{
	struct replay_config *config = &options->config;
	const char *paging = json_string_value(json_object_get(recorded, "paging"));
	uint64_t ept_page = (uint64_t)json_integer_value(json_object_get(recorded, "ept_page"));

	if (!paging || value_paging(paging, &config->paging))
		return true;
	if (config->paging == PAGING_AGILE)
		return output_fail(options->path,
				   "of a run under agile paging, whose tables cannot be built: say with --paging which to build instead: "
				   "native, ept or shadow");
	if (config->paging == PAGING_EPT && (ept_page == BIT(PAGE_SHIFT_2M) || ept_page == BIT(PAGE_SHIFT_1G)))
		config->ept_shift = (unsigned)__builtin_ctzll(ept_page);
	return true;
}

static bool load_profile(struct replay_options *options, struct profile *profile)
{
	char error[PROFILE_ERROR];

	if (profile_load(profile, options->cpu, options->without, error) == 0)
		return true;
	fprintf(stderr, "vtxray: %s\n", error);
	return false;
}

/* What is said in messages, on one line. */
static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* The processor, unless the user named one. false, with a message: the description is not one that we write. */
static bool take_recorded_cpu(struct replay_options *options, const json_t *recorded)
{
	const char *cpu = json_string_value(json_object_get(recorded, "cpu"));
	const char *without = json_string_value(json_object_get(recorded, "without"));

	if (!cpu || options->cpu || options->plain_cpu)
		return true;
	if (!is_printable(cpu) || (without && !is_printable(without)))
		return output_fail(options->path, "its description names a processor that cannot be: --cpu says which to model");
	options->cpu = cpu;
	options->without = options->without ? options->without : without;
	return true;
}

bool replay_configure(struct replay_options *options, const struct import *import, struct profile *profile)
{
	const json_t *recorded = recorded_configuration(import);
	struct replay_config *config = &options->config;

	options->without_tables = why_no_tables(import);
	config->recorded = !options->build && !options->without_tables;
	if (!(kinds_of(import) & (BIT(TRACE_INSN) | BIT(TRACE_ACCESS))))
		return output_fail(options->path, "recorded without accesses and instructions: there is nothing to replay; `--trace-what "
						  "access,insn,walk,tlb` records all that it takes");
	if (!config->recorded && !options->paging_given && !follow_recorded(options, recorded))
		return false;
	config->guest_shift = config->guest_shift ? config->guest_shift : PAGE_SHIFT;
	config->ept_shift = config->ept_shift ? config->ept_shift : PAGE_SHIFT;
	config->memory = (uint64_t)json_integer_value(json_object_get(import->ours.description, "memory"));
	config->insns = kinds_of(import) & BIT(TRACE_INSN);
	if (!take_recorded_cpu(options, recorded))
		return false;
	if (options->without && !options->cpu)
		return output_fail("--without", "goes with --cpu");
	config->profile = options->cpu ? profile : NULL;
	return !options->cpu || load_profile(options, profile);
}
