/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCIDs of the guest (SDM 3A, "Process-Context Identifiers (PCIDs)"). INVVPID cannot name a PCID, so the processor's PCIDs are not the
 * guest's: each of the guest's that is in use has one of the processor's, and to invalidate a PCID is to give it another, under which
 * nothing is cached yet. What other PCIDs have cached stays, and so do global translations. When all 4096 have been used, one INVVPID takes
 * all that is not global, and they begin anew.
 */
#include "shadow/shadow.h"

#include <string.h>

enum { UNUSED = 0xffff };

/* Both sides use PCID 0 while CR4.PCIDE is 0, and what it has cached lasts when CR4.PCIDE becomes 1. */
void pcid_reset(struct shadow *s)
{
	memset(s->pcid, 0xff, sizeof(s->pcid));
	s->pcid[0] = 0;
	s->next_pcid = 1;
}

static uint16_t new_pcid(struct shadow *s)
{
	if (s->next_pcid == ARRAY_LEN(s->pcid)) {
		memset(s->pcid, 0xff, sizeof(s->pcid));
		s->next_pcid = 0;
		inval_nonglobal(s);
	}
	return s->next_pcid++;
}

uint16_t pcid_of_guest(struct shadow *s, uint16_t pcid)
{
	if (s->pcid[pcid] == UNUSED)
		s->pcid[pcid] = new_pcid(s);
	return s->pcid[pcid];
}

void pcid_invalidate(struct shadow *s, uint16_t pcid)
{
	s->pcid[pcid] = UNUSED;
	if (pcid != s->mode.pcid)
		return;
	uint64_t cr3 = vmm_read(&s->vmm, GUEST_CR3);
	vmm_write(&s->vmm, GUEST_CR3, (cr3 & ~CR3_PCID) | pcid_of_guest(s, pcid));
}
