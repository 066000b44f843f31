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

int hosted_start(struct machine *m, uint64_t loaded_end, char error[LOAD_ERROR_SIZE])
{
	int err = m->config.paging == PAGING_EPT ? start_ept(m, loaded_end) : 0;

	if (err)
		snprintf(error, LOAD_ERROR_SIZE, "the built-in VMM could not start: %s",
			 err == -ERR_NOMEM ? "no memory left" : m->ept_vmm.vmm.text);
	return err;
}

void hosted_free(struct machine *m)
{
	ept_vmm_free(&m->ept_vmm);
}
