"""`burnish scu`: any attribute, TLS, UIDs, waits, retries, JSON, against burnish, dcmtk and stock SCPs."""

import json
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, Verification  # type: ignore[attr-defined]

from tests.commands import Told
from tests.lab import MCM, Installation, Scu, ct, serving

HELD = '[writers.shelf]\ndriver = "scripted"\npath = "press"\nhold_retry = "0.1s"\n'


def scu(*words: object) -> Told:
    command = [sys.executable, "-m", "burnish.cli", "scu", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with serving(tmp_path_factory.mktemp("scu")) as installation:
        yield installation


@pytest.fixture
def to(server: Installation) -> list[str]:
    return ["--to", f"BURNISH@127.0.0.1:{server.port}"]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two slices in files."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number, ds in enumerate(ct(2)):
        ds.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    return folder


# --- stock SCPs ---------------------------------------------------------------------------------------------


class Stock:
    """A media creation SCP on stock handlers that keeps what it was sent; `answers` are given first."""

    def __init__(self, answers: Mapping[str, Sequence[int]] | None = None) -> None:
        self.left = {operation: list(codes) for operation, codes in (answers or {}).items()}
        self.created: list[tuple[str, Dataset]] = []
        self.acted: list[Dataset | None] = []
        self.stored: list[Dataset] = []
        self.port = 0

    def _next(self, operation: str) -> int:
        codes = self.left.get(operation)
        return codes.pop(0) if codes else 0

    def create(self, event: Any) -> tuple[int, Dataset]:
        self.created.append((str(event.request.AffectedSOPInstanceUID), event.attribute_list))
        code, answer = self._next("N-CREATE"), Dataset()
        if code == -1:  # it is done, and the answer is lost
            event.assoc.abort()
            return 0, answer
        answer.AffectedSOPInstanceUID = event.request.AffectedSOPInstanceUID or "1.2.3.99"
        return code, answer

    def act(self, event: Any) -> tuple[int, None]:
        self.acted.append(event.action_information)
        code = self._next("N-ACTION")
        if code == -1:
            event.assoc.abort()
        return max(code, 0), None

    def store(self, event: Any) -> int:
        self.stored.append(event.dataset)
        return self._next("C-STORE")

    def get(self, event: Any) -> tuple[int, Dataset]:
        told = Dataset()
        told.ExecutionStatus, told.ExecutionStatusInfo = "PENDING", "QUEUED"
        told.TotalNumberOfPiecesOfMediaCreated = 0
        return self._next("N-GET"), told

    @contextmanager
    def listening(self, context: ssl.SSLContext | None = None) -> Iterator["Stock"]:
        ae = AE("STOCK")
        for sop_class in (MCM, Verification, CTImageStorage):
            ae.add_supported_context(sop_class, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])
        handlers = [
            (evt.EVT_C_STORE, self.store),
            (evt.EVT_N_CREATE, self.create),
            (evt.EVT_N_ACTION, self.act),
            (evt.EVT_N_GET, self.get),
        ]
        server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=context)
        assert server
        self.port = server.server_address[1]
        try:
            yield self
        finally:
            server.shutdown()

    @property
    def to(self) -> list[str]:
        return ["--to", f"STOCK@127.0.0.1:{self.port}"]


@pytest.fixture
def stock() -> Iterator[Stock]:
    with Stock().listening() as one:
        yield one


# --- attributes ---------------------------------------------------------------------------------------------


def test_any_attribute_by_keyword_tag_and_path(stock: Stock, study: Path, tmp_path: Path) -> None:
    """What is set arrives as it was set: text, several values, items, bytes of a file, an empty value."""
    (tmp_path / "icon.raw").write_bytes(bytes(range(16)))
    (tmp_path / "more.json").write_text(json.dumps({"MediaDisposition": "to ward 7", "LabelText": "lost"}))
    done = scu(
        *("create", study, *stock.to, "--uid", "1.2.3.4", "--profile", "STD-GEN-CD", "--json"),
        *("--attributes", tmp_path / "more.json"),
        *("--set", "LabelText=Für Station 7"),
        *("--set", "(2200,0003)=HOUSE", "--set", "22000005=12\\34"),
        *("--set", "ReferencedSOPSequence[*].RequestedMediaApplicationProfile=STD-CTMR-CD"),
        *("--set", "ReferencedSOPSequence[0].RequestedMediaApplicationProfile=STD-GEN-CD"),
        *("--set", "ReferencedSOPSequence[0].IconImageSequence[0].Rows=4"),
        *("--set", f"ReferencedSOPSequence[0].IconImageSequence[0].PixelData=@{tmp_path / 'icon.raw'}"),
        *("--set", "BarcodeSymbology=", "--unset", "MediaDisposition"),
    )
    assert (done.code, done.json["uid"]) == (0, "1.2.3.4")
    [exchange] = done.json["exchanges"]
    assert (exchange["operation"], exchange["status"], exchange["name"]) == ("N-CREATE", "0000", "SUCCESS")
    [(uid, sent)] = stock.created
    assert uid == "1.2.3.4"
    assert (sent.SpecificCharacterSet, sent.LabelText) == ("ISO_IR 192", "Für Station 7")
    assert (sent.LabelStyleSelection, sent.BarcodeValue) == ("HOUSE", "12\\34")
    assert [item.RequestedMediaApplicationProfile for item in sent.ReferencedSOPSequence] == [
        "STD-GEN-CD",
        "STD-CTMR-CD",
    ]
    [icon] = sent.ReferencedSOPSequence[0].IconImageSequence
    assert (icon.Rows, icon.PixelData) == (4, bytes(range(16)))
    assert (sent.BarcodeSymbology or "") == ""
    assert "MediaDisposition" not in sent


def test_the_json_model_of_dicom_is_taken(stock: Stock, study: Path) -> None:
    model = json.dumps({"22000002": {"vr": "UT", "Value": ["by model"]}})
    command = [sys.executable, "-m", "burnish.cli", "scu", "create", study, *stock.to, "--attributes", "-"]
    done = subprocess.run(command, input=model, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1.2.3.99"
    assert stock.created[0][1].LabelText == "by model"


def test_wrong_values_go_as_they_are_where_that_is_wanted(stock: Stock, to: list[str], study: Path) -> None:
    """Without --as-is a sentence names the keyword; with it the SCP judges."""
    refused = scu("initiate", "1.2.3", *stock.to, "--set", "NumberOfCopies=abc")
    assert refused.code == 2
    assert "--set NumberOfCopies='abc'" in refused.err
    assert stock.acted == []
    assert scu("store", study, *to).code == 0
    uid = scu("create", study, *to).out.strip()
    judged = scu("initiate", uid, *to, "--set", "NumberOfCopies=abc", "--as-is", "--json")
    assert (judged.code, judged.json["status"]) == (1, "0115")
    long = scu("create", study, *to, "--set", f"StorageMediaFileSetID={'A' * 17}", "--as-is", "--json")
    assert (long.code, long.json["status"]) == (1, "0106")
    assert long.json["comment"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "LabelText"], "is not KEYWORD=VALUE"),
        (["--set", "LabelTxet=x"], "is not a DICOM keyword"),
        (["--set", "ReferencedSOPSequence=x"], "is a sequence; name an item"),
        (["--set", "ReferencedSOPSequence.ReferencedSOPClassUID=x"], "names no item"),
        (["--set", "ReferencedSOPSequence[7].ReferencedSOPClassUID=x"], "there are 2 items"),
        (["--set", "LabelText[0].Rows=1"], "is no sequence"),
        (["--set", "LabelText=@absent"], "absent: No such file"),
        (["--set", "StorageMediaFileSetUID=1.02.x"], "StorageMediaFileSetUID"),
        (["--attributes", "absent.json"], "absent.json"),
        (["--transfer-syntax", "Smoke"], "try 'ImplicitVRLittleEndian'"),
        (["--answer-timeout", "soon"], "--answer-timeout 'soon'"),
        (["--tls-any-host"], "says nothing without --tls"),
        (["--tls", "--tls-ca", "absent.pem"], "TLS: absent.pem cannot be used"),
    ],
)
def test_a_wrong_call_is_a_sentence(stock: Stock, study: Path, words: list[str], said: str) -> None:
    done = scu("create", study, *stock.to, *words)
    assert done.code == 2
    assert said in done.err
    assert stock.created == []
    machine = scu("create", study, *stock.to, *words, "--json")
    assert machine.code == 2
    assert said in machine.json["error"]


# --- UIDs and waits -----------------------------------------------------------------------------------------


def test_the_same_files_go_again_under_other_uids(server: Installation, to: list[str], study: Path) -> None:
    """Both are made; what is on the second medium is another study, and the files are as they were."""
    before = [path.read_bytes() for path in sorted(study.iterdir())]
    first = scu("make", study, *to, "--json")
    again = scu("make", study, *to, "--new-uids", "--uid", "new", "--json")
    assert (first.code, again.code) == (0, 0)
    assert [path.read_bytes() for path in sorted(study.iterdir())] == before
    renamed = again.json["uids"]
    one = dcmread(study / "0.dcm")
    assert renamed[one.StudyInstanceUID] != one.StudyInstanceUID
    assert one.SOPClassUID not in renamed
    told = Scu(server.port, "BURNISHSCU").get(again.json["uid"], [0x00081199])[1]
    asked = {item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence}
    assert asked == {renamed[dcmread(path).SOPInstanceUID] for path in study.iterdir()}


def test_waiting_has_an_end(tmp_path: Path, study: Path) -> None:
    """3 where it takes too long, and it is cancelled where that is wanted; 1 where it ends otherwise."""
    installation = Installation(tmp_path, HELD)
    text = installation.config.read_text()
    installation.config.write_text(f'plugins = ["profiles", "format-iso9660", "writer-scripted"]\n{text}')
    hold = tmp_path / "press" / "hold-write"
    hold.parent.mkdir()
    hold.touch()
    installation.start()
    try:
        to = ["--to", f"BURNISH@127.0.0.1:{installation.port}"]
        late = scu("make", study, *to, "--timeout", "1s", "--json")
        assert (late.code, late.json["timeout"], late.json["cancelled"]) == (3, True, False)
        uid = late.json["uid"]
        creating = scu("wait", uid, *to, "--until", "CREATING", "--poll", "0.1s")
        assert creating.code == 0
        assert "CREATING NORMAL, 0 made" in creating.out
        assert scu("wait", uid, *to, "--timeout", "1s").code == 3
        gone = scu("make", study, *to, "--timeout", "1s", "--cancel-late", "--json")
        assert (gone.code, gone.json["cancelled"]) == (3, True)
        assert scu("get", gone.json["uid"], *to, "--json").json["status"] == "0112"
        hold.unlink()
        assert scu("wait", uid, *to, "--json").json["ExecutionStatus"] == "DONE"
        assert scu("wait", uid, *to, "--until", "FAILURE").code == 1
    finally:
        installation.stop()


# --- retries ------------------------------------------------------------------------------------------------


def test_what_may_be_tried_again_is(study: Path) -> None:
    answers = {"N-CREATE": [0x0213, 0x0213], "C-STORE": [0xA700], "N-ACTION": [0x0213]}
    with Stock(answers).listening() as busy:
        once = scu("create", study, *busy.to, "--json")
        assert (once.code, once.json["status"]) == (1, "0213")
        again = scu("create", study, *busy.to, "--retries", "2", "--retry-wait", "0.1s")
        assert again.code == 0
        assert "N-CREATE: N-CREATE answered 0213; again in 0.1 s, 2 left" in again.err
        stored = scu("store", study, *busy.to, "--retries", "1", "--retry-wait", "0.1s")
        assert (stored.code, stored.out) == (0, "2 of 2 stored\n")
        assert len(busy.stored) == 3
        assert scu("initiate", "1.2.3", *busy.to, "--retries", "1", "--retry-wait", "0.1s").code == 0


def test_a_lost_answer_is_asked_for_again_only_under_a_uid_of_ours(study: Path) -> None:
    """The SCP has made the request: a further try finds it; without a UID it could make two."""
    how = ["--retries", "3", "--retry-wait", "0.1s"]
    with Stock({"N-CREATE": [-1, 0x0111]}).listening() as forgetful:
        found = scu("create", study, *forgetful.to, "--uid", "1.2.3.5", *how)
        assert (found.code, found.out) == (0, "1.2.3.5\n")
        assert [uid for uid, _ in forgetful.created] == ["1.2.3.5", "1.2.3.5"]
    with Stock({"N-CREATE": [-1]}).listening() as forgetful:
        lost = scu("create", study, *forgetful.to, *how)
        assert lost.code == 1
        assert "no answer" in lost.err
        assert len(forgetful.created) == 1


@pytest.mark.parametrize(
    ("words", "found", "said"), [("initiate", 0xA510, "started"), ("cancel", 0x0112, "cancelled")]
)
def test_an_action_whose_answer_was_lost_is_found_done(words: str, found: int, said: str) -> None:
    """A510 says that it was started, 0112 that it was cancelled; neither says the other."""
    how = ["--retries", "1", "--retry-wait", "0.1s"]
    with Stock({"N-ACTION": [-1, found]}).listening() as forgetful:
        assert scu(words, "1.2.3", *forgetful.to, *how).out == f"{said}\n"
    with Stock({"N-ACTION": [-1, 0xA510 + 0x0112 - found]}).listening() as forgetful:
        assert scu(words, "1.2.3", *forgetful.to, *how).code == 1


def test_nobody_there_is_tried_again_until_somebody_is(tmp_path: Path) -> None:
    with Stock().listening() as one:
        port = one.port
    begun = time.monotonic()
    done = scu("echo", "--to", f"STOCK@127.0.0.1:{port}", "--retries", "2", "--retry-wait", "0.5s", "--json")
    assert done.code == 1
    assert "nobody listens there" in done.json["error"]
    assert done.err.count("again in 0.5 s") == 2
    assert time.monotonic() - begun > 1


# --- TLS ----------------------------------------------------------------------------------------------------


Certify = Callable[..., Path]


@pytest.fixture(scope="module")
def certify(tmp_path_factory: pytest.TempPathFactory) -> Certify:
    """Makes a certificate and its key in one file, signed by the house's own authority or by itself."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = rsa.generate_private_key(65537, 2048)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "house")])

    def make(name: str, *, signer: rsa.RSAPrivateKey | None = None, days: int = 30) -> Path:
        key = rsa.generate_private_key(65537, 2048) if name != "ca" else authority
        subject = issuer if name == "ca" else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if name == "here":
            import ipaddress

            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
            .sign(signer or authority, hashes.SHA256())
        )
        path = folder / f"{name}{days}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        return path

    return make


def secured(certificate: Path, ca: Path | None = None) -> ssl.SSLContext:
    """What an SCP listens with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if ca:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_requests_go_over_tls(certify: Certify, study: Path) -> None:
    """With a certificate of ours, which the SCP asks for."""
    ca, here = certify("ca"), certify("here")
    ours = ["--tls", "--tls-ca", ca, "--tls-cert", certify("scu")]
    with Stock().listening(secured(here, ca)) as one:
        assert scu("echo", *one.to, *ours).out == "ok\n"
        assert scu("store", study, *one.to, *ours).out == "2 of 2 stored\n"
        assert scu("create", study, *one.to, *ours, "--uid", "1.2.3").out == "1.2.3\n"
        assert scu("initiate", "1.2.3", *one.to, *ours).out == "started\n"
        assert scu("get", "1.2.3", *one.to, *ours, "--key", "ExecutionStatus").code == 0
        assert scu("cancel", "1.2.3", *one.to, *ours).out == "cancelled\n"
        assert len(one.stored) == 2
        assert scu("echo", *one.to).code == 1


def test_a_peer_that_is_not_who_it_should_be_is_not_asked(certify: Certify, tmp_path: Path) -> None:
    """Another authority, another name, a certificate that is over, TLS 1.1: a sentence each."""
    ca, own = certify("ca"), rsa.generate_private_key(65537, 2048)
    ask = ["--tls", "--tls-ca", ca]
    with Stock().listening(secured(certify("here", signer=own, days=31))) as one:
        assert "certificate signature failure" in scu("echo", *one.to, *ask).err
    with Stock().listening(secured(certify("elsewhere"))) as one:
        assert "IP address mismatch" in scu("echo", *one.to, *ask).err
        assert scu("echo", *one.to, *ask, "--tls-any-host").out == "ok\n"
    with Stock().listening(secured(certify("here", days=-1))) as one:
        assert "certificate has expired" in scu("echo", *one.to, *ask).err
    old = secured(certify("here"))
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with Stock().listening(old) as one:
        said = scu("echo", *one.to, *ask)
        assert said.code == 1
        assert "was not reached over TLS" in said.err
    with Stock().listening() as plain:
        assert "was not reached over TLS" in scu("echo", *plain.to, *ask, "--connect-timeout", "3s").err


@pytest.mark.judge("storescp")
def test_dcmtk_takes_files_over_tls(certify: Certify, study: Path, tmp_path: Path) -> None:
    """dcmtk's storescp wants our certificate, and keeps what it was sent."""
    ca, here, ours = certify("ca"), certify("here"), certify("scu")
    storescp = shutil.which("storescp")
    assert storescp
    with Stock().listening() as one:
        port = one.port  # a free one
    command = [storescp, "+tls", here, here, "+cf", ca, "-rc", "-od", tmp_path, str(port)]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL)
    try:
        how = ["--tls", "--tls-ca", ca, "--tls-cert", ours, "--retries", "20", "--retry-wait", "0.2s"]
        to = ["--to", f"ANY@127.0.0.1:{port}"]
        assert scu("echo", *to, *how).out == "ok\n"
        assert scu("store", study, *to, *how).out == "2 of 2 stored\n"
    finally:
        process.kill()
        process.wait()
    kept = {dcmread(path).SOPInstanceUID for path in tmp_path.glob("CT.*")}
    assert kept == {dcmread(path).SOPInstanceUID for path in study.iterdir()}


# --- the statement ------------------------------------------------------------------------------------------


def rows(document: Any) -> dict[str, list[str]]:
    """Every row by its first cell."""
    found = {row[0]: row for table in document["tables"] for row in table["rows"]}
    for part in document["parts"]:
        found |= rows(part)
    return found


def test_its_statement_says_how_it_was_called(study: Path) -> None:
    """S.4.1.1: what an option changes is in the statement, and on the wire."""
    plain = rows(scu("conformance", "--format", "json").json)
    how = [
        "--transfer-syntax",
        "ImplicitVRLittleEndian",
        "--retries",
        "1",
        "--retry-wait",
        "0.1s",
        "--ae",
        "OTHER",
    ]
    called = rows(scu("conformance", "--format", "json", *how).json)
    name = "Media Creation Management SOP Class UID"
    assert plain["Further tries"][1] == "0"
    assert called["Further tries"][1] == "1"
    assert called["Calling AE title"][1] == "OTHER"
    offered: list[list[str]] = []
    with Stock({"N-CREATE": [0x0213]}).listening() as one:
        assert scu("create", study, *one.to, *how).code == 0
        assert len(one.created) == 2
        offered.append(called[name])
    assert any("Implicit VR Little Endian" in cell for cell in offered[0])
    assert plain["0213H, resource limitation"][1] == "N-CREATE, N-ACTION 1"


@pytest.mark.parametrize("form", ["md", "html", "pdf"])
def test_its_statement_has_every_form(form: str, tmp_path: Path) -> None:
    out = tmp_path / f"statement.{form}"
    assert scu("conformance", "--format", form, "--out", out).code == 0
    assert out.read_bytes()[:5] == {"md": b"# DIC", "html": b"<!DOC", "pdf": b"%PDF-"}[form]


def test_unknown_syntaxes_are_refused_by_the_peer(stock: Stock) -> None:
    """What is offered is what the option says: JPEG for media creation is accepted by nobody."""
    done = scu("get", str(generate_uid()), *stock.to, "--transfer-syntax", "JPEGBaseline8Bit")
    assert done.code == 1
    assert "accepted none of the presentation contexts" in done.err
