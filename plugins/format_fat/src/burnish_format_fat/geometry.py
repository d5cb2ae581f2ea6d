"""How large a FAT volume and each of its parts is, and where they begin.

    [partition table, gap]  reserved sectors  FAT  FAT  [root directory, FAT16]  clusters

Units: sectors of 512 bytes for places and sizes of the system's own parts, bytes where it says so; clusters
are counted from 2, as their numbers are.

Source: Microsoft's FAT specification (fatgen103): how many clusters make which kind, and which cluster size
suits which volume.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from burnish.errors import LayoutError

SECTOR: Final = 512
FIRST_PARTITION: Final = 2048
"""Sectors before the partition: 1 MiB, a multiple of every erase block."""
ROOT_ENTRIES: Final = 512
"""Of a FAT16 root, PS3.12 A.2."""
MOST_16: Final = 2 << 30
"""Bytes of a FAT16 volume that every reader takes (PS3.12 T, U; clusters of 32 KiB)."""
_LEAST: Final = {16: 4_085, 32: 65_525}
"""Clusters that make a volume FAT16, and FAT32; their number, and nothing else, says which it is."""
_MOST: Final = {16: 65_524, 32: 0x0FFF_FFF4}
_MARGIN: Final = 16
"""Clusters that are kept from both limits, because some readers count them wrongly."""
_CLUSTER_SIZES: Final = tuple(1 << shift for shift in range(7))
"""Sectors of a cluster: 512 bytes to 32 KiB."""
_COMMON_32: Final = ((260 << 20, 1), (8 << 30, 8), (16 << 30, 16), (32 << 30, 32))
"""Bytes of a FAT32 volume, and the sectors of a cluster that are usual up to there; beyond, 64."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """One volume's numbers."""

    bits: int
    """16 or 32."""
    hidden: int
    """Sectors before the volume; 0 without a partition table."""
    cluster: int
    """Sectors of a cluster."""
    clusters: int
    """How many there are."""

    @property
    def reserved(self) -> int:
        """Sectors before the first FAT."""
        return 1 if self.bits == 16 else 32

    @property
    def fat(self) -> int:
        """Sectors of one FAT: two entries more than there are clusters."""
        return -(-(self.clusters + 2) * self.bits // 8 // SECTOR)

    @property
    def root(self) -> int:
        """Sectors of the root directory outside of the clusters."""
        return ROOT_ENTRIES * 32 // SECTOR if self.bits == 16 else 0

    @property
    def data(self) -> int:
        """The sector, from the volume's first, at which cluster 2 begins."""
        return self.reserved + 2 * self.fat + self.root

    @property
    def sectors(self) -> int:
        """Of the volume."""
        return self.data + self.clusters * self.cluster

    def clusters_of(self, size: int) -> int:
        """Clusters that so many bytes take."""
        return -(-size // (self.cluster * SECTOR))


def fitting(bits: Sequence[int], sizes: Sequence[int], *, partitioned: bool) -> Geometry:
    """The smallest volume for chains of so many bytes, of the first of `bits` that holds them.

    Raises LayoutError where none does.
    """
    hidden = FIRST_PARTITION if partitioned else 0
    for each in bits:
        for cluster in _sensible(each, sum(sizes)):
            needed = sum(-(-size // (cluster * SECTOR)) for size in sizes)
            clusters = max(needed, _LEAST[each] + _MARGIN)
            found = Geometry(each, hidden, cluster, clusters)
            if clusters <= _MOST[each] - _MARGIN and found.sectors * SECTOR <= _most_bytes(each):
                return found
    kinds = " or ".join(f"FAT{each} volume of {_most_bytes(each)} bytes" for each in bits)
    raise LayoutError(f"{sum(sizes)} bytes in {len(sizes)} files and folders exceed a {kinds}")


def _most_bytes(bits: int) -> int:
    return MOST_16 if bits == 16 else (2**32 - 1) * SECTOR


def _sensible(bits: int, size: int) -> Sequence[int]:
    """Cluster sizes to try, the first that suits: for FAT32 not below what is usual for a volume."""
    if bits == 16:
        return _CLUSTER_SIZES
    usual = next((sectors for limit, sectors in _COMMON_32 if size <= limit), 64)
    return [cluster for cluster in _CLUSTER_SIZES if cluster >= usual]
