"""Every answer of every command set, and what a line does beside them."""

from collections.abc import Callable
from typing import Any

import pytest
from burnish.contracts import Tray
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.movers import WRITTEN, Bench
from burnish.testing.serial import Loop
from burnish_mover_serial import SerialMover, Settings
from burnish_mover_serial.commands import Meaning, Verdict, read
from burnish_mover_serial.simulator import Dtp, Generic, Kodak, Tower

QUICK = {"port": "loop", "tray_settle": 0, "quiet": 0, "motion_timeout": 1}


class Script:
    """A line whose far end says what a table has for what it hears, and takes the disc where it should go."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self.answers = answers
        self.heard: list[bytes] = []

    def answer(self, data: bytes) -> bytes:
        self.heard.append(data)
        return self.answers[data]


class FullTray(Tray):
    """Of a drive with a disc in it."""

    number = 0
    out = False
    full = True

    def open(self) -> None:
        self.out = True

    def close(self) -> None:
        self.out = False

    def loaded(self) -> bool:
        return self.full


class EmptyTray(FullTray):
    full = False


def scripted(commands: str, answers: dict[bytes, bytes]) -> tuple[SerialMover, Script]:
    script = Script(answers)
    loop = Loop(script.answer)
    line: Any = loop.opened
    return SerialMover(Settings(commands=commands, **QUICK), lambda *_: line()), script


def on(robot: type[Any], commands: str, bench: Bench) -> SerialMover:
    line: Any = Loop(robot(bench.mechanism, bench.trouble).answer)
    return SerialMover(Settings(commands=commands, **QUICK), lambda *_: line)


def fault(act: Callable[[], object]) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        act()
    return caught.value


def faults(answers: dict[str, Meaning]) -> list[tuple[str, Meaning]]:
    """The rows of a table that are faults by themselves."""
    return [(said, meaning) for said, meaning in answers.items() if not meaning.verdict and not meaning.ask]


TOWER = faults(read("tower").answers)
CODES = faults(read("generic").status.answers)  # type: ignore[union-attr]
DTP_CODES = faults(read("rimage-dtp").status.answers)  # type: ignore[union-attr]


# --- generic ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "meaning"), CODES)
def test_each_code_of_a_failed_motion_is_its_fault(code: str, meaning: Any) -> None:
    mover, script = scripted("generic", {b"A": b"E", b"S": code.encode() + b"X"})
    tray = FullTray()
    with mover:
        raised = fault(lambda: mover.accept(tray))
    assert (raised.kind, str(raised)) == (meaning.kind, meaning.sentence)
    assert script.heard == [b"A", b"S"]


@pytest.mark.parametrize("answer", [b"65X", b"99", b"?!", b"0"])
def test_a_code_that_is_in_no_table_is_unknown(answer: bytes) -> None:
    mover, script = scripted("generic", {b"A": b"E", b"S": answer})
    with mover:
        assert fault(lambda: mover.accept(FullTray())).kind is FaultKind.UNKNOWN_REPLY
    assert script.heard == [b"A", b"S"]


def test_a_failure_that_says_nothing_is_for_the_operator() -> None:
    mover, _ = scripted("generic", {b"A": b"E", b"S": b"00X"})
    with mover:
        assert fault(lambda: mover.accept(FullTray())).kind is FaultKind.OPERATOR_ACTION


def test_a_command_that_is_not_understood_is_for_the_service() -> None:
    mover, _ = scripted("generic", {b"A": b"\x15"})
    with mover:
        raised = fault(lambda: mover.accept(FullTray()))
    assert raised.kind is FaultKind.SERVICE_ACTION
    assert "is this its command set" in str(raised)


@pytest.mark.parametrize("answer", [b"X", b"ACCEPTED \r\nX", b"..........X"])
def test_text_may_stand_before_an_answer(answer: bytes) -> None:
    mover, _ = scripted("generic", {b"A": answer})
    with mover:
        assert mover.accept(FullTray()) == "output bin"


@pytest.mark.parametrize("banner", [b"X", b"EXTRA ROBOT X500\r\nX", b"REV E X"])
def test_a_banner_may_hold_any_letter(banner: bytes) -> None:
    mover, script = scripted("generic", {b"V": banner, b"C": b"X", b"R": b"E", b"S": b"00"})
    with mover:
        mover.initialise()
    assert script.heard == [b"V", b"C", b"R", b"S"]


def test_an_arm_that_is_jammed_is_not_called_empty() -> None:
    mover, _ = scripted("generic", {b"V": b"X", b"C": b"X", b"R": b"E", b"S": b"18X"})
    with mover:
        assert fault(mover.initialise).kind is FaultKind.SERVICE_ACTION


def test_an_answer_that_never_ends_is_unknown() -> None:
    mover, _ = scripted("generic", {b"A": b"?" * 10_000})
    with mover:
        assert fault(lambda: mover.accept(FullTray())).kind is FaultKind.UNKNOWN_REPLY


def test_a_fault_leaves_the_tray_as_it_is_but_where_only_a_blank_is_missing() -> None:
    jammed, _ = scripted("generic", {b"I": b"E", b"S": b"14X"})
    empty, _ = scripted("generic", {b"I": b"E", b"S": b"22X"})
    trays = EmptyTray(), EmptyTray()
    with jammed:
        fault(lambda: jammed.load(trays[0]))
    with empty:
        fault(lambda: empty.load(trays[1]))
    assert [tray.out for tray in trays] == [True, False]


def test_a_disc_that_the_drive_does_not_see_is_for_the_operator() -> None:
    mover, _ = scripted("generic", {b"I": b"X"})
    with mover:
        raised = fault(lambda: mover.load(EmptyTray()))
    assert raised.kind is FaultKind.OPERATOR_ACTION
    assert "does not see the disc" in str(raised)


def test_what_was_said_to_a_dead_process_is_forgotten() -> None:
    script = Script({b"A": b"X"})
    loop = Loop(script.answer)
    loop._said = b"EEE22X"
    line: Any = loop
    mover = SerialMover(Settings(**QUICK), lambda *_: line)
    with mover:
        mover.accept(FullTray())
    assert script.heard == [b"A"]


# --- kodak --------------------------------------------------------------------------------------------------


def test_a_kodak_uses_its_last_five_discs() -> None:
    bench = Bench(blanks=7)
    mover = on(Kodak, "kodak", bench)
    for _ in range(7):
        with mover:
            mover.load(bench.trays[0])
            mover.accept(bench.trays[0])
    assert len(bench.world.output) == 7
    with mover:
        assert fault(lambda: mover.load(bench.trays[0])).kind is FaultKind.NO_BLANK_MEDIA


def test_what_is_a_quirk_of_a_kodak_is_a_fault_of_another() -> None:
    bench = Bench(blanks=3)
    mover = on(Kodak, "generic", bench)
    with mover:
        assert fault(lambda: mover.load(bench.trays[0])).kind is FaultKind.OPERATOR_ACTION


# --- tower --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "meaning"), TOWER)
def test_each_answer_of_a_tower_is_its_fault(code: str, meaning: Any) -> None:
    said = code.encode("latin-1")
    mover, _ = scripted("tower", {b"4": said if said == b"\x15" else b"\x06" + said})
    with mover:
        assert fault(lambda: mover.accept(FullTray())).kind is meaning.kind


@pytest.mark.parametrize("said", [b"\x060", b"\x064"])
def test_a_tower_is_done_when_it_says_so_or_echoes(said: bytes) -> None:
    mover, _ = scripted("tower", {b"4": said})
    with mover:
        assert mover.accept(FullTray()) == "output bin"


@pytest.mark.parametrize("said", [b"4", b"0", b"\x065", b"\x06?", b"\x06X", b"A"])
def test_a_tower_that_says_anything_else_is_not_believed(said: bytes) -> None:
    mover, _ = scripted("tower", {b"4": said})
    with mover:
        assert fault(lambda: mover.accept(FullTray())).kind in (
            FaultKind.UNKNOWN_REPLY,
            FaultKind.OPERATOR_ACTION,
        )


def test_a_tower_works_its_four_drives_at_once() -> None:
    bench = Bench(drives=4, blanks=9)
    mover = on(Tower, "tower", bench)
    for tray in bench.trays:
        with mover:
            mover.load(tray)
    assert bench.world.drives == ("blank 1", "blank 2", "blank 3", "blank 4")
    for tray in reversed(bench.trays):
        with mover:
            mover.accept(tray)
    assert bench.world.output == ("blank 4", "blank 3", "blank 2", "blank 1")


def test_a_tower_never_carries_a_disc_back_to_the_input() -> None:
    sent = {word for command in read("tower").commands.values() for word in command.send}
    assert not sent & set("tuvw")


# --- rimage -------------------------------------------------------------------------------------------------


def dtp(*texts: str) -> bytes:
    return b"".join(f"\x1b!{text}\x04".encode() for text in texts)


@pytest.mark.parametrize(("code", "meaning"), DTP_CODES)
def test_each_status_of_a_rimage_is_its_fault(code: str, meaning: Any) -> None:
    mover, script = scripted("rimage-dtp", {b"\x1b!f12410C": dtp("f11C"), b"\x1b!e1C": dtp(code)})
    with mover:
        assert fault(lambda: mover.accept(FullTray())).kind is meaning.kind
    assert script.heard[0] == b"\x1b!f12410C"
    assert set(script.heard[1:]) == {b"\x1b!e1C"}


@pytest.mark.parametrize("said", [dtp("f12C"), dtp("e1000000C"), b"\x1b!f11C", b"f11C\x04\x04", b"\x04"])
def test_a_frame_that_is_none_is_unknown(said: bytes) -> None:
    mover, _ = scripted("rimage-dtp", {b"\x1b!f12410C": said, b"\x1b!e1C": dtp("e1000000C")})
    raised = None
    with mover:
        raised = fault(lambda: mover.accept(FullTray()))
    assert raised.kind is FaultKind.UNKNOWN_REPLY


def test_a_rimage_that_never_becomes_ready_is_for_the_operator() -> None:
    mover, _ = scripted("rimage-dtp", {b"\x1b!f12410C": dtp("f11C"), b"\x1b!e1C": dtp("e1002000C")})
    mover._settings = mover._settings.model_copy(update={"motion_timeout": 0.1})
    with mover:
        raised = fault(lambda: mover.accept(FullTray()))
    assert (raised.kind, str(raised)) == (FaultKind.OPERATOR_ACTION, "the robot does not become ready")


def test_commands_may_arrive_in_parts() -> None:
    bench = Bench(drives=4)
    robot = Dtp(bench.mechanism)
    assert robot.answer(b"\x1b!f1") == b""
    assert robot.answer(b"2002C\x1b!e1") == dtp("f11C")
    assert robot.answer(b"C") == dtp("e1002000C")


# --- looking ------------------------------------------------------------------------------------------------


def test_a_look_does_not_believe_the_end_of_the_last_motion() -> None:
    mover, script = scripted("generic", {b"S": b"22X"})
    with mover:
        assert mover.look().condition is None
    assert script.heard == [b"S"]


def test_a_look_at_a_robot_without_a_status_says_nothing() -> None:
    mover, script = scripted("tower", {})
    with mover:
        state = mover.look()
    assert (state.unit.product, state.unit.place) == ("disc tower with four drives", "loop")
    assert script.heard == []


def test_the_simulators_know_no_other_words() -> None:
    bench = Bench(drives=4)
    assert Generic(bench.mechanism).answer(b"q") == b"\x15"
    assert Tower(bench.mechanism).answer(b"t") == b"\x15"
    assert Dtp(bench.mechanism).answer(b"\x1b!f12001C") == dtp("f10C")
    assert bench.mechanism.motions == 0


def test_a_spoilt_disc_of_a_tower_is_named_by_its_drive() -> None:
    bench = Bench(drives=4)
    bench.slots[2].disc = WRITTEN
    mover = on(Tower, "tower", bench)
    with mover:
        raised = fault(lambda: mover.reject(bench.trays[2]))
    assert raised.kind is FaultKind.OPERATOR_ACTION
    assert "drive 3" in str(raised)


def test_verdicts_are_the_words_of_the_files() -> None:
    assert list(Verdict) == ["done", "wait", "drive decides"]
