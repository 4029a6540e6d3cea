# SPDX-License-Identifier: BSD-3-Clause
#
# remote.gp - draw the calls of librpmem beside libfabric's:
# gnuplot -e "rows='ROWS.tsv'; picture='OUT.svg'" remote.gp
set terminal svg size 1500,760 noenhanced font "sans,13" background "white"
set output picture
set datafile separator "\t"
set multiplot layout 2,2 title "Durable on another machine (both ends on this one, over tcp): time of a call (lower is better)" \
	font ",18" margins 0.065,0.99,0.08,0.88 spacing 0.07,0.16
set grid back linecolor "#dddddd"
set key top left Left reverse samplen 2
some(group, call, flags, beside, pace) = sprintf("< awk -F'\\t' '$1==\"remote-%s\" && $2==\"%s\" && $3==\"%s\" && $4~/^(%s)$/ && $5==\"%s\"' %s", group, call, flags, beside, pace, rows)
set logscale xy
set style data linespoints
set xtics ("8" 8, "64" 64, "512" 512, "4K" 4096, "32K" 32768, "256K" 262144, "2M" 2097152, "16M" 16777216)
set xrange [6:24e6]
bare = "ping|write[+]read|read"

set title "rpmem_persist of so many bytes"
set ylabel "us"
plot some("line", "rpmem_persist", "-", bare, "1 lane") using 6:($8/1e3) linecolor "black" dashtype 3 pointsize 0.3 title "bare libfabric: message and answer; write and read from 16 K on", \
	"" using 6:($7/1e3) linecolor "#0b5fa5" title "rpmem_persist", \
	some("line", "rpmem_persist", "RELAXED", bare, "1 lane") using 6:($7/1e3) linecolor "#d95f02" title "RELAXED", \
	some("byte", "rpmem_persist", "RELAXED", bare, "1 lane") using 6:($7/1e3) linecolor "#1b9e77" title "RELAXED, pool of BYTE"

set title "rpmem_read of so many bytes"
plot some("line", "rpmem_read", "-", bare, "1 lane") using 6:($8/1e3) linecolor "black" dashtype 3 pointsize 0.3 title "bare libfabric: message and answer; read from 16 K on", \
	"" using 6:($7/1e3) linecolor "#0b5fa5" title "rpmem_read"

set title "So many flushes of 64 bytes, and a drain"
set xtics autofreq
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set xrange [0.9:300]
batch(group, flags) = sprintf("< awk -F'\\t' '$1==\"remote-%s\" && $2==\"rpmem_flush, drain\" && $3==\"%s\" && $6==64 {split($5, words, \" \"); print words[1] FS $7 FS $8}' %s", group, flags, rows)
plot batch("line", "-") using 1:($2/1e3) linecolor "#0b5fa5" title "all", \
	"" using 1:($2/1e3/$1) linecolor "#0b5fa5" dashtype 3 title "each"

set title "Threads, each on a lane of its own: calls of 64 bytes per second, all together"
set ylabel "thousands a second (higher is better)"
unset logscale y
set yrange [0:*]
set xtics (1, 2, 4, 8, 16)
set xrange [0.9:18]
lanes = sprintf("< awk -F'\\t' '$1==\"remote-line\" && $2==\"rpmem_persist, threads\" && $3==\"-\" && $4==\"ping\" && $6==64 {split($5, words, \" \"); print words[1] FS $7 FS $8}' %s", rows)
plot lanes using 1:(1e6/$3) linecolor "black" dashtype 3 pointsize 0.3 title "bare libfabric: message and answer", \
	"" using 1:(1e6/$2) linecolor "#0b5fa5" title "rpmem_persist"
unset multiplot
