"""Extents that are computed while an image is poured: codecs, pouring, plans, proof."""

import base64
import os
import subprocess
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from burnish.errors import Mismatch, SourceDamaged
from burnish.recipe import (
    AesCbc,
    Base64,
    Codec,
    Comparison,
    Encoded,
    Literal,
    Range,
    Recipe,
    Source,
    WinZipAes,
    Zeros,
    load_recipe,
    pour,
    save_recipe,
)
from burnish.testing.trees import Shelf, image, noise
from hypothesis import given
from hypothesis import strategies as st

AES = AesCbc(bytes(range(32)), bytes(range(16)))
WINZIP = WinZipAes(bytes(range(32)), bytes(range(32, 64)))
PIECES = st.lists(st.binary(max_size=400), max_size=8)


def through(coder: object, pieces: list[bytes]) -> bytes:
    return b"".join([*map(coder.update, pieces), coder.finish()])  # type: ignore[attr-defined]


@pytest.mark.parametrize("codec", [Base64(), AES, WINZIP], ids=["base64", "aes", "winzip"])
@given(pieces=PIECES, step=st.integers(1, 100))
def test_what_is_encoded_is_decoded_in_pieces_of_any_size(
    codec: Codec, pieces: list[bytes], step: int
) -> None:
    plain = b"".join(pieces)
    made = through(codec.encoder(), pieces)
    assert len(made) == codec.length(len(plain))
    again = [made[at : at + step] for at in range(0, len(made), step)]
    assert through(codec.decoder(), again) == plain


@given(plain=st.binary(max_size=1_000))
def test_base64_is_what_others_make(plain: bytes) -> None:
    assert through(Base64().encoder(), [plain]) == base64.encodebytes(plain).replace(b"\n", b"\r\n")


@pytest.mark.judge("openssl")
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 1_000_003])
def test_openssl_deciphers_it(length: int) -> None:
    plain = noise("secret", length)
    command = ["openssl", "enc", "-d", "-aes-256-cbc", "-K", AES.key.hex(), "-iv", AES.vector.hex()]
    done = subprocess.run(command, input=through(AES.encoder(), [plain]), stdout=subprocess.PIPE, check=True)
    assert done.stdout == plain


def recipe() -> tuple[Recipe, Shelf]:
    """A message of two layers around literals, zeros and sources, large and small."""
    shelf = Shelf({"ab/one": noise("one", 3_000_001), "ab/two": noise("two", 5)})
    inner = (Literal(b"before"), Range("ab/one", 0, 3_000_001), Zeros(2_000_000), Range("ab/two", 0, 5))
    cipher = Encoded(AES, (Literal(b"headers"), Encoded(Base64(), inner)))
    extents = (
        Literal(b"start"),
        Encoded(Base64(), (Literal(b"cms"), cipher)),
        Zeros(7),
        Encoded(WINZIP, (Zeros(40),)),
    )
    return Recipe(extents, shelf.sources), shelf


def test_layers_are_poured_and_opened_again() -> None:
    laid, shelf = recipe()
    made = image(laid, shelf)
    assert len(made) == laid.length
    outer = base64.b64decode(made[5 : -7 - 50])
    assert outer.startswith(b"cms")
    plain = through(AES.decoder(), [outer[3:]])
    assert plain.startswith(b"headers")
    one, two = shelf.contents["ab/one"], shelf.contents["ab/two"]
    assert base64.b64decode(plain[7:]) == b"before" + one + bytes(2_000_000) + two


def test_a_plan_keeps_it_and_nobody_else_reads_the_plan(tmp_path: Path) -> None:
    laid, _ = recipe()
    save_recipe(laid, tmp_path / "plan")
    assert load_recipe(tmp_path / "plan") == laid
    assert load_recipe(tmp_path / "plan").digest == laid.digest
    assert (tmp_path / "plan").stat().st_mode & 0o077 == 0
    whole = (tmp_path / "plan").read_bytes()
    for end in range(0, len(whole), 37):
        (tmp_path / "plan").write_bytes(whole[:end])
        with pytest.raises(SourceDamaged):
            load_recipe(tmp_path / "plan")


def test_keys_and_content_are_in_the_digest() -> None:
    laid, _ = recipe()
    key = replace(AES, key=bytes(32))
    for other in (Encoded(key, ()), Encoded(Base64(), ()), Encoded(AES, (Literal(b""),)), Literal(b"")):
        assert Recipe((*laid.extents[:-1], other), laid.sources).digest != laid.digest


@pytest.mark.parametrize("step", [1 << 20, 4_099])
def test_what_was_written_is_proven(step: int) -> None:
    laid, shelf = recipe()
    made = image(laid, shelf)
    comparison = Comparison(laid)
    for at in range(0, len(made), step):
        comparison.feed(made[at : at + step])
    comparison.finish()


@pytest.mark.parametrize("where", [6, 100, 77, 78, 1_000_000, -30, -1])
def test_a_byte_that_differs_is_seen(where: int) -> None:
    laid, shelf = recipe()
    made = bytearray(image(laid, shelf))
    made[where] ^= 1
    with pytest.raises(Mismatch):
        Comparison(laid).feed(made)


def test_a_medium_that_ends_early_is_seen() -> None:
    laid, shelf = recipe()
    made = image(laid, shelf)
    for end in (len(made) - 1, len(made) - 16, len(made) // 2, 20):
        comparison = Comparison(laid)
        comparison.feed(made[:end])
        with pytest.raises(Mismatch, match="ends at byte"):
            comparison.finish()


def test_a_source_that_has_changed_is_seen() -> None:
    laid, shelf = recipe()
    shelf.contents["ab/one"] = noise("another", 3_000_001)
    with pytest.raises(Mismatch, match="ab/one differs from its digest"):
        Comparison(laid).feed(image(laid, shelf))


def test_a_source_that_is_too_short_stops_the_pouring() -> None:
    data = noise("short", 100)
    laid = Recipe((Encoded(AES, (Range("ab/x", 0, 200),)),), {"ab/x": Source(200, sha256(data).digest())})
    with tempfile.TemporaryFile() as file, pytest.raises(SourceDamaged):
        pour(laid, Shelf({"ab/x": data}).open, file.fileno())


def test_a_source_must_be_given_for_what_is_within() -> None:
    with pytest.raises(ValueError, match="sources and ranges differ"):
        Recipe((Encoded(Base64(), (Range("ab/x", 0, 1),)),))


def test_memory_stays_bounded() -> None:
    """Eight hundred megabytes through two codecs."""
    laid = Recipe((Encoded(Base64(), (Encoded(AES, (Zeros(800 << 20),)),)),))
    with open(os.devnull, "wb") as sink:
        before = int(Path("/proc/self/statm").read_text().split()[1])
        pour(laid, Shelf({}).open, sink.fileno())
    grown = (int(Path("/proc/self/statm").read_text().split()[1]) - before) * os.sysconf("SC_PAGE_SIZE")
    assert grown < 64 << 20
