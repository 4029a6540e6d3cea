# SPDX-License-Identifier: BSD-3-Clause
#
# time.gp - draw how long a call takes, beside the bare instructions:
# gnuplot -e "rows='ROWS.tsv'; picture='OUT.svg'" time.gp
set terminal svg size 1500,560 font "sans,14" background "white"
set output picture
set datafile separator "\t"
set multiplot layout 1,3 title "How long a call takes, beside the bare instructions for it (lower is better)" \
	font ",18" margins 0.05,0.99,0.20,0.84 spacing 0.05
set logscale xy
set xrange [6:24e6]
set xtics ("8" 8, "64" 64, "512" 512, "4K" 4096, "32K" 32768, "256K" 262144, "2M" 2097152, "16M" 16777216)
set ytics ("10 ns" 10, "100 ns" 100, "1 us" 1e3, "10 us" 1e4, "100 us" 1e5, "1 ms" 1e6)
set grid back linecolor "#dddddd"
unset key
rows_of(call, flags) = sprintf("< awk -F'\\t' '$1==\"pmem\" && $2==\"%s\" && $3==\"%s\" && $4==\"aligned\" && $5==\"walking\"' %s", call, flags, rows)
do for [what in "persist:- memcpy:- memcpy:NODRAIN"] {
	call = what[1:strstrt(what, ":")-1]
	flags = what[strstrt(what, ":")+1:*]
	set title (call eq "persist" ? "store and persist" : call . (flags eq "-" ? "" : " " . flags)) . ", bytes"
	if (flags eq "NODRAIN") {
		set key at screen 0.5,0.06 center maxrows 1 samplen 3
	}
	plot rows_of(call, flags) using 6:8 with lines linecolor "#bbbbbb" linewidth 6 title "Debian's libpmem", \
		rows_of(call, flags) using 6:9 with lines linecolor "black" linewidth 1.5 dashtype 2 title "bare instructions", \
		rows_of(call, flags) using 6:7 with linespoints linecolor "#0b5fa5" linewidth 2 pointtype 7 pointsize 0.5 title "Holdfast"
}
unset multiplot
