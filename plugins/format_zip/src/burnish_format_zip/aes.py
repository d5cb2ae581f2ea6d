"""How members of an archive with a password are enciphered.

    salt, two bytes that a password is checked by, the enciphered file, ten bytes of an authentication code

Source: WinZip's AE-2 specification: PBKDF2 of HMAC-SHA-1 with 1,000 rounds gives both keys and the check.
"""

import struct
from hashlib import pbkdf2_hmac, sha256
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.recipe import WinZipAes

METHOD: Final = 99
SALT: Final = 16
START: Final = SALT + 2
"""Bytes before the enciphered file."""
MORE: Final = START + 10
"""Bytes that a member takes beyond those of the file."""
EXTRA: Final = struct.pack("<2HH2sBH", 0x9901, 7, 2, b"AE", 3, 0)
"""The extra field: AE-2, AES-256, stored."""
_ROUNDS: Final = 1_000


def salt_of(facts: VolumeFacts, name: bytes) -> bytes:
    """A salt that no other member of any volume has: it depends on the token, which is never given twice."""
    said = f"{facts.token} {facts.identifier} {facts.made:%Y%m%dT%H%M%S} ".encode()
    return sha256(said + name).digest()[:SALT]


def keys(password: bytes, salt: bytes) -> tuple[WinZipAes, bytes]:
    """What enciphers a member, and the two bytes that show a wrong password."""
    made = pbkdf2_hmac("sha1", password, salt, _ROUNDS, 66)
    return WinZipAes(made[:32], made[32:64]), made[64:]
