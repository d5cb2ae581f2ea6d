"""Commands of an operator, beside a server and without one: requests, doctor, backup, restore, repair."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from tests.commands import Commands, Told, commands
from tests.lab import FILE_WRITER, Installation, Scu, ct, mr, request, serving

_BARE = {name: value for name, value in os.environ.items() if not name.startswith("BURNISH_")}
_running: list[Commands] = []


@pytest.fixture(scope="module", autouse=True)
def _forked() -> Iterator[None]:
    with commands() as running:
        _running.append(running)
        yield
        _running.clear()


def burnish(*arguments: str | Path, folder: Path) -> Told:
    """Run the command in the folder of an installation."""
    told = _running[0].run([str(argument) for argument in arguments], folder, _BARE)
    assert "Traceback" not in told.err, told.err
    return told


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, dict[str, str]]]:
    """A running server with a request that is DONE, one that failed, one IDLE and one GONE."""
    with serving(tmp_path_factory.mktemp("operated")) as installation:
        scu = Scu(installation.port)
        series, uids = ct(2), {"idle": generate_uid(), "gone": generate_uid()}
        assert set(scu.store(*series)) == {0}
        uids["done"], last = scu.make(series, NumberOfCopies=2)
        assert last == ("DONE", "NORMAL", 2)
        uids["failed"], _ = scu.make(mr(1))
        for name in ("gone", "idle"):
            assert scu.create(request(series), uids[name]) == 0
        assert scu.cancel(uids["gone"]) == 0
        yield installation, uids


def checks(told: Told) -> dict[str, set[str]]:
    """Levels of what a doctor looked at, by check."""
    found: dict[str, set[str]] = {}
    for finding in told.json["findings"]:
        found.setdefault(finding["check"], set()).add(finding["level"])
    return found


# --- requests ----------------------------------------------------------------------------------------------


def test_requests_newest_first(served: tuple[Installation, dict[str, str]]) -> None:
    installation, uids = served
    told = burnish("requests", "--json", folder=installation.folder)
    assert told.code == 0
    assert [line["uid"] for line in told.json] == [uids["idle"], uids["failed"], uids["done"]]
    done = told.json[2]
    assert (done["status"], done["info"], done["made"], done["wanted"]) == ("DONE", "NORMAL", 2, 2)
    assert (done["ae"], done["copies"], done["priority"]) == ("STOCKSCU", 2, "MED")
    assert (done["profiles"], done["spoilt"], done["held"]) == (["STD-GEN-CD"], 0, False)
    table = burnish("requests", folder=installation.folder).out.splitlines()
    assert table[0].split()[:4] == ["uid", "ae", "status", "info"]
    assert [line.split()[0] for line in table[1:]] == [line["uid"] for line in told.json]


def test_requests_of_one_status(served: tuple[Installation, dict[str, str]]) -> None:
    installation, uids = served
    for status, name in (("DONE", "done"), ("gone", "gone"), ("IDLE", "idle")):
        told = burnish("requests", "--status", status, "--json", folder=installation.folder)
        assert [line["uid"] for line in told.json] == [uids[name]]
    one = burnish("requests", "--limit", "1", "--json", folder=installation.folder)
    assert [line["uid"] for line in one.json] == [uids["idle"]]
    assert burnish("requests", "--status", "PENDING", folder=installation.folder).out == "no requests\n"


def test_everything_about_a_request(served: tuple[Installation, dict[str, str]]) -> None:
    """By UID or by token: references, volumes, pieces with attempts, events in order; and why it failed."""
    installation, uids = served
    told = burnish("requests", uids["done"], "--json", folder=installation.folder).json
    assert len(told["references"]) == 2
    assert [volume["profile"] for volume in told["volumes"]] == ["STD-GEN-CD"]
    assert [(piece["copy"], piece["state"], piece["proven_by"]) for piece in told["pieces"]] == [
        (1, "delivered", "host"),
        (2, "delivered", "host"),
    ]
    assert [[tried["outcome"] for tried in piece["attempts"]] for piece in told["pieces"]] == [
        ["delivered"],
        ["delivered"],
    ]
    kinds = [event["kind"] for event in told["events"]]
    assert kinds[:3] == ["request-created", "request-initiated", "request-planned"]
    assert kinds[-1] == "request-done"
    assert burnish("requests", told["token"], "--json", folder=installation.folder).json == told
    failed = burnish("requests", uids["failed"], folder=installation.folder).out
    assert "0112" in failed
    assert "the instance was not stored here" in failed
    people = burnish("requests", uids["done"], folder=installation.folder).out
    for title in ("references", "volumes", "pieces", "events"):
        assert f"\n{title}\n" in people


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["1.2.3"], "no request 1.2.3"),
        (["--status", "BURNT"], "--status BURNT: there are IDLE"),
        (["--release"], "names the request"),
        (["--limit", "0"], "--limit"),
    ],
)
def test_wrong_calls_of_requests(
    served: tuple[Installation, dict[str, str]], arguments: list[str], named: str
) -> None:
    told = burnish("requests", *arguments, folder=served[0].folder)
    assert (told.code, told.out) == (2, "")
    assert named in told.err


def test_what_is_not_held_is_not_released(served: tuple[Installation, dict[str, str]]) -> None:
    installation, uids = served
    told = burnish("requests", uids["done"], "--release", folder=installation.folder)
    assert (told.code, told.out) == (2, "")
    assert "is not held" in told.err


# --- doctor ------------------------------------------------------------------------------------------------


def test_a_doctor_beside_a_server(served: tuple[Installation, dict[str, str]]) -> None:
    """All is well; with --deep every instance is hashed. Nothing changes."""
    folder = served[0].folder
    before = sorted(path for path in served[0].data.rglob("*") if "-shm" not in path.name)
    told = burnish("doctor", "--deep", "--json", folder=folder)
    assert (told.code, told.json["well"]) == (0, True)
    looked = {"configuration", "writers", "data folder", "disk", "limits", "clock", "port"}
    looked |= {"database", "spool", "plans", "requests", "stations", "html", "bundlers", "viewer"}
    assert checks(told).keys() == looked
    assert "fail" not in {level for levels in checks(told).values() for level in levels}
    assert sorted(path for path in served[0].data.rglob("*") if "-shm" not in path.name) == before
    lines = burnish("doctor", folder=folder).out.splitlines()
    assert any(line.startswith("ok   data folder") and line.endswith("a server runs") for line in lines)


def test_a_doctor_where_nothing_was_ever_served(tmp_path: Path) -> None:
    told = burnish("doctor", "--json", folder=tmp_path)
    assert checks(told)["database"] == {"warn"}
    assert checks(told)["data folder"] == {"warn"}
    assert list(tmp_path.iterdir()) == []


def test_a_doctor_says_what_is_wrong(tmp_path: Path) -> None:
    """A lost file, a stray one, one set aside, an orphaned plan, what was arriving, a port that is taken."""
    with serving(tmp_path) as installation:
        assert set(Scu(installation.port).store(*ct(3))) == {0}
    spool = installation.data / "spool"
    files = sorted(path for path in spool.glob("[0-9a-f][0-9a-f]/*"))
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:10])
    files[2].with_name("0" * 64 + "-1").write_bytes(b"stray")
    files[2].with_name("1" * 64 + "-1.damaged").touch()
    (installation.data / "plans" / "ORPHAN.recipe").touch()
    (spool / "incoming" / "1-1").touch()
    for path in (*spool.rglob("*"), *installation.data.glob("plans/*")):
        os.utime(path, (0, 0))
    told = burnish("doctor", "--json", folder=tmp_path)
    assert told.code == 1
    text = burnish("doctor", folder=tmp_path).out
    for sentence in (
        "its file is gone",
        "its file is too short",
        "1 files are not indexed",
        "damaged files were set aside",
        "1 belong to no request",
        "1 files were arriving",
    ):
        assert sentence in text
    assert checks(told)["spool"] == {"fail", "warn"}


def test_a_doctor_hashes_with_deep_only(tmp_path: Path) -> None:
    with serving(tmp_path) as installation:
        assert set(Scu(installation.port).store(*ct(1))) == {0}
    [file] = (installation.data / "spool").glob("[0-9a-f][0-9a-f]/*")
    data = bytearray(file.read_bytes())
    data[2000] ^= 1
    file.write_bytes(data)
    assert burnish("doctor", folder=tmp_path).code == 0
    told = burnish("doctor", "--deep", folder=tmp_path)
    assert told.code == 1
    assert "has changed since it was received" in told.out


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nport = 'x'\n", "server.port"),
        ("[writers.shelf]\ndriver = 'none'\n", "no driver 'none'"),
    ],
)
def test_a_doctor_of_a_configuration(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "burnish.toml").write_text(text)
    told = burnish("doctor", folder=tmp_path)
    assert told.code == 1
    assert named in told.out


def test_a_port_that_somebody_else_has(served: tuple[Installation, dict[str, str]], tmp_path: Path) -> None:
    """No server of this folder runs, and the port is not free."""
    (tmp_path / "burnish.toml").write_text(f"[server]\nport = {served[0].port}\n")
    told = burnish("doctor", "--json", folder=tmp_path)
    assert checks(told)["port"] == {"fail"}


# --- backup, restore, repair -------------------------------------------------------------------------------


def test_a_backup_of_a_running_server_serves_again(
    served: tuple[Installation, dict[str, str]], tmp_path: Path
) -> None:
    """What was done is done, what failed failed, and its instances can be asked for."""
    installation, uids = served
    told = burnish("backup", tmp_path / "copy", folder=installation.folder)
    assert told.code == 0
    assert "2 instances" in told.out
    again = Installation(tmp_path, FILE_WRITER)
    told = burnish("restore", "copy", "--to", "var", folder=tmp_path)
    assert (told.code, "2 instances" in told.out) == (0, True)
    again.start()
    try:
        scu = Scu(again.port)
        assert scu.state(uids["done"]) == ("DONE", "NORMAL", 2)
        assert scu.state(uids["failed"])[0] == "FAILURE"
        assert scu.initiate(uids["idle"]) == 0
        assert scu.wait(uids["idle"]) == ("DONE", "NORMAL", 1)
        refused = burnish("restore", "copy", "--to", "var", folder=tmp_path)
        assert (refused.code, "var is not empty" in refused.err) == (2, True)
    finally:
        again.stop()


def test_a_damaged_database_is_refused_then_repaired(tmp_path: Path) -> None:
    """`serve` says what to do; `doctor` as well; after `repair` the instances are there."""
    with serving(tmp_path) as installation:
        series = ct(1)
        assert set(Scu(installation.port).store(*series)) == {0}
    (installation.data / "burnish.sqlite").write_bytes(b"\xff" * 65536)
    told = burnish("serve", folder=tmp_path)
    assert (told.code, told.out) == (1, "")
    assert "`burnish repair` keeps what can be read" in told.err
    sick = burnish("doctor", folder=tmp_path)
    assert (sick.code, "`burnish repair`" in sick.out) == (1, True)
    told = burnish("repair", folder=tmp_path)
    assert (told.code, "indexed 1 instances again" in told.out) == (0, True)
    installation.start()
    try:
        assert Scu(installation.port).make(series)[1] == ("DONE", "NORMAL", 1)
    finally:
        installation.stop()


def test_a_restored_request_waits_for_an_operator(tmp_path: Path) -> None:
    """It was QUEUED in the backup; nothing is made of it until it is released."""
    source = Installation(tmp_path)
    uid, series = generate_uid(), ct(1)
    source.start()
    scu = Scu(source.port)
    assert set(scu.store(*series)) == {0}
    assert scu.create(request(series), uid) == 0
    source.stop()
    with closing(sqlite3.connect(source.data / "burnish.sqlite")) as connection, connection:
        connection.execute("UPDATE requests SET status = 'PENDING', info = 'QUEUED', initiated_at = 1")
        connection.execute("INSERT INTO pins SELECT requests.id, 0, instances.id FROM requests, instances")
    assert burnish("backup", "copy", folder=source.folder).code == 0
    shutil.rmtree(source.data)
    told = burnish("restore", "copy", "--to", "var", folder=source.folder)
    assert "1 started requests are held" in told.out
    source.start()
    try:
        scu = Scu(source.port)
        assert scu.state(uid) == ("PENDING", "CHECK_MCD_OP", 0)
        looked = burnish("doctor", "--json", folder=source.folder)
        assert "warn" in checks(looked)["requests"]
        assert burnish("requests", uid, "--release", folder=source.folder) == Told(0, "released\n", "")
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
    finally:
        source.stop()
