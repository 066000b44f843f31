# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What SEED chooses: a processor (base and changes), the cache that is asked about, in which order the answers are printed. To be sourced.
case ${SEED:-} in
'' | *[!0-9]* | ?????????*) SEED=1 ;;
esac
seed_state=$((SEED * 2654435761 % 2147483647))
pick() { # WORD...: one of them
	seed_state=$(((seed_state ^ seed_state >> 15) * 1103515245 % 2147483647))
	shift $(((seed_state >> 8) % $#))
	picked=$1
}
pick nehalem haswell skylake icelake goldencove && base=$picked
pick 64 128 && stlb_sets=$picked
pick 6 8 10 12 && stlb_ways=$picked
stlb_entries=$((stlb_sets * stlb_ways))
reach_kib=$((stlb_entries * 4))
pick 16/4 24/3 32/4 && psc_pde=$picked
pick 16/4 24/3 32/4 && ept_pde=$picked
pick 16/4 32/4 64/4 && nested_tlb=$picked
pick psc ept-psc nested-tlb && suspect=$picked
case $suspect in
psc) others=ept-psc,nested-tlb ;;
ept-psc) others=psc,nested-tlb ;;
*) others=psc,ept-psc ;;
esac
turns=
for _ in 1 2 3 4; do
	pick 0 1 2 3
	turns="$turns $picked"
done
