# SPDX-License-Identifier: GPL-2.0-or-later
# What a test program links besides its own file and the library.
$(B)/tests/check_walk $(B)/tests/check_mmu: $(B)/tests/oracle.o
