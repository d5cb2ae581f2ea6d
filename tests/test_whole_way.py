"""From C-STORE to a proven image, through a real server."""

from pathlib import Path

from tests.lab import Scu, ct, mr, serving


def test_two_copies_of_two_patients(tmp_path: Path) -> None:
    """CT and MR of two patients on one medium, twice."""
    with serving(tmp_path) as burnish:
        scu = Scu(burnish.port)
        instances = ct(3) + mr(2)
        assert scu.store(*instances) == [0] * 5
        _, state = scu.make(instances, NumberOfCopies=2)
        assert state == ("DONE", "NORMAL", 2)
        images = sorted(burnish.out.rglob("*.iso"))
        assert len(images) == 2
        assert images[0].read_bytes() == images[1].read_bytes()
