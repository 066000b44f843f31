/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EPT walk: guest-physical to host-physical (SDM 3C, "EPT Translation Mechanism"), the second stage of mmu/walk.h.
 *
 *     EPTP -> PML5 -> PML4 -> PDPT -> PD -> PT -> page      each arrow: one reference
 *
 * It is called for every guest paging structure that a walk reads and for the final address, so a walk of g guest levels under h levels
 * of EPT makes (g + 1)(h + 1) - 1 references.
 */
#ifndef EPT_WALK_H
#define EPT_WALK_H

#include "ept/eptp.h"

/*
 * A second_fn; ctx is a struct ept. When not ok, exit_reason is 48 (EPT violation, with qualification bits 0-6 and convertible),
 * 49 (EPT misconfiguration) or 62 (page-modification log full). Guest paging structures that a walk reads (is_table) are written, as
 * far as EPT is concerned, when accessed and dirty flags are enabled; PDPTEs read by MOV to CR are to be asked for without is_table.
 */
struct second ept_translate(void *ctx, gpa_t gpa, unsigned access, bool is_table, bool guest_user, unsigned flags);

#endif
