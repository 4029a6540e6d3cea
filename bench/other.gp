# SPDX-License-Identifier: BSD-3-Clause
#
# other.gp - draw the rows about pages, mappings, pmem_is_pmem and a program's start:
# gnuplot -e "rows='ROWS.tsv'; picture='OUT.svg'" other.gp
set terminal svg size 1500,760 noenhanced font "sans,13" background "white"
set output picture
set datafile separator "\t"
set multiplot layout 2,2 title "Files on a disk, mapping, asking, starting: time of each (lower is better)" \
	font ",18" margins 0.065,0.99,0.08,0.88 spacing 0.07,0.16
set grid ytics back linecolor "#dddddd"
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.9 border -1
set boxwidth 0.9
set key top left
some(condition) = sprintf("< awk -F'\\t' '%s' %s", condition, rows)

set title "16 pages of a file made durable: flushed one by one, drained once (gap between them)"
set ylabel "ms"
set logscale y
label(gap, state) = sprintf("%d K\n%s", gap / 1024, state)
plot some("$1==\"page\" && $2~/16/") using ($8/1e6):xtic(label($6, strcol(4)[1:5])) linecolor "#bbbbbb" title "Debian's libpmem2", \
	"" using ($7/1e6) linecolor "#0b5fa5" title "Holdfast"

set title "A file of 1 GiB mapped and unmapped"
set ylabel "us"
unset logscale y
set yrange [0:*]
lines(text) = text[1:strstrt(text, ",")] . "\n" . text[strstrt(text, ",")+2:*]
plot some("$1==\"map\"") using ($8/1e3):xtic(lines(strcol(2))) linecolor "#bbbbbb" title "Debian's", \
	"" using ($7/1e3) linecolor "#0b5fa5" title "Holdfast", \
	"" using ($9/1e3) linecolor "black" title "bare system calls"

set title "pmem_is_pmem, by number of mappings and of threads"
set ylabel "ns" offset 1.5
set logscale y
set yrange [*:*]
plot some("$1==\"is_pmem\"") using 8:xtic(sprintf("%d map%s\n%s", $6, $6 > 1 ? "s" : "", strcol(5))) linecolor "#bbbbbb" title "Debian's libpmem", \
	"" using 7 linecolor "#0b5fa5" title "Holdfast"

set title "What the library adds to a program's start"
set ylabel "ms"
plot some("$1==\"start\"") using ($8/1e6):xtic(2) linecolor "#bbbbbb" title "Debian's", \
	"" using ($7/1e6) linecolor "#0b5fa5" title "Holdfast"
unset multiplot
