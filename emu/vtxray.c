/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's interface (vtxray.h): a machine, its console and its profile behind one pointer. */
#include "emu/vtxray.h"

#include "emu/command.h"
#include "emu/machine.h"
#include "emu/profile.h"
#include "emu/share.h"

#include <stdlib.h>
#include <string.h>

#define RAM_DEFAULT (128ull << 20)

struct vtxray {
	struct machine machine;
	struct console console;
	struct profile profile;
};

static_assert((int)VTXRAY_ERROR >= (int)LOAD_ERROR_SIZE && (int)VTXRAY_ERROR >= (int)PROFILE_ERROR, "room for each message");
static_assert((int)VTXRAY_NATIVE == (int)PAGING_NATIVE && (int)VTXRAY_EPT == (int)PAGING_EPT && (int)VTXRAY_SHADOW == (int)PAGING_SHADOW &&
		  (int)VTXRAY_AGILE == (int)PAGING_AGILE,
	      "enum paging_kind");

const char *vtxray_version(void)
{
	return VTXRAY_VERSION;
}

bool vtxray_find(const char *name, char *path, size_t size)
{
	char found[SHARE_PATH];

	if (!share_find(name, found) || strlen(found) >= size)
		return false;
	memcpy(path, found, strlen(found) + 1);
	return true;
}

static void *refuse(char *error, const char *why)
{
	snprintf(error, VTXRAY_ERROR, "%s", why);
	return NULL;
}

/* What is wrong with a configuration; NULL: nothing. */
static const char *config_fault(const struct vtxray_config *config)
{
	if (config->size != sizeof *config)
		return "config.size must be sizeof(struct vtxray_config): program and library are of different versions";
	if (config->ram && (config->ram % PAGE_SIZE || config->ram < BIT(20) || config->ram > MEM_SIZE_MAX))
		return "config.ram must be a multiple of 4 KiB, at least 1 MiB, at most 1 TiB";
	if ((unsigned)config->paging > VTXRAY_AGILE)
		return "config.paging is no enum vtxray_paging";
	if (config->ept_page && config->ept_page != BIT(12) && config->ept_page != BIT(21) && config->ept_page != BIT(30))
		return "config.ept_page must be 4 KiB, 2 MiB or 1 GiB, in bytes";
	if (config->ept_levels && config->ept_levels != 4 && config->ept_levels != 5)
		return "config.ept_levels must be 4 or 5";
	if (config->vmx && config->paging != VTXRAY_NATIVE)
		return "config.vmx: the built-in VMMs offer their guest no VMX";
	return NULL;
}

static struct machine_config machine_config(struct vtxray *guest, const struct vtxray_config *config)
{
	return (struct machine_config){.ram_size = config->ram ? config->ram : RAM_DEFAULT,
				       .max_insns = config->max_insns,
				       .vmx = config->vmx,
				       .paging = (enum paging_kind)config->paging,
				       .ept_page_shift = config->ept_page ? (unsigned)__builtin_ctzll(config->ept_page) : 0,
				       .ept_levels = config->ept_levels,
				       .console = &guest->console,
				       .tlbs = config->cpu ? &guest->profile.tlbs : &mmu_config_default,
				       .profile = config->cpu ? &guest->profile : NULL};
}

/* The guest's parts; false with a line in error, and nothing left to undo. */
static bool make(struct vtxray *guest, const struct vtxray_config *config, char *error)
{
	if (config->cpu && profile_load(&guest->profile, config->cpu, NULL, error) < 0)
		return false;
	if (console_init(&guest->console, config->console, config->input, 0) < 0)
		return refuse(error, "the host has no memory left");
	guest->console.log = config->log;
	const struct machine_config settings = machine_config(guest, config);
	int err = machine_init(&guest->machine, &settings);
	if (err == 0)
		return true;
	console_free(&guest->console);
	return refuse(error, err == -ERR_NOMEM ? "the host has not enough memory for this guest" : "the engine cannot be set up");
}

struct vtxray *vtxray_open(const struct vtxray_config *config, char error[VTXRAY_ERROR])
{
	const char *fault = config_fault(config);
	if (fault)
		return refuse(error, fault);
	struct vtxray *guest = calloc(1, sizeof *guest);
	if (!guest)
		return refuse(error, "the host has no memory left");
	if (make(guest, config, error))
		return guest;
	free(guest);
	return NULL;
}

bool vtxray_load(struct vtxray *guest, const char *image, const char *arguments, const struct vtxray_module *modules, size_t count,
		 char error[VTXRAY_ERROR])
{
	struct load_module *list = calloc(count + 1, sizeof *list);
	if (!list)
		return refuse(error, "the host has no memory left");
	for (size_t i = 0; i < count; i++)
		list[i] = (struct load_module){.path = modules[i].path, .cmdline = modules[i].string ? modules[i].string : ""};
	const struct load_request request = {.path = image, .cmdline = arguments, .module = list, .modules = count};
	int err = machine_load(&guest->machine, &request, error);
	free(list);
	return err == 0;
}

enum vtxray_end vtxray_run(struct vtxray *guest)
{
	static const enum vtxray_end ends[] = {
	    [END_EXIT] = VTXRAY_EXIT,		[END_SHUTDOWN] = VTXRAY_SHUTDOWN, [END_HALTED] = VTXRAY_HALTED,
	    [END_MAX_INSNS] = VTXRAY_MAX_INSNS, [END_KICKED] = VTXRAY_KICKED,	  [END_WATCH] = VTXRAY_NOT_MODELLED,
	    [END_STOP] = VTXRAY_NOT_MODELLED,
	};
	enum machine_end end = machine_run(&guest->machine);

	console_flush(&guest->console);
	return ends[end];
}

void vtxray_kick(struct vtxray *guest)
{
	machine_kick(&guest->machine);
}

int vtxray_exit_status(const struct vtxray *guest)
{
	return guest->machine.bus.exit_status;
}

const char *vtxray_stop_reason(const struct vtxray *guest)
{
	return guest->machine.stop_reason;
}

uint64_t vtxray_cycles(const struct vtxray *guest)
{
	return guest->machine.cpu.clock;
}

uint64_t vtxray_count(const struct vtxray *guest, const char *name)
{
	for (size_t i = 0; i < EVENT_COUNT; i++)
		if (strcmp(name, event_name((enum event)i)) == 0)
			return guest->machine.cpu.ev.n[i];
	return 0;
}

size_t vtxray_counters(void)
{
	return EVENT_COUNT;
}

const char *vtxray_counter_name(size_t i)
{
	return i < EVENT_COUNT ? event_name((enum event)i) : NULL;
}

const char *vtxray_counter_text(size_t i)
{
	return i < EVENT_COUNT ? event_text((enum event)i) : NULL;
}

void vtxray_close(struct vtxray *guest)
{
	if (!guest)
		return;
	machine_free(&guest->machine);
	console_free(&guest->console);
	free(guest);
}
