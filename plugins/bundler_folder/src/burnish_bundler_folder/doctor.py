"""What `burnish doctor` looks at: whether each folder is what its manifest says."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.contracts import Finding, Level
from burnish.errors import BundleUnfit

from burnish_bundler_folder.manifest import NAME, files_in, read_manifest


def look(tables: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """One finding for each folder, and one for what is in it and not in its manifest."""
    for keys in tables:
        yield from _look(Path(keys["path"]).resolve())


def _look(folder: Path) -> Iterator[Finding]:
    try:
        manifest, found = read_manifest(folder), files_in(folder)
    except BundleUnfit as error:
        yield Finding("bundle", Level.FAIL, str(error), "burnish-bundle-manifest writes one")
        return
    wrong = [name for name, digest in manifest.files.items() if found.get(name) != digest]
    if wrong:
        advice = "restore it, or write the manifest again if you changed it"
        message = f"{folder}: {', '.join(wrong[:5])} {'is' if len(wrong) == 1 else 'are'} not as {NAME} says"
        yield Finding("bundle", Level.FAIL, message, advice)
        return
    size = sum((folder / name).stat().st_size for name in manifest.files)
    title = f"{manifest.title} {manifest.version}".strip()
    told = f"{title}: {len(manifest.files)} files, {size} bytes, as its manifest says"
    yield Finding("bundle", Level.OK, told)
    if more := [name for name in found if name not in manifest.files]:
        message = f"{folder}: {', '.join(more[:5])} {'is' if len(more) == 1 else 'are'} not in {NAME}"
        yield Finding("bundle", Level.WARN, message, "no medium gets it; write the manifest again to have it")
