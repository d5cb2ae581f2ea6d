"""ZIP: the archive that e-mail profiles carry (PS3.12 Annex V), and one that only a password opens.

aes      how members of an archive with a password are enciphered
crc      CRC-32 of files whose parts were summed at another time
records  the records of an archive, written and read
archive  the recipe of a whole archive
reader   reads an archive of ours or anybody's

Describing the format imports none of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.errors import ConfigError, LayoutError, UnreadableMedium
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["AesSettings", "AesZip", "Settings", "Zip", "burnish_formats"]

_SHORTEST: Final = 8


class Settings(BaseModel):
    """The keys under `[formats.zip]`: there is nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AesSettings(Settings):
    """The keys under `[formats.zip-aes]`."""

    password_file: Path | None = None
    """A file whose first line, at least 8 characters, opens them; without one none are made or read."""


class Zip(Format):
    """Archives whose members are stored as they are; ZIP64 where one is needed."""

    sums = True

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, member after member, the directory last.

        Raises LayoutError, naming the path, where some system cannot name a file so, and where a source's
        CRC-32 is not given.
        """
        from burnish_format_zip.archive import lay_out

        return lay_out(tree, facts)

    def read(self, medium: BinaryIO) -> Contents:
        """List what an archive holds.

        Raises UnreadableMedium where it is none, damaged or hostile, and where a member is compressed or
        encrypted: its bytes do not stand in the archive.
        """
        from burnish_format_zip.reader import read

        return read(medium)


class AesZip(Format):
    """Archives whose members are enciphered by AES-256 (AE-2), which 7-Zip, WinZip and others open.

    Names, sizes and the volume's token stand in the clear; contents, the DICOMDIR's too, do not.
    """

    def __init__(self, password: bytes) -> None:
        self._password = password

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """As `Zip`; no CRC-32 is needed. Raises LayoutError where there is no password."""
        from burnish_format_zip.archive import lay_out

        if not self._password:
            raise LayoutError("[formats.zip-aes] password_file names no password")
        return lay_out(tree, facts, self._password)

    def read(self, medium: BinaryIO) -> Contents:
        """As `Zip`, with members that the password opens; others are another's."""
        from burnish_format_zip.reader import read

        if not self._password:
            raise UnreadableMedium("[formats.zip-aes] password_file names no password")
        return read(medium, self._password)


def _aes(settings: AesSettings) -> AesZip:
    if settings.password_file is None:
        return AesZip(b"")
    try:
        first = settings.password_file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        message = f"[formats.zip-aes] password_file: {settings.password_file} cannot be read"
        raise ConfigError(f"{message}: {error.strerror}") from error
    if len(first) < _SHORTEST:
        raise ConfigError(f"[formats.zip-aes] password_file: its first line has not {_SHORTEST} characters")
    return AesZip(first)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer both."""
    return [
        FormatSpec("zip", ".zip", Settings, lambda _: Zip()),
        FormatSpec("zip-aes", ".zip", AesSettings, _aes),
    ]
