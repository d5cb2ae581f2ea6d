"""Files as instances, and what is derived of them, in a folder that goes at the end."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from burnish.contracts import Cancel, IconRule, Piece, Renderer, StoredFile
from burnish.errors import SourceDamaged
from burnish.fileset.bundles.programs import check_program
from burnish.fileset.derive.forms import form_of
from burnish.fileset.derive.pieces import Index, options_key
from burnish.fileset.derive.workers import Failed, Task, Workers
from burnish.fileset.files import Found
from burnish.fileset.fit import Form, Underivable
from burnish.instances.files import Facts, read_trailer
from burnish.instances.head import KeptHead, with_assumed_set
from burnish.instances.instance import Instance
from burnish.instances.spool import FORMS, PIECES
from burnish.recipe import Located
from burnish.terms import EXPLICIT_VR_LE


class Scratch:
    """Files and derived forms by source key."""

    def __init__(self, scratch: Path, assumed: bytes, workers: Workers) -> None:
        self._scratch = scratch
        self._assumed = assumed
        self._workers = workers
        self._places: dict[str, tuple[Path, int]] = {}
        self._forms: dict[tuple[str, str], Form | Underivable] = {}
        """By the key of the instance and the transfer syntax."""
        self._pieces: dict[Path, dict[str, Piece] | Underivable] = {}
        """By the file that they are in."""
        self._programs: dict[StoredFile, str] = {}
        self.liberties: dict[str, tuple[str, ...]] = {}
        """In what the file of a key leaves PS3.10, where it does."""

    def add_file(self, path: Path, found: Found) -> Instance:
        """The instance that was found in a file."""
        key = self.add(path, found.start)
        if found.liberties:
            self.liberties[key] = found.liberties
        head = with_assumed_set(found.instance.head.data, self._assumed)
        return found.instance._replace(key=key, head=KeptHead(head))

    def add(self, path: Path, offset: int) -> str:
        key = str(len(self._places))
        self._places[key] = path, offset
        return key

    @contextmanager
    def open(self, key: str) -> Iterator[Located]:
        file, _, within = key.partition("@")
        path, offset = self._places[file]
        offset += int(within or 0)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise SourceDamaged(f"{path} cannot be opened: {error.strerror}") from error
        try:
            yield Located(descriptor, offset)
        finally:
            os.close(descriptor)

    def derive(self, wanted: Sequence[tuple[Instance, str]], cancel: Cancel) -> Iterator[Form | Underivable]:
        """Forms of files' data sets, in the scratch folder; a `Derive`. What was derived is not again."""
        missing = [(instance, to) for instance, to in wanted if (instance.key, to) not in self._forms]
        made = self._workers.run([self._task(instance, to) for instance, to in missing], cancel)
        for instance, to in wanted:
            if (instance.key, to) not in self._forms:
                key = self.add(self._target(instance, to), 0)
                self._forms[instance.key, to] = form_of(key, to, next(made))
            yield self._forms[instance.key, to]

    def _task(self, instance: Instance, to: str) -> Task:
        path, offset = self._places[instance.key]
        return Task(
            source=path,
            offset=offset,
            length=instance.length,
            digest=instance.digest,
            transfer_syntax=instance.transfer_syntax,
            target=self._target(instance, to),
            facts=None,
            to=to,
        )

    def icons(
        self, wanted: Sequence[tuple[Instance, IconRule]], cancel: Cancel
    ) -> Iterator[bytes | Underivable]:
        """Icons of files, in the scratch folder; a `MakeIcons`."""
        tasks = [
            replace(self._task(one, EXPLICIT_VR_LE), target=self._icon(one), icon=rule)
            for one, rule in wanted
        ]
        for (instance, _), result in zip(wanted, self._workers.run(tasks, cancel), strict=True):
            if isinstance(result, Failed):
                yield Underivable(result.why, result.reason)
            else:
                yield self._icon(instance).read_bytes()

    def pieces(
        self, wanted: Sequence[tuple[Instance, Renderer]], cancel: Cancel
    ) -> Iterator[dict[str, Piece] | Underivable]:
        """Pieces of files, in the scratch folder; a `MakePieces`."""
        missing = [one for one in wanted if self._pieces_of(*one) not in self._pieces]
        made = self._workers.run([self._pieces_task(*one) for one in missing], cancel)
        for instance, renderer in wanted:
            target = self._pieces_of(instance, renderer)
            if target not in self._pieces:
                result = next(made)
                if isinstance(result, Failed):
                    self._pieces[target] = Underivable(result.why, result.reason)
                else:
                    self._pieces[target] = Index.decode(read_trailer(target).head).of(self.add(target, 0))
            yield self._pieces[target]

    def _pieces_task(self, instance: Instance, renderer: Renderer) -> Task:
        task = self._task(instance, EXPLICIT_VR_LE)
        facts = Facts("", "", "", "", "", "", 0.0, 0)
        return replace(task, target=self._pieces_of(instance, renderer), facts=facts, renderer=renderer)

    def _pieces_of(self, instance: Instance, renderer: Renderer) -> Path:
        return self._scratch / f"{instance.key}{PIECES}{options_key(renderer)}"

    def program(self, file: StoredFile) -> str:
        """A bundler's own file, where it is; a `KeepProgram`."""
        if file not in self._programs:
            check_program(file)
            self._programs[file] = self.add(file.path, 0)
        return self._programs[file]

    def _icon(self, instance: Instance) -> Path:
        return self._scratch / f"{instance.key}.icon"

    def _target(self, instance: Instance, to: str) -> Path:
        return self._scratch / f"{instance.key}{FORMS[to]}"
