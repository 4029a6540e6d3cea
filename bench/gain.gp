# SPDX-License-Identifier: BSD-3-Clause
#
# gain.gp - draw how much faster our calls are than the peer's, by length:
# gnuplot -e "rows='ROWS.tsv'; picture='OUT.svg'" gain.gp
set terminal svg size 1500,900 font "sans,13" background "white"
set output picture
set datafile separator "\t"
set multiplot layout 3,5 title "How many times as fast as Debian's libpmem (above the line: faster)" \
	font ",18" margins 0.04,0.99,0.10,0.90 spacing 0.025,0.085
set logscale x 2
set logscale y 2
set xrange [6:24e6]
set yrange [0.5:4.5]
set xtics ("8" 8, "64" 64, "512" 512, "4K" 4096, "32K" 32768, "256K" 262144, "2M" 2097152, "16M" 16777216)
set ytics ("0.5" 0.5, "1" 1, "2" 2, "3" 3, "4" 4)
set grid back linecolor "#dddddd"
unset key

# The rows of one panel: a call with these flags; `at` is a pattern for the column place.
rows_of(call, flags, at, pace) = sprintf("< awk -F'\\t' '$1==\"pmem\" && $2==\"%s\" && $3==\"%s\" && $4~/^%s$/ && $5==\"%s\" && ($4!~/,/ || $6>=256)' %s", call, flags, at, pace, rows)

array calls[15]
array flagss[15]
array ends[15]
array names[15]
do for [i=1:15] { ends[i] = "" }
calls[1] = "memcpy";  flagss[1] = "-"
calls[2] = "memcpy";  flagss[2] = "NODRAIN"
calls[3] = "memcpy";  flagss[3] = "NOFLUSH"
calls[4] = "memcpy";  flagss[4] = "NONTEMPORAL"
calls[5] = "memcpy";  flagss[5] = "TEMPORAL"
calls[6] = "memset";  flagss[6] = "-"
calls[7] = "memset";  flagss[7] = "NODRAIN"
calls[8] = "memset";  flagss[8] = "NOFLUSH"
calls[9] = "memset";  flagss[9] = "NONTEMPORAL"
calls[10] = "memset"; flagss[10] = "TEMPORAL"
calls[11] = "persist"; flagss[11] = "-"
calls[12] = "flush";   flagss[12] = "-"
calls[13] = "memmove"; flagss[13] = "-"
calls[14] = "memmove"; flagss[14] = "-"; ends[14] = ",[+]64"
calls[15] = "memmove"; flagss[15] = "-"; ends[15] = ",[+][0-9][0-9][0-9]+"
do for [i=1:12] { names[i] = calls[i] . (flagss[i] eq "-" ? "" : " " . flagss[i]) }
names[11] = "store, persist"
names[12] = "store, flush"
names[13] = "memmove"
names[14] = "memmove, overlapping by all but 64 bytes, up"
names[15] = "memmove, overlapping by half, up"

do for [i=1:15] {
	set title names[i] offset 0,-0.6
	if (i == 15) {
		set key at screen 0.5,0.035 center maxrows 1 samplen 3 width -2 font ",14"
	}
	plot 1 with lines linecolor "black" linewidth 1.5 notitle, \
		rows_of(calls[i], flagss[i], "aligned" . ends[i], "walking") using 6:10 \
			with linespoints linecolor "#0b5fa5" pointtype 7 pointsize 0.5 linewidth 2 title "to other memory each time, aligned", \
		rows_of(calls[i], flagss[i], "odd" . ends[i], "walking") using 6:10 \
			with linespoints linecolor "#7fb6e6" pointtype 7 pointsize 0.5 linewidth 2 title "not aligned", \
		rows_of(calls[i], flagss[i], "aligned" . ends[i], "hot") using 6:10 \
			with linespoints linecolor "#c2410c" pointtype 7 pointsize 0.5 linewidth 2 title "to the same place, aligned", \
		rows_of(calls[i], flagss[i], "odd" . ends[i], "hot") using 6:10 \
			with linespoints linecolor "#f4a582" pointtype 7 pointsize 0.5 linewidth 2 title "not aligned"
}
unset multiplot
