"""An installation of burnish for tests: a real `burnish serve` in processes of its own, and a stock SCU.

The SCU is plain pynetdicom and shares no code with ours.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association

MCM = "1.2.840.10008.5.1.1.33"
STATUS = {
    "ExecutionStatus": 0x21000020,
    "ExecutionStatusInfo": 0x21000030,
    "TotalNumberOfPiecesOfMediaCreated": 0x2200000B,
    "FailedSOPSequence": 0x00081198,
    "ReferencedStorageMediaSequence": 0x2200000D,
}
"""The five status attributes, by keyword."""
_MARK = "LAB_INSTALLATION"
FILE_WRITER = '[writers.shelf]\ndriver = "file"\npath = "out"\n'


class Installation:
    """A configuration file with its data folder, and the server that runs on it."""

    def __init__(self, folder: Path, text: str = FILE_WRITER) -> None:
        self.folder = folder
        self.config = folder / "burnish.toml"
        self.out = folder / "out"
        self.data = folder / "var"
        self.config.write_text(f"[server]\nport = 0\n\n{text}", "utf-8")
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Serve; returns when it listens."""
        command = [sys.executable, "-m", "burnish.cli", "serve", "--config", str(self.config)]
        environment = {**os.environ, _MARK: str(self.folder)}
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("ready "), (self.folder / "server.log").read_text()
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 30) -> int:
        """Send a signal to the parent and wait for it."""
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(timeout)
        assert self.process.stdout
        self.process.stdout.close()
        self.process = None
        return code

    def processes(self) -> dict[int, str]:
        """Every process of this installation that runs, orphans too: its number and its role, which is
        server, reception, production, feeder, driver or labeller."""
        mark = f"{_MARK}={self.folder}\0".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (path / "environ").read_bytes() + b"\0":
                    found[int(path.name)] = _role(path)
            except OSError:  # it ended meanwhile
                continue
        return found


def _role(path: Path) -> str:
    line, name = (path / "cmdline").read_text(), (path / "comm").read_text().strip()
    for role in ("feeder", "driver", "labeller"):
        if f"production.{role}" in line:
            return role
    return {"burnish-rece": "reception", "burnish-prod": "production"}.get(name, "server")


@contextmanager
def serving(folder: Path, text: str = FILE_WRITER) -> Iterator[Installation]:
    """A running installation, stopped at the end."""
    installation = Installation(folder, text)
    installation.start()
    try:
        yield installation
    finally:
        installation.stop()


ANSWERED: list[tuple[str, int]] = []
"""Operation and status of every answer that a `Scu` was given since somebody looked."""


class Scu:
    """A stock SCU. Every call uses an association of its own; statuses are returned, never judged here."""

    def __init__(self, port: int, calling: str = "STOCKSCU", called: str = "BURNISH") -> None:
        self.port, self.calling, self.called = port, calling, called
        self.assigned = ""
        """(0000,1000) of the last N-CREATE response."""

    @contextmanager
    def associate(self, contexts: Sequence[Any] | None = None) -> Iterator[Association]:
        """An association for media creation, or these contexts."""
        ae = AE(self.calling)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 60
        asked = contexts or [build_context(MCM, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])]
        association = ae.associate("127.0.0.1", self.port, asked, ae_title=self.called)  # type: ignore[arg-type]
        keep_answers(association)
        try:
            assert association.is_established, "the association was not accepted"
            yield association
        finally:
            if association.is_established:
                association.release()

    def store(self, *data_sets: Dataset) -> list[int]:
        """C-STORE; the statuses."""
        kinds = {(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID) for ds in data_sets}
        with self.associate([build_context(*kind) for kind in sorted(kinds)]) as association:
            return [_noted("C_STORE", association.send_c_store(ds)) for ds in data_sets]

    def create(self, attributes: Dataset, uid: str | None = None) -> int:
        """N-CREATE; the status."""
        with self.associate() as association:
            association.bind(evt.EVT_DIMSE_RECV, self._note)
            return _noted("N_CREATE", association.send_n_create(attributes, MCM, uid)[0])

    def _note(self, event: Any) -> None:
        command = event.message.command_set
        self.assigned = str(command.get("AffectedSOPInstanceUID", ""))

    def initiate(self, uid: str, **arguments: Any) -> int:
        """N-ACTION 1; the status."""
        return self.action(1, uid, data_set(arguments) if arguments else None)

    def cancel(self, uid: str) -> int:
        """N-ACTION 2; the status."""
        return self.action(2, uid)

    def action(self, kind: int, uid: str, information: Dataset | None = None, sop_class: str = MCM) -> int:
        """N-ACTION; the status."""
        with self.associate() as association:
            return _noted("N_ACTION", association.send_n_action(information, kind, sop_class, uid)[0])

    def get(self, uid: str, tags: Sequence[int] = tuple(STATUS.values())) -> tuple[int, Dataset]:
        """N-GET; the status and what was told."""
        with self.associate() as association:
            status, told = association.send_n_get(list(tags), MCM, uid)  # type: ignore[arg-type]
            return _noted("N_GET", status), told or Dataset()

    def state(self, uid: str) -> tuple[str, str, int]:
        """Execution Status, its info, pieces made; ("GONE", "", 0) where there is no such instance."""
        status, told = self.get(uid)
        if status == 0x0112:
            return "GONE", "", 0
        assert status == 0, f"{status:04X}"
        return told.ExecutionStatus, told.ExecutionStatusInfo, told.TotalNumberOfPiecesOfMediaCreated

    def wait(self, uid: str, *wanted: str, timeout: float = 60) -> tuple[str, str, int]:
        """Poll until one of these states (DONE or FAILURE where none is named); it is returned."""
        end = time.monotonic() + timeout
        while (state := self.state(uid))[0] not in (wanted or ("DONE", "FAILURE")):
            assert time.monotonic() < end, f"still {state}"
            time.sleep(0.05)
        return state

    def order(self, data_sets: Sequence[Dataset], profile: str = "STD-GEN-CD", **arguments: Any) -> str:
        """Create and start; the UID."""
        uid = str(generate_uid())
        assert self.create(request(data_sets, profile), uid) == 0
        assert self.initiate(uid, **arguments) == 0
        return uid

    def make(self, data_sets: Sequence[Dataset], **arguments: Any) -> tuple[str, tuple[str, str, int]]:
        """Create, start and wait; the UID and the last state."""
        uid = self.order(data_sets, **arguments)
        return uid, self.wait(uid)


def _noted(operation: str, answer: Dataset) -> int:
    """The status, which is kept for the judge of all of them."""
    ANSWERED.append((operation, int(answer.Status)))
    return int(answer.Status)


def keep_answers(association: Association) -> None:
    """Keep pynetdicom 3.0.4 from losing an answer to the association's own thread.

    It says that it pauses a moment before it does. Whoever asked would wait until the timeout; on a busy
    machine that happens.
    """
    waiting = association.dimse.get_msg
    association.dimse.get_msg = lambda block=False: waiting(True) if block else (None, None)  # type: ignore[method-assign]


def data_set(values: Mapping[str, Any]) -> Dataset:
    """A data set of keywords."""
    found = Dataset()
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def request(data_sets: Sequence[Dataset], profile: str = "STD-GEN-CD", **attributes: Any) -> Dataset:
    """An N-CREATE attribute list that names these instances."""
    asked = data_set(attributes)
    asked.ReferencedSOPSequence = [reference(ds, profile) for ds in data_sets]
    return asked


def reference(ds: Dataset, profile: str = "STD-GEN-CD") -> Dataset:
    """One item of Referenced SOP Sequence; an empty profile is left out."""
    values = {"ReferencedSOPClassUID": ds.SOPClassUID, "ReferencedSOPInstanceUID": ds.SOPInstanceUID}
    return data_set(values | ({"RequestedMediaApplicationProfile": profile} if profile else {}))


def ct(count: int = 3, **attributes: Any) -> list[Dataset]:
    """CT slices of one series, from a real file, each an instance of its own; Explicit VR LE."""
    return _series("CT_small.dcm", count, attributes)


def mr(count: int = 3, **attributes: Any) -> list[Dataset]:
    """MR slices of another patient."""
    return _series("MR_small.dcm", count, attributes)


def _series(name: str, count: int, attributes: Mapping[str, Any]) -> list[Dataset]:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    study, series = generate_uid(), generate_uid()
    made: list[Dataset] = []
    for number in range(1, count + 1):
        ds = dcmread(path)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.InstanceNumber = study, series, number
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        made.append(ds)
    return made


def body(ds: Dataset) -> bytes:
    """The data set as it travels and as it must stand on a medium: its bytes without preamble and group 2."""
    from io import BytesIO

    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    data = buffer.getvalue()
    return data[144 + int.from_bytes(data[140:144], "little") :]
