# SPDX-License-Identifier: GPL-2.0-or-later
# vtxray. One Makefile, not recursive; objects in build/$(MODE)/.
MODE ?= release
B := build/$(MODE)
CC ?= gcc
CSTD := -std=gnu11 -I. -D_GNU_SOURCE
WARN := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Werror
OPT_release := -O2 -g
OPT_debug := -O0 -g3
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
OPT_cov := -O0 -g --coverage
CFLAGS_ALL := $(CSTD) $(WARN) $(OPT_$(MODE)) -MMD -MP
LIBS := -lunicorn -lcapstone -lelf -lzstd -ljansson -linih
Q := $(if $(V),,@)

LIB_SRC := $(filter-out emu/main.c,$(wildcard mmu/*.c vmx/*.c ept/*.c shadow/*.c emu/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/check_*.c))

all: $(if $(wildcard emu/main.c),$(B)/vtxray) ## build the program

$(B)/libvtxray.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(B)/vtxray: $(B)/emu/main.o $(B)/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) -o $@ $^ -Wl,--as-needed $(LIBS)
$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CFLAGS_ALL) $(CFLAGS) -c -o $@ $<
$(B)/tests/check_%: $(B)/tests/check_%.o $(B)/libvtxray.a
	@echo "  LD      $@"
	$(Q)$(CC) $(OPT_$(MODE)) -o $@ $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed $(LIBS) $$(pkg-config --libs check)

tests: $(TESTS)
check: all $(TESTS) ## run the tests
	$(Q)tests/run $(TESTS)
check-%: $(B)/tests/check_% ## run one suite: check-mem runs tests/check_mem.c
	$(Q)$<
clean: ## remove what was built
	rm -rf build
-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all tests check clean
.SECONDARY:
