/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output: lines to port 0xE9, which Bochs and vtxray both show. */
#ifndef METAL_LINE_H
#define METAL_LINE_H

#include "print.h"

#define line print

#endif
