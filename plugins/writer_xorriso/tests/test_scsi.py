"""The SG_IO side as far as it shows without a drive: the struct, what is no drive, and commands' bytes."""

import ctypes
from pathlib import Path

import pytest
from burnish.errors import FaultKind
from burnish_writer_xorriso import Settings, XorrisoWriter
from burnish_writer_xorriso.mmc import Mmc
from burnish_writer_xorriso.scsi import Sense, SgDevice, Transport, _Header


class Notebook(Transport):
    """Writes down what it is sent and answers with zeros, or once with a sense triple."""

    def __init__(self, sense: Sense | None = None) -> None:
        self.sent: list[str] = []
        self._sense = sense

    def execute(self, cdb: bytes, out: bytes = b"", length: int = 0, timeout: float = 0) -> bytes:
        self.sent.append(cdb.hex(" "))
        sense, self._sense = self._sense, None
        if sense:
            raise sense
        return bytes(length)


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="offsets of a 64 bit system")
def test_the_header_is_the_kernels() -> None:
    """Offsets of struct sg_io_hdr in <scsi/sg.h>."""
    offsets = {name: getattr(_Header, name).offset for name in ("dxferp", "cmdp", "sbp", "timeout", "status")}
    assert offsets == {"dxferp": 16, "cmdp": 24, "sbp": 32, "timeout": 40, "status": 64}
    assert _Header.resid.offset == 72
    assert ctypes.sizeof(_Header) == 88


def test_a_file_takes_no_commands(tmp_path: Path) -> None:
    (tmp_path / "sr0").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with SgDevice(tmp_path / "sr0") as device, pytest.raises(OSError, match="ioctl"):
        device.execute(bytes(6))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.judge("xorriso", "setpriv")
def test_a_configuration_that_names_no_drive_is_told() -> None:
    with XorrisoWriter(Settings.model_validate({"device": "/dev/null"})) as writer:
        state = writer.look()
    assert state.condition is FaultKind.BAD_REQUEST
    assert "/dev/null" in state.message


def test_commands_are_as_the_standard_has_them() -> None:
    notebook = Notebook()
    mmc = Mmc(notebook)
    mmc.ready()
    mmc.eject()
    mmc.load()
    mmc.lock(on=True)
    mmc.profile()
    mmc.tray_open()
    mmc.disc_status()
    mmc.first_track()
    mmc.read(0x12345, 32)
    mmc.read(1, 1, fresh=True)
    assert notebook.sent == [
        "00 00 00 00 00 00",  # TEST UNIT READY
        "1e 00 00 00 00 00",  # ALLOW MEDIUM REMOVAL
        "1b 00 00 00 02 00",  # START STOP UNIT: LoEj
        "1b 00 00 00 03 00",  # LoEj, Start
        "1e 00 00 00 01 00",  # PREVENT
        "46 02 00 00 00 00 00 00 08 00",  # GET CONFIGURATION, one feature, 8 bytes
        "4a 01 00 00 10 00 00 00 08 00",  # GET EVENT STATUS NOTIFICATION, polled, media class
        "51 00 00 00 00 00 00 00 22 00",  # READ DISC INFORMATION, 34 bytes
        "52 01 00 00 00 01 00 00 24 00",  # READ TRACK INFORMATION of track 1, 36 bytes
        "28 00 00 01 23 45 00 00 20 00",  # READ(10)
        "28 08 00 00 00 01 00 00 01 00",  # Force Unit Access
    ]


@pytest.mark.parametrize("sense", [Sense(6, 0x28, 0), Sense(0xB, 0, 0)])
def test_a_tray_that_first_tells_what_happened_is_told_again(sense: Sense) -> None:
    notebook = Notebook(sense)
    Mmc(notebook).load()
    assert notebook.sent == ["1b 00 00 00 03 00"] * 2


def test_a_short_answer_is_no_sector() -> None:
    class Short(Notebook):
        def execute(self, cdb: bytes, out: bytes = b"", length: int = 0, timeout: float = 0) -> bytes:
            return bytes(length - 1)

    with pytest.raises(Sense, match=r"\[3 11 00\]"):
        Mmc(Short()).read(0, 1)
