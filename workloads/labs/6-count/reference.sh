#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# reference.sh KIB LOADS MEM: the runs and rows that SEED's questions need, with a set of that size, so many loads and that memory.
. "$(dirname "$0")/seed.sh"
set -- "kib=$1 mem=$3" "$2"
while read -r label options; do
	echo "run $label.0 $options $1 loads=0"
	echo "run $label.1 $options $1 loads=$2"
	echo "row $label = $label.1 - $label.0"
done <<END
native paging=native page=4k
control paging=ept page=4k ept-page=4k
guest paging=ept page=2m ept-page=4k
ept paging=ept page=4k ept-page=2m
both paging=ept page=2m ept-page=2m
out paging=ept page=4k ept-page=4k without=$suspect
alone paging=ept page=4k ept-page=4k without=$others
none paging=ept page=4k ept-page=4k without=psc,ept-psc,nested-tlb
END
