"""Many mutated files at a time through `compose`: each has a fate, and the medium is sound.

Two profiles serve: STD-GEN-CD, which derives what is not Explicit VR LE in processes that take a moment to
start, and mostly one of the tests' own that takes every transfer syntax as it is, so that what nothing can
decode still comes as far as a directory.
"""

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from burnish.config import Config
from burnish.contracts import AsIs, DirectoryKey, Fit, Profile, Subject
from burnish.fileset.compose import Kit
from burnish.fileset.verify import verify
from burnish.kit import make_kit
from burnish.media import MediaKind
from burnish.production.oneshot import Composed, OneShot
from burnish.registry import Registry

from tests.robustness.fuzz.checks import check_sentence
from tests.robustness.fuzz.mutator import Fuzzed

ON_MEDIUM: Final = "on the medium"
STANDARD: Final = "STD-GEN-CD"
ANY: Final = "FUZZ-ANY"
_PLUGINS: Final = ("profiles", "format-iso9660", "writer-file")
_UNLIKE: Final = (
    (re.compile(r"the same instance as .*"), "the same instance as another"),
    (re.compile(r"'.*'"), "'…'"),
    (re.compile(r"\([0-9A-F]{4},[0-9A-F]{4}\)"), "(gggg,eeee)"),
    (re.compile(r"[0-9]+(\.[0-9]+)+"), "UID"),
    (re.compile(r"[0-9]+"), "N"),
)
"""What makes two sentences of one class differ."""


class Anything(Profile):
    """Every composite instance, as it is, on a CD-R."""

    identifier: Final = ANY
    title: Final = "Everything that a directory can record"
    formats: Final = MappingProxyType({MediaKind.CD_R: ("iso9660",)})
    directory_keys: Final[tuple[DirectoryKey, ...]] = ()

    def judge(self, subject: Subject) -> Fit:
        """Nothing is refused."""
        return AsIs()


@cache
def kit() -> Kit:
    """What `compose` has by default, and the profile that takes everything."""
    config = Config(plugins=_PLUGINS)
    made = make_kit(config, Registry.load(config.plugins))
    return replace(made, profiles={**made.profiles, ANY: Anything()})


def compose_files(files: Sequence[Fuzzed], profile: str, *, judged: bool = False) -> Counter[str]:
    """Compose all in one call; how many were placed, and refused for which class of reason.

    With `judged` the image is read by xorriso, and its DICOMDIR by dcmtk, too.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        for one in files:
            (folder / "files" / f"{one.number}.dcm").write_bytes(one.data)
        made = OneShot(kit(), profile).run([folder / "files"], folder / "out.iso", "FUZZ", tree=False)
        assert len(made.files) == len(files), "a file has no fate"
        for fate in made.files:
            if fate.reason:
                check_sentence(fate.reason)
        for image in made.images:
            _check_image(image, made)
            if judged:
                _ask_judges(image, folder / "extracted")
        return Counter(reason_class(fate.reason) or ON_MEDIUM for fate in made.files)


def reason_class(reason: str) -> str:
    """A reason without what is particular to one file."""
    for pattern, word in _UNLIKE:
        reason = pattern.sub(word, reason)
    return reason[:160]


def _check_image(image: Path, made: Composed) -> None:
    """What verify finds on it: every instance that was placed there, each record and offset as it should be.

    What a broken file carries stands on the medium as it came, so findings about values are allowed.
    """
    formats = {name: format_ for name, (_, format_) in kit().formats.items()}
    verdict = verify(image, formats)
    assert verdict.readable, verdict.findings
    number = made.images.index(image) + 1
    placed = {fate.uid for fate in made.files if fate.volume == number}
    found = {one.sop_instance for one in verdict.instances}
    assert found == placed, f"{len(placed - found)} are missing: {verdict.findings[:5]}"
    structural = [one for one in verdict.findings if one.clause in _STRUCTURE]
    assert not structural, structural[:5]


_STRUCTURE: Final = (
    "PS3.5 7.1",
    "PS3.10 7",
    "PS3.10 7.1",
    "PS3.10 8.2",
    "PS3.10 8.6",
    "PS3.12",
    "PS3.3 F.3.2",
)


def _ask_judges(image: Path, folder: Path) -> None:
    """Two programs nobody here wrote."""
    _asked("xorriso", "-osirrox", "on", "-indev", str(image), "-extract", "/", str(folder))
    _asked("dcmdump", "-q", str(folder / "DICOMDIR"))
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)


def _asked(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
