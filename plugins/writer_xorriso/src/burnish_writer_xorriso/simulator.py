"""A drive and an xorriso that are none: a folder that both of them work on, also between processes.

    sr0           stands for the drive's node, so that it can be locked
    state.json    the drive and its disc (`State`)
    disc          the bytes on the disc
    xorriso       the program to be named in the settings: it takes the words of `xorriso -as cdrecord`
    script.json   what it shall suffer (`Suffering`), once each, in order
    calls.jsonl   how it was called

`SimulatedDrive` is a transport that answers SCSI commands as MMC has them. What the program says was
recorded from xorriso 1.5.4. Units: sectors of 2 048 bytes, but bytes where a name says so.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, Self

from burnish.media import SECTOR, sectors

from burnish_writer_xorriso.profiles import PROFILES
from burnish_writer_xorriso.scsi import Sense, Transport

_STEP: Final = 64 << 10
_BLANK, _APPENDABLE, _CLOSED, _OTHER = 0, 1, 2, 3
Triple = tuple[int, int, int]


@dataclass
class State:
    """A drive and what lies in it."""

    profile: int = 0x09
    """Of its disc."""
    capacity: int = 20_000
    disc: bool = True
    """Whether there is one."""
    status: int = _BLANK
    """Of a write-once disc: 0 blank, 1 appendable, 2 closed."""
    written: int = 0
    formatted: bool = True
    """Of a disc that can be overwritten, and of BD-R: whether it has been formatted."""
    tray_out: bool = False
    mechanism: int = 1
    """How a disc gets in: 1 tray, 0 caddy or slot."""
    locked: bool = False
    stuck: bool = False
    """Whether its tray stays where it is, though it says that it moved it."""
    attention: list[Triple] = field(default_factory=list)
    """What the next commands are answered, one each."""
    loading: int = 0
    """So many times a disc that was drawn in is not ready yet."""
    senses: dict[str, Triple] = field(default_factory=dict)
    """An operation code in hexadecimal and what it is always answered."""
    unreadable: int = -1
    """The one sector that cannot be read."""
    knows_fua: bool = False
    """Whether it takes READ(10) with Force Unit Access."""
    reads: list[int] = field(default_factory=list)
    """Flags of READ(10) that it was given, each once."""
    ejected: int = 0
    """How often its tray went out."""


@dataclass
class Suffering:
    """What goes wrong in one run."""

    at: str | int = "start"
    """start, begin, a number of bytes that were read, or close."""
    says: list[str] = field(default_factory=list)
    code: int | None = 5
    """How it ends then; None: it goes on."""
    hang: float = 0
    """Seconds that it does nothing before."""
    deaf: bool = False
    """Whether it does not heed SIGTERM."""
    kill: bool = False
    """Whether it is killed there."""


class Bench:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.node = folder / "sr0"
        self.program = folder / "xorriso"
        self.image = folder / "disc"

    @classmethod
    def furnish(cls, folder: Path, **state: Any) -> Self:
        """Make one; `state`: fields of State."""
        folder.mkdir(parents=True, exist_ok=True)
        bench = cls(folder)
        bench.node.touch()
        bench.image.touch()
        bench.program.write_text(
            f"#!{sys.executable}\nfrom burnish_writer_xorriso.simulator import main\n\nmain()\n", "utf-8"
        )
        bench.program.chmod(0o755)
        bench.put(State(**state))
        return bench

    def state(self) -> State:
        """As it is now."""
        return State(**json.loads((self.folder / "state.json").read_text("utf-8")))

    def put(self, state: State) -> None:
        """Have it so, from one moment to the next."""
        draft = self.folder / f"state.{os.getpid()}"
        draft.write_text(json.dumps(asdict(state)), "utf-8")
        draft.replace(self.folder / "state.json")

    def change(self, **values: Any) -> None:
        """Change fields of the state."""
        self.put(State(**{**asdict(self.state()), **values}))

    def suffer(self, **values: Any) -> None:
        """Have the next run suffer; `values`: fields of Suffering."""
        self._script([*self._sufferings(), asdict(Suffering(**values))])

    def next_suffering(self) -> Suffering | None:
        """Take the first one off the script."""
        sufferings = self._sufferings()
        self._script(sufferings[1:])
        return Suffering(**sufferings[0]) if sufferings else None

    def _sufferings(self) -> list[dict[str, Any]]:
        script = self.folder / "script.json"
        return json.loads(script.read_text("utf-8")) if script.exists() else []

    def _script(self, sufferings: list[Any]) -> None:
        (self.folder / "script.json").write_text(json.dumps(sufferings), "utf-8")

    def calls(self) -> list[list[str]]:
        """How the program was called so far."""
        calls = self.folder / "calls.jsonl"
        return [json.loads(line) for line in calls.read_text("utf-8").splitlines()] if calls.exists() else []

    def note_call(self, words: list[str]) -> None:
        """Add one."""
        with (self.folder / "calls.jsonl").open("a", encoding="utf-8") as calls:
            print(json.dumps(words), file=calls)


# --- the drive ---------------------------------------------------------------------------------------------


class SimulatedDrive(Transport):
    """Answers commands from a bench; made anew for each opening, as a node is opened."""

    def __init__(self, node: Path) -> None:
        """Raises FileNotFoundError where the node is gone: the drive was pulled out."""
        node.stat()
        self._bench = Bench(node.parent)
        self._state = self._bench.state()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def execute(self, cdb: bytes, out: bytes = b"", length: int = 0, timeout: float = 0) -> bytes:
        """Answer. Raises Sense."""
        self._state = self._bench.state()
        if always := self._state.senses.get(f"{cdb[0]:02X}"):
            raise Sense(*always)
        if self._state.attention and cdb[0] not in (0x12, 0x46, 0x4A):
            first, *rest = self._state.attention
            self._bench.change(attention=rest)
            raise Sense(*first)
        answer = _COMMANDS.get(cdb[0])
        if answer is None:
            raise Sense(5, 0x20, 0)
        return answer(self, cdb)[:length]

    def _demand_disc(self) -> None:
        if not self._state.disc or self._state.tray_out:
            raise Sense(2, 0x3A, 2 if self._state.tray_out else 1)
        if self._state.loading:
            self._bench.change(loading=self._state.loading - 1)
            raise Sense(2, 0x04, 0x01)

    def _ready(self, cdb: bytes) -> bytes:
        self._demand_disc()
        return b""

    def _inquiry(self, cdb: bytes) -> bytes:
        words = f"{'BURNISH':8}{'SIMULATED DRIVE':16}{'1.0':4}".encode()
        return bytes([5, 0x80, 5, 0x32, 31, 0, 0, 0]) + words

    def _start_stop(self, cdb: bytes) -> bytes:
        if self._state.stuck:
            return b""
        if cdb[4] & 3 == 2:
            if self._state.locked:
                raise Sense(5, 0x53, 2)
            self._bench.change(tray_out=True, ejected=self._state.ejected + (not self._state.tray_out))
        elif cdb[4] & 3 == 3:
            self._bench.change(tray_out=False, attention=[(6, 0x28, 0)], loading=2)
        return b""

    def _prevent(self, cdb: bytes) -> bytes:
        self._bench.change(locked=bool(cdb[4] & 1))
        return b""

    def _read_formats(self, cdb: bytes) -> bytes:
        size = self._state.capacity.to_bytes(4, "big")
        kind = 2 if self._state.formatted else 1
        spared = (self._state.capacity - self._state.capacity // 32).to_bytes(4, "big")
        return b"\0\0\0\x10" + size + bytes([kind, 0, 8, 0]) + spared + bytes([0, 0, 0x20, 0])

    def _read(self, cdb: bytes) -> bytes:
        self._demand_disc()
        start, count = int.from_bytes(cdb[2:6], "big"), int.from_bytes(cdb[7:9], "big")
        state = self._state
        if cdb[1] not in state.reads:
            self._bench.change(reads=[*state.reads, cdb[1]])
        if cdb[1] and not state.knows_fua:
            raise Sense(5, 0x24, 0)
        if start + count > (state.capacity if _overwriteable(state) else state.written):
            raise Sense(5, 0x21, 0)
        if start <= state.unreadable < start + count:
            raise Sense(3, 0x11, 5)
        with self._bench.image.open("rb") as image:
            image.seek(start * SECTOR)
            return image.read(count * SECTOR).ljust(count * SECTOR, b"\0")

    def _configuration(self, cdb: bytes) -> bytes:
        inside = self._state.disc and not self._state.tray_out
        profile = self._state.profile if inside else 0
        features = {0x0003: bytes([self._state.mechanism << 5 | 0x09, 0, 0, 0]), 0x0108: b"SIM00001"}
        code = int.from_bytes(cdb[2:4], "big")
        data = features.get(code, b"")
        body = code.to_bytes(2, "big") + bytes([3, len(data)]) + data if data else b""
        return (len(body) + 4).to_bytes(4, "big") + b"\0\0" + profile.to_bytes(2, "big") + body

    def _event(self, cdb: bytes) -> bytes:
        inside = self._state.disc and not self._state.tray_out
        return bytes([0, 6, 4, 0x10, 0, self._state.tray_out | inside << 1, 0, 0])

    def _disc_information(self, cdb: bytes) -> bytes:
        self._demand_disc()
        status = _OTHER if _overwriteable(self._state) else self._state.status
        return b"\0\x20" + bytes([status, 1, 1, 1, 1]) + bytes(27)

    def _track_information(self, cdb: bytes) -> bytes:
        self._demand_disc()
        state = self._state
        free = 0 if state.status == _CLOSED else state.capacity - state.written
        size = state.written if state.status == _CLOSED else state.capacity
        head = b"\0\x22\x01\x01\0\x04" + bytes([0x40 if state.status == _BLANK else 0, 1])
        numbers = (0, state.written, free, 0, size)
        return head + b"".join(number.to_bytes(4, "big") for number in numbers) + bytes(8)


_COMMANDS: Final[dict[int, Callable[[SimulatedDrive, bytes], bytes]]] = {
    0x00: SimulatedDrive._ready,
    0x12: SimulatedDrive._inquiry,
    0x1B: SimulatedDrive._start_stop,
    0x1E: SimulatedDrive._prevent,
    0x23: SimulatedDrive._read_formats,
    0x28: SimulatedDrive._read,
    0x46: SimulatedDrive._configuration,
    0x4A: SimulatedDrive._event,
    0x51: SimulatedDrive._disc_information,
    0x52: SimulatedDrive._track_information,
}


def _overwriteable(state: State) -> bool:
    return PROFILES[state.profile].overwriteable


# --- the program -------------------------------------------------------------------------------------------


class Program:
    """One run of what takes xorriso's place."""

    def __init__(self, words: list[str], source: BinaryIO) -> None:
        self._source = source
        self._options = dict(word.split("=", 1) for word in words if "=" in word)
        self._bench = Bench(Path(self._options["dev"]).parent)
        self._bench.note_call(words)
        self._suffering = self._bench.next_suffering()

    def run(self) -> None:
        """Burn, as the state and the script have it."""
        heed = signal.SIG_IGN if self._suffering and self._suffering.deaf else _be_told_to_stop
        signal.signal(signal.SIGTERM, heed)
        _say(f"Drive current: -outdev '{self._options['dev']}'")
        self._reach("start")
        self._judge_medium()
        _say("Beginning to write data track.")
        self._reach("begin")
        self._write()
        _say("xorriso : UPDATE : Closing track/session. Working since 1 seconds")
        self._reach("close")
        count = sectors(int(self._options["tsize"])) + int(self._options["padsize"].rstrip("s"))
        self._bench.change(status=_CLOSED, written=count)
        _say(f"Writing to '{self._options['dev']}' completed successfully.")

    def _judge_medium(self) -> None:
        state = self._bench.state()
        need = sectors(int(self._options["tsize"]))
        if not state.disc or state.tray_out:
            _give_up("xorriso : FAILURE : No media detected in drive")
        if state.status == _CLOSED and not _overwriteable(state):
            words = "Closed media with data detected. Need blank or appendable media."
            _give_up(f"xorriso : FAILURE : {words}")
        if need > state.capacity:
            _give_up(f"xorriso : FAILURE : Image size {need}s exceeds free space on media {state.capacity}s")

    def _write(self) -> None:
        length, done = int(self._options["tsize"]), 0
        self._bench.change(status=_APPENDABLE)
        with self._bench.image.open("wb") as image:
            while done < length:
                data = self._source.read(min(_STEP, length - done))
                if not data:
                    missing = f"Premature end of input encountered. Missing: {length - done} bytes"
                    _give_up(f"libburn : FAILURE : {missing}")
                image.write(data)
                image.flush()
                done += len(data)
                self._bench.change(written=sectors(done))
                if not done % (1 << 20):
                    _say(f"xorriso : UPDATE :  {done >> 20:3} of  {length >> 20:3} MB written (fifo  0%)")
                self._reach(done)

    def _reach(self, point: str | int) -> None:
        """Suffer what the script has for this point, or for one that was passed."""
        what = self._suffering
        here = what and (what.at == point or (isinstance(point, int) and isinstance(what.at, int)))
        if what is None or not here or (isinstance(point, int) and point < int(what.at)):
            return
        self._suffering = None
        for line in what.says:
            _say(line)
        time.sleep(what.hang)
        if what.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if what.code is not None:
            sys.exit(what.code)


def _say(line: str) -> None:
    sys.stdout.write(f"I:1: {line}\n")
    sys.stdout.flush()


def _give_up(line: str) -> NoReturn:
    _say(line)
    _say("xorriso : FAILURE : -as cdrecord: Job could not be performed properly.")
    _say("xorriso : aborting : -abort_on 'FAILURE' encountered 'FAILURE'")
    sys.exit(5)


def _be_told_to_stop(number: int, frame: object) -> NoReturn:
    _say("UNIX-SIGNAL:  SIGTERM  errno= 2")
    _say("xorriso : ABORT : Trying to shut down busy drives")
    _say("libburn : ABORT : Urged drive worker threads to do emergency halt")
    _say("xorriso : ABORT : Drive is released and library is shut down now.")
    sys.exit(1)


def main() -> None:
    """Be xorriso."""
    Program(sys.argv[1:], sys.stdin.buffer).run()
