"""Tests that every mover must pass, against a simulator of its device. A plugin's test file can be this:

    class TestMyMover(MoverConformance):
        @pytest.fixture
        def build(self, bench: Bench) -> Callable[[], Mover]:
            robot = MySimulator(bench.mechanism, bench.trouble)
            return lambda: MyMover(MySettings(port="any"), connect=lambda _: bench.wired(MyLine(robot)))

`Bench` is the world around the robot: discs, trays, and what goes wrong. A driver talks to the device by
calling methods of its transport; each such call, and each motion of a tray, is one step, and the kit lets
the driver's process die, and its wire break, before and after every single step.

Topics: `MotionConformance` (what goes where), `FaultConformance` (empty, jammed, silent, unknown),
`KillConformance` (cut off anywhere); `MoverConformance` is all of them. Units: seconds.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from burnish.contracts import DeviceState, Mover, Tray
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.kit import Conformance
from burnish.testing.mechanism import Mechanism, Slot, Trouble

T = TypeVar("T")

_SLACK: Final = 20.0
"""Seconds that a loaded machine may take beside the time that a driver states."""
WRITTEN: Final = "written"
"""The disc that lies in a drive before it is carried away."""
_STALE_LOOK: Final = "a look tells what is so now, not how the last motion ended"

OPERATIONS: Final = ("initialise", "load", "accept", "reject")


class Killed(BaseException):
    """The driver's process died here."""


class How(StrEnum):
    """What happens at one step."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    BROKEN_BEFORE = "wire broken before"
    BROKEN_AFTER = "wire broken after"


@dataclass(frozen=True, slots=True)
class World:
    """Where each disc is."""

    input: tuple[str, ...]
    drives: tuple[str | None, ...]
    output: tuple[str, ...]
    rejected: tuple[str, ...]
    held: str | None


@dataclass
class Bench:
    """A robot's surroundings, which tests set up, spoil and look at."""

    drives: int = 1
    blanks: int = 4
    patience: float = 5.0
    """Seconds within which the driver, with the settings of its tests, gives a silent device up."""
    reject_bin: bool = True
    """Whether the mover has one; found out from its capabilities."""
    unplugged: bool = False
    """Whether the device cannot be found; whoever makes the transport heeds it."""
    on_restock: list[Callable[[], None]] = field(default_factory=list)
    """Called when the device is switched off and on."""
    wait_still: Callable[[], None] = lambda: None
    """Returns when the device has answered all that it was told; for one that runs beside the test."""

    def __post_init__(self) -> None:
        self.trouble = Trouble()
        self.slots: list[Slot[str]] = [Slot() for _ in range(self.drives)]
        self.mechanism: Mechanism[str] = Mechanism(input=[], drives=self.slots)
        self.steps = 0
        self.failed = False
        """Whether the planned failure has happened."""
        self._plan: tuple[int, How] | None = None
        self._dead = False
        self.restock()

    @property
    def trays(self) -> Sequence[Tray]:
        """Of the drives, as the host moves them."""
        return [BenchTray(self, number) for number in range(self.drives)]

    @property
    def world(self) -> World:
        """Where each disc is now."""
        arm = self.mechanism
        drives = tuple(slot.disc for slot in self.slots)
        return World(tuple(arm.input), drives, tuple(arm.output), tuple(arm.rejected), arm.held)

    def restock(self) -> None:
        """Put everything back as it was at the beginning, and switch the device off and on."""
        arm = self.mechanism
        arm.input[:] = [f"blank {number}" for number in range(1, self.blanks + 1)]
        arm.output[:], arm.rejected[:] = [], []
        arm.held, arm.jammed = None, False
        for slot in self.slots:
            slot.tray_open, slot.disc = False, None
        self.mend()
        for switch in self.on_restock:
            switch()

    def mend(self) -> None:
        """Let nothing go wrong any more; discs stay where they are."""
        self.mechanism.jammed = self._dead = False
        self._plan, self.steps = None, 0
        self.trouble.silent_from = self.trouble.garbage_at = None
        self.trouble.answers = 0

    def fail_at(self, step: int, how: How) -> None:
        """Plan a failure; steps are counted from 0 from now on."""
        self._plan, self.steps, self.failed = (step, how), 0, False

    def wired(self, transport: T) -> T:
        """Have each call of a transport counted as a step, and fail where it is planned."""
        wire: Any = _Wire(self, transport)
        return wire  # type: ignore[no-any-return]

    def step(self, act: Callable[[], Any]) -> Any:
        """Do one step, or fail as planned."""
        if self._dead:
            raise Killed
        planned = self._plan[1] if self._plan and self._plan[0] == self.steps else None
        self.steps += 1
        if planned in (How.KILLED_BEFORE, How.BROKEN_BEFORE):
            self._fail(planned)
        try:
            return act()
        finally:
            if planned:
                self._fail(planned)

    def _fail(self, how: How) -> None:
        self.failed = True
        if how in (How.KILLED_BEFORE, How.KILLED_AFTER):
            self._dead = True
            raise Killed
        raise OSError(5, "the wire broke")


class BenchTray(Tray):
    """A tray of the bench."""

    def __init__(self, bench: Bench, number: int) -> None:
        self._bench = bench
        self._number = number
        self._slot = bench.slots[number]

    @property
    def number(self) -> int:
        return self._number

    def open(self) -> None:
        self._move(True)

    def close(self) -> None:
        self._move(False)

    def loaded(self) -> bool:
        return self._slot.disc is not None and not self._slot.tray_open

    def _move(self, out: bool) -> None:
        try:
            self._bench.step(lambda: setattr(self._slot, "tray_open", out))
        except OSError as error:
            raise DeviceFault(FaultKind.DEVICE_OFFLINE, f"the drive: {error}") from error


class _Wire:
    """A transport whose calls are steps. It can be closed whatever happened: a dead process's files are."""

    def __init__(self, bench: Bench, transport: object) -> None:
        self._bench = bench
        self._transport = transport

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._transport, name)
        if name == "close":
            return method
        return lambda *said, **waiting: self._bench.step(lambda: method(*said, **waiting))


class _MoverTests(Conformance):
    """The fixtures that every topic needs."""

    @pytest.fixture
    def bench(self) -> Bench:
        """The world. Override it for more drives, or another patience."""
        return Bench()

    @pytest.fixture
    def build(self, bench: Bench) -> Callable[[], Mover]:
        """Makes a mover that is not yet open, as each process makes its own."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture(autouse=True)
    def only_what_it_can(
        self, request: pytest.FixtureRequest, bench: Bench, build: Callable[[], Mover]
    ) -> None:
        """Skip what needs a reject bin where there is none: there, a test of its own says what is done."""
        bench.reject_bin = build().capabilities.reject_bin
        operation = getattr(request.node, "callspec", None) and request.node.callspec.params.get("operation")
        if operation == "reject" and not bench.reject_bin:
            pytest.skip("it has no reject bin")

    @pytest.fixture
    def mover(self, build: Callable[[], Mover]) -> Mover:
        """A mover that is not yet open."""
        return build()


class MotionConformance(_MoverTests):
    """What goes where when nothing is wrong."""

    def test_it_says_how_many_drives_it_reaches_before_it_is_opened(self, mover: Mover, bench: Bench) -> None:
        """Pass it by answering `capabilities` without touching the device."""
        bench.unplugged = True
        assert mover.capabilities.drives >= bench.drives

    def test_loading_brings_one_blank_into_the_drive_that_was_meant(self, mover: Mover, bench: Bench) -> None:
        """Pass it by opening that tray and no other, and having it in again with one disc."""
        for tray in bench.trays:
            before = bench.world
            with mover:
                mover.load(tray)
            assert bench.world.drives[tray.number] == before.input[0]
            assert bench.world.input == before.input[1:]
            assert tray.loaded()
        assert _trays_in(bench)

    def test_loading_is_safe_to_repeat(self, mover: Mover, bench: Bench) -> None:
        """Pass it by closing the tray and asking it first: a drive that holds a disc gets no second one."""
        with mover:
            mover.load(bench.trays[0])
            before = bench.world
            mover.load(bench.trays[0])
        assert bench.world == before

    def test_accepting_brings_the_disc_to_the_output_bin(self, mover: Mover, bench: Bench) -> None:
        """Pass it by carrying it there, the tray in again, and saying where it went."""
        for tray in bench.trays:
            bench.restock()
            bench.slots[tray.number].disc = WRITTEN
            with mover:
                assert mover.accept(tray)
            assert bench.world.output == (WRITTEN,)
            assert _empty(bench)

    def test_accepting_is_safe_to_repeat(self, mover: Mover, bench: Bench) -> None:
        """Pass it by leaving an empty drive as it is, and saying the same."""
        bench.slots[0].disc = WRITTEN
        with mover:
            where = mover.accept(bench.trays[0])
            before = bench.world
            assert mover.accept(bench.trays[0]) == where
        assert bench.world == before

    def test_rejecting_brings_the_disc_to_the_reject_bin(self, mover: Mover, bench: Bench) -> None:
        """Pass it by carrying it there; without such a bin, by OPERATOR_ACTION, the disc in the open tray."""
        for tray in bench.trays:
            bench.restock()
            bench.slots[tray.number].disc = WRITTEN
            if not mover.capabilities.reject_bin:
                _left_to_the_operator(mover, tray, bench)
                continue
            with mover:
                mover.reject(tray)
            assert bench.world.rejected == (WRITTEN,)
            assert _empty(bench)

    def test_rejecting_is_safe_to_repeat(self, mover: Mover, bench: Bench) -> None:
        """Pass it by leaving an empty drive as it is."""
        with mover:
            before = bench.world
            mover.reject(bench.trays[0])
        assert bench.world == before
        assert _trays_in(bench)

    def test_a_tray_that_is_out_already_is_no_obstacle(self, mover: Mover, bench: Bench) -> None:
        """Pass it by closing it first, and asking the drive then: a disc in an open tray is not lost."""
        bench.slots[0].tray_open = True
        with mover:
            mover.load(bench.trays[0])
            bench.slots[0].tray_open = True
            mover.accept(bench.trays[0])
        assert bench.world.output == ("blank 1",)
        assert _empty(bench)

    def test_a_whole_bin_goes_through(self, mover: Mover, bench: Bench) -> None:
        """Pass it by keeping no state that the next disc stumbles over: good, bad, good, until the end."""
        discs = list(bench.world.input)
        for number in range(len(discs)):
            tray = bench.trays[number % bench.drives]
            bad = number % 2 and mover.capabilities.reject_bin
            with mover:
                mover.load(tray)
                mover.reject(tray) if bad else mover.accept(tray)
        assert not bench.world.input
        assert sorted((*bench.world.output, *bench.world.rejected)) == discs
        assert _empty(bench)

    def test_initialising_is_safe_to_repeat(self, mover: Mover, bench: Bench) -> None:
        """Pass it by moving no disc where the arm holds none."""
        bench.slots[0].disc = WRITTEN
        before = bench.world
        with mover:
            mover.initialise()
            mover.initialise()
        assert bench.world == before

    def test_a_disc_that_the_arm_holds_at_start_is_nobodys(self, mover: Mover, bench: Bench) -> None:
        """Pass it by bringing it to the reject bin in `initialise`, never to the output bin."""
        if not mover.capabilities.reject_bin:
            pytest.skip("it has no reject bin")
        bench.mechanism.held = WRITTEN
        with mover:
            mover.initialise()
        assert bench.world.rejected == (WRITTEN,)
        assert bench.world.held is None

    def test_looking_moves_nothing(self, mover: Mover, bench: Bench) -> None:
        """Pass it by asking only: the same world, and no tray moved."""
        bench.slots[0].disc = WRITTEN
        before, motions = bench.world, bench.mechanism.motions
        with mover:
            seen = mover.look()
            mover.look()
        assert isinstance(seen, DeviceState)
        assert seen.condition is None
        assert DeviceState.from_json(seen.to_json()) == seen
        assert (bench.world, bench.mechanism.motions) == (before, motions)
        assert _trays_in(bench)

    def test_it_is_one_process_s_at_a_time(self, build: Callable[[], Mover]) -> None:
        """Pass it by claiming the device in `__enter__` (the port, the USB interface): DEVICE_BUSY."""
        with build(), pytest.raises(DeviceFault) as caught, build():
            pass
        assert caught.value.kind is FaultKind.DEVICE_BUSY
        with build():
            pass

    def test_it_leaves_nothing_open(self, mover: Mover, bench: Bench) -> None:
        """Pass it by closing the device in `__exit__`, after a fault too."""
        with mover:
            mover.look()
        before = _descriptors(), threading.active_count()
        with suppress(DeviceFault), mover:
            mover.load(bench.trays[0])
            bench.mechanism.jammed = True
            mover.accept(bench.trays[0])
        assert (_descriptors(), threading.active_count()) == before


class FaultConformance(_MoverTests):
    """What a robot is that is empty, jammed, silent or talks nonsense: the right kind, and no motion more."""

    def test_a_device_that_is_not_there_is_offline(self, mover: Mover, bench: Bench) -> None:
        """Pass it by raising DEVICE_OFFLINE in `__enter__`."""
        bench.unplugged = True
        with pytest.raises(DeviceFault) as caught, mover:
            pass
        assert caught.value.kind is FaultKind.DEVICE_OFFLINE

    def test_an_empty_bin_is_no_blank_media_and_nothing_moves(self, mover: Mover, bench: Bench) -> None:
        """Pass it by NO_BLANK_MEDIA, the tray in; and by loading when somebody has filled the bin.

        A look may say that it is empty, and must not say so any longer then.
        """
        bench.mechanism.input.clear()
        with mover:
            before, motions = bench.world, bench.mechanism.motions
            assert _fault(lambda: mover.load(bench.trays[0])) is FaultKind.NO_BLANK_MEDIA
            assert (bench.world, bench.mechanism.motions) == (before, motions)
            assert _trays_in(bench)
            assert mover.look().condition in (None, FaultKind.NO_BLANK_MEDIA)
            bench.mechanism.input.append("refilled")
            assert mover.look().condition is None, _STALE_LOOK
            mover.load(bench.trays[0])
        assert bench.world.drives[0] == "refilled"

    @pytest.mark.parametrize("operation", OPERATIONS[1:])
    def test_a_jam_is_for_the_operator(self, mover: Mover, bench: Bench, operation: str) -> None:
        """Pass it by OPERATOR_ACTION; and by going on when it was cleared and the robot initialised.

        A look must have nothing against that: the core initialises no robot that still has a condition.
        """
        _set_out(bench, operation)
        with mover:
            bench.mechanism.jammed = True
            kind = _fault(lambda: getattr(mover, operation)(bench.trays[0]))
        assert kind is FaultKind.OPERATOR_ACTION
        bench.mechanism.jammed = False
        with mover:
            assert mover.look().condition is None, _STALE_LOOK
        _picked_up(lambda: mover, bench, operation)

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_an_unknown_reply_stops_the_robot(
        self, build: Callable[[], Mover], bench: Bench, operation: str
    ) -> None:
        """Pass it by UNKNOWN_REPLY at once, whichever answer it is: no motion is sent after it."""
        motions: list[int] = []
        bench.trouble.noticed = lambda: motions.append(bench.mechanism.motions)
        for number in range(_answers(build(), bench, operation)):
            _set_out(bench, operation)
            bench.trouble.garbage_at = number
            assert _attempt(build(), bench, operation) is FaultKind.UNKNOWN_REPLY, f"answer {number}"
            assert bench.mechanism.motions == motions[-1], f"it moved after answer {number}"

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_silent_device_is_offline_in_time(
        self, build: Callable[[], Mover], bench: Bench, operation: str
    ) -> None:
        """Pass it by a deadline on every answer; state the whole of it in `Bench.patience`."""
        for number in range(_answers(build(), bench, operation)):
            _set_out(bench, operation)
            bench.trouble.silent_from = number
            began = time.monotonic()
            assert _attempt(build(), bench, operation) is FaultKind.DEVICE_OFFLINE, f"answer {number}"
            assert time.monotonic() - began < bench.patience + _SLACK

    @pytest.mark.parametrize("how", [How.BROKEN_BEFORE, How.BROKEN_AFTER])
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_broken_wire_is_a_fault_of_the_device(
        self, build: Callable[[], Mover], bench: Bench, operation: str, how: How
    ) -> None:
        """Pass it by raising DeviceFault and nothing else, and by ending well when it is called again."""
        for _ in _each_step(bench, operation, how):
            fault = _attempt(build(), bench, operation)
            assert fault in (None, FaultKind.DEVICE_OFFLINE)
            _picked_up(build, bench, operation)


class KillConformance(_MoverTests):
    """A process that dies in the middle of a motion, and the next one."""

    @pytest.mark.parametrize("how", [How.KILLED_BEFORE, How.KILLED_AFTER])
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_killed_motion_is_picked_up(
        self, build: Callable[[], Mover], bench: Bench, operation: str, how: How
    ) -> None:
        """Pass it by believing the device and not your memory: `initialise`, then the same again, ends well.

        A disc that was to be accepted is in the output bin, or in the reject bin where the arm held it; one
        that was to be rejected is never in the output bin; none is back among the blanks, none is lost.
        """
        for _ in _each_step(bench, operation, how):
            with suppress(Killed):
                _attempt(build(), bench, operation)
            _picked_up(build, bench, operation)


class MoverConformance(MotionConformance, FaultConformance, KillConformance):
    """All of it."""


def _each_step(bench: Bench, operation: str, how: How) -> Iterator[int]:
    """Set the operation out again and again, failing one step later each time, until it has no more steps."""
    step = 0
    while True:
        _set_out(bench, operation)
        bench.fail_at(step, how)
        yield step
        if not bench.failed:
            break
        step += 1
    assert step > 1, "the operation makes no step of a transport: is it wired by Bench.wired?"


def _set_out(bench: Bench, operation: str) -> None:
    """Have the world as it is before an operation."""
    bench.restock()
    if operation in ("accept", "reject"):
        bench.slots[0].disc = WRITTEN
    if operation == "initialise" and bench.reject_bin:
        bench.mechanism.held = WRITTEN


def _attempt(mover: Mover, bench: Bench, operation: str) -> FaultKind | None:
    """Do it in a process of its own; return the kind of its fault, if there was one."""
    try:
        with mover:
            _do(mover, bench, operation)
    except DeviceFault as fault:
        return fault.kind
    return None


def _do(mover: Mover, bench: Bench, operation: str) -> None:
    if operation == "initialise":
        mover.initialise()
    else:
        getattr(mover, operation)(bench.trays[0])


def _answers(mover: Mover, bench: Bench, operation: str) -> int:
    """How many answers of the device the operation takes when all is well."""
    _set_out(bench, operation)
    assert _attempt(mover, bench, operation) is None
    assert bench.trouble.answers, "the simulator asks bench.trouble before none of its answers"
    return bench.trouble.answers


def _picked_up(build: Callable[[], Mover], bench: Bench, operation: str) -> None:
    """Go on as the core does: trays in, initialise, and the same again where it is not done."""
    bench.wait_still()
    bench.mend()
    for tray in bench.trays:
        tray.close()
    with build() as mover:
        mover.initialise()
        if operation != "initialise" and bench.trays[0].loaded() != (operation == "load"):
            _do(mover, bench, operation)
    _expect(bench, operation)


def _expect(bench: Bench, operation: str) -> None:
    """Hold the world to what may be so after an operation that was picked up."""
    world = bench.world
    blanks = tuple(f"blank {number}" for number in range(1, bench.blanks + 1))
    assert world.held is None
    assert _trays_in(bench)
    if operation == "load":
        assert world.drives[0] in blanks[:2]
        assert (*world.rejected, world.drives[0], *world.input) == blanks
        assert not world.output
        return
    assert world.input == blanks
    assert _empty(bench)
    assert world.output in ((), (WRITTEN,)) if operation == "accept" else not world.output
    if operation != "initialise" or bench.reject_bin:
        assert (*world.output, *world.rejected) == (WRITTEN,)


def _left_to_the_operator(mover: Mover, tray: Tray, bench: Bench) -> None:
    with mover:
        assert _fault(lambda: mover.reject(tray)) is FaultKind.OPERATOR_ACTION
    assert bench.slots[tray.number].tray_open
    assert bench.world.drives[tray.number] == WRITTEN


def _fault(act: Callable[[], object]) -> FaultKind | None:
    """Return the kind of the fault that `act` raises, None where it raises none."""
    try:
        act()
    except DeviceFault as fault:
        return fault.kind
    return None


def _empty(bench: Bench) -> bool:
    return not any(bench.world.drives) and _trays_in(bench)


def _trays_in(bench: Bench) -> bool:
    return not any(slot.tray_open for slot in bench.slots)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
