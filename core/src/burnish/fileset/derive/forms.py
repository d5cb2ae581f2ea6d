"""Keeping derived forms beside their instances, so that an instance is derived once.

    <spool>/<2 hex>/<SHA-256 of the UID>-<version>.explicit

A form is kept like an instance: its footer has its own digest, taken at derivation after it was compared
with its source element by element, and its source was checked against the digest of its reception. It is
made under a temporary name by a worker, and survives restarts from then on; it goes when its instance goes.
"""

from collections.abc import Iterator, Sequence

from burnish.contracts import Cancel
from burnish.errors import SourceDamaged
from burnish.fileset.derive.workers import Failed, Made, Task, Workers
from burnish.fileset.fit import Derive, Form, Underivable
from burnish.instances.files import Facts
from burnish.instances.instance import Instance
from burnish.instances.sources import Sources
from burnish.instances.spool import EXPLICIT
from burnish.terms import EXPLICIT_VR_LE


class Keeper(Derive):
    """A `Derive` that keeps forms in a spool."""

    def __init__(self, spool: Sources, workers: Workers) -> None:
        self._spool = spool
        self._workers = workers

    def __call__(
        self, wanted: Sequence[tuple[Instance, str]], cancel: Cancel
    ) -> Iterator[Form | Underivable]:
        """As `Derive` says; what is kept already is not made again."""
        kept = [self._kept(instance) for instance, _ in wanted]
        missing = [instance for (instance, _), form in zip(wanted, kept, strict=True) if not form]
        made = self._workers.run([self._task(instance) for instance in missing], cancel)
        for (instance, _), form in zip(wanted, kept, strict=True):
            yield form or form_of(instance.key + EXPLICIT, next(made))

    def _kept(self, instance: Instance) -> Form | None:
        key = instance.key + EXPLICIT
        try:
            trailer = self._spool.trailer(key)
        except SourceDamaged:
            return None
        return Form(key, EXPLICIT_VR_LE, trailer.length, trailer.digest)

    def _task(self, instance: Instance) -> Task:
        return Task(
            source=self._spool.path(instance.key),
            offset=0,
            length=instance.length,
            digest=instance.digest,
            transfer_syntax=instance.transfer_syntax,
            target=self._spool.path(instance.key + EXPLICIT),
            facts=_facts(instance),
        )


def form_of(key: str, result: Made | Failed) -> Form | Underivable:
    """What came of a task, as composing sees it."""
    if isinstance(result, Made):
        return Form(key, EXPLICIT_VR_LE, result.length, result.digest)
    return Underivable(result.why, result.reason)


def _facts(instance: Instance) -> Facts:
    return Facts(
        sop_class=instance.sop_class,
        sop_instance=instance.sop_instance,
        study=instance.study,
        series=instance.series,
        transfer_syntax=EXPLICIT_VR_LE,
        calling_ae="",
        received_at=0.0,
        version=int(instance.key.rpartition("-")[2]),
    )
