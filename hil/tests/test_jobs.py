"""The whole job: an SCU asks a burnish server in the guest for discs; a robot loads and unloads the recorder.

The SCU is on the host and plain pynetdicom. What is burned is compared, on the host, with what the server
meant to burn, and read by the guest's kernel with what was sent. Faults are those of devices and mains.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from burnish.instances.sources import Sources
from burnish.recipe import load_recipe, pour
from burnish.testing.mechanism import Mechanism, Trouble
from burnish_hil import bench
from burnish_hil.bench import Recorder
from burnish_hil.devices.bus import Cable
from burnish_hil.devices.mmc import Disc, Kind
from burnish_hil.devices.robots import usb_robot
from burnish_hil.guest import Guest, wiring
from burnish_hil.guest.kernel import Missing
from burnish_hil.site import Site, make_disk, wait_for
from burnish_mover_nimbie.simulator import Nimbie
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.lab import Scu, ct, request

pytestmark = pytest.mark.xdist_group("jobs")
DONE = ("DONE", "NORMAL")
DISCS = [(Kind.CD_R, "STD-GEN-CD"), (Kind.DVD_PLUS_R, "PRI-LAB-DVD"), (Kind.BD_R, "PRI-LAB-BD")]
SECONDS = 240.0
"""That a job may take in the guest, which computes slowly."""


class Works:
    """A guest with a server, a recorder and a robot."""

    def __init__(self, guest: Guest, recorder: Recorder, mechanism: Mechanism[Disc], folder: Path) -> None:
        self.guest, self.recorder, self.mechanism, self.folder = guest, recorder, mechanism, folder
        self.site = Site(guest)
        self.slices: list[Dataset] = []

    @property
    def scu(self) -> Scu:
        """A client on the host."""
        return Scu(self.site.port)

    def blanks(self, kind: Kind, count: int = 3) -> None:
        """Fill the input bin with these and nothing else; empty the others, and the recorder."""
        self.mechanism.input[:] = [self.recorder.blank(kind) for _ in range(count)]
        self.mechanism.output.clear()
        self.mechanism.rejected.clear()
        if self.recorder.drive.disc is not None:
            self.recorder.drive.take()

    def order(self, profile: str = "STD-GEN-CD", copies: int = 1) -> str:
        """A request that was started."""
        if not self.slices:
            self.slices = ct(4)
            assert set(self.scu.store(*self.slices)) == {0}
        uid = str(generate_uid())
        assert self.scu.create(request(self.slices, profile), uid) == 0
        assert self.scu.initiate(uid, NumberOfCopies=copies) == 0
        return uid

    def done(self, uid: str, pieces: int = 1) -> None:
        """Wait for the end, which is a good one."""
        last = self.scu.wait(uid, timeout=SECONDS)
        assert last == (*DONE, pieces), f"{last}\n{self.site.log()[-4000:]}"

    def says(self, uid: str, *wanted: str) -> None:
        """Wait until an SCU reads this."""
        wait_for(f"{wanted}; {self.site.log()[-2000:]}", lambda: self.scu.state(uid)[:2] == wanted, SECONDS)

    def outcomes(self, uid: str) -> list[tuple[str, str | None]]:
        """How each attempt at its one piece ended, and from what."""
        [piece] = self.site.request(uid)["pieces"]
        return [(row["outcome"], row["fault"]) for row in piece["attempts"]]

    def piles(self) -> dict[str, int]:
        """Discs by place."""
        assert self.mechanism.held is None
        return {
            "input": len(self.mechanism.input),
            "drive": int(self.recorder.drive.disc is not None),
            "output": len(self.mechanism.output),
            "rejected": len(self.mechanism.rejected),
        }

    def burned(self, disc: Disc) -> None:
        """The disc holds what the server meant to burn, bit by bit, and the kernel reads what was sent."""
        assert disc.closed
        image = self.meant()
        found = disc.content(len(image))
        assert hashlib.sha256(found).digest() == hashlib.sha256(image).digest()
        self.recorder.drive.insert(disc)
        node, copy = self.recorder.node, self.guest.share / "mounted"
        self.guest.run("rm -rf /hil/mounted; mkdir /hil/mounted")
        self.guest.run(
            f"mount -t iso9660 -o ro {node} /mnt/disc && cp -r /mnt/disc/. /hil/mounted && umount /mnt/disc",
            timeout=120,
        )
        self.recorder.drive.take()
        sent = {ds.SOPInstanceUID: ds.PixelData for ds in self.slices}
        files = [path for path in copy.rglob("*") if path.is_file() and path.name.upper() != "DICOMDIR"]
        read = {ds.SOPInstanceUID: ds.PixelData for ds in map(dcmread, files)}
        assert read == sent

    def meant(self) -> bytes:
        """What the newest plan pours."""
        self.site.keep_plans()
        kept = self.guest.share / "kept"
        plan = max((kept / "kept").glob("*.recipe"), key=lambda path: path.stat().st_mtime)
        with io.FileIO(os.memfd_create("image"), "r+") as memory:
            pour(load_recipe(plan), Sources(kept / "spool").open, memory.fileno())
            memory.seek(0)
            return memory.readall()


def configuration(recorder: Recorder, place: str, tables: str = "") -> str:
    """Of one drive and its robot."""
    link = f"/dev/disk/by-id/usb-BURNISH_BD-RE_LAB_{recorder.drive.serial}-0:0"
    return (
        '[storage]\nreserve = 1000000\n[queue]\nretries_per_piece = 2\nsupplies_timeout = "1h"\n'
        f'[writers.drive]\ndriver = "xorriso"\ndevice = "{link}"\nmedia = ["CD-R", "DVD-R", "BD-R"]\n'
        'hold_retry = "2s"\nready_timeout = "60s"\n'
        f'[movers.arm]\ndriver = "nimbie"\nplace = "{place}"\nreply_timeout = 5\nsettle = 0.5\n'
        f'[stations.desk]\nwriters = ["drive"]\nmover = "arm"\n{tables}'
    )


@contextmanager
def working(
    folder: Path, mechanism: Mechanism[Disc] | None = None, disc: Disc | None = None
) -> Iterator[Works]:
    """Boot on the disk of a folder, plug everything in, serve; with discs where they lay before."""
    disk = ("-drive", f"file={folder}/disk,if=virtio,format=raw,cache=none,aio=threads")
    with Guest(folder / "share", disk) as guest:
        wiring.prepare(guest)
        guest.run("mkdir -p /mnt/disc")
        with bench.recorder(guest, folder / "discs") as recorder:
            if disc:
                recorder.drive.insert(disc)
            mechanism = mechanism or Mechanism(input=[], drives=[])
            mechanism.drives = [recorder.drive]
            with Cable(usb_robot(Nimbie(mechanism, Trouble()))) as cable:
                wiring.attach(guest, cable.port)
                works = Works(guest, recorder, mechanism, folder)
                works.site.mount()
                works.site.configure(configuration(recorder, wiring.nimbie(guest)))
                works.site.start()
                works.site.link_plans()
                yield works


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    """One server for all."""
    folder = tmp_path_factory.mktemp("works")
    make_disk(folder / "disk")
    (folder / "share").mkdir()
    (folder / "discs").mkdir()
    try:
        with working(folder) as found:
            yield found
    except Missing as error:
        if os.environ.get("CI") or os.environ.get("BURNISH_TOOLS") == "required":
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize(("kind", "profile"), DISCS)
def test_a_disc_is_made_from_the_first_instance_to_the_output_bin(
    works: Works, kind: Kind, profile: str
) -> None:
    works.blanks(kind)
    uid = works.order(profile)
    works.done(uid)
    assert works.piles() == {"input": 2, "drive": 0, "output": 1, "rejected": 0}
    assert works.outcomes(uid) == [("delivered", None)]
    works.burned(works.mechanism.output[0])


def test_case_86_a_write_error_costs_a_disc_and_the_next_is_taken(works: Works) -> None:
    works.blanks(Kind.CD_R)
    works.recorder.drive.faults.write_error_at = 40
    uid = works.order()
    wait_for("a disc in the reject bin", lambda: works.mechanism.rejected, SECONDS)
    works.recorder.drive.faults.write_error_at = None
    works.done(uid)
    assert works.piles() == {"input": 1, "drive": 0, "output": 1, "rejected": 1}
    assert works.outcomes(uid) == [("spoilt", "MEDIA_DEFECT"), ("delivered", None)]
    assert works.mechanism.rejected[0].touched


@pytest.mark.long
def test_case_86_a_disc_that_cannot_be_closed_is_rejected(works: Works) -> None:
    works.blanks(Kind.DVD_PLUS_R)
    works.recorder.drive.faults.close_fails = True
    uid = works.order("PRI-LAB-DVD")
    wait_for("a disc in the reject bin", lambda: works.mechanism.rejected, SECONDS)
    works.recorder.drive.faults.close_fails = False
    works.done(uid)
    assert works.outcomes(uid) == [("spoilt", "MEDIA_DEFECT"), ("delivered", None)]
    works.burned(works.mechanism.output[0])


@pytest.mark.long
def test_case_94_a_disc_that_cannot_be_read_is_rejected(works: Works) -> None:
    works.blanks(Kind.CD_R)
    works.recorder.drive.faults.read_errors = frozenset({60})
    uid = works.order()
    wait_for("a disc in the reject bin", lambda: works.mechanism.rejected, SECONDS)
    works.recorder.drive.faults.read_errors = frozenset()
    works.done(uid)
    assert works.outcomes(uid) == [("spoilt", "MEDIA_DEFECT"), ("delivered", None)]


@pytest.mark.long
def test_case_87_an_empty_bin_is_refilled(works: Works) -> None:
    works.blanks(Kind.CD_R, 0)
    uid = works.order()
    works.says(uid, "PENDING", "OUT_OF_SUPPLIES")
    [station] = works.site.stations()
    assert (station["state"], station["must_act"]) == ("waiting", "operator")
    works.mechanism.input.append(works.recorder.blank(Kind.CD_R))
    works.done(uid)
    assert works.piles() == {"input": 0, "drive": 0, "output": 1, "rejected": 0}


@pytest.mark.long
def test_case_89_a_jam_is_cleared(works: Works) -> None:
    works.blanks(Kind.CD_R)
    works.mechanism.jammed = True
    uid = works.order()
    works.says(uid, "PENDING", "CHECK_MCD_OP")
    works.mechanism.jammed = False
    works.done(uid)
    assert works.piles()["rejected"] == 0


@pytest.mark.long
def test_a_recorder_that_is_pulled_out_in_mid_burn(works: Works) -> None:
    """The disc in it is spoilt; plugged in again, it takes the next."""
    works.blanks(Kind.CD_R)
    faults = works.recorder.drive.faults
    faults.reached.clear()
    faults.signal_at, faults.bytes_per_second = 40, 60_000
    uid = works.order()
    assert faults.reached.wait(SECONDS)
    works.recorder.cable.pull()
    faults.signal_at, faults.bytes_per_second = None, 0
    wait_for("not CREATING", lambda: works.scu.state(uid)[0] == "PENDING", SECONDS)
    works.recorder.plug_in()
    works.done(uid)
    outcomes = works.outcomes(uid)
    assert outcomes[-1] == ("delivered", None)
    assert [outcome for outcome, _ in outcomes].count("spoilt") == 1
    assert works.piles() == {"input": 1, "drive": 0, "output": 1, "rejected": 1}
    assert works.mechanism.rejected[0].touched


@pytest.mark.long
def test_a_power_loss_in_mid_burn(works: Works) -> None:
    """The mains fail; what was acknowledged is there, the disc in the recorder goes to the reject bin."""
    works.blanks(Kind.CD_R)
    faults = works.recorder.drive.faults
    faults.reached.clear()
    faults.signal_at, faults.bytes_per_second = 40, 60_000
    uid = works.order()
    assert faults.reached.wait(SECONDS)
    works.guest.power_off()
    faults.signal_at, faults.bytes_per_second = None, 0
    disc = works.recorder.drive.disc
    with working(works.folder, works.mechanism, disc) as revived:
        revived.done(uid)
        assert revived.outcomes(uid)[-1] == ("delivered", None)
        assert revived.piles() == {"input": 1, "drive": 0, "output": 1, "rejected": 1}
        assert revived.mechanism.rejected == [disc]
