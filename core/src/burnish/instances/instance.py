"""One version of a stored instance, as composing sees it."""

from typing import NamedTuple

from burnish.instances.head import KeptHead


class Instance(NamedTuple):
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
    flaw: str = ""
    """Why it may not stand on a medium, whatever the profile; a sentence that calls it "it"."""
