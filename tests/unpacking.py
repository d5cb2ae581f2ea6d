"""Taking the files off a medium with programs that nobody here wrote, and holding it to what they say of it.

unpack(path, format, folder)    every file of the medium, in `folder`
check(path, format)             the program's own opinion of the file system
"""

import email
import email.policy
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from burnish.testing.judging import run

_PARTITION: Final = 1 << 20


def unpack(path: Path, kind: str, folder: Path) -> None:
    """Take every file off a medium of the format `kind`."""
    folder.mkdir()
    _UNPACK[kind](path, folder)


def check(path: Path, kind: str) -> None:
    """Fail where somebody finds a fault in the file system, or another one than was asked for."""
    _CHECK[kind](path)


def _seven(path: Path, folder: Path, kind: str) -> None:
    run("7z", "x", "-y", "-bd", f"-t{kind}", f"-o{folder}", path)
    for found in list(folder.rglob("*.")):
        found.rename(found.with_name(found.name.rstrip(".")))


def _mtools(path: Path, folder: Path, start: int) -> None:
    run("mcopy", "-s", "-n", "-i", f"{path}@@{start}", "::/", folder)


def _iso(path: Path) -> None:
    report = run("isolyzer", path).decode()
    assert "<sizeAsExpected>True</sizeAsExpected>" in report
    assert b"Everything is Ok" in run("7z", "t", "-tiso", path)
    assert b"DICOMDIR" in run("isoinfo", "-f", "-i", path)


def _xorriso(path: Path) -> None:
    done = subprocess.run(
        ["xorriso", "-abort_on", "WARNING", "-indev", str(path), "-find", "/", "-exec", "lsdl"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"DICOMDIR" in done.stdout


def _plain_iso(path: Path) -> None:
    _iso(path)
    _xorriso(path)


def _bridge(path: Path) -> None:
    assert b"DICOMDIR" in run("isoinfo", "-f", "-i", path)
    assert b"DICOMDIR" in run("isoinfo", "-J", "-f", "-i", path)
    for kind in ("iso", "udf"):
        assert b"Everything is Ok" in run("7z", "t", f"-t{kind}", path)
    _xorriso(path)
    _udfinfo(path, "1.02", "1.02")


def _udf(write: str, read: str) -> Callable[[Path], None]:
    def look(path: Path) -> None:
        _udfinfo(path, write, read)
        assert b"Everything is Ok" in run("7z", "t", "-tudf", path)

    return look


def _udfinfo(path: Path, write: str, read: str) -> None:
    said = dict(
        line.split("=", 1) for line in run("udfinfo", path).decode().splitlines() if "start=" not in line[:6]
    )
    assert (said["udfwriterev"], said["udfrev"]) == (write, read)
    assert said["integrity"] == "closed"


def _fat(bits: tuple[int, ...], start: int) -> Callable[[Path], None]:
    def look(path: Path) -> None:
        volume = path
        if start:
            volume = path.with_suffix(".volume")
            volume.write_bytes(path.read_bytes()[start:])
            assert re.search(rb"start= *2048, size= *\d+, type=[ce]\n", run("sfdisk", "-d", path))
        said = run("fsck.fat", "-n", "-v", volume).decode()
        found = re.search(r"2 FATs, (\d+) bit entries", said)
        assert found
        assert int(found[1]) in bits
        assert run("mdir", "-i", volume, "::/DICOMDIR")

    return look


def _zip(path: Path) -> None:
    assert b"No errors detected" in run("unzip", "-t", path)
    assert b"Everything is Ok" in run("7z", "t", path)


def _message(path: Path, folder: Path) -> None:
    """By Python's own e-mail package."""
    with path.open("rb") as file:
        found = email.message_from_binary_file(file, policy=email.policy.default)
    for part in found.iter_attachments():
        target = folder / str(part.get_filename())
        target.parent.mkdir(parents=True, exist_ok=True)
        data = part.get_content()
        assert isinstance(data, bytes)
        target.write_bytes(data)


def unseal(folder: Path, key: Path, certificate: Path) -> None:
    """Open every file in place with openssl: the envelope by the recipient's key, then what is in it."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        inner, plain = path.with_suffix(".inner"), path.with_suffix(".plain")
        opening = ["-inform", "DER", "-in", path, "-inkey", key, "-recip", certificate, "-out", inner]
        run("openssl", "cms", "-decrypt", *opening)
        signed = b"\x31" in inner.read_bytes()[5:9]  # the digest algorithms of a SignedData are a SET
        inner.write_bytes(_content_info(inner.read_bytes(), signed=signed))
        check = ["-verify", "-noverify"] if signed else ["-digest_verify"]
        run("openssl", "cms", *check, "-binary", "-inform", "DER", "-in", inner, "-out", plain)
        inner.unlink()
        plain.replace(path)


def _content_info(content: bytes, *, signed: bool) -> bytes:
    """What openssl wants around a DigestedData or a SignedData (RFC 5652 3): a type and [0]."""
    kind = bytes.fromhex("06092a864886f70d0107") + (b"\2" if signed else b"\5")
    explicit = b"\xa0\x84" + len(content).to_bytes(4, "big") + content
    return b"\x30\x84" + (len(kind) + len(explicit)).to_bytes(4, "big") + kind + explicit


def open_message(path: Path, key: Path, certificate: Path, archive: Path) -> None:
    """The archive of an S/MIME message, by openssl."""
    entity = archive.with_suffix(".entity")
    run("openssl", "cms", "-decrypt", "-in", path, "-inkey", key, "-recip", certificate, "-out", entity)
    if b"smime-type=signed-data" in entity.read_bytes()[:200]:
        plain = archive.with_suffix(".signed")
        run("openssl", "cms", "-verify", "-noverify", "-in", entity, "-out", plain)
        entity = plain
    found = email.message_from_bytes(entity.read_bytes(), policy=email.policy.default)
    archive.write_bytes(found.get_content())


def _mime(path: Path) -> None:
    with path.open("rb") as file:
        found = email.message_from_binary_file(file, policy=email.policy.default)
    assert not found.defects
    assert {part.get_content_type() for part in found.iter_attachments()} == {"application/dicom"}


_UNPACK: Final[Mapping[str, Callable[[Path, Path], None]]] = {
    "iso9660": lambda path, folder: _seven(path, folder, "iso"),
    "bridge": lambda path, folder: _seven(path, folder, "udf"),
    "udf150": lambda path, folder: _seven(path, folder, "udf"),
    "udf250": lambda path, folder: _seven(path, folder, "udf"),
    "udf260": lambda path, folder: _seven(path, folder, "udf"),
    "fat": lambda path, folder: _mtools(path, folder, _PARTITION),
    "fat16": lambda path, folder: _mtools(path, folder, _PARTITION),
    "fat16-unpartitioned": lambda path, folder: _mtools(path, folder, 0),
    "mime": _message,
    "zip": lambda path, folder: (run("unzip", "-q", path, "-d", folder), None)[1],
}
_CHECK: Final[Mapping[str, Callable[[Path], None]]] = {
    "iso9660": _plain_iso,
    "bridge": _bridge,
    "udf150": _udf("1.50", "1.50"),
    "udf250": _udf("2.50", "2.50"),
    "udf260": _udf("2.60", "2.50"),
    "fat": _fat((16, 32), _PARTITION),
    "fat16": _fat((16,), _PARTITION),
    "fat16-unpartitioned": _fat((16,), 0),
    "mime": _mime,
    "zip": _zip,
}
