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
	config.devices = boundary_devices(m);
	return shadow_vmm_start(&m->cpu, &config);
}

static const char *why(const struct machine *m, int err)
{
	if (err == -ERR_NOMEM)
		return "no memory left";
	if (m->config.paging == PAGING_SHADOW)
		return "the guest's memory and the shadow pages must fit into 3 GiB";
	return m->ept_vmm.vmm.text;
}

int hosted_start(struct machine *m, uint64_t loaded_end, char error[LOAD_ERROR_SIZE])
{
	int err = m->config.paging == PAGING_EPT ? start_ept(m, loaded_end) : m->config.paging == PAGING_SHADOW ? start_shadow(m) : 0;

	if (err)
		snprintf(error, LOAD_ERROR_SIZE, "the built-in VMM could not start: %s", why(m, err));
	return err;
}

void hosted_free(struct machine *m)
{
	if (m->config.paging == PAGING_SHADOW)
		shadow_vmm_free(&m->cpu);
	ept_vmm_free(&m->ept_vmm);
}
