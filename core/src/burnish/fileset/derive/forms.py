"""Keeping derived forms beside their instances, so that each is made once.

    <spool>/<2 hex>/<SHA-256 of the UID>-<version>.explicit, .jpeg, …, .icon64, …, .pieces<number>

A form is kept like an instance: its footer has its own digest, taken at derivation after it was compared
with its source element by element, and its source was checked against the digest of its reception. It is
made under a temporary name by a worker, and survives restarts from then on; it goes when its instance goes.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from burnish.contracts import Cancel, IconRule, Piece, Renderer
from burnish.errors import SourceDamaged
from burnish.fileset.bundles.making import MakePieces
from burnish.fileset.derive.pieces import Index, options_key
from burnish.fileset.derive.workers import Failed, Made, Task, Workers
from burnish.fileset.fit import Derive, Form, Underivable
from burnish.fileset.icons import SIDE, MakeIcons
from burnish.instances.files import Facts
from burnish.instances.instance import Instance
from burnish.instances.sources import Sources
from burnish.instances.spool import FORMS, ICONS, PIECES


class Keeper(Derive):
    """A `Derive` that keeps forms in a spool."""

    def __init__(self, spool: Sources, workers: Workers) -> None:
        self._spool = spool
        self._workers = workers

    def __call__(
        self, wanted: Sequence[tuple[Instance, str]], cancel: Cancel
    ) -> Iterator[Form | Underivable]:
        """As `Derive` says; what is kept already is not made again."""
        kept = [self._kept(instance, to) for instance, to in wanted]
        missing = [pair for pair, form in zip(wanted, kept, strict=True) if not form]
        made = self._workers.run([self._task(instance, to) for instance, to in missing], cancel)
        for (instance, to), form in zip(wanted, kept, strict=True):
            yield form or form_of(instance.key + FORMS[to], to, next(made))

    def _kept(self, instance: Instance, to: str) -> Form | None:
        key = instance.key + FORMS[to]
        try:
            trailer = self._spool.trailer(key)
        except SourceDamaged:
            return None
        return Form(key, to, trailer.length, trailer.digest)

    def _task(self, instance: Instance, to: str) -> Task:
        return _task(self._spool, instance, instance.key + FORMS[to], to, to=to)


class IconKeeper(MakeIcons):
    """A `MakeIcons` that keeps icons in a spool, as `Keeper` keeps forms."""

    def __init__(self, spool: Sources, workers: Workers) -> None:
        self._spool = spool
        self._workers = workers

    def __call__(
        self, wanted: Sequence[tuple[Instance, IconRule]], cancel: Cancel
    ) -> Iterator[bytes | Underivable]:
        """As `MakeIcons` says; what is kept already is not made again."""
        kept = [self._kept(_icon_key(*pair)) for pair in wanted]
        missing = [pair for pair, icon in zip(wanted, kept, strict=True) if not icon]
        made = self._workers.run([self._task(*pair) for pair in missing], cancel)
        for pair, icon in zip(wanted, kept, strict=True):
            result = None if icon else next(made)
            if isinstance(result, Failed):
                yield Underivable(result.why, result.reason)
            else:
                yield icon or self._kept(_icon_key(*pair)) or Underivable("it was made, and is gone")

    def _kept(self, key: str) -> bytes:
        try:
            trailer = self._spool.trailer(key)
            with self._spool.open(key) as located:
                element = os.pread(located.descriptor, trailer.length, located.offset)
        except SourceDamaged:
            return b""
        return element if hashlib.sha256(element).digest() == trailer.digest else b""

    def _task(self, instance: Instance, rule: IconRule) -> Task:
        return _task(self._spool, instance, _icon_key(instance, rule), instance.transfer_syntax, icon=rule)


class PieceKeeper(MakePieces):
    """A `MakePieces` that keeps pieces in a spool, as `Keeper` keeps forms."""

    def __init__(self, spool: Sources, workers: Workers) -> None:
        self._spool = spool
        self._workers = workers

    def __call__(
        self, wanted: Sequence[tuple[Instance, Renderer]], cancel: Cancel
    ) -> Iterator[dict[str, Piece] | Underivable]:
        """As `MakePieces` says; what is kept already is not made again."""
        kept = [self._kept(instance, renderer) for instance, renderer in wanted]
        missing = [pair for pair, pieces in zip(wanted, kept, strict=True) if pieces is None]
        made = self._workers.run([self._task(*pair) for pair in missing], cancel)
        for pair, pieces in zip(wanted, kept, strict=True):
            result = None if pieces is not None else next(made)
            if isinstance(result, Failed):
                yield Underivable(result.why, result.reason)
            else:
                found = pieces if pieces is not None else self._kept(*pair)
                yield Underivable("they were made, and are gone") if found is None else found

    def _kept(self, instance: Instance, renderer: Renderer) -> dict[str, Piece] | None:
        key = _pieces_key(instance, renderer)
        try:
            return Index.decode(self._spool.trailer(key).head).of(key)
        except (SourceDamaged, ValueError):
            return None

    def _task(self, instance: Instance, renderer: Renderer) -> Task:
        key = _pieces_key(instance, renderer)
        return _task(self._spool, instance, key, instance.transfer_syntax, renderer=renderer)


def _pieces_key(instance: Instance, renderer: Renderer) -> str:
    return f"{instance.key}{PIECES}{options_key(renderer)}"


def _icon_key(instance: Instance, rule: IconRule) -> str:
    return instance.key + ICONS[rule.size or SIDE]


def _task(spool: Sources, instance: Instance, key: str, syntax: str, **more: Any) -> Task:
    """What is to be made of an instance and kept at `key`, `syntax` being the transfer syntax of that."""
    return Task(
        source=spool.path(instance.key),
        offset=0,
        length=instance.length,
        digest=instance.digest,
        transfer_syntax=instance.transfer_syntax,
        target=spool.path(key),
        facts=_facts(instance, syntax),
        **more,
    )


def form_of(key: str, to: str, result: Made | Failed) -> Form | Underivable:
    """What came of a task, as composing sees it."""
    if isinstance(result, Made):
        return Form(key, to, result.length, result.digest)
    return Underivable(result.why, result.reason)


def _facts(instance: Instance, to: str) -> Facts:
    return Facts(
        sop_class=instance.sop_class,
        sop_instance=instance.sop_instance,
        study=instance.study,
        series=instance.series,
        transfer_syntax=to,
        calling_ae="",
        received_at=0.0,
        version=int(instance.key.rpartition("-")[2]),
    )
