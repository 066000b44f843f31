#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# /dev/fd and its kin, /dev/shm, /proc/self: by busybox's shell, on the host and in the guest.
echo from stdin | cat /dev/stdin
echo to stdout >/dev/stdout
echo to fd >/dev/fd/1
echo unseen 2>/dev/null >/dev/stderr
exec 7<"$0"
head -n 2 /dev/fd/7
readlink /proc/self/fd/7 | sed 's|.*/||'
for f in /proc/self/fd/[0-2]; do echo "$f"; done
echo shared >/dev/shm/vtxray.$$ && cat /dev/shm/vtxray.$$ && rm /dev/shm/vtxray.$$
tr '\0' '|' </proc/self/cmdline; echo
cat /proc/self/comm
cut -d ' ' -f 2,3 /proc/self/stat
wc -w </proc/self/stat
sed -n 's/^\(Name\|Threads\):/\1/p' /proc/self/status
grep -c '^processor' /proc/cpuinfo | sed 's/[0-9]*/some/'
sed -n 's/^MemTotal: *[0-9]* kB/memory/p' /proc/meminfo
grep -c '^Linux version' /proc/version
for f in /proc/self/fd/99 /dev/fd/x; do cat $f 2>/dev/null || echo "no $f"; done
tr '\0' '\n' </proc/self/environ | sed -n 's/^PATH=.*/the path/p'
grep -c '^[^ ]* / ' /proc/mounts | sed 's/[0-9]*/some/'
