"""Builds the viewer with npm and puts it into the wheel, as `burnish_bundler_web/app`.

Where npm is missing there is none: what is installed then has the web content of IHE PDI, and
`burnish doctor` says what is missing. BURNISH_VIEWER=required makes that an error, for wheels that others are
to install.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_STAMP = ".built-of"
"""Beside the built files: the digest of the sources that they were built of."""


class ViewerHook(BuildHookInterface):
    """Runs before a wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is "editable" for an install that uses the sources where they are; that is the same."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        if shutil.which("npm") or os.environ.get("BURNISH_VIEWER") == "required":
            build(root / "viewer", root / "src" / "burnish_bundler_web" / "app")
        else:
            sys.stderr.write("burnish-bundler-web: no viewer is built: npm is not installed\n")


def build(viewer: Path, app: Path) -> None:
    """Build `viewer` into `app`, unless it was built of the same sources. Raises OSError where there is no
    npm, and CalledProcessError where it fails."""
    stamp = digest_of(viewer)
    if (app / _STAMP).exists() and (app / _STAMP).read_text() == stamp:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    for words in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([npm, *words], cwd=viewer, check=True, stdout=sys.stderr)
    shutil.rmtree(app, ignore_errors=True)
    shutil.copytree(viewer / "dist", app)
    (app / _STAMP).write_text(stamp)


def digest_of(viewer: Path) -> str:
    """SHA-256 over what the viewer is built of."""
    running = hashlib.sha256()
    names = ("package.json", "package-lock.json", "tsconfig.json", "build.mjs")
    sources = [viewer / name for name in names]
    for folder in ("src", "licenses"):
        sources += sorted(path for path in (viewer / folder).rglob("*") if path.is_file())
    for path in sources:
        running.update(path.relative_to(viewer).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return running.hexdigest()
