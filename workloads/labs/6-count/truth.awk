# SPDX-License-Identifier: GPL-2.0-or-later
# The results of reference.sh -> lines NAME VALUE: the numbers that are asked for. Lines of TLB reach and of the letters come from elsewhere.
BEGIN { FS = "," }
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{ cycles[$1] = $(at["cycles"]); refs[$1] = $(at["guest_refs"]) + $(at["ept_refs"]) }
END {
	printf "overhead %.4f\n", cycles["control"] - cycles["native"]
	printf "saves_guest %.4f\n", cycles["control"] - cycles["guest"]
	printf "saves_ept %.4f\n", cycles["control"] - cycles["ept"]
	printf "saves_both %.4f\n", cycles["control"] - cycles["both"]
	printf "worth_beside %.4f\n", cycles["out"] - cycles["control"]
	printf "worth_alone %.4f\n", cycles["none"] - cycles["alone"]
	printf "per_reference %.4f\n", (cycles["none"] - cycles["control"]) / (refs["none"] - refs["control"])
}
