# SPDX-License-Identifier: BSD-3-Clause
#
# The front door. Each target installs by name what it needs and is missing, configures, builds and
# runs; the build itself is meson's (HACKING.md). `make help` prints what follows:
#
#	make demo	the main job: durable data on a plain file, killed and cut off
#	make		build only
#	make install	to $(DESTDIR)$(PREFIX); PREFIX=/usr/local unless given
#	make uninstall	remove what make install has installed last
#	make quick	the tests for a developer at work: gcc, unit, API and tools; three minutes
#	make test	all tests, under every compiler and sanitizer that applies; make check is the same
#	make test-cross	unit and API tests for other processors, under emulation
#	make releases	all tests on fresh Debian systems, as root; hours (doc/releases.md)
#	make lab	real DAX, real power cuts: a kernel in an emulated machine (lab/README.md)
#	make soak	KILLS=10000 of initiators and targets of remote durability, at random
#	make fuzz	SECONDS=30 of made-up input for each program in test/fuzz
#	make bench	what it costs, measured here: ten minutes, two with BENCH=quick
#	make html	the documentation as a site in build/html, to be read in any browser
#	make dist	a tarball of the last commit, which builds without git
#	make deb	Debian packages of it in build/deb (doc/packages.md); make rpm: RPM packages
#	make clean	remove all that was built

PREFIX ?= /usr/local
DESTDIR ?=
SECONDS ?= 30
KILLS ?= 10000
BENCH ?= full

all:
	@scripts/packages build
	@scripts/build release

demo:
	@scripts/packages build demo
	@scripts/build release
	@scripts/demo build/release/examples/ledger/ledger

check test:
	@scripts/packages build demo test cross lab
	@scripts/test

quick:
	@scripts/packages build demo test
	@SUITES='unit api tool' scripts/test gcc

releases:
	@scripts/releases

lab:
	@scripts/packages build demo lab
	@scripts/build gcc
	@scripts/build aarch64
	@scripts/lab

test-cross:
	@scripts/packages build demo test cross
	@scripts/test aarch64 riscv64 ppc64le

soak:
	@scripts/packages build demo test
	@scripts/build gcc
	@scripts/soak $(KILLS)

fuzz:
	@scripts/packages build test
	@scripts/fuzz $(SECONDS)

bench:
	@scripts/packages build bench
	@scripts/build release
	@scripts/bench build/release $(BENCH)

install:
	@scripts/packages build
	@scripts/build release --prefix='$(PREFIX)'
	@DESTDIR='$(DESTDIR)' meson install -C build/release --no-rebuild --quiet
	@scripts/installed build/release '$(DESTDIR)'

uninstall:
	@scripts/uninstall build/release

html:
	@scripts/packages html
	@scripts/site

dist:
	@scripts/dist

deb:
	@scripts/packages build deb
	@scripts/deb

rpm:
	@scripts/packages build rpm
	@scripts/rpm

help:
	@sed -n 's/^#\t//p' Makefile

clean:
	rm -rf build

.PHONY: all demo check test quick test-cross releases lab soak fuzz bench install uninstall html dist deb rpm help clean
