# SPDX-License-Identifier: GPL-2.0-or-later
# The workload suite: ordinary programs, static, for the host's compiler; they run in the guest kernel as on the host.
PRG := build/programs
PROGRAMS := $(patsubst workloads/programs/%.c,$(PRG)/%,$(wildcard workloads/programs/*.c))
images: $(PROGRAMS)
$(PRG)/%: workloads/programs/%.c workloads/programs/workload.h
	@mkdir -p $(@D)
	@echo "  PROGRAM $@"
	$(Q)gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -ffp-contract=off -static -o $@ $<
