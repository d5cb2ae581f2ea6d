"""A format lays trees out into recipes and reads media of its kind."""

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, ClassVar, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel

from burnish.errors import LayoutError
from burnish.recipe import Codec, Recipe, Tree

_IDENTIFIER: Final = re.compile(r"[A-Z0-9_]{0,16}")
_TOKEN: Final = re.compile(r"[A-Z0-9]+")

SettingsT = TypeVar("SettingsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeFacts:
    """What stands in a volume's descriptor."""

    identifier: str
    """File-set ID: at most 16 of A-Z 0-9 _; empty is allowed and written as spaces."""
    token: str
    """The volume's opaque token, A-Z and 0-9: also on its label and in the ledger."""
    made: datetime
    """Aware, in UTC, whole seconds. A format knows no other clock and no chance."""

    def check(self, longest_token: int = 120) -> None:
        """Raise LayoutError where they are not as they must be, or the token is longer than there is room."""
        if not _IDENTIFIER.fullmatch(self.identifier):
            raise LayoutError(f"file-set ID {self.identifier!r} is not 0 to 16 of A-Z 0-9 _")
        if not _TOKEN.fullmatch(self.token) or len(self.token) > longest_token:
            raise LayoutError(f"volume token {self.token!r} is not 1 to {longest_token} of A-Z 0-9")
        if self.made.utcoffset() is None:
            raise LayoutError("the time a volume was made needs its offset from UTC")


@dataclass(frozen=True, slots=True)
class FileOnMedium:
    """A file that was found on a medium."""

    path: tuple[str, ...]
    """Components as an importer sees them: no version number, no trailing dot."""
    extents: tuple[tuple[int, int], ...]
    """(offset, length) in bytes within the medium, in the file's order."""
    decoded: int | None = None
    """Bytes of the file where the extents hold it in another coding; None where they hold the file."""
    codec: Codec | None = None
    """That coding; None: base64, in lines of any length."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        if self.decoded is not None:
            return self.decoded
        return sum(length for _, length in self.extents)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a medium says it holds."""

    identifier: str
    """The volume identifier, padding gone."""
    token: str
    """The token of burnish's own media; empty on anybody else's."""
    files: Sequence[FileOnMedium]
    findings: Sequence[str] = ()
    """What breaks a rule of the format though it could be read; one sentence each."""


class Format(Protocol):
    """A file system or archive. Holds no state; safe to use from several threads."""

    sums: ClassVar[bool] = False
    """Whether laying out needs the CRC-32 of each source: each is read once more for that."""

    @abstractmethod
    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Say where every byte of `tree` stands. Reads no source; the same input gives the same recipe.

        Each entry's content stands contiguous and in order. Raises LayoutError, naming the path, where a
        name, a size or a depth does not suit.
        """

    @abstractmethod
    def read(self, medium: BinaryIO) -> Contents:
        """List what stands on a medium (seekable, binary). Raises UnreadableMedium where it is another's."""


@dataclass(frozen=True, slots=True)
class FormatSpec(Generic[SettingsT]):
    """One format a plugin offers."""

    name: str
    """What profiles and configurations call it: iso9660, udf, fat, zip."""
    suffix: str
    """Of an image file: `.iso`."""
    settings: type[SettingsT]
    """The keys it takes under `[formats.<name>]`."""
    build: Callable[[SettingsT], Format]

    def make(self, keys: dict[str, Any]) -> Format:
        """Check `keys` against the settings and build the format from them."""
        return self.build(self.settings.model_validate(keys))
