#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# figure.sh PLOT RESULTS FOLDER: points for the student's gnuplot script, as lines `GOT MAX text|why`. It is run in FOLDER, where results.csv is.
set -u
plot=$(realpath "$1") results=$2 folder=$3
mkdir -p "$folder" && cp "$results" "$folder/results.csv" && cd "$folder" || exit 1

# draw [SCRIPT]: figure.svg, or why not in $why; with what a second script prints
draw() {
	rm -f figure.svg
	why=
	if ! timeout 20 gnuplot "$plot" "$@" </dev/null >said 2>&1; then
		why="gnuplot: $(grep -v '^ *^*$' said | tail -n 1)"
	elif grep -qi 'warning' said; then
		why="gnuplot: $(grep -i -m 1 'warning' said)"
	elif ! grep -q '</svg>' figure.svg 2>/dev/null; then
		why="no figure.svg: set terminal svg, set output \"figure.svg\", and a plot"
	fi
}

# shown WHAT: what gnuplot says that WHAT (title, xlabel, ylabel) is
shown() { sed -n "s/^[[:space:]]*$1 is \"\(.*\)\".*/\1/p" look | head -n 1; }

# follows FIRST: $why if the figure stays the same when the cycles of every second row are others
follows() {
	awk -F, -v OFS=, -v first="$1" 'NR > 1 && NR % 2 == first { $8 *= 1.5 } { print }' "$results" >results.csv
	draw
	[ -z "$why" ] || return
	! cmp -s figure.svg drawn.svg || why="other cycles in results.csv do not change the figure: is it drawn from there?"
}

rows=$(tail -n +2 results.csv | cut -d, -f1)
cat >look.gp <<'END'
set print "lowest"
print GPVAL_Y_MIN
show title
show xlabel
show ylabel
END
why="results.csv has no rows"
[ -z "$rows" ] || draw look.gp
if [ -n "$why" ]; then
	echo "0 5 it draws|$why"
	echo "0 7 a bar for each row, from results.csv|"
	echo "0 4 title and axes|"
	echo "0 4 bars begin at 0|"
	exit
fi
cp figure.svg drawn.svg
cp said look
echo "5 5 it draws|"

sed 's/<[^>]*>//g' drawn.svg >labels
for row in $rows; do
	[ -n "$why" ] || grep -qF -- "$row" labels || why="the label $row is not in the figure"
done
[ -n "$why" ] || follows 0
[ -n "$why" ] || [ "$(echo "$rows" | wc -l)" -eq 1 ] || follows 1
echo "$([ -n "$why" ] && echo 0 || echo 7) 7 a bar for each row, from results.csv|$why"

why=
for what in title xlabel ylabel; do
	[ -n "$(shown $what)" ] || why="$why${why:+, }no $what"
done
case $(shown ylabel) in
*[Cc]ycle*) ;;
*) why=${why:-the y axis does not say its unit: cycles, of what} ;;
esac
echo "$([ -n "$why" ] && echo 0 || echo 4) 4 title and axes|$why"
lowest=$(cat lowest 2>/dev/null)
case $lowest in
0 | 0.0) echo "4 4 bars begin at 0|" ;;
*) echo "0 4 bars begin at 0|the y axis begins at ${lowest:-nowhere}: bars then exaggerate the differences (set yrange [0:*])" ;;
esac
