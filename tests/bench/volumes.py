"""Rows about file systems: how fast they are laid out and poured, beside programs that make the same ones."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.bench import samples
from tests.bench.measure import Peer, Row, Sampled, in_turn, one_after_another, run, working

_DISC = 24_000_000_000
"""Bytes of a BD-R, about."""


def layout(count: int, rounds: int, folder: Path) -> Row:
    """A BD-R of so many files of a pattern, laid out as UDF 2.60, beside genisoimage, which lays out UDF 1.02
    with ISO 9660 of as many sparse files and says how large it would be. To take at most 5 s and 400 MiB."""
    files = folder / "files"
    size = _DISC // count
    for number in range(count):
        path = files / f"D{number // 1000:07}" / f"F{number:07}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
    peer = ["genisoimage", "-quiet", "-udf", "-iso-level", "3", "-print-size", files]
    with working("layout", "udf260", str(count), str(size)) as worker:
        ours, beside = in_turn(
            rounds, worker.measure, Peer("genisoimage -udf -print-size", lambda: run(peer))
        )
    return Row(f"layout {count}", ours, beside, rounds, None, {"GB": _DISC / 1e9})


def stream(count: int, rounds: int, folder: Path) -> Row:
    """So many slices in a UDF 2.60 image, laid out before and poured into a pipe, without digest, beside cat
    of the same files into such a pipe. Somebody at its end throws the bytes away."""
    files = folder / "files"
    paths = samples.write(samples.slices(count), files)
    names = folder / "names"
    names.write_bytes(b"\0".join(os.fsencode(path) for path in paths))
    both = f"xargs -0 -a {names} cat | cat > /dev/null"
    with working("stream", "udf260", files) as worker:
        ours, beside = in_turn(rounds, worker.measure, Peer("cat", lambda: run(["sh", "-c", both])))
    return Row(f"stream {count}", ours, beside, rounds, 1 / 0.9, {"MB": _megabytes(files)})


def fat(count: int, rounds: int, folder: Path) -> Row:
    """A FAT32 image of so many small files, laid out and poured, beside mformat and mcopy."""
    files, target, theirs = folder / "files", folder / "ours.img", folder / "peer.img"
    samples.write(samples.small(count), files)
    with working("fat", "fat32", files, target) as worker:
        ours, beside = in_turn(rounds, worker.measure, Peer("mformat, mcopy", lambda: _mtools(files, theirs)))
    sizes = {"MB": target.stat().st_size / 1e6, "files MB": _megabytes(files)}
    return Row(f"fat {count}", ours, beside, rounds, 1.0, sizes)


def _mtools(files: Path, target: Path) -> Sampled:
    target.unlink(missing_ok=True)
    sectors = int(_megabytes(files) * 1e6 * 3 / 512) + 100_000
    formatted = run(["mformat", "-i", target, "-C", "-F", "-T", str(sectors), "-h", "255", "-s", "63", "::"])
    copied = run(["mcopy", "-s", "-i", target, files / "DICOM", "::/"])
    return one_after_another(mformat=formatted, mcopy=copied)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


ROWS: dict[str, tuple[Callable[[int, int, Path], Row], tuple[int, ...]]] = {
    "layout": (layout, (50_000,)),
    "stream": (stream, (4_000,)),
    "fat": (fat, (10_000,)),
}
"""As `rows.ROWS`."""
