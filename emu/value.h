/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of options that several subcommands share, besides sizes (emu/size.h): what kind of paging, which page size, the guest's
 * command line from its words.
 */
#ifndef EMU_VALUE_H
#define EMU_VALUE_H

#include "emu/machine.h"

/* Each returns NULL and sets *value, or says what is wrong with text (static text; *value is untouched). */
const char *value_paging(const char *text, enum paging_kind *value);
const char *value_page(const char *text, unsigned *shift);

/* Appends a word to *line, after a blank if it is not the first; frees what *line was. false: no memory, *line as it was. */
bool value_join(char **line, const char *word);

/* "native", "ept", "shadow" */
const char *paging_name(enum paging_kind paging);

#endif
