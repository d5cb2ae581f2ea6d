"""The kernel's own file systems mount what the formats lay out, and find every byte of it."""

import itertools
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from burnish.recipe import Entry, Literal, Tree
from burnish.registry import Registry
from burnish.testing.trees import FACTS, Shelf, content, image, noise, small_tree
from burnish_hil.guest import Guest

UDF = ("udf150", "udf250", "udf260")
BLOCK = 2048
MOUNTED = "/tmp/mounted"
_NUMBERS = itertools.count()


def wide() -> tuple[Tree, Shelf]:
    """The small tree, a directory of several blocks, one that just fits, and names of either width."""
    tree, shelf = small_tree()
    more = [Entry(("WIDE", f"IM{n:06d}"), (Literal(noise(str(n), n % 3000)),)) for n in range(300)]
    more += [Entry(("FULL", f"IM{n:06d}"), (Literal(b"x"),)) for n in range(36)]
    more += [Entry((*"ABCDEFGH", "DEEP"), (Literal(b"deep"),))]
    more += [Entry(("Änderung", name), (Literal(name.encode()),)) for name in ("Grüße.txt", "日本語.txt")]
    return Tree((*tree.entries, *more), tree.sources), shelf


TREE, SHELF = wide()
FILES = {"/".join(entry.path): content(entry, SHELF) for entry in TREE.entries}


def plain() -> Tree:
    """What every file system can name: 8.3, upper case."""
    kept = [entry for entry in TREE.entries if re.fullmatch("[A-Z0-9_/]+", "/".join(entry.path))]
    kept = [entry for entry in kept if entry.path[0] != "LONG" and len(entry.path) <= 8]
    kept += [Entry(("README.TXT",), (Literal(b"read me"),)), Entry((*"ABCDEFG", "DEEP"), (Literal(b"deep"),))]
    return Tree(tuple(kept), TREE.sources)


PLAIN = plain()
PLAIN_FILES = {"/".join(entry.path): content(entry, SHELF) for entry in PLAIN.entries}


def laid_out(name: str, tree: Tree = TREE, **keys: object) -> bytes:
    layout = Registry.load(["format-iso9660", "format-udf", "format-fat"]).formats[name].make(keys)
    return image(layout.lay_out(tree, FACTS), SHELF)


@contextmanager
def mounted(guest: Guest, volume: bytes, kind: str, options: str = "") -> Iterator[None]:
    """`volume` mounted in the guest at MOUNTED, by the driver `kind`."""
    path = guest.share / f"volume-{next(_NUMBERS)}"
    path.write_bytes(volume)
    options = f"ro,loop{options and ','}{options}"
    guest.run(
        f"modprobe loop && mkdir -p {MOUNTED} && mount -t {kind} -o {options} /hil/{path.name} {MOUNTED}"
    )
    try:
        yield
    finally:
        guest.run(f"umount {MOUNTED}")
        path.unlink()


def members(guest: Guest) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Everything below MOUNTED, as somebody without rights reads it."""
    guest.run(f"setpriv --reuid 65534 --clear-groups tar cf - -C {MOUNTED} . > /hil/read.tar", timeout=120)
    with tarfile.open(guest.share / "read.tar") as archive:
        return [(member, _bytes(archive, member)) for member in archive]


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def files(guest: Guest) -> dict[str, bytes]:
    """Every file below MOUNTED."""
    return {member.name.removeprefix("./"): data for member, data in members(guest) if member.isfile()}


@pytest.mark.parametrize("name", UDF)
def test_the_kernel_reads_every_byte(guest: Guest, name: str) -> None:
    with mounted(guest, laid_out(name), "udf"):
        found = members(guest)
        links = guest.run(f"stat -c %h {MOUNTED}")
    assert {member.name.removeprefix("./"): data for member, data in found if member.isfile()} == FILES
    assert {member.mode for member, _ in found if member.isfile()} == {0o444}
    assert {member.mode for member, _ in found if member.isdir()} == {0o555}
    assert {member.mtime for member, _ in found} == {FACTS.made.timestamp()}
    assert int(links) == 2 + len({path.split("/")[0] for path in FILES if "/" in path})
    assert "UDF-fs: error" not in guest.run("dmesg --read-clear")


@pytest.mark.parametrize("name", UDF)
@pytest.mark.parametrize("hurt", [256, 32])
def test_the_kernel_reads_a_volume_whose_first_descriptors_are_gone(
    guest: Guest, name: str, hurt: int
) -> None:
    volume = bytearray(laid_out(name))
    volume[hurt * BLOCK : (hurt + 1) * BLOCK] = bytes(BLOCK)
    with mounted(guest, bytes(volume), "udf"):
        assert files(guest) == FILES


@pytest.mark.parametrize("name", UDF[1:])
def test_the_kernel_reads_the_mirror_where_the_metadata_file_is_gone(guest: Guest, name: str) -> None:
    volume = bytearray(laid_out(name))
    first = volume[288 * BLOCK : 289 * BLOCK]
    assert first[:2] == (266).to_bytes(2, "little"), "the entry of the metadata file"
    volume[288 * BLOCK : (288 + 32 + 128) * BLOCK] = bytes((32 + 128) * BLOCK)
    with mounted(guest, bytes(volume), "udf"):
        assert files(guest) == FILES


@pytest.mark.parametrize(
    ("name", "keys", "options"),
    [
        ("fat", {}, "offset=1048576"),
        ("fat", {"partitioned": False}, ""),
        ("fat16", {}, "offset=1048576"),
        ("fat16-unpartitioned", {}, ""),
        ("fat32", {}, "offset=1048576"),
        ("fat32", {"partitioned": False}, ""),
    ],
)
def test_the_kernel_reads_fat(guest: Guest, name: str, keys: dict[str, object], options: str) -> None:
    guest.run("dmesg --clear")
    with mounted(guest, laid_out(name, PLAIN, **keys), "vfat", ",".join(filter(None, [options, "tz=UTC"]))):
        found = members(guest)
    assert {member.name.removeprefix("./"): data for member, data in found if member.isfile()} == PLAIN_FILES
    made = int(FACTS.made.timestamp())
    assert {member.mtime - made for member, _ in found if member.isfile()} <= {0, -1}
    assert "FAT-fs" not in guest.run("dmesg --read-clear")


def test_the_kernel_finds_the_one_partition(guest: Guest) -> None:
    path = guest.share / "partitioned"
    path.write_bytes(laid_out("fat", PLAIN))
    device = guest.run(f"modprobe loop && losetup --show -rPf /hil/{path.name}").strip()
    try:
        guest.run(f"mkdir -p {MOUNTED} && mount -t vfat -o ro {device}p1 {MOUNTED}")
        assert files(guest) == PLAIN_FILES
        guest.run(f"umount {MOUNTED}")
    finally:
        guest.run(f"losetup -d {device}")
        path.unlink()


@pytest.mark.parametrize(
    ("driver", "options"), [("udf", ""), ("iso9660", ""), ("iso9660", "nojoliet,map=normal")]
)
def test_the_kernel_reads_a_bridge_by_every_name(guest: Guest, driver: str, options: str) -> None:
    """By UDF 1.02, by Joliet, and by the plain names, which Linux shows in lower case."""
    with mounted(guest, laid_out("bridge", PLAIN, joliet=True), driver, options):
        found = files(guest)
    assert found == ({k.lower(): v for k, v in PLAIN_FILES.items()} if "nojoliet" in options else PLAIN_FILES)
