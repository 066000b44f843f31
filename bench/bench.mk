# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmarks: bench/NAME.c is a program of its own that prints CSV; bench/run runs everything and makes figures and bench/RESULTS.md of it.
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))

$(B)/bench/%: $(B)/bench/%.o $(B)/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) $(LTO_$(MODE)) -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(LIBS)
bench: deps-ensure ## run every experiment: CSV, figures in build/bench/, bench/RESULTS.md (less than 20 minutes on two free cores)
	$(Q)$(MAKE) --no-print-directory run-bench
bench-quick: deps-ensure ## a part of them, in less than 3 minutes; bench/RESULTS.md stays as it is
	$(Q)$(MAKE) --no-print-directory SIZE=quick run-bench
SIZE ?= full
run-bench: all images $(BENCHES)
	$(Q)bench/run $(SIZE)
bench-%: all images $(BENCHES) ## one experiment anew, with its figures: bench-references, bench-workloads, bench-working-set, bench-speed ..
	$(Q)bench/run $(SIZE) $*
.PHONY: bench-quick run-bench
