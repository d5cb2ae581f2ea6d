"""Tests that every writer must pass, wherever it lives. A plugin's whole test file can be this:

    class TestMyWriter(WriterConformance):
        @pytest.fixture
        def writer(self) -> Writer:
            return MyWriter(MySettings(port="/dev/ttyUSB0"))

Each test drives the writer as the core does: the image arrives on a pipe, what is read back leaves on one.
Units: bytes.
"""

import array
import fcntl
import io
import json
import os
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from burnish.contracts import CONTRACT, Cancel, DeviceState, Found, Job, Takes, Writer
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.lifeline import adopt_orphans, children
from burnish.media import MediaKind
from burnish.recipe import StreamedFile, table_bytes
from burnish.testing.kit import Conformance, contract_of
from burnish.testing.trees import noise

_CHUNK = 64 << 10
_TRICKLE = 0.05
"""Seconds between chunks once a token was set: a driver that asks each second has time to."""


class WriterConformance(Conformance):
    """Subclass, give `writer`, and run."""

    @pytest.fixture
    def writer(self) -> Writer:
        """A writer that is not yet open, with one blank medium at hand."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def data(self, writer: Writer) -> bytes:
        """The image: whole sectors, and not whole steps of anything; or the stream of some files."""
        if writer.capabilities.takes is Takes.IMAGE:
            return noise("image", 2048 * 2049)
        sizes = {("DICOMDIR",): 1 << 20, ("IMAGES", "A", "ONE"): 2048 * 1025, ("IMAGES", "A", "TWO"): 1}
        files = [StreamedFile(path, size) for path, size in sizes.items()]
        return table_bytes(files) + b"".join(noise("/".join(file.path), file.length) for file in files)

    @pytest.fixture
    def job(self, writer: Writer, data: bytes) -> Job:
        """The piece to be made."""
        return Job(
            token="RQ1234567890",  # noqa: S106 - opaque, not secret
            volume_token="VL1234567890",  # noqa: S106 - opaque, not secret
            file_set_id="TESTSET",
            volume=1,
            copy=1,
            medium=min(writer.capabilities.media),
            length=len(data),
            suffix=".iso",
        )

    @pytest.fixture
    def build(self) -> Callable[[], Writer] | None:
        """Makes a further driver of the same device, as the next process does; None where none can be had."""
        return None

    def test_it_was_written_for_this_contract(self, writer: Writer) -> None:
        """Pass it by `burnish_contract = 1` in your plugin's package, and by keeping to that version."""
        assert contract_of(writer) == CONTRACT

    def test_it_says_what_it_makes_before_it_is_opened(self, writer: Writer) -> None:
        """Pass it by naming at least one MediaKind in `capabilities`, without touching the device."""
        assert writer.capabilities.media
        assert all(isinstance(medium, MediaKind) for medium in writer.capabilities.media)

    def test_every_medium_has_room(self, writer: Writer) -> None:
        """Pass it by answering `capacity` in bytes for each kind that you make."""
        with writer:
            assert all(writer.capacity(medium) > 0 for medium in writer.capabilities.media)

    def test_a_look_tells_what_a_state_can_say(self, writer: Writer) -> None:
        """Pass it by a `look` that is cheap, moves nothing, and goes through JSON unchanged."""
        with writer:
            state = writer.look()
            assert DeviceState.from_json(json.loads(json.dumps(state.to_json()))) == state
            assert state.condition is None, state.message
            assert state.medium is None or state.medium.blank is not False
            assert writer.look().medium == state.medium

    def test_a_blank_is_prepared_and_untouched(self, writer: Writer, job: Job) -> None:
        """Pass it by finding the blank good, as often as it is asked, and knowing that nothing was begun."""
        with writer:
            writer.prepare(job, Cancel())
            writer.prepare(job, Cancel())
            assert writer.examine(job) is Found.UNTOUCHED

    def test_what_cannot_be_made_is_told_before_or_by_writing(self, writer: Writer, job: Job) -> None:
        """Pass it by raising nothing but the fault that `write` would raise for the same job."""
        large = replace(job, length=writer.capacity(job.medium) + 1)
        with writer:
            assert _fault_of(lambda: writer.prepare(large, Cancel())) in (None, FaultKind.MEDIUM_TOO_SMALL)

    def test_a_tray_goes_where_it_is_told_as_often_as_it_is_told(self, writer: Writer, job: Job) -> None:
        """Pass it by moving the tray only where it is not there yet, or BAD_REQUEST if there is none."""
        with writer:
            if not writer.capabilities.tray:
                assert _fault_of(writer.open_tray) is FaultKind.BAD_REQUEST
                return
            for move in (writer.open_tray, writer.close_tray):
                move()
                move()
            writer.prepare(job, Cancel())

    def test_a_blank_of_a_crashed_process_is_not_believed(
        self, writer: Writer, job: Job, data: bytes, build: Callable[[], Writer] | None
    ) -> None:
        """Pass it by answering UNTOUCHED only for what this driver knows, or its medium proves.

        A process wrote half of a piece and was killed; the driver of the next one is asked. Give a fixture
        `build` that makes a second driver of the same device.
        """
        if build is None:
            pytest.skip("no second driver of this device is built here")
        with writer, feeding(data[: len(data) // 2]) as feed, suppress(DeviceFault):
            make(writer, job, feed, Cancel())
        with build() as second:
            assert second.examine(job) in (Found.PARTIAL, Found.GONE)

    def test_what_is_written_is_read_back(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by writing every byte in order and reading the medium, not your memory.

        More may follow on a medium than was written; it must be zeros.
        """
        with writer:
            written(writer, job, data)
            back = read(writer, job)[0]
        assert back[: len(data)] == data
        assert not any(back[len(data) :])

    def test_it_prints_nothing(
        self, writer: Writer, job: Job, data: bytes, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Pass it by keeping standard output clean: what somebody must know is a fault's message."""
        with writer:
            written(writer, job, data)
            read(writer, job)
        assert capfd.readouterr().out == ""

    def test_progress_never_goes_back_and_ends_whole(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by reporting bytes done, the last time with `job.length`."""
        with writer:
            seen = written(writer, job, data)
            _, read_seen = read(writer, job)
        assert seen == sorted(seen)
        assert seen[-1] == job.length
        assert read_seen == sorted(read_seen)
        assert read_seen[-1] >= job.length

    def test_accepting_says_where_it_went_as_often_as_it_is_asked(
        self, writer: Writer, job: Job, data: bytes
    ) -> None:
        """Pass it by finding the piece handed out already, and saying the same."""
        with writer:
            written(writer, job, data)
            read(writer, job)
            where = writer.accept(job)
            assert where
            assert writer.accept(job) == where

    def test_rejecting_is_safe_to_repeat(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by finding the medium gone already, and not minding."""
        with writer:
            written(writer, job, data)
            writer.reject(job)
            writer.reject(job)
            assert _examined(writer, job) is not Found.WHOLE

    def test_a_written_medium_is_never_called_blank(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by looking at the medium: PARTIAL or WHOLE, before and after it is handed out."""
        with writer:
            written(writer, job, data)
            assert writer.examine(job) is not Found.UNTOUCHED
            writer.accept(job)
            assert _examined(writer, job) is not Found.UNTOUCHED

    def test_examining_changes_nothing(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by only looking: the same answer twice, and the medium still reads back."""
        with writer:
            written(writer, job, data)
            assert writer.examine(job) is writer.examine(job)
            assert read(writer, job)[0][: len(data)] == data

    def test_a_medium_is_written_once(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by refusing a medium that holds anything, before a byte is read."""
        with writer:
            written(writer, job, data)
            with feeding(data) as feed, pytest.raises(DeviceFault):
                make(writer, job, feed, Cancel())
            assert feed.untouched
            assert read(writer, job)[0][: len(data)] == data

    def test_a_medium_that_was_handed_out_is_not_written(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by refusing the same piece again: what somebody was given is never replaced."""
        with writer:
            written(writer, job, data)
            writer.accept(job)
            with feeding(data) as feed, pytest.raises(DeviceFault):
                make(writer, job, feed, Cancel())
            assert feed.untouched

    def test_an_image_that_does_not_fit_is_refused_unread(self, writer: Writer, job: Job) -> None:
        """Pass it by comparing `job.length` with the blank: MEDIUM_TOO_SMALL, nothing read or written."""
        with writer:
            large = replace(job, length=writer.capacity(job.medium) + 1)
            with feeding(b"x" * 2048) as feed, pytest.raises(DeviceFault) as caught:
                make(writer, large, feed, Cancel())
            assert caught.value.kind is FaultKind.MEDIUM_TOO_SMALL
            assert feed.untouched
            writer.prepare(job, Cancel())
            assert writer.examine(job) is Found.UNTOUCHED

    def test_a_medium_it_does_not_make_is_refused_unread(self, writer: Writer, job: Job) -> None:
        """Pass it by comparing `job.medium` with what you make: WRONG_MEDIUM, nothing read or written."""
        others = sorted(set(MediaKind) - writer.capabilities.media)
        if not others:
            pytest.skip("this writer makes every kind of medium")
        with writer:
            with feeding(b"x" * 2048) as feed, pytest.raises(DeviceFault) as caught:
                make(writer, replace(job, medium=others[0]), feed, Cancel())
            assert caught.value.kind is FaultKind.WRONG_MEDIUM
            assert feed.untouched

    def test_an_image_that_ends_early_is_a_bad_request(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by counting what arrives: BAD_REQUEST at the source's end, and never WHOLE."""
        with writer:
            with feeding(data[: len(data) // 2]) as feed, pytest.raises(DeviceFault) as caught:
                make(writer, job, feed, Cancel())
            assert caught.value.kind is FaultKind.BAD_REQUEST
            assert writer.examine(job) is not Found.WHOLE
            writer.reject(job)

    def test_it_stops_before_the_first_byte(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by asking the token once before you begin, interruptible or not."""
        with writer:
            with feeding(data) as feed, pytest.raises(Cancelled):
                make(writer, job, feed, Cancel(lambda: True))
            assert feed.untouched
            writer.prepare(job, Cancel())
            assert writer.examine(job) is Found.UNTOUCHED

    def test_it_stops_half_way_if_it_says_so(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by asking the token each second if `interruptible`, and by finishing if not."""
        with writer, feeding(data, slow_from=len(data) // 2) as feed:
            if not writer.capabilities.interruptible:
                make(writer, job, feed, Cancel(feed.slow.is_set))
                assert feed.seen[-1] == job.length
                return
            with pytest.raises(Cancelled):
                make(writer, job, feed, Cancel(feed.slow.is_set))
            assert writer.examine(job) is not Found.WHOLE
            writer.reject(job)

    def test_nothing_is_read_back_that_was_not_written(self, writer: Writer, job: Job) -> None:
        """Pass it by raising a DeviceFault where there is nothing to read."""
        with writer, pytest.raises(DeviceFault):
            read(writer, job)

    def test_nothing_is_accepted_that_was_not_written(self, writer: Writer, job: Job) -> None:
        """Pass it by raising a DeviceFault where there is nothing to hand out."""
        with writer, pytest.raises(DeviceFault):
            writer.accept(job)

    def test_it_leaves_nothing_open(self, writer: Writer, job: Job, data: bytes) -> None:
        """Pass it by ending each thread and process and closing each descriptor, at the latest in `__exit__`.

        A child that was left to somebody else is left, too.
        """
        adopt_orphans()
        before = _descriptors(), threading.active_count(), children()
        with writer:
            written(writer, job, data)
            with feeding(b"") as feed, suppress(DeviceFault):
                make(writer, job, feed, Cancel())
            read(writer, job)
            writer.reject(job)
        assert (_descriptors(), threading.active_count(), children()) == before


def _fault_of(call: Callable[[], None]) -> FaultKind | None:
    try:
        call()
    except DeviceFault as fault:
        return fault.kind
    return None


@dataclass
class Feed:
    """The core's end of a pipe to a writer."""

    source: io.FileIO
    seen: list[int] = field(default_factory=list)
    """What was reported."""
    slow: threading.Event = field(default_factory=threading.Event)
    """Set when the image begins to trickle."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when nobody reads any more."""
    waiting: int = 0
    """Bytes that had been fed when the writer was done."""
    fed: int = 0

    def report(self, done: int) -> None:
        """Note progress."""
        self.seen.append(done)

    @property
    def untouched(self) -> bool:
        """Whether not a byte was taken out of the pipe."""
        return self.waiting == self.fed


@contextmanager
def feeding(data: bytes, slow_from: int | None = None) -> Iterator[Feed]:
    """Feed `data` into a pipe from a thread, slowly from offset `slow_from` on."""
    reading, writing = os.pipe()
    with io.FileIO(reading) as source:
        feed = Feed(source)
        thread = threading.Thread(target=_feed, args=(feed, writing, data, slow_from), daemon=True)
        thread.start()
        try:
            yield feed
        finally:
            feed.gone.set()
            thread.join(0.1)
            feed.waiting = _waiting(reading)
            source.close()
            thread.join()


def _feed(feed: Feed, target: int, data: bytes, slow_from: int | None) -> None:
    os.set_blocking(target, False)
    with open(target, "wb", buffering=0) as pipe, suppress(BrokenPipeError):
        while feed.fed < len(data) and not feed.gone.is_set():
            if slow_from is not None and feed.fed >= slow_from:
                feed.slow.set()
                feed.gone.wait(_TRICKLE)
            sent = pipe.write(data[feed.fed : feed.fed + _CHUNK])
            feed.fed += sent or 0
            if not sent:
                feed.gone.wait(0.001)


def _waiting(pipe: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def make(writer: Writer, job: Job, feed: Feed, cancel: Cancel) -> None:
    """Prepare and write, as the core does."""
    writer.prepare(job, cancel)
    writer.write(job, feed.source, feed.report, cancel)


def written(writer: Writer, job: Job, data: bytes) -> list[int]:
    """Write `data` as the core does; return what was reported."""
    with feeding(data) as feed:
        make(writer, job, feed, Cancel())
    return feed.seen


def read(writer: Writer, job: Job) -> tuple[bytes, list[int]]:
    """Read a piece back as the core does; return the bytes and what was reported."""
    reading, writing = os.pipe()
    with io.FileIO(reading) as origin, _collecting(origin) as collected:
        seen: list[int] = []
        with io.FileIO(writing, "wb") as sink:
            writer.read_back(job, sink, seen.append)
    return collected(), seen


@contextmanager
def _collecting(origin: io.FileIO) -> Iterator[Callable[[], bytes]]:
    parts: list[bytes] = []
    thread = threading.Thread(target=lambda: parts.append(origin.readall()), daemon=True)
    thread.start()
    try:
        yield lambda: b"".join(parts)
    finally:
        thread.join()


def _examined(writer: Writer, job: Job) -> Found | None:
    """Examine a medium that may have left the device."""
    with suppress(DeviceFault):
        return writer.examine(job)
    return None


def _descriptors() -> int:
    time.sleep(0.05)
    return len(list(Path("/proc/self/fd").iterdir()))
