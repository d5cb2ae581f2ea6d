"""One version of a stored instance, as composing sees it."""

from dataclasses import dataclass

from burnish.instances.head import KeptHead


@dataclass(frozen=True, slots=True)
class Instance:
    """One version of a stored instance."""

    key: str
    """Its source key: the file in the spool."""
    sop_class: str
    sop_instance: str
    study: str
    series: str
    transfer_syntax: str
    length: int
    digest: bytes
    head: KeptHead
