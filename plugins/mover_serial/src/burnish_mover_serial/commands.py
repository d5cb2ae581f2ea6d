"""Command sets: what a family of robots is told and says, read from TOML.

    [commands]                    what is sent, by a name of ours; a list holds one for each drive
    input_to_drive = "I"
    [motions]                     what a motion consists of; `open` and `close` move the drive's tray
    load = ["open", "input_to_drive", "close"]
    [answers]                     what each answer means
    "X" = "done"
    "E" = "status, else OPERATOR_ACTION: it could not do it"

An answer means one of

* `done`;
* `wait`: it is asked again (for a status only);
* `drive decides`: whether the drive sees a disc afterwards says whether it was done;
* `KIND: sentence`: a fault of that kind (`burnish.errors.FaultKind`), the sentence being for the operator;
* `status, else ...`: the robot's status is asked; where that has nothing against it, it means what follows.

An answer that stands nowhere is UNKNOWN_REPLY. Control characters are written as TOML escapes: "\\u0015".
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from burnish.errors import ConfigError, FaultKind
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

OPEN: Final = "open"
CLOSE: Final = "close"
_ASK: Final = "status, else "


class Verdict(StrEnum):
    """What an answer that is no fault says."""

    DONE = "done"
    WAIT = "wait"
    DRIVE_DECIDES = "drive decides"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means."""

    verdict: Verdict | None
    """None: a fault."""
    kind: FaultKind = FaultKind.UNKNOWN_REPLY
    sentence: str = ""
    ask: bool = False
    """Whether the status is asked first, and may say something worse."""


def _meaning(text: object) -> Meaning:
    """Raises ValueError."""
    words = str(text)
    rest = words.removeprefix(_ASK)
    ask = rest != words
    kind, colon, sentence = rest.partition(": ")
    if colon and sentence and kind in FaultKind.__members__:
        return Meaning(None, FaultKind(kind), sentence, ask)
    if rest in tuple(Verdict):
        return Meaning(Verdict(rest), ask=ask)
    said = '"done", "wait", "drive decides", "KIND: sentence", or one of these after "status, else "'
    raise ValueError(f"{words!r} is not what an answer can mean; try {said}")


_Answers = Annotated[dict[str, Annotated[Meaning, BeforeValidator(_meaning)]], Field(default_factory=dict)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Table):
    """How the port is set: eight bits, no parity, one stop bit, and"""

    baud: int = Field(default=9600, gt=0)
    handshake: Literal["none", "rts/cts"] = "none"


class Frame(_Table):
    """What stands around commands and answers. All empty: the answer is the last byte, after any text."""

    before_command: str = ""
    acknowledge: str = ""
    """Said as soon as a command has arrived, before an answer of one byte; empty: nothing is."""
    answer_begins: str = ""
    answer_ends: str = ""
    """Where an answer is a text between these two; empty: it is a byte."""
    echo: bool = False
    """Whether a command that is done is answered by itself."""


class Status(_Table):
    """A command that says how the last motion ended."""

    send: str
    after_each_motion: bool = False
    """Whether it is asked after every command, done or not."""
    length: int = Field(default=0, ge=0)
    """Characters of the answer; zero: it has a frame."""
    answers: _Answers


class Command(_Table):
    """One thing to say."""

    send: str | tuple[str, ...]
    """A list: one for each drive."""
    answers: _Answers
    """What means something else here than in the rest of the set."""


def _command(said: object) -> object:
    return said if isinstance(said, Mapping) else {"send": said}


class Motions(_Table):
    """Names of commands, and `open` and `close` for the drive's tray."""

    initialise: tuple[str, ...]
    """Without a drive."""
    load: tuple[str, ...]
    accept: tuple[str, ...]
    reject: tuple[str, ...] = ()
    """Empty: the robot has no place for rejected discs that can be told apart."""


class CommandSet(_Table):
    """One family of robots."""

    title: str
    source: str
    """Where this is known from."""
    experimental: bool = False
    drives: int = Field(default=1, gt=0)
    line: Line = Line()
    frame: Frame = Frame()
    answers: _Answers
    status: Status | None = None
    commands: dict[str, Annotated[Command, BeforeValidator(_command)]]
    motions: Motions

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for motion, words in self.motions:
            for word in words:
                self._check(motion, word)
        return self

    def _check(self, motion: str, word: str) -> None:
        if word in (OPEN, CLOSE):
            if motion == "initialise":
                raise ValueError(f"`initialise` is about no drive, and cannot {word} a tray")
            return
        if word not in self.commands:
            raise ValueError(
                f"motion `{motion}` uses {word!r}, which is no command; try {', '.join(self.commands)}"
            )
        send = self.commands[word].send
        if isinstance(send, str):
            return
        if motion == "initialise" or len(send) != self.drives:
            raise ValueError(f"command {word!r} must hold one text for each of the {self.drives} drives")

    def bytes_of(self, name: str, drive: int | None) -> bytes:
        """What goes over the line for a command. Characters stand for bytes (Latin-1)."""
        send = self.commands[name].send
        text = send if isinstance(send, str) else send[drive or 0]
        return (self.frame.before_command + text).encode("latin-1")


def built_in() -> dict[str, Path]:
    """The command sets that come with this plugin, by name."""
    folder = Path(str(files("burnish_mover_serial"))) / "sets"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read(name: str) -> CommandSet:
    """Read a set by its name, or by a path that ends in `.toml`. Raises ConfigError."""
    try:
        return CommandSet.model_validate(_tables(name))
    except ValidationError as error:
        faults = [": ".join(filter(None, [".".join(map(str, e["loc"])), e["msg"]])) for e in error.errors()]
        raise ConfigError(f"command set {name}: {'; '.join(faults)}") from error


def _tables(name: str) -> dict[str, Any]:
    """The tables of a set laid over those of the one that it extends."""
    path = Path(name) if name.endswith(".toml") else built_in().get(name)
    if path is None:
        raise ConfigError(
            f"{name!r} is no command set; try {', '.join(built_in())}, or the path of a .toml file"
        )
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"command set {path} cannot be read: {error}") from error
    below = tables.pop("extends", None)
    if below is None:
        return tables
    if below not in built_in() or below == name:
        raise ConfigError(
            f"command set {path}: `extends` names one of {', '.join(built_in())}, not {below!r}"
        )
    return _laid_over(_tables(below), tables)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged, anything else replaces."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged
