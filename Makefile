# SPDX-License-Identifier: BSD-3-Clause
#
# Shortcuts. Each target installs the packages that it needs, configures, builds and runs; the build
# system is meson (HACKING.md). `make help` prints these lines:
#
#	make demo	a demonstration: durable data in an ordinary file survive kills and power cuts
#	make		build only
#	make install	to $(DESTDIR)$(PREFIX); PREFIX=/usr/local unless given
#	make uninstall	remove the files of the last make install
#	make quick	tests to run during development: gcc; unit, API and tool tests; three minutes
#	make test	all tests, under every compiler and sanitizer that applies; make check is the same
#	make test-cross	unit and API tests for other processors, under emulation
#	make releases	all tests on fresh Debian systems, as root; hours (doc/releases.md)
#	make lab	tests with real DAX and power cuts, in emulated machines (lab/README.md)
#	make soak	cause KILLS=10000 faults between initiators and targets of remote durability
#	make fuzz	run each program in test/fuzz with random input, for SECONDS=30 each
#	make bench	measure the performance on this machine: ten minutes, two with BENCH=quick
#	make html	make the documentation as a web site in build/html
#	make dist	a tarball of the last commit, which builds without git
#	make deb	make Debian packages in build/deb (doc/packages.md); make rpm: RPM packages
#	make clean	remove the folder build

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
	@SUITES= scripts/build aarch64
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
