"""Reading a medium as an importer would, ours or anyone's, and saying all that is wrong with it.

    DICOMDIR -> its records -> each file they name, to its last byte -> what nobody names -> who is on it

Nothing on the medium is believed: paths are looked up among the files that were found, offsets are walked
with a memory, lengths are checked before they are used, and no more is held of a file than its identity. A
path, a UID or a tag may appear in a finding, a patient's data never does.

Source: PS3.10 7 and 8, PS3.3 F, PS3.11 and PS3.12 where a profile is given.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from burnish.contracts import Format, MediumFacts, Profile
from burnish.contracts.writer import Report
from burnish.errors import UnreadableMedium
from burnish.fileset.agree import Agreement
from burnish.fileset.content import Content, Unreadable, is_dicom, read_content
from burnish.fileset.elements import Broken
from burnish.fileset.identify import identify
from burnish.fileset.reading import FilePath, Medium, OnMedium, open_medium
from burnish.fileset.rules import RuleSets, judge
from burnish.fileset.seal.message import opened
from burnish.fileset.seal.opening import Keys, is_sealed, unseal
from burnish.fileset.verdict import Finding, ReadInstance, Verdict, one_line
from burnish.fileset.views import view_of_medium
from burnish.fileset.walk import CHARACTER_SET, Directory, Reached, Record, read_directory
from burnish.instances.head import KeptHead, with_assumed_set
from burnish.instances.scan import Scan, Unscannable
from burnish.terms import EXPLICIT_VR_LE

_LARGEST_DIRECTORY: Final = 1 << 29
"""Bytes of a DICOMDIR that is read; one of 50,000 instances has about 30 MB."""

_DICOMDIR: Final = ("DICOMDIR",)

_IDENTITY: Final = (0x0008_0005, 0x0010_0010, 0x0010_0020, 0x0010_0021, 0x0010_0030, 0x0010_0040, 0x0020_000D)
"""What is kept of each head, to compare everyone with everyone at the end."""


def verify(
    path: Path,
    formats: Mapping[str, Format],
    *,
    profile: Profile | None = None,
    rules: RuleSets | None = None,
    expected: Mapping[str, bytes] | None = None,
    keys: Keys | None = None,
    report: Report = lambda _: None,
) -> Verdict:
    """Read the image, device or folder at `path` through whichever of `formats` reads it.

    With `profile`, its rules are checked too, and with `rules` those of rule sets. With `expected`, the
    instances must be exactly these: SOP Instance UID -> SHA-256 of the data set. `keys` open what is sealed
    (PS3.15 D.1). `report` is told the bytes of files read so far. Raises nothing for what is wrong with the
    medium: the verdict says it.
    """
    try:
        with opened(path, keys) as image, open_medium(image, formats) as medium:
            seen = unseal(medium, keys) if keys and image == path else medium
            return verify_medium(seen, profile=profile, rules=rules, expected=expected, report=report)
    except UnreadableMedium as error:
        return Verdict(readable=False, findings=[Finding("", "PS3.12", str(error))])


def verify_medium(
    medium: Medium,
    *,
    profile: Profile | None = None,
    rules: RuleSets | None = None,
    expected: Mapping[str, bytes] | None = None,
    report: Report = lambda _: None,
) -> Verdict:
    """Verify a medium that is open; as `verify`."""
    return _Verification(medium, profile, rules or {}, report).run(expected)


class _Verification:
    """One pass over one medium."""

    def __init__(self, medium: Medium, profile: Profile | None, rules: RuleSets, report: Report) -> None:
        self.medium = medium
        self.profile = profile
        self.rules = rules
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self._report = report
        self._done = 0
        self._people: list[tuple[str, KeptHead]] = []
        """Paths, and of whom they are; last the PATIENT records."""

    def run(self, expected: Mapping[str, bytes] | None) -> Verdict:
        for text in self.medium.findings:
            self._note("", "PS3.12", text)
        directory = self._directory()
        instances = self._instances(directory)
        patients = self._patients(directory)
        self._check_strangers(directory)
        self._check_people()
        self._check_volume(directory)
        self._check_rules(directory)
        if expected is not None:
            self._check_expected(instances, expected)
        return Verdict(
            readable=True,
            findings=self.findings,
            warnings=self.warnings,
            files=len(self.medium.files),
            instances=instances,
            patients=patients,
            format=self.medium.kind,
            volume=self.medium.identifier,
            token=self.medium.token,
            file_set_id=directory.file_set_id,
            file_set_uid=directory.file_set_uid,
        )

    def _note(self, path: str, clause: str, text: str) -> None:
        self.findings.append(Finding(one_line(path), clause, one_line(text)))

    def _count(self, step: int) -> None:
        self._done += step
        self._report(self._done)

    def _directory(self) -> Directory:
        """Find and read the DICOMDIR; an empty one stands for what cannot be read."""
        file = self._find_directory()
        if file and is_sealed(file):
            self._note("DICOMDIR", "PS3.15 D.1", "it is sealed; whoever has a key can look into it (--key)")
        elif file:
            try:
                data = self._read_directory(file)
                return read_directory(data, lambda clause, text: self._note("DICOMDIR", clause, text))
            except (Broken, OSError) as error:
                self._note("DICOMDIR", "PS3.10 8.6", f"it cannot be read: {error}")
        return Directory(b"", "", "", (), ())

    def _find_directory(self) -> OnMedium | None:
        for path in self.medium.files:
            if path != _DICOMDIR and path[-1].upper() == "DICOMDIR":
                text = "a file may be named so only in the root, and there in capitals"
                self._note(_say(path), "PS3.10 8.6", text)
        found = self.medium.files.get(_DICOMDIR)
        if not found:
            self._note("", "PS3.10 8.6", "there is no file DICOMDIR in the root")
        return found

    def _read_directory(self, file: OnMedium) -> bytes:
        if file.size > _LARGEST_DIRECTORY:
            raise Broken(f"it has {file.size} bytes")
        with file.open() as stream:
            data = stream.read(file.size)
        if len(data) != file.size:
            raise Broken(f"it ends after {len(data)} of {file.size} bytes")
        self._count(len(data))
        return data

    def _instances(self, directory: Directory) -> list[ReadInstance]:
        """Read every file that a record names, in the order in which they lie."""
        read: list[ReadInstance] = []
        for file, one in sorted(self._references(directory), key=lambda pair: pair[0].place):
            path = _say(file.path)
            try:
                content = read_content(file, self._count)
            except Unreadable as error:
                self._note(path, "PS3.10 7", str(error))
                continue
            read.append(self._instance(path, content, one))
        return read

    def _references(self, directory: Directory) -> list[tuple[OnMedium, Reached]]:
        """Look up what the records name; a file that is named twice is read once."""
        found: dict[FilePath, tuple[OnMedium, Reached]] = {}
        for one in directory.reached:
            path = one.record.file_id
            if not path:
                continue
            if text := _bad_file_id(path):
                self._note(_say(path), "PS3.10 8.2", text)
            if path in found:
                self._note(_say(path), "PS3.3 F.3.2.2", "more than one record references it")
            elif file := self.medium.files.get(path):
                found[path] = file, one
            else:
                self._note(_say(path), "PS3.10 8.6", self._missing(path))
        return list(found.values())

    def _missing(self, path: FilePath) -> str:
        same = [_say(other) for other in self.medium.files if _plain(other) == _plain(path)]
        near = f"; {same[0]} is there instead" if same else ""
        return f"the DICOMDIR references it, and it is not on the medium{near}"

    def _instance(self, path: str, content: Content, one: Reached) -> ReadInstance:
        # Where the file declares no character set, its record may know one that the medium's maker assumed.
        assumed = one.record.values.get(CHARACTER_SET, b"")
        head = KeptHead(with_assumed_set(content.scanned.head, assumed))
        agreement = Agreement(content, head, one, self.profile)
        for clause, text in agreement.findings():
            self._note(path, clause, text)
        elements = (head.encoded(tag) for tag in _IDENTITY)
        self._people.append((path, KeptHead(b"".join(filter(None, elements)))))
        meta = content.meta
        return ReadInstance(
            path, meta.sop_class, meta.sop_instance, meta.transfer_syntax, content.length, content.digest
        )

    def _patients(self, directory: Directory) -> list[dict[str, str]]:
        patients = []
        for one in directory.reached:
            if one.record.type == "PATIENT" and (head := self._record_head(directory, one.record)):
                self._people.append(("DICOMDIR", head))
                keywords = {"id": "PatientID", "name": "PatientName", "birth_date": "PatientBirthDate"}
                patients.append({key: str(head.get(word) or "") for key, word in keywords.items()})
        return patients

    def _record_head(self, directory: Directory, record: Record) -> KeptHead | None:
        scan = Scan(EXPLICIT_VR_LE)
        try:
            scan.feed(directory.data[record.start : record.end])
            return KeptHead(scan.finish().head)
        except Unscannable as error:
            self._note("DICOMDIR", "PS3.5 7.1", f"the record at byte {record.at} is broken: {error}")
            return None

    def _check_strangers(self, directory: Directory) -> None:
        """Every DICOM file belongs to the file-set; others may be there, unnamed."""
        named = {one.record.file_id for one in directory.reached} | {_DICOMDIR}
        for path, file in self.medium.files.items():
            if path not in named and is_dicom(file):
                self._note(
                    _say(path), "PS3.10 8.6", "it is a DICOM file that the DICOMDIR does not reference"
                )
        if directory.descriptor and directory.descriptor not in self.medium.files:
            text = "the File-set Descriptor File is not on the medium"
            self._note(_say(directory.descriptor), "PS3.3 F.3.2.1", text)

    def _check_people(self) -> None:
        for conflict in identify([head for _, head in self._people]).conflicts:
            for index in conflict.indices:
                self._note(self._people[index][0], "PS3.3 F.5.1", conflict.why)

    def _check_volume(self, directory: Directory) -> None:
        if self.profile is None or self.medium.kind == "folder" or not directory.data:
            return
        formats = list(dict.fromkeys(name for names in self.profile.formats.values() for name in names))
        if self.medium.kind not in formats:
            wanted = " or ".join(formats)
            text = f"the medium is {self.medium.kind}; {self.profile.identifier} wants {wanted}"
            self._note("", "PS3.12", text)
        if self.medium.kind in ("iso9660", "bridge") and self.medium.identifier != directory.file_set_id:
            self._note("", "PS3.12 F", "the Volume Identifier is not the File-set ID")

    def _check_rules(self, directory: Directory) -> None:
        if not self.rules:
            return
        facts = MediumFacts(
            media=tuple(self.profile.media) if self.profile else (),
            format="" if self.medium.kind == "folder" else self.medium.kind,
            profiles=(self.profile.identifier,) if self.profile else (),
        )
        judgement = judge(self.rules, view_of_medium(self.medium, directory, facts))
        self.findings += judgement.refusals
        self.warnings += judgement.warnings

    def _check_expected(self, read: list[ReadInstance], expected: Mapping[str, bytes]) -> None:
        there = {one.sop_instance for one in read}
        for uid in expected.keys() - there:
            self._note("", "", f"instance {uid} should be on the medium, and is not")
        for one in read:
            if one.sop_instance not in expected:
                self._note(one.path, "", f"instance {one.sop_instance} should not be on the medium")
            elif expected[one.sop_instance] != one.digest:
                self._note(one.path, "", f"instance {one.sop_instance} differs from what was sent")


def _say(path: FilePath) -> str:
    return "/".join(path)


def _plain(path: FilePath) -> tuple[str, ...]:
    """A path without what operating systems change of it: case, version, trailing dot."""
    return tuple(part.upper().partition(";")[0].rstrip(".") for part in path)


def _bad_file_id(path: FilePath) -> str:
    if len(path) > 8:
        return f"its File ID has {len(path)} components, and 8 are allowed"
    if all(re.fullmatch(r"[A-Z0-9_]{1,8}", part) for part in path):
        return ""
    return "a component of its File ID has not 1 to 8 characters of A-Z, 0-9 and _"
