"""Tapes of xorriso: what it was called with, what it printed line by line, and how it ended.

The form is that of `burnish.testing.tapes`:

    {"tape": 1, "of": "xorriso", "recorded": "..."}
    {"call": "start", "said": ["-no_rc", ...], "back": null}
    {"call": "readline", "said": [], "back": "I:1: Beginning to write data track.\\n"}
    {"call": "wait", "said": [], "back": 0}

`recording` and `replaying` make a program to be named in the settings: one is real xorriso and writes a tape,
the other plays it back.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from burnish.testing.tapes import VERSION

HERE = Path(__file__).parent / "tapes"


def recording(folder: Path, tape: Path, recorded: str) -> Path:
    """Make the program that records."""
    return _program(folder / "recording", "record", str(tape), recorded)


def replaying(folder: Path, tape: Path) -> Path:
    """Make the program that plays back."""
    return _program(folder / "replaying", "replay", str(tape))


def _program(path: Path, *words: str) -> Path:
    call = " ".join([sys.executable, str(Path(__file__).resolve()), *(f"'{word}'" for word in words)])
    path.write_text(f'#!/bin/sh\nexec {call} "$@"\n', "utf-8")
    path.chmod(0o755)
    return path


def lines(tape: Path) -> list[dict[str, Any]]:
    """What is on a tape, after its head."""
    head, *calls = map(json.loads, tape.read_text("utf-8").splitlines())
    assert head["tape"] == VERSION
    return calls


def record(tape: Path, recorded: str, words: list[str]) -> int:
    """Run xorriso; whatever it prints goes on, and to the tape."""
    with tape.open("w", encoding="utf-8") as file:

        def note(line: dict[str, Any]) -> None:
            print(json.dumps(line), file=file, flush=True)

        note({"tape": VERSION, "of": "xorriso", "recorded": recorded})
        note({"call": "start", "said": words, "back": None})
        child = subprocess.Popen(
            ["xorriso", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        os.close(0)  # the image is the child's alone
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        assert child.stdout
        for line in child.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            note({"call": "readline", "said": [], "back": line})
        note({"call": "wait", "said": [], "back": child.wait()})
    return child.returncode


def replay(tape: Path, words: list[str]) -> int:
    """Be xorriso as it was; a driver that calls it otherwise is told so and gets nothing."""
    start, *said, end = lines(tape)
    if _comparable(words) != _comparable(start["said"]):
        print(f"the tape was called with {start['said']}")
        return 99
    for line in said:
        if "written" in line["back"] or "Re-assessing" in line["back"]:
            sys.stdin.buffer.read(1 << 20)
        sys.stdout.write(line["back"])
        sys.stdout.flush()
    if end["back"] == 0:
        sys.stdin.buffer.read()
    return int(end["back"])


def _comparable(words: list[str]) -> list[str]:
    """Without what differs from place to place: the device, its room, and a speed that follows the source."""
    varying = ("dev=", "speed=", "tsize=", "padsize=", "stdio_sync=")
    return [word for word in words if not word.startswith(varying)]


if __name__ == "__main__":
    what, tape, *rest = sys.argv[1:]
    sys.exit(record(Path(tape), rest[0], rest[1:]) if what == "record" else replay(Path(tape), rest))
