/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of the VMCS by name. */
#ifndef LIB_VMCS_FIELD_H
#define LIB_VMCS_FIELD_H

enum vmcs_field {
#define FIELD(encoding, symbol) symbol = encoding,
#include "vmcs.def"
#undef FIELD
};

#endif
