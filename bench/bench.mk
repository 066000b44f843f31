# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmarks: each bench/NAME.c is a program of its own that prints CSV.
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/*.c))

$(B)/bench/%: $(B)/bench/%.o $(B)/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(LIBS)
bench: $(BENCHES)
	@mkdir -p build/bench
	$(Q)for b in $(notdir $(BENCHES)); do echo "  BENCH   $$b"; $(B)/bench/$$b > build/bench/$$b.csv && cat build/bench/$$b.csv; done
