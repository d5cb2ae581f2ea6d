"""What is particular to a Nimbie: each reply of its table, resets, places, discs that a drive cannot see."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from burnish.contracts import MoverSpec
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.movers import WRITTEN, Bench, BenchTray
from burnish.testing.usb import UsbUnit, bus
from burnish_mover_nimbie import NimbieMover, Settings, burnish_contract, burnish_movers
from burnish_mover_nimbie.link import UsbLink, find
from burnish_mover_nimbie.simulator import Nimbie
from burnish_mover_nimbie.words import LIFT, PRODUCT, REPLIES, VENDOR, State, packet, reply

QUICK = {"motion_timeout": 0.2, "tray_timeout": 0.1, "settle": 0.002, "poll": 0.0005}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def robot(bench: Bench) -> Nimbie:
    return Nimbie(bench.mechanism, bench.trouble)


@pytest.fixture
def unit(robot: Nimbie) -> UsbUnit:
    return UsbUnit(VENDOR, PRODUCT, robot.answer, bus=1, ports=(1, 3))


@pytest.fixture
def mover(unit: UsbUnit) -> NimbieMover:
    return NimbieMover(Settings(**QUICK), lambda settings: UsbLink(settings.place, bus(unit)))


def saying(unit: UsbUnit, robot: Nimbie, command: tuple[int, int], said: str) -> None:
    """Have one command answered by `said` and nothing else done."""

    def answer(data: bytes) -> Sequence[bytes]:
        if data == packet(command):
            return b"", b"OK\0", said.encode() + b"\0", b""
        return robot.answer(data)

    unit.answer = answer


def fault(act: Callable[[], object]) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        act()
    return caught.value


def test_it_is_offered_as_nimbie() -> None:
    [spec] = burnish_movers()
    assert isinstance(spec, MoverSpec)
    assert (spec.name, burnish_contract) == ("nimbie", 1)
    assert spec.make({"place": "1-1.3"}).capabilities.drives == 1


@pytest.mark.parametrize("place", ["usb1", "1.3", "1-", "/dev/bus/usb/001/004"])
def test_a_place_is_a_port_path(place: str) -> None:
    with pytest.raises(ValueError, match=r"is not a USB port path; try '1-1\.3'"):
        Settings(place=place)


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("{0000001xx}", State(queued=False, in_tray=False, held=False, tray_out=False)),
        ("{0000011xx}", State(queued=False, in_tray=False, held=False, tray_out=True)),
        ("{0100011xx}", State(queued=True, in_tray=False, held=False, tray_out=True)),
        ("{0001011xx}", State(queued=False, in_tray=True, held=False, tray_out=True)),
        ("{0000101xx}", State(queued=False, in_tray=False, held=True, tray_out=False)),
    ],
)
def test_states_are_read_from_the_left(text: str, state: State) -> None:
    assert State.parse(text) == state


@pytest.mark.parametrize("text", ["", "{}", "{01000}", "{0100021xx}", "0100011xx", "AT+O", "{0100011xx"])
def test_a_state_that_is_none_is_unknown(text: str) -> None:
    assert fault(lambda: State.parse(text)).kind is FaultKind.UNKNOWN_REPLY


@pytest.mark.parametrize(
    "transfers",
    [
        [b"", b"OK\0", b"AT+O\0"],
        [b"OK\0", b"AT+O\0"],
        [b"", b"", b"AT+O\0"],
        [b"AT+O"],
    ],
)
def test_a_reply_is_what_is_neither_empty_nor_ok(transfers: list[bytes]) -> None:
    assert reply(transfers) == "AT+O"


@pytest.mark.parametrize(
    "transfers", [[b""], [b"OK\0"], [b"AT+O\0", b"AT+S14\0"], [b"\xff\xfe\0", b"AT+O\0"]]
)
def test_no_reply_and_two_are_unknown(transfers: list[bytes]) -> None:
    assert fault(lambda: reply(transfers)).kind is FaultKind.UNKNOWN_REPLY


def test_a_command_is_eight_bytes() -> None:
    assert packet((0x52, 0x03)) == bytes.fromhex("0000520300000000")


# --- replies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", REPLIES)
def test_each_reply_of_the_table_is_its_fault(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie, said: str
) -> None:
    saying(unit, robot, LIFT.command, said)
    bench.slots[0].disc = WRITTEN
    with mover:
        raised = fault(lambda: mover.accept(bench.trays[0]))
    assert raised.kind is REPLIES[said][0]
    assert said in str(raised)


@pytest.mark.parametrize("said", ["AT+S07", "AT+S99", "AT+E10", "ERROR", "{0000001xx}"])
def test_a_reply_that_does_not_fit_is_unknown(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie, said: str
) -> None:
    saying(unit, robot, LIFT.command, said)
    bench.slots[0].disc = WRITTEN
    with mover:
        assert fault(lambda: mover.accept(bench.trays[0])).kind is FaultKind.UNKNOWN_REPLY
    assert bench.mechanism.motions == 0
    assert bench.slots[0].tray_open


def test_a_stack_that_ran_empty_unseen_closes_the_tray(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie
) -> None:
    saying(unit, robot, (0x52, 0x01), "AT+S14")
    with mover:
        assert fault(lambda: mover.load(bench.trays[0])).kind is FaultKind.NO_BLANK_MEDIA
    assert not bench.slots[0].tray_open


# --- resets -------------------------------------------------------------------------------------------------


def test_an_unexplained_error_is_mended_by_one_reset(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie
) -> None:
    robot.confusions = 1
    with mover:
        mover.load(bench.trays[0])
    assert bench.world.drives == ("blank 1",)
    assert unit.resets == 1


def test_an_unexplained_error_that_stays_is_for_the_service(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie
) -> None:
    robot.confusions = 99
    with mover:
        assert fault(lambda: mover.load(bench.trays[0])).kind is FaultKind.SERVICE_ACTION
    assert unit.resets == 1
    assert bench.mechanism.motions == 0


def test_an_unexplained_error_that_comes_back_is_for_the_service(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie
) -> None:
    """One reset while it is open: the lift is mended, the drop is not tried again."""
    seen: set[bytes] = set()

    def answer(data: bytes) -> Sequence[bytes]:
        if data != packet((0x43, 0x00)) and data not in seen:
            seen.add(data)
            return b"", b"OK\0", b"AT+E09\0", b""
        return robot.answer(data)

    unit.answer = answer
    bench.slots[0].disc = WRITTEN
    with mover:
        assert fault(lambda: mover.accept(bench.trays[0])).kind is FaultKind.SERVICE_ACTION
    assert (bench.world.held, unit.resets) == (WRITTEN, 1)


def test_a_motion_whose_answer_was_lost_is_not_made_twice(
    mover: NimbieMover, bench: Bench, unit: UsbUnit, robot: Nimbie
) -> None:
    def answer(data: bytes) -> Sequence[bytes]:
        told = robot.answer(data)
        return () if data == packet((0x52, 0x01)) else told

    unit.answer = answer
    with mover:
        mover.load(bench.trays[0])
    assert bench.world.drives == ("blank 1",)
    assert (bench.mechanism.motions, unit.resets) == (1, 1)


def test_unplugged_in_the_middle_is_offline(unit: UsbUnit) -> None:
    mover = NimbieMover(Settings(**QUICK), lambda _: UsbLink("", bus(unit), absent=0.1))
    with mover:
        unit.plugged = False
        assert fault(mover.look).kind is FaultKind.DEVICE_OFFLINE


def test_a_reset_waits_until_the_device_is_back(unit: UsbUnit) -> None:
    link = UsbLink("", bus(unit))
    unit.plugged = False
    threading.Timer(0.1, lambda: setattr(unit, "plugged", True)).start()
    link.reset()
    link.send(packet((0x43, 0x00)))
    assert link.receive(timeout=1) == b""
    link.close()


# --- trays --------------------------------------------------------------------------------------------------


class AnotherDrivesTray(BenchTray):
    """Moves, but not below this robot."""

    def _move(self, out: bool) -> None:
        pass


def test_a_tray_that_the_robot_does_not_see_is_said(mover: NimbieMover, bench: Bench) -> None:
    with mover:
        raised = fault(lambda: mover.load(AnotherDrivesTray(bench, 0)))
    assert raised.kind is FaultKind.OPERATOR_ACTION
    assert "is this the drive that it stands on" in str(raised)
    assert bench.mechanism.motions == 0


class BlindTray(BenchTray):
    """Of a drive that does not recognise the disc in it: upside down, or broken."""

    def loaded(self) -> bool:
        return super().loaded() and self._slot.disc != WRITTEN


def test_a_disc_that_the_drive_cannot_see_makes_room(mover: NimbieMover, bench: Bench) -> None:
    bench.slots[0].disc = WRITTEN
    with mover:
        mover.load(BlindTray(bench, 0))
    assert bench.world.rejected == (WRITTEN,)
    assert bench.world.drives == ("blank 1",)


def test_a_blank_that_the_drive_cannot_see_is_for_the_operator(mover: NimbieMover, bench: Bench) -> None:
    bench.mechanism.input[0] = WRITTEN
    with mover:
        raised = fault(lambda: mover.load(BlindTray(bench, 0)))
    assert raised.kind is FaultKind.OPERATOR_ACTION
    assert "does not recognise" in str(raised)


def test_a_disc_held_above_an_open_tray_is_for_the_operator(mover: NimbieMover, bench: Bench) -> None:
    bench.mechanism.held = WRITTEN
    bench.slots[0].tray_open = True
    with mover:
        assert fault(mover.initialise).kind is FaultKind.OPERATOR_ACTION
    assert bench.world.held == WRITTEN


def test_what_the_gripper_holds_is_rejected_before_anything_is_carried(
    mover: NimbieMover, bench: Bench
) -> None:
    bench.mechanism.held = "of somebody who died"
    bench.slots[0].disc = WRITTEN
    with mover:
        mover.accept(bench.trays[0])
    assert (bench.world.rejected, bench.world.output) == (("of somebody who died",), (WRITTEN,))


def test_a_robot_that_never_rests_is_for_the_operator(
    mover: NimbieMover, unit: UsbUnit, robot: Nimbie
) -> None:
    states = iter("01" * 100_000)
    unit.answer = lambda data: (b"", b"OK\0", b"{0%c00001xx}\0" % ord(next(states)), b"")
    with mover:
        assert fault(mover.initialise).kind is FaultKind.OPERATOR_ACTION


# --- looking ------------------------------------------------------------------------------------------------


def test_a_look_tells_of_blanks(mover: NimbieMover, bench: Bench) -> None:
    with mover:
        full = mover.look()
        bench.mechanism.input.clear()
        empty = mover.look()
    assert (full.condition, full.supplies[0].count) == (None, None)
    assert (empty.condition, empty.supplies[0].count) == (FaultKind.NO_BLANK_MEDIA, 0)


# --- places -------------------------------------------------------------------------------------------------


@pytest.fixture
def two(unit: UsbUnit) -> Any:
    return bus(unit, UsbUnit(VENDOR, PRODUCT, unit.answer, bus=1, ports=(1, 4)))


def test_several_are_told_apart_by_their_ports(two: Any) -> None:
    assert tuple(find("1-1.4", two).port_numbers) == (1, 4)


@pytest.mark.parametrize(
    ("place", "text"), [("", "1-1.3, 1-1.4, and `place` does not say which"), ("2-1", "not at 2-1")]
)
def test_a_place_that_is_wrong_or_missing_names_those_there_are(two: Any, place: str, text: str) -> None:
    mover = NimbieMover(Settings(place=place), lambda settings: UsbLink(settings.place, two))
    raised = fault(mover.__enter__)
    assert raised.kind is FaultKind.DEVICE_OFFLINE
    assert text in str(raised)


def test_no_permission_is_for_the_operator(mover: NimbieMover, unit: UsbUnit) -> None:
    unit.forbidden = True
    assert fault(mover.__enter__).kind is FaultKind.OPERATOR_ACTION
