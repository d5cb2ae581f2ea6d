"""Sealed files: made for openssl to open, and opened again; whoever has no key sees nothing."""

import io
import subprocess
from pathlib import Path

import pytest
from burnish.contracts import Cancel
from burnish.errors import ConfigError
from burnish.fileset.reading import Medium, OnMedium
from burnish.fileset.seal import cms
from burnish.fileset.seal.cms import Envelope, envelope_of
from burnish.fileset.seal.opening import is_sealed, keys_of, unseal
from burnish.fileset.seal.sealing import Sealer
from burnish.fileset.seal.settings import SecuritySettings, SignerSettings
from burnish.recipe import Entry, Literal, Range, Recipe
from burnish.testing.trees import Shelf, image, noise

PASSWORD = "correct horse battery"
BODY = noise("body", 300_000)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys of two recipients and a signer."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("one", "two", "signer"):
        asked = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=House/CN={name}", "-days", "30"]
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run(["openssl", "req", *asked, *files], check=True, capture_output=True)
    (folder / "password").write_text(PASSWORD + "\n")
    return folder


SIGNER = SignerSettings(certificate=Path("signer.pem"), key=Path("signer.key"))
WAYS = {
    "recipient": SecuritySettings(recipients=(Path("one.pem"),)),
    "two": SecuritySettings(recipients=(Path("two.pem"), Path("one.pem"))),
    "oaep": SecuritySettings(recipients=(Path("one.pem"),), key_transport="oaep"),
    "password": SecuritySettings(password_file=Path("password")),
    "both": SecuritySettings(recipients=(Path("one.pem"),), password_file=Path("password")),
    "signed": SecuritySettings(recipients=(Path("one.pem"),), signer=SIGNER),
}


def sealed(envelope: Envelope, body: bytes = BODY) -> bytes:
    shelf = Shelf({"ab/body": body})
    entry = Entry(("D", "FILE"), (Literal(b"head"), Range("ab/body", 0, len(body))))
    [found] = Sealer(envelope, shelf.open, Cancel()).seal([entry])
    assert found.path == entry.path
    return image(Recipe(found.content, shelf.sources), shelf)


def medium(data: bytes) -> Medium:
    file = OnMedium(("D", "FILE"), len(data), 0, lambda: io.BytesIO(data))
    return Medium("iso9660", "", "", {file.path: file})


def openssl(*words: object, data: bytes) -> bytes:
    command = ["openssl", "cms", *map(str, words)]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, house: Path) -> tuple[str, Envelope]:
    return request.param, envelope_of(WAYS[request.param], house)


@pytest.mark.judge("openssl")
def test_openssl_opens_it(way: tuple[str, Envelope], house: Path) -> None:
    name, envelope = way
    data = sealed(envelope)
    by_key = ["-inkey", house / "one.key", "-recip", house / "one.pem"]
    by = ["-pwri_password", PASSWORD] if name == "password" else by_key
    inner = openssl("-decrypt", "-binary", "-inform", "DER", *by, data=data)
    if name == "both":
        assert (
            openssl("-decrypt", "-binary", "-inform", "DER", "-pwri_password", PASSWORD, data=data) == inner
        )
    kind = bytes.fromhex("06092a864886f70d0107") + (b"\x02" if name == "signed" else b"\x05")
    explicit = b"\xa0\x84" + len(inner).to_bytes(4, "big") + inner
    info = b"\x30\x84" + (len(kind) + len(explicit)).to_bytes(4, "big") + kind + explicit
    checks = ["-verify", "-CAfile", house / "signer.pem"] if name == "signed" else ["-digest_verify"]
    assert openssl(*checks, "-binary", "-inform", "DER", data=info) == b"head" + BODY


def test_it_is_opened_again(way: tuple[str, Envelope], house: Path) -> None:
    name, envelope = way
    file = house / "password"
    keys = keys_of(None, file) if name == "password" else keys_of(house / "one.key", None)
    assert keys
    found = unseal(medium(sealed(envelope)), keys)
    assert not found.findings
    assert found.files["D", "FILE"].size == len(BODY) + 4
    with found.files["D", "FILE"].open() as stream:
        assert stream.read(6) == b"head" + BODY[:2]
        stream.seek(-4, io.SEEK_END)
        assert stream.read() == BODY[-4:]


@pytest.mark.parametrize("length", [0, 1, 11, 12, 100, 127, 128, 255, 256, 65_535, 65_536])
def test_any_length(length: int, house: Path) -> None:
    """At the lengths where DER's own lengths grow."""
    data = sealed(envelope_of(WAYS["recipient"], house), noise("x", length) or b"\0")
    keys = keys_of(house / "one.key", None)
    assert keys
    with unseal(medium(data), keys).files["D", "FILE"].open() as stream:
        assert stream.read() == b"head" + (noise("x", length) or b"\0")


def test_nobody_else_opens_it(house: Path) -> None:
    data = sealed(envelope_of(WAYS["both"], house))
    stranger, wrong = keys_of(house / "two.key", None), house / "wrong"
    wrong.write_text("another password")
    for keys in (stranger, keys_of(None, wrong)):
        assert keys
        found = unseal(medium(data), keys)
        assert not found.files or _fails(found.files["D", "FILE"])
    assert is_sealed(medium(data).files["D", "FILE"])
    assert b"head" not in data


def _fails(file: OnMedium) -> bool:
    with pytest.raises(OSError, match="sealed"):
        file.open()
    return True


def test_a_file_in_the_clear_is_told_of(house: Path) -> None:
    keys = keys_of(house / "one.key", None)
    assert keys
    found = unseal(medium(b"\0" * 128 + b"DICM" + BODY), keys)
    assert found.findings == ["D/FILE stands in the clear"]
    assert not is_sealed(medium(b"").files["D", "FILE"])


@pytest.mark.parametrize("name", ["recipient", "signed"])
def test_what_was_changed_is_seen(name: str, house: Path) -> None:
    whole = sealed(envelope_of(WAYS[name], house), BODY[:3_000])
    keys = keys_of(house / "one.key", None)
    assert keys
    for place in range(0, len(whole), 61):
        data = bytearray(whole)
        data[place] ^= 0x40
        found = unseal(medium(bytes(data)), keys)
        file = found.files.get(("D", "FILE"))
        if file is None or found.findings:
            continue
        assert _read(file) in (None, b"head" + BODY[:3_000]), place


def _read(file: OnMedium) -> bytes | None:
    try:
        with file.open() as stream:
            return stream.read()
    except OSError:
        return None


@pytest.mark.parametrize("end", [0, 1, 5, 100, 500, 1_000, -1, -16])
def test_what_was_cut_is_seen(end: int, house: Path) -> None:
    data = sealed(envelope_of(WAYS["recipient"], house), BODY[:3_000])[:end]
    keys = keys_of(house / "one.key", None)
    assert keys
    assert unseal(medium(data), keys).findings


def test_every_file_has_a_key_of_its_own_and_is_sealed_once(house: Path) -> None:
    shelf = Shelf({"ab/body": BODY})
    sealer = Sealer(envelope_of(WAYS["both"], house), shelf.open, Cancel())
    entries = [Entry((name,), (Literal(name.encode()), Range("ab/body", 0, len(BODY)))) for name in "AB"]
    first, second = sealer.seal(entries)
    assert first.content[1] != second.content[1]
    assert first.content[1].codec.key != second.content[1].codec.key  # type: ignore[union-attr]
    assert sealer.seal(entries) == (first, second)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (SecuritySettings(recipients=(Path("gone.pem"),)), "recipients: .*gone.pem cannot be read"),
        (SecuritySettings(recipients=(Path("one.key"),)), "recipients: .*one.key is no certificate in PEM"),
        (SecuritySettings(password_file=Path("short")), "password_file: .*8 or more printable"),
        (SecuritySettings(password_file=Path("umlaut")), "password_file: .*printable characters of ASCII"),
        (
            SecuritySettings(signer=SignerSettings(certificate=Path("one.pem"), key=Path("two.key"))),
            "not the key",
        ),
        (
            SecuritySettings(signer=SignerSettings(certificate=Path("one.pem"), key=Path("one.pem"))),
            "signer.key",
        ),
    ],
)
def test_settings_that_cannot_be_kept_are_told_of(settings: SecuritySettings, said: str, house: Path) -> None:
    (house / "short").write_text("1234567\nlonger line")
    (house / "umlaut").write_text("Grüße an alle", "utf-8")
    with pytest.raises(ConfigError, match=said):
        envelope_of(settings, house)


def test_an_elliptic_key_is_no_rsa_key(house: Path) -> None:
    asked = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ec"]
    files = ["-keyout", house / "ec.key", "-out", house / "ec.pem"]
    subprocess.run(["openssl", "req", *asked, *files], check=True, capture_output=True)
    with pytest.raises(ConfigError, match="has no RSA key"):
        envelope_of(SecuritySettings(recipients=(Path("ec.pem"),)), house)


def test_a_wrapped_key_is_unwrapped() -> None:
    key, wrapping, vector = bytes(range(32)), bytes(range(32, 64)), bytes(16)
    data = cms.wrapped(key, wrapping, vector)
    assert len(data) == 48
    assert cms.unwrapped(data, wrapping, vector) == key
    with pytest.raises(ValueError, match="password is another one"):
        cms.unwrapped(data, bytes(32), vector)
