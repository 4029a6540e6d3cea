# SPDX-License-Identifier: BSD-3-Clause
"""wire.py - a second implementation of the control channel of doc/remote-protocol.md

Tests use it in place of either end. It is written from that page and shares no code with the library.
"""
import os
import select
import struct
import subprocess
import sys
import time

MAGIC = b"HOLDFAST"
CREATE, OPEN, KEEP, SET_ATTR, CLOSE, REMOVE, DESCRIBE, PING, MESSAGE, LANES = range(1, 11)
STATE, BEGIN, RESUME, MARK, CLEAR, REPAIR = range(16, 22)
LOOK, HASHES = 24, 25
COUNTERS, SESSION_COUNTERS = 32, 33
REPLY = 0x80000000
VERBS, TCP, SSH = 1, 2, 4
STORE, COMMIT, DEEP = 1, 2, 3
DONE, RANGE, NO_MESSAGE = 0, 8, 9
OK, VERSION, BAD_NAME, BAD_SIZE, BAD_LANES, BAD_PROVIDER, FATAL, NO_DATA_CHANNEL, BUSY, EXISTS, \
    NO_PROVIDER, ABSENT, NO_ACCESS, POOL_CONFIG, NO_SPACE, IO, NO_MEMORY, MALFORMED, UNKNOWN, \
    TIMED_OUT, READ_ONLY, NO_FILES, STALE, INCONSISTENT = range(24)
MIB = 1 << 20


def greeting(major=1, minor=1, magic=MAGIC):
    return magic + struct.pack(">HHI", major, minor, 0)


def frame(kind, number, body=b"", length=None):
    return struct.pack(">III", kind, number, len(body) if length is None else length) + body


def attr(major=1, incompat=0, has=1):
    if not has:
        return bytes(105)
    return struct.pack(">B8s4I16s16s16s16s16s", 1, b"PYTHON", major, 0, incompat, 0,
                       b"set", b"part", b"next", b"prev", b"flags")


def text(string):
    string = string.encode() if isinstance(string, str) else string
    return struct.pack(">H", len(string)) + string


def start(name="pool.set", size=8 * MIB, lanes=1, providers=TCP, header=True):
    return struct.pack(">QII", size, lanes, providers) + attr(has=header) + text(name)


def mark(missing, extent=16 << 20):
    """The body of a MARK."""
    return struct.pack(">QQ", missing, extent)


def named(name, flags=0):
    return struct.pack(">I", flags) + text(name)


SECRET = bytes(range(1, 33))  # the body of a BEGIN


class Session:
    """The reply to BEGIN, which RESUME gives back."""

    def __init__(self, rest):
        self.identity, self.generation, self.secret = struct.unpack(">16sQ32s", rest)

    def bytes(self, **changed):
        fields = {**vars(self), **changed}
        return struct.pack(">16sQ32s", fields["identity"], fields["generation"], fields["secret"])


def state(rest):
    """The fields of a reply to STATE."""
    names = "known", "identity", "generation", "unclosed", "inconsistent", "since", "missing", "extent"
    return dict(zip(names, struct.unpack(">B16sQBBQQQ", rest)))
def record(offset, length, action, content=b""):
    return struct.pack(">QIHH", offset, length, action, 0) + content + bytes(-len(content) % 8)


def message(sequence, *records, kind=1):
    """A message of a lane: a batch of these records, or with kind 2 a read."""
    return struct.pack(">BBHI", kind, 0, len(records), sequence) + b"".join(records)


def store(sequence, offset, content):
    return message(sequence, record(offset, len(content), STORE, content))


def read(sequence, offset, length):
    return message(sequence, record(offset, length, 0), kind=2)


def counters(first=1):
    """Each of the 8 counters and 32 times differs from the others."""
    return struct.pack(">40Q", *range(first, first + 40))


def hashes(offset, length, unit=128 << 10, seed=0):
    return struct.pack(">QIIQ", offset, length, unit, seed)


def result(status=OK, message=""):
    return struct.pack(">I", status) + text(message)


class Gone(Exception):
    """The other end has closed the channel."""


class Silent(Exception):
    """The other end has sent nothing within the deadline."""


class Stream:
    """Reads an exact number of bytes, or a frame, from a descriptor within a deadline in seconds."""

    def __init__(self, descriptor):
        self.descriptor, self.bytes = descriptor, b""

    def take(self, count, deadline=20):
        end = time.monotonic() + deadline
        while len(self.bytes) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                raise Silent
            more = os.read(self.descriptor, 65536)
            if not more:
                raise Gone
            self.bytes += more
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def frame(self, deadline=20):
        kind, number, length = struct.unpack(">III", self.take(12, deadline))
        return kind, number, self.take(length, deadline)


class Daemon:
    """Starts an rpmemd, and is its initiator."""

    def __init__(self, command, greets=True, minor=1, **environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            bufsize=0, env={**os.environ, **environment})
        self.stream = Stream(self.process.stdout.fileno())
        self.number = 0
        self.greeting = self.stream.take(16)
        if greets:
            self.send(greeting(minor=minor))

    def send(self, data):
        """Sends the data; ignores it if the daemon has closed its input, as one that ends may have."""
        try:
            self.process.stdin.write(data)
        except BrokenPipeError:
            pass

    def reply(self, deadline=20):
        """Waits for a reply, and answers pings meanwhile. Returns status, message and rest.

        Of a reply to a ping, it returns type, number and body.
        """
        while True:
            kind, number, body = self.stream.frame(deadline)
            if kind != PING:
                break
            self.send(frame(PING | REPLY, number))
        if kind == PING | REPLY:
            return kind, number, body
        status, length = struct.unpack(">IH", body[:6])
        return status, body[6:6 + length].decode("ascii"), body[6 + length:]

    def lane_reply(self, deadline=20):
        """Waits for the reply of a lane. Returns lane, sequence, status, text and bytes."""
        kind, lane, body = self.stream.frame(deadline)
        if kind != MESSAGE | REPLY:
            return kind, None, None, None, body
        sequence, status, length, count, zero = struct.unpack(">IHHII", body[:16])
        assert not zero and len(body) == 16 + length + count
        return lane, sequence, status, body[16:16 + length].decode("ascii"), body[16 + length:]

    def ask(self, kind, body=b"", deadline=20):
        self.number += 1
        self.send(frame(kind, self.number, body))
        return self.reply(deadline)

    def end(self, deadline=20):
        """Closes the daemon's input. Returns its exit status, or None if it had to be killed."""
        self.process.stdin.close()
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None
        finally:
            self.process.stdout.close()

    def ends(self, deadline=20):
        """Waits for the daemon to end by itself. Returns its exit status, or None if it does not."""
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            return None


class Tap:
    def __init__(self):
        self.points = self.failures = 0

    def ok(self, passed, what, *seen):
        self.points += 1
        self.failures += not passed
        print(f"{'ok' if passed else 'not ok'} {self.points} - {what}")
        if not passed:
            for each in seen:
                print(f"# {each!r}")
        sys.stdout.flush()

    def done(self):
        print(f"1..{self.points}")
        sys.exit(bool(self.failures))
