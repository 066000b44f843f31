/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view of a long run (`vtxray run --top`): rates, the pages with most accesses and walks, the VM exits by reason; drawn anew about
 * once a second on the terminal that standard error is. Looking changes nothing but the host's time.
 */
#ifndef EMU_TOP_H
#define EMU_TOP_H

#include "mmu/observer.h"

struct machine;
struct top;

enum { TOP_LINE = 160 };

/* Begins: the machine tells its accesses from now on. NULL with a message on standard error: no memory, or no terminal there. */
struct top *top_start(struct machine *machine);
/* Draws the last picture, puts the terminal back and frees it. */
void top_end(struct top *top);
/* Called by the machine's loop: draws if it is time. */
void top_look(struct top *top);

/* For tests: one without a terminal, and what it would draw: so many lines, ended by '\0'. seconds: since the last picture. */
struct top *top_new(struct machine *machine);
void top_free(struct top *top);
unsigned top_render(struct top *top, double seconds, unsigned rows, char line[][TOP_LINE]);

#endif
