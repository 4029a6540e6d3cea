#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# rxe-on-demand-short-packets - received bytes are in the wrong places, and the transfer completes with success
#
# Linux 7.2.13 (Debian's 7.2.13-1), its software RDMA adapter rdma_rxe; rdma-core 65.0-1.1, iproute2 7.3.0-1,
# QEMU 11.1.3 (1:11.1.3+ds-1), all of Debian's sid. A receiver registers its buffer on demand
# (IBV_ACCESS_ON_DEMAND). A message that is longer than the path MTU arrives in several packets. Expected: each
# packet is stored behind the previous packet, as in a buffer that is registered without this flag. Seen:
# with a path MTU below the page size, a page begins with bytes of a later packet, since each packet is
# stored at the start of its page, and both ends complete with success. With a path MTU of 4096, the page
# size, the bytes are right.
#
# ibv_rc_pingpong --chk shows it. Its client sets the first byte of each page to 0, and all other bytes to
# 0x7b; its server checks the first byte of each page that it has received. Only the server's buffer is
# registered on demand. Server and client run in one emulated machine, over a dummy network device whose MTU
# is 9000. A message has four pages.
#
# Seen, with the exit statuses of both ends:
#
#	path MTU 4096, registered at once: 0 wrong pages, exit status 0 and 0
#	path MTU 1024, registered at once: 0 wrong pages, exit status 0 and 0
#	path MTU 4096, registered on demand: 0 wrong pages, exit status 0 and 0
#	path MTU 1024, registered on demand: 4 wrong pages, exit status 0 and 0
#
# Needs 1 GB of room for temporary files, and a minute or two: the machine is emulated without KVM.
#
# Exit status: 0 the kernel still does this, 1 it does not, 77 a package cannot be downloaded.
set -u

release=7.2.13+deb14-amd64
packages=("linux-binary-$release=7.2.13-1" "linux-modules-$release=7.2.13-1" qemu-system-x86=1:11.1.3+ds-1
	ibverbs-utils=65.0-1.1 ibverbs-providers=65.0-1.1 iproute2=7.3.0-1 busybox-static=1:1.38.0-3+b1)
modules="net/ipv4/udp_tunnel net/ipv6/ip6_udp_tunnel drivers/infiniband/core/ib_core
	drivers/infiniband/sw/rxe/rdma_rxe drivers/infiniband/core/ib_uverbs_support
	drivers/infiniband/core/ib_uverbs drivers/net/dummy"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

missing() {
	echo "the packages cannot be downloaded: $*"
	exit 77
}

fail() {
	echo "$*" >&2
	exit 1
}

# ---- the packages, with all that they depend on

# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -n 1)
[ -n "$mirror" ] || missing "apt names no mirror of Debian"
mkdir -p lists/partial cache/archives/partial root/usr/{bin,sbin,lib,lib64} && : >status || exit 1
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >sources
apt=(-o Dir::State::lists="$dir/lists" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache"
	-o Dir::Etc::SourceList="$dir/sources" -o Dir::Etc::SourceParts=/dev/null -o APT::Architecture=amd64
	-o APT::Architectures=amd64 -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false)
apt-get "${apt[@]}" update >log 2>&1 || missing "$(grep '^E:' log | head -n 1)"
apt-get "${apt[@]}" install --yes --no-install-recommends --download-only "${packages[@]}" >log 2>&1 ||
	missing "$(grep '^E:' log | head -n 1)"
ln -s usr/bin usr/sbin usr/lib usr/lib64 root/
for package in cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar -x -C root --keep-directory-symlink --no-same-owner || exit 1
	rm "$package"
done

libraries=root/usr/lib/x86_64-linux-gnu
loader=$libraries/ld-linux-x86-64.so.2
[ -e "$loader" ] || loader=root/usr/lib64/ld-linux-x86-64.so.2

# ---- the machine's only file system: programs, their libraries, modules of the kernel

mkdir -p guest/{bin,lib64,modules,proc,sys,dev,etc} guest/usr/lib/x86_64-linux-gnu/libibverbs
ln -s usr/lib guest/lib
cp root/usr/bin/busybox guest/bin/ || exit 1
for program in ip rdma ibv_rc_pingpong; do
	path=$(find root/usr/bin root/usr/sbin -name $program | head -n 1)
	cp -L "$path" guest/bin/ || fail "there is no $program"
done
cp -L "$loader" guest/lib64/ld-linux-x86-64.so.2
provider=$(find $libraries/libibverbs -name 'librxe-*.so' | head -n 1)
cp -L "$provider" guest/usr/lib/x86_64-linux-gnu/libibverbs/ || fail "there is no provider for rxe"
for file in guest/bin/{ip,rdma,ibv_rc_pingpong} "$provider"; do
	"$loader" --library-path $libraries --list "$file" | sed -n 's/.* => \(.*\) (0x.*/\1/p'
done | sort -u | xargs -I{} cp -L {} guest/usr/lib/x86_64-linux-gnu/
mkdir -p guest/etc/libibverbs.d && cp root/etc/libibverbs.d/rxe.driver guest/etc/libibverbs.d/
number=10
for module in $modules; do
	path=root/usr/lib/modules/$release/kernel/$module.ko.xz
	xz -dc "$path" >guest/modules/$number.ko || fail "there is no module $module"
	number=$((number + 1))
done

cat >guest/init <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
ip link set lo up
ip link add d0 type dummy
ip address add 10.9.9.1/24 dev d0
ip link set d0 mtu 9000 up
rdma link add rxe0 type rxe netdev d0
sleep 1
pingpong="timeout 60 ibv_rc_pingpong --ib-dev=rxe0 --gid-idx=1 --size=16384 --iters=4 --chk"
for how in "at once" "on demand"; do
	for mtu in 4096 1024; do
		option=
		[ "$how" = "at once" ] || option=--odp
		$pingpong --mtu=$mtu $option >/server 2>&1 &
		server=$!
		sleep 3
		$pingpong --mtu=$mtu 127.0.0.1 >/client 2>&1
		client=$?
		wait $server
		server=$?
		wrong=$(grep -c 'invalid data' /server)
		echo "path MTU $mtu, registered $how: $wrong wrong pages, exit status $server and $client"
	done
done >/result
sed 's/^/RESULT /' /result >/dev/ttyS0
poweroff -f
END
chmod 755 guest/init
(cd guest && find . | ./bin/busybox cpio -o -H newc 2>/dev/null) >initrd || exit 1

# ---- run

kernel=$(find root -name "vmlinuz*" -path "*$release*" | head -n 1)
QEMU_MODULE_DIR=$PWD/$libraries/qemu timeout 500 "$loader" \
	--library-path $libraries:$libraries/pulseaudio root/usr/bin/qemu-system-x86_64 \
	-L root/usr/share/qemu -L root/usr/share/seabios -accel tcg,thread=multi -cpu max -smp 2 -m 1G \
	-nodefaults -no-user-config -display none -no-reboot -serial stdio -kernel "$kernel" -initrd initrd \
	-append "console=ttyS0 quiet panic=-1 mitigations=off" </dev/null >console 2>&1

seen=$(tr -d '\r' <console | sed -n 's/^RESULT //p')
[ -n "$seen" ] || {
	tail -n 30 console
	fail "the machine has shown nothing"
}
echo "$seen"
[ "$seen" = 'path MTU 4096, registered at once: 0 wrong pages, exit status 0 and 0
path MTU 1024, registered at once: 0 wrong pages, exit status 0 and 0
path MTU 4096, registered on demand: 0 wrong pages, exit status 0 and 0
path MTU 1024, registered on demand: 4 wrong pages, exit status 0 and 0' ]
