#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# --check-invalidation on whole guests: our images, and the guest kernel with programs that map, unmap and share, have no use of a stale
# translation, in any mode; all counts are those of a run without the option. (A guest that forgets one: check_stale.c.)
set -u
vtxray=${VTXRAY:-build/release/vtxray}
images=${IMAGES:-build/images}
programs=$(dirname "$images")/programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failed=0

check() { # WHAT CONDITION...
	checks=$((checks + 1))
	what=$1
	shift
	"$@" && return
	failed=$((failed + 1))
	echo "check_finder: $what"
	grep -A 6 'Missing' "$work/err"
}

clean() { # NAME run|exec ARG...: no report, and the counts are the same without the option
	name=$1 command=$2
	shift 2
	timeout 100 "$vtxray" "$command" --console /dev/null --json "$work/with" --check-invalidation "$@" >/dev/null 2>"$work/err" </dev/null
	check "$name: no report" grep -q 'Missing invalidations: 0 uses' "$work/err"
	timeout 100 "$vtxray" "$command" --console /dev/null --json "$work/without" "$@" >/dev/null 2>&1 </dev/null
	grep -v missing_invalidations "$work/with" >"$work/a"
	check "$name: JSON says so too" grep -q '"missing_invalidations": \[\]' "$work/with"
	check "$name: the same counts" [ "$(tr -d ' ,\n' <"$work/a")" = "$(tr -d ' ,\n' <"$work/without")" ]
}

for paging in native ept shadow; do
	for image in modes pagefault selfmod; do
		clean "$image, $paging" run --paging "$paging" "$images/guest-$image.elf"
	done
	clean "paging, $paging" run --mem 1G --paging "$paging" --cpu skylake "$images/paging.elf" -- chase=512,1 chase1g=0 gups=64,2000
	clean "forkwait, $paging" exec --paging "$paging" --cpu skylake "$programs/forkwait"
done
clean "cow with large pages" exec --guest-page 2m --kernel pcid=on "$programs/cow"
clean "mmapchurn" exec --kernel pcid=on "$programs/mmapchurn"
clean "a hypervisor" run --vmx "$images/metal.elf" -- seed=1 cases=0,10

echo "$((checks ? 100 * (checks - failed) / checks : 0))%: Checks: $checks, Failures: $failed, Errors: 0"
[ "$failed" -eq 0 ]
