# For bash without other programs: pipelines and subshells, here-documents, traps, jobs, a coprocess, expansions, functions.
shopt -s extglob nullglob; set -o pipefail
echo "== pipes"; for i in {1..5}; do echo "$i"; done | while read -r n; do echo $((n * n)); done | { mapfile -t a; echo "${#a[@]} ${a[*]}"; }; (echo a; (echo b; (echo c))) | { read -r x; read -r y; echo "$y$x"; }; false | true; echo "${PIPESTATUS[@]} $?"
echo "== here"; while IFS=: read -r k v; do echo "$v=$k"; done <<END
one:1
two:$((1 + 1))
END
read -r -d '' text <<-'END'
	indented $not
END
echo "$text"; read -r first _ <<<"word1 word2 word3"; echo "$first"
echo "== traps"; (trap 'echo exit $?' EXIT; (exit 3)); trap 'echo usr1' USR1; trap 'echo int' INT; kill -USR1 $$; kill -INT $$; (trap 'echo term; exit 8' TERM; kill -TERM $BASHPID; echo never); echo $?; trap 'echo err $?' ERR; (exit 6); false; trap - ERR; f() { trap 'echo ret' RETURN; echo in f; }; f; trap - RETURN
echo "== jobs"; for i in 1 2 3; do (exit "$i") & p[i]=$!; done; for i in 1 2 3; do wait "${p[i]}"; echo "job $i: $?"; done; { (kill -9 $BASHPID); } 2>/dev/null; echo "killed $?"; coproc cat_ { while read -r q; do echo "co $q"; done; }; echo hello >&"${cat_[1]}"; read -r answer <&"${cat_[0]}"; echo "$answer"; exec {cat_[1]}>&-; wait 2>/dev/null; echo "waited"
echo "== expansion"; s=hello_world; echo "${s^^} ${s/_/ } ${s//o/0} ${s:2:3} ${s: -3} ${s%%_*} ${s##*_} ${#s} ${s@Q}"; declare -A m=([b]=2 [a]=1 [c]=3); for k in a b c; do echo -n "$k${m[$k]} "; done; echo "${!m[*]}" | while read -ra ks; do echo "${#ks[@]}"; done; a=(x y z); a+=(w); unset 'a[1]'; echo "${a[@]} ${!a[@]} ${a[@]: -1}"; printf '%q %b %06.3f %x %c|%-5s|\n' "a b" 'x\ty' 3.14159 255 z left; [[ foo123 =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[@]}"; [[ abc == @(abc|d) ]] && echo extglob; echo $((2 ** 40)) $((017 + 0xff)) $((5 > 3 ? 1 : 0)) $((RANDOM >= 0)); i=5; ((i += 3, i *= 2)); echo $i; declare -n ref=s; echo "$ref"; case x in y) ;; x) echo fall ;& z) echo through ;; esac
echo "== files"; echo data >f1; echo more >>f1; echo "$(<f1)"; for g in f*; do echo "glob $g"; done; exec 5<f1; read -r -u 5 l; echo "$l"; read -r -u 5 l; echo "$l"; exec 5<&-; { echo o; echo e >&2; } >both 2>&1; echo "$(<both)"; set -o noclobber; echo x 2>/dev/null >f1 || echo clobber; [ f1 -ef f1 ] && [ -s f1 ] && [ ! -d f1 ] && echo tests; cd /; pwd; cd - >/dev/null; pushd /tmp >/dev/null; popd >/dev/null; umask 077
echo "== functions"; fact() { (($1 < 2)) && echo 1 || echo $(($1 * $(fact $(($1 - 1))))); }; fact 8; outer() { local v=1; inner; echo $v; }; inner() { v=2; }; outer; declare -F fact; set -e; (false; echo no) || echo "set -e"; set +e; time_() { local TIMEFORMAT=%0lR; time :; }; time_ 2>/dev/null; select_() { select c in a b; do echo "chose $c"; break; done; }; select_ <<<2 2>/dev/null; getopts ab: o -b val; echo "$o $OPTARG"; printf -v var '%03d' 7; echo $var; read -rt 0.01 none </dev/zero; echo "read $?"; echo "${BASH_VERSINFO[0]}"; exit 11
