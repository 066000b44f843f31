/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An MMU with small paging-structure caches over 4 MiB of memory, whose tables from 1 MiB on each test writes. */
#ifndef TESTS_PSC_FIXTURE_H
#define TESTS_PSC_FIXTURE_H

#include "mmu/mmu.h"
#include "mmu/pte.h"
#include "tests/test.h"

#include <string.h>

enum { RAM = 4 << 20, TABLES = 1 << 20, RW = PTE_P | PTE_RW };
#define GIB (1ull << 30)

static const struct psc_config config = {
    .linear = {{32, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {2, 2, POLICY_PLRU}},
    .ept = {{32, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {4, 4, POLICY_PLRU}, {2, 2, POLICY_PLRU}},
    .nested = {16, 4, POLICY_PLRU},
};

static struct mem mem;
static struct events ev;
static struct mmu mmu;
static struct paging_regs regs;

static void put64(uint64_t at, uint64_t value)
{
	mem_write(&mem, HPA(at), value, 8);
}

static void psc_start(void)
{
	memset(&ev, 0, sizeof ev);
	ck_assert_int_eq(mem_init(&mem, RAM), 0);
	ck_assert_int_eq(mmu_init(&mmu, &mem, &ev, NULL), 0);
	ck_assert_int_eq(mmu_model(&mmu, &config, NULL), 0);
}

#endif
