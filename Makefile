# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray. One Makefile, not recursive but for `check` and `demo`, which install what is missing first; objects in build/$(MODE)/.
MODE ?= release
B := build/$(MODE)
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(MODE)),clang,gcc)
endif
CSTD := -std=gnu11 -I. -D_GNU_SOURCE
WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Werror
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# with so much inlined, these warnings are of paths that cannot be; the other builds have them
OPT_release := -O3 -g -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds
# the program, benchmarks and the shared library are optimized as a whole; tests and the archive take the same objects as they are
LTO_release := -flto=auto -ffat-lto-objects
NOT_LTO := --remove-section='.gnu.lto_*' --remove-section='.gnu.debuglto_*'
OPT_debug := -O0 -g3
OPT_asan := -O1 -g $(SANITIZE)
OPT_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
OPT_cov := -O0 -g --coverage
# every cache as small as it can be and everything flushed as often as can be: the results are the same
OPT_stress := -O1 -g -DSTRESS -DALIAS_WINDOWS=1
OPT_fuzz := -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link
$(if $(OPT_$(MODE)),,$(error MODE=$(MODE) is none of release debug asan ubsan cov stress fuzz))
# hidden: libunicorn exports QEMU names (mmu_flush_all ..) that ours would otherwise take the place of; PIC: so that it can be a shared library
CFLAGS_ALL := -fvisibility=hidden -fPIC $(CSTD) $(WARN) $(OPT_$(MODE)) $(LTO_$(MODE)) -MMD -MP
LIBS := -lunicorn -lcapstone -lelf -lzstd -llzma -lncursesw -ljansson -linih
Q := $(if $(V),,@)

FOLDERS := mmu vmx ept shadow emu tests bench
LIB_SRC := $(filter-out emu/main.c,$(wildcard $(patsubst %,%/*.c,mmu vmx ept shadow emu)))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
PROGRAM := $(if $(wildcard emu/main.c),$(B)/vtxray)
# what `make check` runs: Check suites and scripts; tests/tests.mk may add to it
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/check_*.c))
# what test programs share: archived, so that each links what it uses
TEST_SUPPORT := $(filter-out tests/check_% tests/fuzz_%,$(wildcard tests/*.c))
TEST_SCRIPTS := $(wildcard tests/check_*.sh)
FUZZERS := $(patsubst tests/%.c,build/fuzz/tests/%,$(wildcard tests/fuzz_*.c))
FUZZ_TIME ?= 600

export LSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/unicorn.lsan:print_suppressions=0

.DEFAULT_GOAL := all
-include workloads/images.mk workloads/labs/labs.mk tests/tests.mk bench/bench.mk emu/install.mk

all: $(PROGRAM) ## build the program (MODE=release|debug|asan|ubsan|cov|stress, V=1 shows the commands)
deps: ## install every package that anything here needs (Debian 12 or 13; as root or with sudo)
	$(Q).ci/deps install
deps-build deps-ensure: deps-%:
	@.ci/deps $*

$(B)/libvtxray.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(B)/vtxray: $(B)/emu/main.o $(B)/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) $(LTO_$(MODE)) -o $@ $^ -Wl,--as-needed $(LIBS)
$(B)/%.o: %.c Makefile | deps-build
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CFLAGS_ALL) $(CFLAGS) -c -o $@ $<
$(B)/tests/libsupport.a: $(TEST_SUPPORT:%.c=$(B)/%.o)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(B)/tests/check_%: $(B)/tests/check_%.o $(B)/tests/libsupport.a $(B)/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) -fno-lto -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(LIBS) $$(pkg-config --libs check)
build/fuzz/tests/fuzz_%: build/fuzz/tests/fuzz_%.o build/fuzz/tests/libsupport.a build/fuzz/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(LIBS)

images: ## build the guest images into build/images/
tests: $(TESTS)
run-tests: all images tests labs-build $(B)/bench/references
	$(Q)VTXRAY=$(B)/vtxray IMAGES=build/images tests/run $(TESTS) $(TEST_SCRIPTS)
check: deps-ensure ## run all tests (installs what is missing)
	$(Q)$(MAKE) --no-print-directory run-tests
STRESS_TESTS := engine_model machine machine_hostile
check-stress: images ## the suites of engine and machine and all guest images, with one-entry TLBs, one alias window and constant flushes
	$(Q)$(MAKE) --no-print-directory MODE=stress all $(STRESS_TESTS:%=build/stress/tests/check_%)
	$(Q)VTXRAY=build/stress/vtxray IMAGES=build/images tests/run $(STRESS_TESTS:%=build/stress/tests/check_%) tests/check_guest.sh
check-%: $(B)/tests/check_% ## run one suite: check-mem runs tests/check_mem.c
	$(Q)$<
run-demo: all images
	$(Q)VTXRAY=$(B)/vtxray bench/demo build/demo
demo: deps-ensure ## three workloads in four modes: tables, and a figure of where the cycles go in build/demo/ (installs what is missing)
	$(Q)$(MAKE) --no-print-directory run-demo
check-long: ## the tests that take longer than `make check` may
check-bochs: ## compare all generated cases with Bochs
bench: ## measure; CSV files and figures go to build/bench/
fuzz: ## run each fuzz target for FUZZ_TIME seconds
	$(Q)$(if $(FUZZERS),,echo "no fuzz targets (tests/fuzz_*.c)"; exit 0;) $(MAKE) --no-print-directory MODE=fuzz $(FUZZERS)
	$(Q)$(if $(FUZZERS),,exit 0;) mkdir -p $(FUZZERS:%=%.corpus)
	$(Q)for f in $(FUZZERS); do echo "  FUZZ    $$f"; $$f -max_total_time=$(FUZZ_TIME) -timeout=20 -len_control=0 -max_len=1024 -rss_limit_mb=4096 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix=$$f. $$f.corpus || exit 1; done
coverage: ## run the tests with coverage; lines covered by file
	$(Q)$(MAKE) --no-print-directory MODE=cov check
	$(Q)cd build/cov && gcov -n -r -s $(CURDIR) $$(find mmu vmx ept shadow emu -name '*.gcda') 2>/dev/null | awk -F"[':%]" \
		'/^File/ { file = $$2 } /^Lines executed/ && file ~ /\.c$$/ { printf "%7.2f%%  %s\n", $$2, file; file = "" }' | sort -k2 -u

# ---- lint
C_FILES := $(wildcard $(patsubst %,%/*.[ch],$(FOLDERS)))
GUEST_FILES := $(wildcard workloads/*.[chS] workloads/*/*.[chS] workloads/*/*/*.[chS] workloads/*/*/*/*.[chS] tests/*/*.[chS])
SCRIPTS := $(wildcard .ci/* tests/run tests/*.sh bench/*.sh workloads/labs/*.sh workloads/labs/*/*.sh) bench/run bench/list bench/one bench/sweep bench/figures bench/metal_on_bochs
TIDY := $(patsubst %.c,build/lint/%.tidy,$(filter %.c,$(C_FILES)))
lint: lint-text lint-format lint-scripts lint-cppcheck $(TIDY) ## include directions, format, clang-tidy, cppcheck, scripts: no warning
	@echo "lint: no warning"
lint-text: | deps-ensure
	@echo "  LINT    includes, markers, licence lines, README"
	$(Q).ci/includes $(C_FILES) $(GUEST_FILES)
	$(Q)! grep -nE '\<(TOD[O]|FIXM[E]|XX[X])\>' $(C_FILES) $(GUEST_FILES) $(wildcard $(FOLDERS:%=%/*.def)) README.md
	$(Q)for f in $(C_FILES) $(GUEST_FILES) $(SCRIPTS) $(wildcard $(FOLDERS:%=%/*.def)); do \
		head -n 2 $$f | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || { echo "$$f: no licence line"; exit 1; }; done
	$(Q).ci/readme check-choices
lint-format: | deps-ensure
	@echo "  LINT    format"
	$(Q)case "$$(clang-format --version)" in *'version 14.'*) clang-format --dry-run -Werror $(C_FILES) $(filter-out %.S,$(GUEST_FILES)) ;; \
		*) echo "          not checked: other versions than 14 align comments differently" ;; esac
lint-scripts: | deps-ensure
	@echo "  LINT    scripts"
	$(Q)shellcheck -e SC1091,SC2034,SC2154 $(SCRIPTS)
lint-cppcheck: | deps-ensure
	@echo "  LINT    cppcheck"
	$(Q)cppcheck -q -j 2 --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 -I. -D_GNU_SOURCE \
		-DCS_API_MAJOR=5 -DUC_API_MAJOR=2 -DUC_API_MINOR=1 -DUC_API_PATCH=1 --suppress=internalAstError $(filter %.c,$(C_FILES))
build/lint/%.tidy: %.c .clang-tidy $(filter %.h,$(C_FILES)) $(wildcard $(FOLDERS:%=%/*.def)) | deps-ensure
	@mkdir -p $(@D)
	@echo "  TIDY    $<"
	$(Q)clang-tidy --quiet $< -- $(CSTD) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@
format: ## lay out all C files as .clang-format says
	$(Q)clang-format -i $(C_FILES) $(filter-out %.S,$(GUEST_FILES))
choices: ## write the list of CHOICE and LIMIT statements into the README
	$(Q).ci/readme write-choices
readme: all images ## write all generated parts of the README anew: the list of choices, and one run
	$(Q)VTXRAY=$(B)/vtxray .ci/readme write
help: ## this text
	@sed -n 's/^\([a-z][a-z%-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'
clean: ## remove what was built
	rm -rf build
-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all deps deps-build deps-ensure images tests run-tests check run-demo demo check-stress check-long check-bochs bench fuzz coverage lint \
	lint-text lint-format lint-scripts lint-cppcheck format choices readme help clean
.SECONDARY:
.DELETE_ON_ERROR:
