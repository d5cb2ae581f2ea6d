"""A client for any media creation SCP, burnish or another.

client       echo, store, create, initiate, cancel, get; each on an association of its own
reaching     where the SCP is, and how it is reached: PDUs, timeouts, TLS
retrying     what is tried again, and what never is: one table
values       attributes by keyword, tag or path, right ones and wrong ones
renaming     the same files again, under other UIDs
"""

from burnish.dicom.scu.client import MAX_CONTEXTS, STATUS_ATTRIBUTES, Client, Exchange, StoreResult
from burnish.dicom.scu.reaching import Reach, ScuError, TlsFiles
from burnish.dicom.scu.renaming import Renaming
from burnish.dicom.scu.retrying import RETRIED, Retries

__all__ = [
    "MAX_CONTEXTS",
    "RETRIED",
    "STATUS_ATTRIBUTES",
    "Client",
    "Exchange",
    "Reach",
    "Renaming",
    "Retries",
    "ScuError",
    "StoreResult",
    "TlsFiles",
]
