# SPDX-License-Identifier: BSD-3-Clause
"""grammar - generates sequences of calls for the actor (actor.c) from a seed

A sequence makes some files, then random calls with the objects that earlier calls stored in slots:
mostly correct calls, so that objects are made and used, and some with each kind of mistake. Calls
that hang or crash the peer, Debian's libraries, are left out: a zero-length or PAGE map of existing
memory is not flushed, and no reservation offset wraps around. doc/compatibility.md names tests of
such calls.
"""
import random

PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
HUGE = (1 << 63) - 1

SIZES = [0, 1, 7, 8, 64, 4095, 4096, 4097, 9000, 16384, 65536, 70001, MIB, 2 * MIB, 3 * MIB + 5]
LENGTHS = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 31, 32, 33, 63, 64, 65, 100, 127, 128, 136, 200, 255,
           256, 257, 511, 512, 1000, 2048, 4096, 5000, 12345, 65536, 300000]
FILES = ["f0", "f1", "f2", "f3", "new", "dir/f", "link"]
ODD = ["dir", "fifo", "socket", "nowhere", "nowhere/f", "f0/f", "loop", "dangling", "NULL",
       "/dev/null", "/dev/zero", "x" * 300, ".", "/", "readonly"]


class Sequence:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []

    def call(self, name, **arguments):
        self.lines.append(" ".join([name, *(f"{key}={value}" for key, value in arguments.items())]))

    def pick(self, *choices):
        return self.random.choice(choices)

    def odds(self, chance):
        return self.random.random() < chance

    def slot(self, many=4):
        return self.random.randrange(many)

    def length(self):
        if self.odds(0.3):
            return self.random.randrange(0, 20000)
        return self.random.choice(LENGTHS)

    def where(self):
        """A random offset in a map: 0 or an aligned one more often than others."""
        if self.odds(0.2):
            return 0
        offset = self.random.randrange(0, 3 * MIB)
        return offset & -self.pick(1, 1, 4, 8, 64, 64, PAGE, PAGE)

    def seed(self):
        return self.random.randrange(1, 1 << 32)

    # Files.

    def prepare(self):
        for name in ["f0", "f1", "f2", "f3"]:
            self.call("make", path=name, size=self.random.choice(SIZES), seed=self.seed())
        self.call("special", path="dir", kind="dir")
        self.call("make", path="dir/f", size=PAGE, seed=self.seed())
        self.call("special", path="link", kind="link", to="f1")
        self.call("special", path="fifo", kind="fifo")
        self.call("special", path="socket", kind="socket")
        self.call("special", path="loop", kind="link", to="loop")
        self.call("special", path="dangling", kind="link", to="target")
        self.call("make", path="readonly", size=PAGE, seed=self.seed())
        self.call("chmod", path="readonly", mode="0444")
        if self.odds(0.3):
            self.call("umask", mode=self.pick("0", "027", "077", "0777"))
        self.call("area", a=0, len=16 * PAGE)
        self.call("area", a=1, len=16 * PAGE)

    # libpmem2.

    def open(self):
        path = self.random.choice(FILES) if self.odds(0.9) else self.random.choice(
            ["dir", "fifo", "/dev/null", "/dev/zero", "."])
        self.call("open", f=self.slot(), path=path,
                  how=self.pick("rw", "rw", "rw", "rw", "r", "w", "append", "path"))

    def source(self):
        kind = self.random.random()
        if kind < 0.6:
            self.call("source_fd", s=self.slot(), f=self.slot())
        elif kind < 0.95:
            self.call("source_anon", s=self.slot(), size=self.random.choice(SIZES))
        else:
            self.call("source_fd", s=self.slot(), fd=self.pick(-1, -2, 999, 2147483647))

    def ask_source(self):
        s = self.slot()
        name = self.pick("source_get_fd", "source_size", "source_alignment", "device_id",
                         "device_usc", "numa_node", "source_delete", "mcsafe", "mcsafe")
        if name == "device_id":
            self.call(name, s=s, buffer=self.pick(0, 1))
        elif name == "mcsafe":
            self.call(name, s=s, how=self.pick("pread", "pwrite"),
                      size=self.pick(0, 1, 8, 511, 4096, 5000, 70000),
                      off=self.pick(0, 0, 0, 1, 512, 4096, 4097, 65536, 2 * MIB, HUGE, 1 << 63))
        else:
            self.call(name, s=s)

    def configure(self):
        c = self.slot()
        name = self.pick("config_new", "config_new", "granularity", "granularity", "granularity",
                         "offset", "length", "sharing", "protection", "reservation",
                         "config_delete")
        values = {
            "granularity": [0, 1, 2, 2, 2, 2, 2, 3, -1, 77],
            "offset": [0, 0, 0, PAGE, 2 * PAGE, 100, MIB, 2 * MIB, HUGE, 1 << 63, HUGE & -PAGE],
            "length": [0, 0, 0, PAGE, 3 * PAGE, 1, 100, MIB, 2 * MIB, HUGE, (1 << 64) - 1,
                       (1 << 64) - PAGE],
            "sharing": [0, 0, 1, 1, 2, -1],
            "protection": [0xc0000000, 0xc0000000, 0x40000000, 0x80000000, 0, 0x20000000,
                           0x60000000, 0xe0000000, 1, 0x10000000],
        }
        if name in values:
            self.call(name, c=c, value=self.random.choice(values[name]))
        elif name == "reservation":
            self.call(name, c=c, r=self.pick("none", self.slot()),
                      off=self.pick(0, 0, PAGE, 16 * PAGE, 100, MIB, 2 * MIB, 1 << 40))
        else:
            self.call(name, c=c)

    def ready_config(self):
        """Makes a config with which map_new probably succeeds, and returns its slot."""
        c = self.slot()
        self.call("config_new", c=c)
        self.call("granularity", c=c, value=self.pick(2, 2, 2, 1, 0))
        if self.odds(0.3):
            self.call("sharing", c=c, value=1)
        return c

    def map(self):
        c = self.ready_config() if self.odds(0.6) else self.slot()
        self.call("map_new", m=self.slot(), c=c, s=self.slot())

    def map_reserved(self):
        c = self.ready_config()
        self.call("reservation", c=c, r=self.slot(),
                  off=self.pick(0, 0, PAGE, 4 * PAGE, 16 * PAGE, 17 * PAGE, MIB))
        self.call("length", c=c, value=self.pick(0, PAGE, 4 * PAGE))
        self.call("map_new", m=self.slot(), c=c, s=self.slot())

    def existing(self):
        length = self.pick(0, 1, 100, PAGE, PAGE, 4 * PAGE)
        # Area 1 is for empty maps only: the peer never deletes one, and it would block its area.
        self.call("existing", m=self.slot() + 5, s=self.slot(), a=0 if length else 1,
                  off=self.pick(0, 1, PAGE, 4 * PAGE, 5 * PAGE), len=length, g=self.pick(0, 1))

    def delete(self):
        self.call("map_delete", m=self.slot(9))

    def use_map(self):
        m = self.slot(9)
        name = self.pick("store", "content", "flush2", "copy2", "copy2", "functions",
                         "deep_flush2")
        if name == "functions":
            self.call(name, m=m)
        elif name == "store":
            self.call(name, m=m, off=self.where(), len=self.length(), seed=self.seed())
        elif name == "content":
            self.call(name, m=m, off=0, len=self.pick(100, PAGE, MIB))
        elif name == "flush2":
            self.call(name, m=m, how=self.pick("flush", "persist", "drain"), off=self.where(),
                      len=self.length())
        elif name == "deep_flush2":
            self.call(name, m=m, off=self.pick(0, 0, 1, 64, PAGE, 4097, MIB),
                      len=self.pick(0, 1, 64, PAGE, 4097, MIB, HUGE))
        else:
            self.call(name, m=m, how=self.pick("memcpy", "memmove", "memset"), off=self.where(),
                      len=self.length(), **{"from": self.pick(-1, -1, self.where())},
                      flags=self.flags(), seed=self.seed())

    def flags(self):
        if self.odds(0.4):
            return 0
        return self.pick(1 << self.slot(6), self.random.randrange(64),
                         self.random.randrange(1 << 32))

    def reserve(self):
        r = self.slot()
        at = self.pick("any", "fixed", "fixed", "fixed", "unaligned", "busy")
        extra = {"a": 0} if at == "busy" else {}
        self.call("rsv_new", r=r, at=at, **extra,
                  size=self.pick(0, PAGE, 16 * PAGE, 16 * PAGE, 64 * PAGE, MIB, 3 * MIB, 2 * GIB,
                                 100, 4097, HUGE & -PAGE))

    def use_reservation(self):
        r = self.slot()
        name = self.pick("rsv_extend", "rsv_shrink", "rsv_find", "rsv_find", "rsv_walk", "rsv_walk",
                         "rsv_delete")
        if name == "rsv_extend":
            self.call(name, r=r, size=self.pick(0, 1, 100, 4097))
        elif name == "rsv_shrink":
            self.call(name, r=r, off=self.pick(0, 0, PAGE, 8 * PAGE, 15 * PAGE, 100, MIB),
                      size=self.pick(0, PAGE, PAGE, 8 * PAGE, 16 * PAGE, 100, MIB))
        elif name == "rsv_find":
            self.call(name, r=r, off=self.pick(0, 1, PAGE, 4 * PAGE, 17 * PAGE, MIB),
                      len=self.pick(0, 1, PAGE, MIB, HUGE))
        elif name == "rsv_walk":
            self.call(name, r=r, how=self.pick("first", "last"))
        else:
            self.call(name, r=r)

    def badblocks(self):
        name = self.pick("badblock_new", "badblock_new", "badblock_next", "badblock_delete")
        if name == "badblock_new":
            self.call(name, b=self.slot(), s=self.slot())
        else:
            self.call(name, b=self.slot())

    def resize(self):
        self.call("resize", path=self.pick("f2", "f3"), size=self.random.choice(SIZES))

    # libpmem.

    def map_file(self):
        flags = self.pick(0, 0, 0, 1, 1, 1, 3, 5, 7, 9, 11, 2, 4, 8, 13, 15, 16, 0x100, -1)
        path = self.random.choice(FILES) if self.odds(0.75) else self.random.choice(ODD)
        if flags & 8 and self.odds(0.7):
            path = self.pick("dir", ".")
        if flags & 1 or self.odds(0.1):
            length = self.pick(1, 100, PAGE, 5000, 70001, 2 * MIB, 3 * MIB + 1)
            if self.odds(0.1):
                length = self.pick(0, HUGE, HUGE + 1, (1 << 64) - 1, 1 << 45, 100 * MIB)
            if flags & 5 == 5 and self.odds(0.2):
                length = self.pick(2 * GIB - 1, 2 * GIB, 3 * GIB)
        else:
            length = 0
        self.call("map_file", p=self.slot(), path=path, len=length, flags=flags,
                  mode=self.pick("0644", "0600", "0", "0777", "07777"), outputs=self.pick(3, 3, 3, 1, 0))

    def target(self):
        return {"a": 0} if self.odds(0.1) else {"p": self.slot()}

    def use_mapped(self):
        name = self.pick("unmap", "is_pmem", "sync", "flush", "flush", "copy", "copy", "copy",
                         "bytes")
        if name == "unmap":
            # Only maps p= of map_file are unmapped: later calls need the areas a=.
            self.call(name, p=self.slot(), off=self.pick(0, 0, 0, PAGE, 2 * PAGE, 100, MIB),
                      len=self.pick(0, 1, 100, PAGE, 5000, 16 * MIB))
        elif name == "is_pmem":
            where = {} if self.odds(0.2) else self.target()
            self.call(name, **where, off=self.where(), len=self.length())
        elif name == "sync":
            self.call(name, **self.target(), how=self.pick("msync", "deep_drain"),
                      off=self.where(), len=self.length())
        elif name == "flush":
            how = self.pick("flush", "persist", "drain", "deep_flush", "deep_persist")
            self.call(name, **self.target(), how=how, off=self.where(), len=self.length())
        elif name == "bytes":
            self.call(name, **self.target(), off=0, len=self.pick(100, PAGE, MIB))
        else:
            verb = self.pick("memmove", "memcpy", "memset")
            self.call(name, **self.target(), how=verb + self.pick("", "", "_persist", "_nodrain"),
                      off=self.where(), len=self.length(),
                      **{"from": self.pick(-1, -1, self.where())}, flags=self.flags(),
                      seed=self.seed())

    def version(self):
        self.call("check_version", major=self.pick(0, 1, 1, 1, 2, 4294967295),
                  minor=self.pick(0, 1, 2, 3, 4294967295))

    def facts(self):
        self.call("facts")


PMEM2 = [("open", 6), ("source", 6), ("ask_source", 5), ("configure", 5), ("map", 8),
         ("map_reserved", 5), ("existing", 3), ("delete", 5), ("use_map", 16), ("reserve", 3),
         ("use_reservation", 4), ("badblocks", 2), ("resize", 1)]
PMEM = [("map_file", 10), ("use_mapped", 20), ("version", 1), ("facts", 1), ("resize", 1)]


def sequence(seed, calls=50):
    """The lines of the sequence of this seed, with calls of libpmem, of libpmem2, or of both."""
    made = Sequence(seed)
    made.prepare()
    weights = made.pick(PMEM2, PMEM2, PMEM, PMEM, PMEM2 + PMEM)
    if weights is not PMEM:
        for number in range(4):
            made.call("open", f=number, path=f"f{number}", how="rw")
            if made.odds(0.7):
                made.call("source_fd", s=number, f=number)
            else:
                made.call("source_anon", s=number, size=made.random.choice(SIZES))
    names = [name for name, weight in weights]
    for name in made.random.choices(names, [weight for name, weight in weights], k=calls):
        getattr(made, name)()
    made.call("show_umask")
    return made.lines


# STEPS: lengths of copies, around those where copy strategies change. OFFSETS: of the destination in
# a cache line. DISTANCES: bytes between overlapping source and destination. FLAGS: each flag alone,
# some together, and bits that are not flags.
STEPS = [0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 72, 96, 120, 127, 128, 129,
         136, 191, 192, 255, 256, 257, 320, 511, 512, 513, 767, 768, 1000, 1024, 4096, 4099]
OFFSETS = [0, 1, 4, 8, 32, 56, 63, 64]
DISTANCES = [8, 64, 1, -8, -64, -1, 0, 16]
FLAGS = [0, 1, 2, 4, 8, 16, 32, 6, 24, 34, 10, 63, 64, 0xffffffc0]


def ladder(call, target, verbs):
    """Lines of copies with each length; a third of them has overlapping source and destination."""
    for number in range(3 * len(STEPS)):
        offset = 64 * (number * 7 % 40) + OFFSETS[number % len(OFFSETS)]
        distance = DISTANCES[number // 3 % len(DISTANCES)]
        source = -1 if number % 3 else (offset + distance) % 8192
        yield (f"{call} {target} how={verbs[number % len(verbs)]} off={offset}"
               f" len={STEPS[number // 3]} from={source} flags={FLAGS[number % len(FLAGS)]}"
               f" seed={number + 1}")


def copies():
    """Yields the name, the environment and the lines of each sequence of copies."""
    verbs = [verb + how for how in ["", "_persist", "_nodrain"]
             for verb in ["memcpy", "memmove", "memset"]]
    first = ["map_file p=0 path=f len=16384 flags=1 mode=0600 outputs=3",
             *ladder("copy", "p=0", verbs), "bytes p=0 off=0 len=16384"]
    for environment in [{}, {"PMEM_NO_FLUSH": "1"}, {"PMEM_NO_MOVNT": "1"},
                        {"PMEM_NO_MOVNT": "1", "PMEM_NO_GENERIC_MEMCPY": "1"}]:
        yield "libpmem's copies", environment, first
    second = ["make path=f size=16384 seed=1", "open f=0 path=f how=rw", "source_fd s=0 f=0",
              "config_new c=0", "granularity c=0 value=2", "map_new m=0 c=0 s=0",
              *ladder("copy2", "m=0", verbs[:3]), "flush2 m=0 how=drain off=0 len=0",
              "content m=0 off=0 len=16384", "deep_flush2 m=0 off=0 len=16384", "functions m=0",
              "map_delete m=0"]
    for environment in [{}, {"PMEM2_FORCE_GRANULARITY": "BYTE"},
                        {"PMEM2_FORCE_GRANULARITY": "CACHE_LINE"}]:
        yield "libpmem2's copies", environment, second
