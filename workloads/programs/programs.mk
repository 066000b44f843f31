# SPDX-License-Identifier: GPL-2.0-or-later
# The workload suite: ordinary programs, static, for the host's compiler; they run in the guest kernel as on the host.
PRG := build/programs
PROGRAMS := $(patsubst workloads/programs/%.c,$(PRG)/%,$(wildcard workloads/programs/*.c))
images: $(PROGRAMS)
$(PRG)/%: workloads/programs/%.c workloads/programs/workload.h
	@mkdir -p $(@D)
	@echo "  PROGRAM $@"
	$(Q)gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -ffp-contract=off -static -o $@ $<
# what `vtxray workloads` shows: name, arguments, checksum of the default ones, what it does; from each program's head and `expected`
images: $(PRG)/list
$(PRG)/list: workloads/programs/expected $(wildcard workloads/programs/*.c)
	@mkdir -p $(@D)
	$(Q)awk -v OFS='\t' ' \
		FILENAME ~ /expected$$/ { sum[$$1] = $$2; next } \
		FNR == 1 { head = "" } \
		FNR == 2 || (head != "" && head !~ /\*\/$$/) { sub(/^\/?[ *]* /, ""); head = head (head == "" ? "" : " ") $$0 } \
		FNR > 1 && head ~ /\*\/$$/ { \
			sub(/\. \*\/$$/, "", head); at = index(head, ": "); usage = substr(head, 1, at - 1); name = usage; sub(/ .*/, "", name); \
			sub(/^[a-z]* */, "", usage); print name, usage, sum[name], substr(head, at + 2); nextfile }' $^ >$@
