"""What a robot and its drives do to requests, on a floor that is a folder: cases 46, 49, 86 to 89 and 94."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from burnish.testing.floor import Floor

from tests.robots import Shop, tower, working
from tests.robustness.evidence import attempts_of, eventually, pieces_of, rows

DONE = ("DONE", "NORMAL")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """One drive, six blanks."""
    with working(tower(tmp_path)) as one:
        yield one


def test_a_robot_loads_and_unloads_every_copy(shop: Shop) -> None:
    uid = shop.start(copies=3)
    assert shop.scu.wait(uid) == (*DONE, 3)
    assert shop.places() == {"input": 3, "arm": 0, "output": 3, "rejected": 0}
    assert {piece["place"] for piece in pieces_of(shop.burnish, uid)} == {"output bin"}


def test_four_drives_make_copies_side_by_side(tmp_path: Path) -> None:
    with working(tower(tmp_path, 4, blanks=8, rate=400_000)) as shop:
        uid = shop.start(copies=8)
        assert shop.scu.wait(uid) == (*DONE, 8)
        assert {row["station"] for row in attempts_of(shop.burnish, uid)} == {f"tower/d{n}" for n in range(4)}
        assert shop.places()["output"] == 8


def test_case_87_an_empty_bin_is_told_before_anything_is_claimed_and_refilled(tmp_path: Path) -> None:
    with working(tower(tmp_path, blanks=1)) as shop:
        uid = shop.start(copies=2)
        shop.await_state(uid, "PENDING", "OUT_OF_SUPPLIES")
        [row] = shop.stations()
        assert (row["state"], row["condition"], row["must_act"]) == ("waiting", "NO_BLANK_MEDIA", "operator")
        assert row["device"]["supplies"] == [{"name": "input bin", "count": 0, "percent": None}]
        assert shop.scu.state(uid)[2] == 1
        before = len(attempts_of(shop.burnish, uid))
        shop.floor.refill(2)
        assert shop.scu.wait(uid) == (*DONE, 2)
        assert len(attempts_of(shop.burnish, uid)) == before + 1, "it was claimed while the bin was empty"


def test_case_88_an_empty_bin_ends_in_failure(tmp_path: Path) -> None:
    with working(tower(tmp_path, blanks=0, queue='supplies_timeout = "1s"')) as shop:
        assert shop.scu.wait(shop.start()) == ("FAILURE", "OUT_OF_SUPPLIES", 0)


@pytest.mark.parametrize("file", ["condition", "jam"])
def test_case_89_a_jam_is_told_and_cleared(shop: Shop, file: str) -> None:
    with shop.lasting(file, "OPERATOR_ACTION"):
        uid = shop.start()
        shop.await_state(uid, "PENDING", "CHECK_MCD_OP")
        [row] = shop.stations()
        assert row["state"] in ("waiting", "failed")  # failed: it was jammed when its driver began
        assert row["must_act"] == "operator"
    assert shop.scu.wait(uid) == (*DONE, 1)
    assert shop.places()["rejected"] == 0


def test_case_89_a_proven_disc_that_is_jammed_is_handed_out_later(shop: Shop) -> None:
    """It is read once more when the jam is cleared: somebody may have put another one in."""
    shop.script({"hang": 3, "in": "read_back"})
    uid = shop.start()
    shop.await_piece(uid, "written")
    with shop.lasting("jam", "OPERATOR_ACTION"):
        shop.await_state(uid, "PENDING", "CHECK_MCD_OP")
        [piece] = pieces_of(shop.burnish, uid)
        assert piece["state"] == "unknown"
    assert shop.scu.wait(uid) == (*DONE, 1)
    assert shop.places() == {"input": 5, "arm": 0, "output": 1, "rejected": 0}


def test_a_robot_that_nobody_understands_stops_until_an_operator_resumes(shop: Shop) -> None:
    with shop.lasting("jam", "UNKNOWN_REPLY"):
        uid = shop.start()
        shop.await_state(uid, "PENDING", "CHECK_MCD_OP")
        eventually(lambda: (state := shop.stations()[0]["state"]) != "quarantined" and state)
    assert shop.scu.state(uid)[:2] == ("PENDING", "CHECK_MCD_OP")
    shop.command("stations", "resume", "tower")
    assert shop.scu.wait(uid) == (*DONE, 1)


def test_case_86_bad_discs_are_rejected_until_there_were_enough(shop: Shop) -> None:
    shop.script(*[{"fault": "MEDIA_DEFECT", "at": 65536}] * 3)
    assert shop.scu.wait(shop.start()) == ("FAILURE", "MCD_FAILURE", 0)
    eventually(lambda: (places := shop.places())["rejected"] != 3 and places)
    assert shop.places()["output"] == 0


@pytest.mark.parametrize("moment", ["write", "close"])
def test_case_86_the_next_disc_is_tried(shop: Shop, moment: str) -> None:
    shop.script({"fault": "MEDIA_DEFECT", "in": moment, "at": 65536 if moment == "write" else 0})
    uid = shop.start()
    assert shop.scu.wait(uid) == (*DONE, 1)
    assert shop.places() == {"input": 4, "arm": 0, "output": 1, "rejected": 1}
    assert [row["outcome"] for row in attempts_of(shop.burnish, uid)] == ["spoilt", "delivered"]


def test_case_94_a_disc_that_reads_back_wrong_goes_to_the_reject_bin(shop: Shop) -> None:
    shop.script({"lie": 40_000})
    uid = shop.start()
    assert shop.scu.wait(uid) == (*DONE, 1)
    assert shop.places() == {"input": 4, "arm": 0, "output": 1, "rejected": 1}


def test_a_disc_with_data_among_the_blanks_is_rejected_not_overwritten(tmp_path: Path) -> None:
    burnish = tower(tmp_path, blanks=3)
    floor = Floor(tmp_path / "floor")
    floor.discs("input")[0].write_bytes(b"somebody else's pictures")
    with working(burnish) as shop:
        assert shop.scu.wait(shop.start()) == (*DONE, 1)
        [rejected] = floor.discs("rejected")
        assert rejected.read_bytes() == b"somebody else's pictures"


def test_a_bin_of_written_discs_asks_for_an_operator_after_three(tmp_path: Path) -> None:
    burnish = tower(tmp_path, blanks=5)
    floor = Floor(tmp_path / "floor")
    for disc in floor.discs("input"):
        disc.write_bytes(b"written")
    burnish.start()
    shop = Shop(burnish)
    uid = shop.start()
    shop.await_state(uid, "PENDING", "OUT_OF_SUPPLIES")
    assert pieces_of(burnish, uid)[0]["spoilt"] == 0
    assert all(disc.read_bytes() == b"written" for disc in floor.folder.rglob("disc-*"))
    burnish.stop()


def test_case_49_a_cancel_before_the_first_byte_leaves_a_blank_for_the_next(tmp_path: Path) -> None:
    burnish = tower(tmp_path)
    text = burnish.config.read_text().replace("drives = 1\n", "drives = 1\nmotion = 1\n")
    burnish.config.write_text(text)
    with working(burnish) as shop:
        uid = shop.start()
        shop.await_state(uid, "CREATING", "NORMAL")
        assert shop.scu.cancel(uid) == 0
        assert shop.scu.get(uid)[0] == 0x0112
        eventually(lambda: rows(burnish, "SELECT * FROM attempts WHERE outcome IS NULL"))
        assert not any(disc.stat().st_size for disc in shop.floor.folder.rglob("disc-*"))


def test_case_46_a_server_that_is_killed_lets_the_disc_be_finished(tmp_path: Path) -> None:
    burnish = tower(tmp_path, rate=40_000)
    burnish.start()
    shop = Shop(burnish)
    uid = shop.start()
    shop.await_piece(uid, "intent")
    for process, role in burnish.processes().items():
        if role not in ("feeder", "driver"):
            os.kill(process, signal.SIGKILL)
    burnish.stop()
    burnish.start()
    shop.scu.port = burnish.port
    assert shop.scu.wait(uid) == (*DONE, 1)
    burnish.stop()
    shop.check()
    assert shop.places() == {"input": 5, "arm": 0, "output": 1, "rejected": 0}


@pytest.mark.parametrize("role", ["driver", "feeder"])
def test_case_46_a_disc_whose_process_died_goes_to_the_reject_bin(tmp_path: Path, role: str) -> None:
    with working(tower(tmp_path, rate=40_000)) as shop:
        uid = shop.start()
        done = "SELECT done FROM attempts WHERE done > 0"
        eventually(lambda: not rows(shop.burnish, done) and "nothing written")
        [victim] = [process for process, its in shop.burnish.processes().items() if its == role]
        os.kill(victim, signal.SIGKILL)
        assert shop.scu.wait(uid) == (*DONE, 1)
        assert shop.places() == {"input": 4, "arm": 0, "output": 1, "rejected": 1}


def test_a_disc_that_somebody_took_out_counts_as_spoilt(tmp_path: Path) -> None:
    with working(tower(tmp_path, rate=40_000)) as shop:
        uid = shop.start()
        done = "SELECT done FROM attempts WHERE done > 0"
        eventually(lambda: not rows(shop.burnish, done) and "nothing written")
        disc = shop.floor.disc("drive-0")
        assert disc
        disc.unlink()
        [victim] = [process for process, its in shop.burnish.processes().items() if its == "feeder"]
        os.kill(victim, signal.SIGKILL)
        assert shop.scu.wait(uid) == (*DONE, 1)
        [piece] = pieces_of(shop.burnish, uid)
        assert piece["spoilt"] == 1
        assert "not in the device any more" in attempts_of(shop.burnish, uid)[0]["message"]


def test_an_operator_takes_a_disc_away_that_is_in_doubt(shop: Shop) -> None:
    """The robot stands still, so nobody can ask; `accept-medium` says that the disc is out of circulation."""
    shop.script({"hang": 3}, {})
    uid = shop.start()
    shop.await_piece(uid, "intent")
    with shop.lasting("condition", "OPERATOR_ACTION"):
        [victim] = [process for process, its in shop.burnish.processes().items() if its == "feeder"]
        os.kill(victim, signal.SIGKILL)
        shop.await_piece(uid, "unknown")
        assert shop.scu.state(uid)[:2] == ("PENDING", "CHECK_MCD_OP")
        disc = shop.floor.disc("drive-0")
        assert disc
        disc.unlink()
        eventually(lambda: "counts as spoilt" not in shop.try_command("stations", "accept-medium", "tower"))
        assert "no medium is in doubt" in shop.command("stations", "accept-medium", "tower")
    assert shop.scu.wait(uid) == (*DONE, 1)
    assert pieces_of(shop.burnish, uid)[0]["spoilt"] == 1
