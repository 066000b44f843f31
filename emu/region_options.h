/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that say what of a run is counted (region.h), as a part of a subcommand's. */
#ifndef EMU_REGION_OPTIONS_H
#define EMU_REGION_OPTIONS_H

#include "emu/region.h"

#include <argp.h>
#include <jansson.h>

/* The input is a struct region_config, all zero at first. */
extern const struct argp region_argp;

/* What was asked for and what came of it, as JSON; NULL if there is no region. */
json_t *region_json(const struct region *region);

#endif
