"""The movers' kit: an honest mover passes it, and each bad one is caught by the test that is for it."""

import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import pytest
from burnish.contracts import DeviceState, Mover, MoverCapabilities, Tray
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.mechanism import Impossible, InputEmpty, Mechanism, Mood, Pile, Trouble
from burnish.testing.movers import WRITTEN, Bench, How, MoverConformance


class Arm:
    """The smallest device there is: a word in, a word out."""

    def __init__(self, mechanism: Mechanism[Any], trouble: Trouble) -> None:
        self._mechanism = mechanism
        self._trouble = trouble
        self.taken = False

    def ask(self, word: str, drive: int = 0) -> str:
        mood = self._trouble.next()
        if mood is Mood.SILENT:
            raise TimeoutError("it says nothing")
        return "eh" if mood is Mood.GARBAGE else self._obey(word, drive)

    def _obey(self, word: str, drive: int) -> str:
        arm = self._mechanism
        try:
            match word:
                case "feed":
                    arm.feed(drive)
                case "lift":
                    arm.lift(drive)
                case "good" | "bad":
                    arm.drop(Pile.OUTPUT if word == "good" else Pile.REJECT)
                case "holds?":
                    return "no" if arm.held is None else "yes"
        except InputEmpty:
            return "empty"
        except Impossible:
            return "stuck"
        return "ok"

    def close(self) -> None:
        self.taken = False


FAULTS = {"empty": FaultKind.NO_BLANK_MEDIA, "stuck": FaultKind.OPERATOR_ACTION}


class Honest(Mover):
    """Does everything right."""

    capabilities = MoverCapabilities(drives=2)

    def __init__(self, bench: Bench, arm: Arm) -> None:
        self.bench = bench
        self.arm = arm

    def __enter__(self) -> Self:
        if self.bench.unplugged:
            raise DeviceFault(FaultKind.DEVICE_OFFLINE, "not there")
        if self.arm.taken:
            raise DeviceFault(FaultKind.DEVICE_BUSY, "another has it")
        self.arm.taken = True
        self.wire = self.bench.wired(self.arm)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.wire.close()

    def ask(self, word: str, drive: int = 0) -> str:
        try:
            said = self.wire.ask(word, drive)
        except OSError as error:
            raise DeviceFault(FaultKind.DEVICE_OFFLINE, str(error)) from error
        if said not in ("ok", "yes", "no"):
            raise DeviceFault(FAULTS.get(said, FaultKind.UNKNOWN_REPLY), said)
        return said

    def look(self) -> DeviceState:
        self.ask("holds?")
        return DeviceState()

    def initialise(self) -> None:
        if self.ask("holds?") == "yes":
            self.ask("bad")

    def load(self, tray: Tray) -> None:
        tray.close()
        if tray.loaded():
            return
        tray.open()
        try:
            self.ask("feed", tray.number)
        except DeviceFault as fault:
            if fault.kind is FaultKind.NO_BLANK_MEDIA:
                tray.close()
            raise
        tray.close()

    def accept(self, tray: Tray) -> str:
        self.carry(tray, "good")
        return "output"

    def reject(self, tray: Tray) -> None:
        self.carry(tray, "bad")

    def carry(self, tray: Tray, pile: str) -> None:
        self.initialise()
        tray.close()
        if tray.loaded():
            tray.open()
            self.ask("lift", tray.number)
            tray.close()
            self.ask(pile)


class TestHonest(MoverConformance):
    @pytest.fixture
    def bench(self) -> Bench:
        return Bench(drives=2)

    @pytest.fixture
    def build(self, bench: Bench) -> Callable[[], Mover]:
        return builder(Honest, bench)


def builder(mover: type[Honest], bench: Bench) -> Callable[[], Mover]:
    arm = Arm(bench.mechanism, bench.trouble)
    bench.on_restock.append(arm.close)
    return lambda: mover(bench, arm)


class FirstDriveOnly(Honest):
    def load(self, tray: Tray) -> None:
        super().load(self.bench.trays[0])


class LoadsBlindly(Honest):
    def load(self, tray: Tray) -> None:
        tray.open()
        self.ask("feed", tray.number)
        tray.close()


class LeavesTheTrayOut(Honest):
    def accept(self, tray: Tray) -> str:
        where = super().accept(tray)
        tray.open()
        return where


class SavesBlanks(Honest):
    def reject(self, tray: Tray) -> None:
        slot = self.bench.slots[tray.number]
        if slot.disc:
            self.bench.mechanism.input.insert(0, slot.disc)
            slot.disc = None


class Generous(Honest):
    def initialise(self) -> None:
        if self.ask("holds?") == "yes":
            self.ask("good")


class MovesToLook(Honest):
    def look(self) -> DeviceState:
        self.bench.trays[0].open()
        return super().look()


class Shared(Honest):
    def __enter__(self) -> Self:
        self.arm.taken = False
        return super().__enter__()


class Clinging(Honest):
    kept: ClassVar[list[int]] = []

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__(*exc_info)
        self.kept.append(os.open("/dev/null", os.O_RDONLY))


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Close what a clinging mover has left open."""
    yield
    while Clinging.kept:
        os.close(Clinging.kept.pop())


class Guesses(Honest):
    def ask(self, word: str, drive: int = 0) -> str:
        try:
            return super().ask(word, drive)
        except DeviceFault as fault:
            if fault.kind is FaultKind.UNKNOWN_REPLY:
                return "ok"
            raise


class Frank(Honest):
    def ask(self, word: str, drive: int = 0) -> str:
        return str(self.wire.ask(word, drive))


class Shrugs(Honest):
    def ask(self, word: str, drive: int = 0) -> str:
        try:
            return super().ask(word, drive)
        except DeviceFault as fault:
            raise DeviceFault(FaultKind.OPERATOR_ACTION, str(fault)) from fault


class Imagines(Honest):
    def __enter__(self) -> Self:
        if self.bench.unplugged:
            return self
        return super().__enter__()

    def __exit__(self, *exc_info: object) -> None:
        self.arm.taken = False


class Remembers(Honest):
    holds = False

    def ask(self, word: str, drive: int = 0) -> str:
        if word == "holds?":
            return "yes" if self.holds else "no"
        said = super().ask(word, drive)
        self.holds = word == "lift"
        return said


class Nagging(Honest):
    """Tells how the last motion ended for ever after."""

    last: FaultKind | None = None

    def ask(self, word: str, drive: int = 0) -> str:
        try:
            return super().ask(word, drive)
        except DeviceFault as fault:
            self.last = fault.kind
            raise

    def look(self) -> DeviceState:
        return DeviceState(condition=self.last)


class Tidy(Honest):
    """Takes what it finds in a tray to the good ones."""

    def initialise(self) -> None:
        super().initialise()
        for slot in self.bench.slots:
            if slot.disc:
                self.bench.mechanism.output.append(slot.disc)
                slot.disc = None


BAD = [
    (FirstDriveOnly, "test_loading_brings_one_blank_into_the_drive_that_was_meant", {}),
    (LoadsBlindly, "test_loading_is_safe_to_repeat", {}),
    (LoadsBlindly, "test_an_empty_bin_is_no_blank_media_and_nothing_moves", {}),
    (LeavesTheTrayOut, "test_accepting_brings_the_disc_to_the_output_bin", {}),
    (SavesBlanks, "test_rejecting_brings_the_disc_to_the_reject_bin", {}),
    (Generous, "test_a_disc_that_the_arm_holds_at_start_is_nobodys", {}),
    (Generous, "test_a_killed_motion_is_picked_up", {"operation": "reject", "how": How.KILLED_AFTER}),
    (MovesToLook, "test_looking_moves_nothing", {}),
    (Shared, "test_it_is_one_process_s_at_a_time", {}),
    (Clinging, "test_it_leaves_nothing_open", {}),
    (Guesses, "test_an_unknown_reply_stops_the_robot", {"operation": "accept"}),
    (Frank, "test_a_silent_device_is_offline_in_time", {"operation": "load"}),
    (Frank, "test_a_broken_wire_is_a_fault_of_the_device", {"operation": "load", "how": How.BROKEN_AFTER}),
    (Shrugs, "test_an_empty_bin_is_no_blank_media_and_nothing_moves", {}),
    (Shrugs, "test_a_silent_device_is_offline_in_time", {"operation": "initialise"}),
    (Imagines, "test_a_device_that_is_not_there_is_offline", {}),
    (Remembers, "test_a_killed_motion_is_picked_up", {"operation": "accept", "how": How.KILLED_AFTER}),
    (Nagging, "test_an_empty_bin_is_no_blank_media_and_nothing_moves", {}),
    (Nagging, "test_a_jam_is_for_the_operator", {"operation": "accept"}),
    (Tidy, "test_initialising_is_safe_to_repeat", {}),
]


@pytest.mark.parametrize(("mover", "test", "params"), BAD, ids=lambda value: getattr(value, "__name__", None))
def test_a_bad_mover_is_caught(mover: type[Honest], test: str, params: dict[str, Any]) -> None:
    bench = Bench(drives=2)
    build = builder(mover, bench)
    fixtures = {"bench": bench, "build": build, "mover": build(), **params}
    method = getattr(MoverConformance(), test)
    with pytest.raises((AssertionError, DeviceFault, OSError, pytest.fail.Exception)):
        method(**{name: fixtures[name] for name in inspect.signature(method).parameters})


def test_a_transport_that_is_not_wired_is_said() -> None:
    class Unwired(Honest):
        def __enter__(self) -> Self:
            super().__enter__()
            self.wire = self.arm
            return self

    bench = Bench()
    with pytest.raises(AssertionError, match=r"Bench\.wired"):
        MoverConformance().test_a_killed_motion_is_picked_up(
            builder(Unwired, bench), bench, "initialise", How.KILLED_BEFORE
        )


def test_a_bench_is_put_back_as_it_was() -> None:
    bench = Bench(drives=2)
    before = bench.world
    bench.slots[1].disc, bench.mechanism.held, bench.mechanism.jammed = WRITTEN, WRITTEN, True
    bench.trays[0].open()
    bench.mechanism.input.pop()
    bench.restock()
    assert bench.world == before
    assert not bench.mechanism.jammed
    assert not bench.slots[0].tray_open
