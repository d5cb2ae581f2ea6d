"""A display application that a deployer supplies: a folder of files, and a manifest that says what they are.

manifest   what stands in `burnish-bundle.toml`, and the command that writes one
bundler    the folder as a bundler
doctor     what `burnish doctor` looks at
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.contracts import Bundler, BundlerSpec, CheckSpec, Finding
from burnish.hookspecs import hookimpl
from pydantic import BaseModel, ConfigDict

__all__ = ["Settings", "burnish_bundlers", "burnish_checks"]


class Settings(BaseModel):
    """The keys under `[bundlers.<name>]` with `driver = "folder"`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    """The folder with the application and its manifest, `burnish-bundle.toml`."""
    autorun: bool = False
    """Whether AUTORUN.INF in the root starts it on Windows by itself. Readers are told not to rely on that,
    and most computers do not do it any more; the rules of IHE and others warn of it."""


def _build(settings: Settings) -> Bundler:
    from burnish_bundler_folder.bundler import FolderBundler

    return FolderBundler(settings.path.absolute(), autorun=settings.autorun)


def _look(tables: Sequence[Mapping[str, Any]]) -> Iterable[Finding]:
    from burnish_bundler_folder.doctor import look

    return look(tables)


@hookimpl
def burnish_bundlers() -> Sequence[BundlerSpec[Any]]:
    """Offer `folder`."""
    return [BundlerSpec("folder", Settings, _build)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """Have doctor look at every folder."""
    return [CheckSpec("folder", _look)]
