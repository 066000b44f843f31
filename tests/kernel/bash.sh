# For bash: arrays, functions, substitution, here-strings, pipelines, traps; it uses no other program.
a=(1 2 3); echo ${a[1]} ${#a[@]}; declare -A m; m[x]=y; echo ${m[x]}
f() { local z=$1; echo $((z * z)); }; f 12; for ((i = 0; i < 3; i++)); do echo -n "$i "; done; echo
x=$(echo sub; echo sub2); echo "$x"; [[ abc =~ ^a(.)c ]] && echo ${BASH_REMATCH[1]}
while read -r l; do echo "<$l>"; done <<<$'one\ntwo'
(exit 5) | true; echo ${PIPESTATUS[@]}; { echo a; echo b; } | while read -r q; do echo got $q; done
sleep_free() { (exit 4) & wait $!; echo waited $?; }; sleep_free
trap 'echo usr' USR1; kill -USR1 $$; printf '%05.2f %s\n' 3.14159 end
while read -r l; do echo "in: $l"; done; trap 'echo bye' EXIT; exit 9
