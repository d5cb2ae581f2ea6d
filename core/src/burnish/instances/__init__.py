"""Instances as they were received: the spool, the scan over each, and the index that finds them."""

from burnish.instances.index import Instance, InstanceIndex
from burnish.instances.spool import Arrival, Incoming, Spool, SpoolSettings

__all__ = ["Arrival", "Incoming", "Instance", "InstanceIndex", "Spool", "SpoolSettings"]
