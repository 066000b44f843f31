/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts the built-in VMM that the configuration asks for, with the machine's devices. */
#include "emu/hosted.h"

#include "emu/boundary.h"

#include <stdio.h>

static int start_ept(struct machine *m, uint64_t loaded_end)
{
	const struct ept_vmm_config config = {
	    .guest_ram = m->config.ram_size,
	    .loaded_end = loaded_end,
	    .page_shift = m->config.ept_page_shift ? m->config.ept_page_shift : PAGE_SHIFT,
	    .levels = m->config.ept_levels ? m->config.ept_levels : 4,
	    .log_dirty = m->config.log_dirty,
	    .devices = boundary_devices(m),
	};
	return ept_vmm_start(&m->ept_vmm, &m->cpu, &config);
}

static int start_shadow(struct machine *m)
{
	struct shadow_vmm_config config = m->config.shadow;
	config.area = HPA(m->config.ram_size);
	config.area_size = shadow_vmm_area(config.pages);
	if (m->config.paging == PAGING_AGILE) {
		config.agile = config.no_unsync = true;
		config.area_size = shadow_vmm_area_agile(config.pages, m->config.ram_size);
	}
	config.devices = boundary_devices(m);
	return shadow_vmm_start(&m->cpu, &config);
}

const char *hosted_refuses(enum paging_kind paging, uint64_t ram_size, unsigned shadow_pages)
{
	uint64_t area = paging == PAGING_AGILE ? shadow_vmm_area_agile(shadow_pages, ram_size) : shadow_vmm_area(shadow_pages);
	if (!paging_is_shadow(paging) || ram_size + area <= MEM_HIGH_BASE)
		return NULL;
	return "the guest's memory and the shadow pages must fit into 3 GiB";
}

static const char *why(const struct machine *m, int err)
{
	const char *refused = hosted_refuses(m->config.paging, m->config.ram_size, m->config.shadow.pages);
	if (err == -ERR_NOMEM)
		return "no memory left";
	return refused ? refused : m->ept_vmm.vmm.text;
}

int hosted_start(struct machine *m, uint64_t loaded_end, char error[LOAD_ERROR_SIZE])
{
	int err = m->config.paging == PAGING_EPT ? start_ept(m, loaded_end) : paging_is_shadow(m->config.paging) ? start_shadow(m) : 0;

	if (err)
		snprintf(error, LOAD_ERROR_SIZE, "the built-in VMM could not start: %s", why(m, err));
	return err;
}

void hosted_free(struct machine *m)
{
	if (paging_is_shadow(m->config.paging))
		shadow_vmm_free(&m->cpu);
	ept_vmm_free(&m->ept_vmm);
}
