"""For whom media are sealed, and who signs them: the `[media.security]` keys."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class SignerSettings(BaseModel):
    """`[media.security.signer]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate: Path
    """X.509, PEM."""
    key: Path
    """RSA private key without a passphrase, PEM."""


class SecuritySettings(BaseModel):
    """`[media.security]`. Paths are relative to the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipients: tuple[Path, ...] = ()
    """X.509 certificates with RSA keys, PEM: who can open sealed media."""
    password_file: Path | None = None
    """A file whose first line opens sealed media too: printable ASCII, at least 8 characters."""
    key_transport: Literal["oaep", "pkcs1"] = "pkcs1"
    """How the content key is enciphered for a recipient: `pkcs1` is what every reader knows (PS3.15 D.1),
    `oaep` is what is recommended today."""
    signer: SignerSettings | None = None
    """Whose signature stands in every file; without one a digest does."""

    @property
    def able(self) -> bool:
        """Whether anybody could open what is sealed."""
        return bool(self.recipients or self.password_file)
