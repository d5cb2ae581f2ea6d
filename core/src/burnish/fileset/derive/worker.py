"""The process that derives: `python -m burnish.fileset.derive.worker <parent> <memory> <twice>`.

`parent` is the process that it ends with, `memory` the bytes that it may take, `twice` whether two decoders
must agree where there are two. It works at low priority: reception and drives go first.

Lines in:   tasks (`workers.Task`).
Lines out:  {"begun": true} for each as soon as it is read; then {"length", "digest"}, or {"why", "reason"}
            where no form can be made, or {"why", "errno"} where there is no room.
"""

import hashlib
import json
import os
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO, Final

from burnish.errors import Mismatch, SourceDamaged
from burnish.fileset.derive.icon import make_icon
from burnish.fileset.derive.pieces import make_pieces
from burnish.fileset.derive.transcode import Derived, derive_checked
from burnish.fileset.derive.ways import WAYS
from burnish.fileset.derive.workers import Task
from burnish.instances.durable import sync_folder
from burnish.instances.files import Trailer, write_trailer
from burnish.lifeline import die_with_parent
from burnish.terms import FailureReason

_NICE: Final = 10


def main() -> None:
    """Run as a child of whoever derives. What a library prints goes nowhere."""
    parent, memory, twice = (int(word) for word in sys.argv[1:])
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        answers.write('{"begun": true}\n')
        answers.flush()
        answer = _answer(Task.from_json(json.loads(line)), memory, twice=bool(twice))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(task: Task, memory: int, *, twice: bool) -> dict[str, Any]:
    try:
        derived = perform(task, twice=twice)
    except MemoryError:
        why = f"deriving it takes more memory than the {memory} bytes that [media] transcoder_memory allows"
        return _failed(task, why)
    except OSError as error:
        return {"why": error.strerror or str(error), "errno": error.errno or 0}
    except SourceDamaged as error:
        return _failed(task, str(error), FailureReason.PROCESSING_FAILURE)
    except (Mismatch, ValueError) as error:
        return _failed(task, str(error))
    except Exception as error:  # noqa: BLE001 - one instance's fault must not end the worker
        return _failed(task, f"deriving it failed: {type(error).__name__}: {error}")
    return {"length": derived.length, "digest": derived.digest.hex()}


def _failed(
    task: Task, why: str, reason: FailureReason = FailureReason.PROFILE_COMPRESSION_CONFLICT
) -> dict[str, Any]:
    sentence = " ".join(why.split())
    if not task.icon and not task.renderer:
        sentence = f"cannot be made {WAYS[task.to].name}: {sentence}"
    return {"why": sentence[:1000], "reason": int(reason)}


def perform(task: Task, *, twice: bool) -> Derived:
    """Make a form, an icon or pieces, check it, and give it its name. Nothing is left where it fails."""
    try:
        with _opened(task.source) as source, task.part.open("w+b") as file:
            _check(source, task)
            source.seek(task.offset)
            derived, index = _derived(task, source, file, twice=twice)
            if task.facts:
                write_trailer(file, Trailer(task.facts, index, derived.length, derived.digest))
            file.flush()
            os.fsync(file.fileno())
        task.part.rename(task.target)
    finally:
        task.part.unlink(missing_ok=True)
    sync_folder(task.target.parent)
    return derived


def _derived(task: Task, source: BinaryIO, file: BinaryIO, *, twice: bool) -> tuple[Derived, bytes]:
    """What was made, and what the trailer keeps as its head."""
    if task.renderer:
        return make_pieces(source, task.length, task.transfer_syntax, task.renderer, file)
    if not task.icon:
        form = derive_checked(source, task.length, file, task.transfer_syntax, task.to, twice=twice)
        return form, b""
    element = make_icon(source, task.length, task.transfer_syntax, task.icon)
    file.write(element)
    return Derived(len(element), hashlib.sha256(element).digest(), {}), b""


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceDamaged(f"{path.name} cannot be opened: {error.strerror}") from error


def _check(source: BinaryIO, task: Task) -> None:
    """Hash the source again. Raises SourceDamaged where it is not what it was."""
    source.seek(task.offset)
    digest, left = hashlib.sha256(), task.length
    while left and (block := source.read(min(1 << 20, left))):
        digest.update(block)
        left -= len(block)
    if digest.digest() != task.digest:
        raise SourceDamaged(f"{task.source.name} has changed since it was received")


if __name__ == "__main__":
    main()
