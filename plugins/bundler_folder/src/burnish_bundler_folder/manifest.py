"""`burnish-bundle.toml`: what an application is, and the checksum of each of its files.

    title = "Weasis"
    version = "4.6.1"
    folder = "WEASIS"              # where it stands on media: 1 to 8 of A-Z, 0-9 and _
    licence = "LICENCE.TXT"        # one of its files
    note = "Windows 10 or later"

    [start]                        # what one starts, by platform: windows, macos, linux; a page: browser
    windows = "VIEWER.EXE"

    [files]                        # SHA-256
    "VIEWER.EXE" = "9f86d081884c7d65..."

Written by `burnish-bundle-manifest FOLDER --title Weasis --windows VIEWER.EXE`.
"""

import argparse
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from burnish.errors import BundleUnfit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

NAME: Final = "burnish-bundle.toml"
Platform = Literal["windows", "macos", "linux", "browser"]
PLATFORMS: Final[tuple[Platform, ...]] = ("windows", "macos", "linux", "browser")
_PART: Final = re.compile(r"[A-Z0-9_]{1,8}")
_LAST: Final = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?")
_SHOWN: Final = 5


def is_plain(path: str) -> bool:
    """Whether every reader of every format takes a path: ISO 9660 Level 1."""
    *folders, last = path.split("/")
    return all(map(_PART.fullmatch, folders)) and _LAST.fullmatch(last) is not None


class Manifest(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=80)]
    version: Annotated[str, Field(max_length=40)] = ""
    folder: Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,8}$")] = "VIEWER"
    licence: str
    """One of `files`: its text goes with every copy."""
    note: Annotated[str, Field(max_length=200)] = ""
    start: dict[Platform, str] = Field(min_length=1)
    """By platform; each is one of `files`."""
    files: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(min_length=1)
    """SHA-256 in hexadecimal, by paths with `/` from the application's folder."""

    @model_validator(mode="after")
    def _agrees(self) -> "Manifest":
        for name in (self.licence, *self.start.values()):
            if name not in self.files:
                raise ValueError(f"{name} is none of its files")
        if odd := [name for name in self.files if not is_plain(name)]:
            shown = ", ".join(odd[:_SHOWN]) + (f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else "")
            raise ValueError(
                f"{shown}: names on media are 8.3, of A-Z, 0-9 and _, directories without extension; pack "
                "what has others into one file that has such a name, such as a program that unpacks itself"
            )
        return self


def read_manifest(folder: Path) -> Manifest:
    """Raises BundleUnfit, naming the key."""
    path = folder / NAME
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise BundleUnfit(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BundleUnfit(f"{path}: {error}") from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors())
        raise BundleUnfit(f"{path}: {'; '.join(faults)}") from error


def files_in(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the manifest, by path. Raises BundleUnfit for what is no plain file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise BundleUnfit(f"{path} is neither a file nor a directory")
        if path.is_file() and name != NAME:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def main(arguments: list[str] | None = None) -> None:
    """Write a manifest: `burnish-bundle-manifest`."""
    parser = argparse.ArgumentParser(
        prog="burnish-bundle-manifest", description=f"Write {NAME} for a folder with a display application."
    )
    parser.add_argument("path", type=Path, help="the folder")
    parser.add_argument("--title", required=True)
    parser.add_argument("--version", default="")
    parser.add_argument("--folder", default="VIEWER", help="where it stands on media")
    parser.add_argument("--licence", required=True, help="which of its files is its licence")
    parser.add_argument("--note", default="", help="what one must know: what it runs on")
    for platform in PLATFORMS:
        help_ = f"what is started on {platform}"
        parser.add_argument(f"--{platform}", default="", metavar="FILE", help=help_)
    parser.add_argument("--force", action="store_true", help="replace a manifest that is there")
    asked = parser.parse_args(arguments)
    try:
        _write(asked)
    except BundleUnfit as error:
        parser.exit(1, f"burnish-bundle-manifest: {error}\n")


def _write(asked: argparse.Namespace) -> None:
    target: Path = asked.path / NAME
    if target.exists() and not asked.force:
        raise BundleUnfit(f"{target} exists; --force replaces it")
    head = {name: getattr(asked, name) for name in ("title", "version", "folder", "licence", "note")}
    start = {name: getattr(asked, name) for name in PLATFORMS if getattr(asked, name)}
    files = files_in(asked.path)
    try:
        Manifest.model_validate({**head, "start": start, "files": files})
    except ValidationError as error:
        raise BundleUnfit("; ".join(str(one["msg"]) for one in error.errors())) from error
    parts = (*_lines(head), "", "[start]", *_lines(start), "", "[files]", *_lines(files), "")
    target.write_text("\n".join(parts), "utf-8")
    sys.stdout.write(f"{target}: {len(files)} files\n")


def _lines(values: Mapping[Any, str]) -> list[str]:
    """Strings of JSON are strings of TOML where no control character is in them."""
    return [f"{json.dumps(name)} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]


if __name__ == "__main__":
    main()
