/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a run is counted, on the command line (region_options.h). */
#include "emu/region_options.h"

#include "emu/size.h"

#include <string.h>

enum { KEY_FAST_FORWARD = 0x1000, KEY_ROI, KEY_WARM_UP };

static const struct argp_option option_table[] = {
    {"fast-forward", KEY_FAST_FORWARD, "WHERE", 0,
     "Count from there on: N (instructions; K, M and G are powers of 1000), until-marker (CPUID with EAX 0x4fff0001), until-user (the "
     "first "
     "instruction at CPL 3). What comes before is gone through fast, with all its faults and VM exits",
     0},
    {"roi", KEY_ROI, NULL, 0, "Count the regions of interest: from CPUID with EAX 0x4fff0001 to CPUID with EAX 0x4fff0002, each time", 0},
    {"warm-up", KEY_WARM_UP, "N", 0, "Before counting begins, N data accesses that fill TLBs and caches without being counted", 0},
    {0},
};

static const char *parse_from(struct region_config *config, const char *text)
{
	if (!strcmp(text, "until-marker")) {
		config->from = REGION_MARKER;
		return NULL;
	}
	if (!strcmp(text, "until-user")) {
		config->from = REGION_USER;
		return NULL;
	}
	const char *wrong = size_parse_count(text, &config->steps);
	if (wrong)
		return "must be until-marker, until-user or a number of instructions";
	config->from = REGION_AFTER;
	return NULL;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct region_config *config = state->input;
	const char *wrong = NULL;

	switch (key) {
	case KEY_FAST_FORWARD:
		wrong = parse_from(config, text);
		if (wrong)
			argp_error(state, "--fast-forward '%s': %s", text, wrong);
		break;
	case KEY_ROI:
		config->interest = true;
		break;
	case KEY_WARM_UP:
		wrong = size_parse_count(text, &config->warm);
		if (wrong)
			argp_error(state, "--warm-up '%s': %s", text, wrong);
		break;
	case ARGP_KEY_END:
		if (config->interest && config->from != REGION_ALL && config->from != REGION_MARKER)
			argp_error(state, "--roi begins at a marker: it does not go with another --fast-forward");
		if (config->interest)
			config->from = REGION_MARKER;
		if (config->warm && config->from == REGION_ALL)
			argp_error(state, "--warm-up goes with --fast-forward or --roi");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp region_argp = {.options = option_table, .parser = parse_option};

json_t *region_json(const struct region *r)
{
	static const char *const names[] = {
	    [REGION_ALL] = "", [REGION_AFTER] = "instructions", [REGION_MARKER] = "until-marker", [REGION_USER] = "until-user"};

	if (r->config.from == REGION_ALL)
		return NULL;
	return json_pack("{s:s,s:I,s:b,s:I,s:I,s:I,s:i}", "fast_forward", names[r->config.from], "steps", (json_int_t)r->config.steps,
			 "roi", r->config.interest, "warm_up", (json_int_t)r->config.warm, "forwarded_instructions",
			 (json_int_t)r->forwarded, "warm_up_instructions", (json_int_t)r->warmed, "times", (int)r->times);
}
