"""The way into the spool: versions, repetition, damage, full disks."""

import errno
import hashlib
import os
import struct
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from burnish.errors import Refused, SourceDamaged
from burnish.instances import durable
from burnish.instances.files import read_trailer, spool_key
from burnish.instances.head import KeptHead
from burnish.instances.scan import Scan
from burnish.instances.settings import SpoolSettings
from burnish.instances.spool import DERIVED, Arrival, Kept, Spool
from burnish.terms import DEFLATED, EXPLICIT_VR_LE, DimseStatus

CT, UID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4"


def element(tag: int, vr: str, value: str) -> bytes:
    """An Explicit VR LE element of a short VR."""
    data = value.encode() + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    return head + vr.encode() + len(data).to_bytes(2, "little") + data


def instance(name: str = "A", uid: str = UID) -> bytes:
    """A data set."""
    return (
        element(0x00080016, "UI", CT)
        + element(0x00080018, "UI", uid)
        + element(0x00100010, "PN", name)
        + element(0x00100020, "LO", "1")
        + element(0x0020000D, "UI", "1.2.5")
        + element(0x0020000E, "UI", "1.2.6")
    )


@dataclass
class House:
    """A spool and what it told of."""

    root: Path
    told: list[Kept] = field(default_factory=list)
    settings: SpoolSettings = field(default_factory=SpoolSettings)

    def __post_init__(self) -> None:
        self.spool = Spool(self.root, self.settings, self.told.append)
        self.spool.prepare()

    def store(self, data: bytes, uid: str = UID, syntax: str = EXPLICIT_VR_LE) -> None:
        """As a C-STORE does it."""
        incoming = self.spool.begin(Arrival(CT, uid, syntax, "CT1"))
        incoming.write(data[:30])
        incoming.write(data[30:])
        incoming.commit()

    def path(self, version: int = 1, uid: str = UID) -> Path:
        """Where a version lies."""
        return self.root / spool_key(uid, version)

    def data(self, version: int) -> bytes:
        """The data set of a version."""
        path = self.path(version)
        return path.read_bytes()[: read_trailer(path).length]

    def arriving(self) -> list[Path]:
        """Files that are not whole."""
        return list((self.root / "incoming").iterdir())


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty spool."""
    return House(tmp_path / "spool")


def test_what_is_kept_proves_itself(house: House) -> None:
    """The bytes, their digest, who sent them; told once; nothing is left arriving."""
    house.store(instance())
    trailer = read_trailer(house.path())
    assert house.data(1) == instance()
    assert trailer.digest == hashlib.sha256(instance()).digest()
    assert (trailer.facts.sop_instance, trailer.facts.calling_ae) == (UID, "CT1")
    assert [kept.key for kept in house.told] == [spool_key(UID, 1)]
    assert house.arriving() == []


def test_the_same_bytes_twice_are_one_version(house: House) -> None:
    """Told of again, because its lifetime begins again, but not as fresh."""
    house.store(instance())
    house.store(instance())
    assert [(kept.key, kept.fresh) for kept in house.told] == [
        (spool_key(UID, 1), True),
        (spool_key(UID, 1), False),
    ]
    assert not house.path(2).exists()


def test_the_same_bytes_are_not_acknowledged_unsynced(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first may have died between its name and the sync of its folder."""
    house.store(instance())
    synced: list[str] = []
    monkeypatch.setattr(house.spool, "sync", synced.append)
    house.store(instance())
    assert synced == [spool_key(UID, 1)]


def test_other_bytes_are_a_version_of_their_own(house: House) -> None:
    """The first stays as it was; going back to it is a third."""
    for name in "ABA":
        house.store(instance(name))
    assert [house.data(version) for version in (1, 2, 3)] == [instance(name) for name in "ABA"]
    assert [kept.trailer.facts.version for kept in house.told] == [1, 2, 3]


def test_another_transfer_syntax_is_a_version_of_its_own(house: House) -> None:
    """The bytes are the same and mean something else: on a medium they get another file meta information."""
    encapsulated = "1.2.840.10008.1.2.4.50"
    house.store(instance())
    house.store(instance(), syntax=encapsulated)
    syntaxes = [kept.trailer.facts.transfer_syntax for kept in house.told]
    assert syntaxes == [EXPLICIT_VR_LE, encapsulated]


@pytest.mark.parametrize("place", [5, -1])
def test_what_comes_again_mends_what_was_damaged(house: House, place: int) -> None:
    """In its data set or in its trailer: the same bytes are a new version, not a believed old one."""
    house.store(instance())
    damaged = bytearray(house.path().read_bytes())
    damaged[place] ^= 1
    house.path().write_bytes(damaged)
    house.store(instance())
    assert house.data(2) == instance()


def test_a_version_that_was_set_aside_keeps_its_number(house: House) -> None:
    """Else the next one would be older than what follows it."""
    for name in "AB":
        house.store(instance(name))
    house.path(1).rename(house.path(1).with_name(house.path(1).name + ".damaged"))
    house.store(instance("C"))
    assert house.data(3) == instance("C")


def test_many_at_once(house: House) -> None:
    """Threads that send the same instances with other bytes never share a version."""
    names = [f"N{number}" for number in range(8)]

    def send(name: str) -> None:
        for number in range(4):
            house.store(instance(name, f"1.9.{number}"), f"1.9.{number}")

    threads = [threading.Thread(target=send, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for number in range(4):
        kept = [read_trailer(house.path(version, f"1.9.{number}")) for version in range(1, 9)]
        wanted = {hashlib.sha256(instance(name, f"1.9.{number}")).digest() for name in names}
        assert {trailer.digest for trailer in kept} == wanted
    assert len(house.told) == 32


@pytest.mark.parametrize(
    ("data", "uid", "status"),
    [
        (instance(), "1.2.9", DimseStatus.DATA_SET_DOES_NOT_MATCH),
        (instance()[:-3], UID, DimseStatus.CANNOT_UNDERSTAND),
        (instance().replace(b"1.2.5", b"../.."), UID, DimseStatus.CANNOT_UNDERSTAND),
        (b"", UID, DimseStatus.CANNOT_UNDERSTAND),
    ],
    ids=["another-uid", "cut", "no-uid", "empty"],
)
def test_what_is_refused_leaves_nothing(house: House, data: bytes, uid: str, status: DimseStatus) -> None:
    """No file, no name, nothing told."""
    with pytest.raises(Refused) as refused:
        house.store(data, uid)
    assert refused.value.status == status
    assert house.arriving() == list(house.spool.walk()) == house.told == []


@pytest.mark.parametrize("call", ["fsync", "rename", "folder"])
def test_a_failing_disk_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A700, whichever call fails; the next attempt finds no trace, and is told of."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        if call == "fsync":
            broken.setattr(os, "fsync", fail)
        elif call == "rename":
            broken.setattr(Path, "rename", fail)
        else:
            broken.setattr(durable.FolderSync, "__call__", fail)
        with pytest.raises(Refused) as refused:
            house.store(instance())
    assert refused.value.status == DimseStatus.OUT_OF_RESOURCES
    assert house.arriving() == list(house.spool.walk()) == house.told == []
    house.store(instance())
    assert len(house.told) == 1


def test_a_broken_transfer_leaves_nothing(house: House) -> None:
    """Abandoned once or twice."""
    incoming = house.spool.begin(Arrival(CT, UID, EXPLICIT_VR_LE, "CT1"))
    incoming.write(instance()[:20])
    assert len(house.arriving()) == 1
    incoming.abandon()
    incoming.abandon()
    assert house.arriving() == []


def test_a_sweep_removes_what_was_arriving(house: House) -> None:
    """And what was being derived; what is whole stays."""
    house.store(instance())
    dead = house.spool.begin(Arrival(CT, UID, EXPLICIT_VR_LE, "CT1"))
    derived = house.path().with_name(house.path().name + ".explicit.part")
    derived.write_bytes(b"half")
    Spool(house.root).prepare()
    assert house.arriving() == []
    assert not derived.exists()
    assert list(house.spool.walk()) == [spool_key(UID, 1)]
    dead.abandon()


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "ab/" + "0" * 63 + "-1", "", "ab/x\0"])
def test_no_key_leads_out(house: House, key: str) -> None:
    """Nothing but a name of ours is opened."""
    with pytest.raises(SourceDamaged), house.spool.open(key):
        pass


def test_a_source_that_changed_is_found_out(house: House) -> None:
    """Same length, one bit."""
    house.store(instance())
    trailer = read_trailer(house.path())
    house.spool.check(spool_key(UID, 1), trailer.length, trailer.digest)
    with house.path().open("r+b") as file:
        file.write(b"\x09")
    with pytest.raises(SourceDamaged):
        house.spool.check(spool_key(UID, 1), trailer.length, trailer.digest)


# --- other bytes where a second version is not wanted -------------------------------------------------------


@pytest.fixture
def strict(tmp_path: Path) -> House:
    """An empty spool that refuses other bytes."""
    return House(tmp_path / "strict", settings=SpoolSettings(duplicates="refuse"))


def test_other_bytes_are_refused(strict: House) -> None:
    """C111, and what was stored first stays; the same bytes are welcome at any time."""
    strict.store(instance("A"))
    with pytest.raises(Refused) as refused:
        strict.store(instance("B"))
    assert refused.value.status == DimseStatus.DUPLICATE_REFUSED == 0xC111
    strict.store(instance("A"))
    assert list(strict.spool.walk()) == [spool_key(UID, 1)]
    assert strict.data(1) == instance("A")
    assert strict.arriving() == []


def test_a_damaged_file_is_mended_all_the_same(strict: House) -> None:
    """What cannot be read refuses nobody."""
    strict.store(instance())
    strict.path().write_bytes(b"rubbish")
    strict.store(instance())
    assert strict.data(2) == instance()


# --- what goes ----------------------------------------------------------------------------------------------


def left(house: House) -> set[str]:
    """The files of the instance, by what follows its hash."""
    stem = spool_key(UID, 1).removesuffix("-1")
    return {str(path.relative_to(house.root)).removeprefix(stem) for path in house.root.glob(f"{stem}*")}


def remove(house: House, version: int) -> None:
    """As a sweep does it."""
    key = spool_key(UID, version)
    with house.spool.turn(key):
        house.spool.remove(key)


def test_an_instance_goes_with_what_was_derived(house: House) -> None:
    """Nothing is left of it, and the next one is the first again."""
    house.store(instance())
    for end in DERIVED:
        house.path().with_name(house.path().name + end).write_bytes(b"derived")
    remove(house, 1)
    remove(house, 1)
    assert left(house) == set()
    house.store(instance("B"))
    assert left(house) == {"-1"}


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3), (1, 3, 2), (3, 1, 2)])
def test_a_version_that_went_keeps_its_number(house: House, order: tuple[int, ...]) -> None:
    """While another stands; what comes next is the newest whatever went before."""
    for name in "ABC":
        house.store(instance(name))
    for version in order[:2]:
        remove(house, version)
        assert house.spool.newest(UID) == 3
    house.store(instance("D"))
    assert house.data(4) == instance("D")
    for version in (order[2], 4):
        remove(house, version)
    assert left(house) == set()


def test_the_bytes_of_a_superseded_version_are_a_version_again(house: House) -> None:
    """The newest was purged while a request still held the first: the first does not take its place."""
    house.store(instance("A"))
    house.store(instance("B"))
    remove(house, 2)
    house.store(instance("A"))
    assert left(house) == {"-1", "-2.purged", "-3"}


# --- character sets ----------------------------------------------------------------------------------------


def assuming(house: House, data: bytes, assumed: bytes) -> None:
    """As a C-STORE of an AE whose character set is known."""
    incoming = house.spool.begin(Arrival(CT, UID, EXPLICIT_VR_LE, "CT1", assumed))
    incoming.write(data)
    incoming.commit()


def head(house: House, version: int) -> KeptHead:
    return KeptHead(read_trailer(house.path(version)).head)


LATIN = instance("M?ller").replace(b"?", b"\xfc")


def test_the_head_says_what_is_assumed_and_the_instance_stays(house: House) -> None:
    assuming(house, LATIN, b"ISO_IR 100")
    assert house.data(1) == LATIN
    assert head(house, 1)["PatientName"] == "Müller"
    assert house.told[0].trailer.head == read_trailer(house.path(1)).head


@pytest.mark.parametrize(
    "data", [instance("Smith"), element(0x00080005, "CS", "ISO_IR 192") + instance("Müller")]
)
def test_what_needs_no_assumption_has_none(house: House, data: bytes) -> None:
    house.store(data)
    assuming(house, data, b"ISO_IR 100")
    assert left(house) == {"-1"}
    assert head(house, 1).get("SpecificCharacterSet") in (None, "ISO_IR 192")


def test_the_same_bytes_in_another_set_are_a_version_of_their_own(tmp_path: Path) -> None:
    """Who sends again after the configuration was mended is read as it says, whatever duplicates are."""
    house = House(tmp_path, settings=SpoolSettings(duplicates="refuse"))
    house.spool.prepare()
    house.store(LATIN)
    assuming(house, LATIN, b"ISO_IR 100")
    assuming(house, LATIN, b"ISO_IR 100")
    house.store(LATIN)
    assert left(house) == {"-1", "-2"}
    assert head(house, 2)["PatientName"] == "Müller"


# --- the disk -----------------------------------------------------------------------------------------------


def test_an_instance_that_comes_below_the_reserve(tmp_path: Path) -> None:
    """A700 before a file is opened; enough room lets it in."""
    house = House(tmp_path, settings=SpoolSettings(reserve=1 << 62))
    with pytest.raises(Refused) as refused:
        house.spool.begin(Arrival(CT, UID, EXPLICIT_VR_LE, "CT1"))
    assert refused.value.status == DimseStatus.OUT_OF_RESOURCES
    assert house.arriving() == []
    House(tmp_path, settings=SpoolSettings(reserve=0)).store(instance())


def test_a_sync_that_fails_is_the_last(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """EIO once: nothing more is taken, though the disk seems to work again; what stands can be read."""
    house.store(instance())

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as bad:
        bad.setattr(os, "fsync", broken)
        with pytest.raises(Refused):
            house.store(instance("B"))
    with pytest.raises(Refused) as refused:
        house.store(instance("C", "1.2.99"), "1.2.99")
    assert refused.value.status == DimseStatus.OUT_OF_RESOURCES
    assert "input/output" in str(refused.value)
    assert list(house.spool.walk()) == [spool_key(UID, 1)]
    assert house.data(1) == instance()
    House(house.root).store(instance("B"))


def test_a_deflated_instance_is_inflated_for_its_head_alone(house: House) -> None:
    """Where a deployer accepts that transfer syntax: what is kept is what was sent."""
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = squeezer.compress(instance()) + squeezer.flush()
    house.store(data, syntax=DEFLATED)
    assert house.data(1) == data
    assert house.told[0].trailer.head == scanned_head(instance())


def test_a_deflated_instance_that_is_cut_is_refused(house: House) -> None:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = squeezer.compress(instance()) + squeezer.flush()
    with pytest.raises(Refused, match="ends within what is deflated"):
        house.store(data[:-4], syntax=DEFLATED)
    assert house.told == []
    assert house.arriving() == []


def test_a_deflate_bomb_is_refused_before_it_has_grown(house: House) -> None:
    """A thousand times what came, and more than any image may grow to."""
    squeezer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    pixels = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, 1 << 30)
    data = squeezer.compress(instance() + pixels)
    data += b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(300)) + squeezer.flush()
    incoming = house.spool.begin(Arrival(CT, UID, DEFLATED, "CT1"))
    with pytest.raises(Refused, match="inflate to more than 100 times as much"):
        incoming.write(data)
    incoming.abandon()
    assert house.arriving() == []


def scanned_head(data: bytes) -> bytes:
    scan = Scan(EXPLICIT_VR_LE)
    scan.feed(data)
    return scan.finish().head
