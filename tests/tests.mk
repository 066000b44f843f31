# SPDX-License-Identifier: GPL-2.0-or-later
# What a test program links besides its own file and the library.
$(B)/tests/check_walk $(B)/tests/check_mmu: $(B)/tests/oracle.o
# many more generated guests than `make check` has time for
check-long: check-long-shadow
check-long-shadow: $(B)/tests/check_shadow_random
	$(Q)SHADOW_GUESTS=10000 $<
check-long: check-long-modes
check-long-modes: $(B)/vtxray images
	$(Q)VTXRAY=$(B)/vtxray IMAGES=build/images tests/long_modes.sh
.PHONY: check-long-shadow check-long-modes
