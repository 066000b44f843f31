# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lab 5: the student's file as a guest, on two processors that only the grader knows; then the two answers about the forgetful hypervisor.
numbers="dtlb_entries dtlb_ways stlb_entries stlb_ways"
right_dtlb_entries=0 right_dtlb_ways=0 right_stlb_entries=0 right_stlb_ways=0 forgotten='' due='' ended=''

# mistake NAME GIVEN RIGHT DTLB: what a wrong number's cause may be; DTLB: the same number of the data TLB
mistake() {
	case $1:$2 in
	*:$(($3 + 1))) echo "$2 is one more than fits" ;;
	stlb_*:"$4") echo "$2 is the data TLB's: begin with so many pages that all loads miss it" ;;
	*entries:*) echo "not $2: pages in a row fit until there is one more than entries; then the step is small" ;;
	*) echo "not $2: pages far apart (a large power of two) share one set, and fit until there is one more than ways" ;;
	esac
}

if image 5-detective; then
	for which in 0 1; do
		"$lab/profile.sh" $((SEED + which)) >"$work/profile"
		limited 20 "$VTXRAY" run --mem 64M --max-insns 100M --cpu "$work/profile" "$work/lab.elf"
		if ! grep -q '^stlb_ways' "$work/out"; then
			[ "$status" -ne 124 ] || why="it did not come to an end in 20 seconds, or 100 million instructions: a loop?"
			ended=${why:-$(grep -m 1 '^fault' "$work/out" || grep -m 1 '^vtxray' "$work/err" || echo "it ended early, with status $status")}
		fi
		forgotten=$(sed -n 's/^forgotten //p' "$work/out") due=$(sed -n 's/^due //p' "$work/out")
		# shellcheck disable=SC2046
		set -- $(sed -n 's/^# secret //p' "$work/profile")
		dtlb_entries=$1 dtlb_ways=$2
		for what in $numbers; do
			case $what in
			*entries) other=$dtlb_entries ;;
			*) other=$dtlb_ways ;;
			esac
			value=$(sed -n "s/^$what //p" "$work/out")
			if [ "$value" = "$1" ]; then
				eval "right_$what=\$((right_$what + 1))"
			elif [ -n "$value" ]; then
				eval "why_$what=\"processor $which: $(mistake "$what" "$value" "$1" "$other")\""
			fi
			shift
		done
	done
fi
for what in $numbers; do
	eval "right=\$right_$what why=\${why_$what:-\$ended}"
	# shellcheck disable=SC2154
	points $((right * 15 / 2)) 15 "$what, on two processors" "$why"
done
"$VTXRAY" run --vmx --check-invalidation --json "$work/found" --mem 256M "$LAB_BUILD/5-detective/forgetful.elf" -- seed="$SEED" </dev/null >/dev/null 2>&1
rip=$(sed -n '/"changed"/,/}/s/^ *"rip": \([0-9]*\).*/\1/p' "$work/found" | head -n 1)
culprit=$(nm -n "$LAB_BUILD/5-detective/forgetful64.elf" | while read -r address _ symbol; do [ $((0x$address)) -le "${rip:-0}" ] && echo "$symbol"; done | tail -n 1)
[ "$forgotten" = "$culprit" ] && mark=25 || mark=0
points "$mark" 25 "who forgets (SEED=$SEED)" "not ${forgotten:-known}: --check-invalidation names the RIP of the store; the function is the last one that nm -n lists at or below it"
[ "$due" = INVEPT ] && mark=15 || mark=0
points "$mark" 15 "what is forgotten" "not ${due:-known}: an EPT entry was changed; INVLPG and INVVPID are about other things"
