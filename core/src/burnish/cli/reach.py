"""The options that every `burnish scu` command has: where the SCP is and how it is reached."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from burnish.errors import ConfigError

if TYPE_CHECKING:  # `burnish --help` does without them
    from burnish.dicom.scu import Client, Reach, Retries


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What the options say."""

    to: str = ""
    ae: str
    tls: bool
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    tls_any_host: bool
    transfer_syntax: list[str] | None
    max_pdu: int
    answer_timeout: str
    connect_timeout: str
    retries: int
    retry_wait: str
    as_json: bool

    def reach(self) -> "Reach":
        """Where the SCP is. Raises ConfigError."""
        from burnish.cli.address import parse_address
        from burnish.dicom.scu import Reach, TlsFiles
        from burnish.dicom.scu.reaching import SYNTAXES

        called, host, port = parse_address(self.to) if self.to else ("any", "any", 0)
        files = (self.tls_ca, self.tls_cert, self.tls_key)
        if not self.tls and (any(files) or self.tls_any_host):
            raise ConfigError("--tls-… says nothing without --tls")
        return Reach(
            host,
            port,
            called,
            self.ae,
            max_pdu=self.max_pdu,
            answer_timeout=seconds("--answer-timeout", self.answer_timeout),
            connect_timeout=seconds("--connect-timeout", self.connect_timeout),
            syntaxes=tuple(map(_syntax, self.transfer_syntax or ())) or SYNTAXES,
            tls=TlsFiles(*files, any_host=self.tls_any_host) if self.tls else None,
        )

    def retried(self) -> "Retries":
        """What is tried again; each is said on stderr. Raises ConfigError."""
        from burnish.cli import complain
        from burnish.dicom.scu import Retries

        return Retries(self.retries, seconds("--retry-wait", self.retry_wait), complain)

    def client(self) -> "Client":
        """A client. Raises ConfigError."""
        from burnish.dicom.scu import Client

        return Client(self.reach(), self.retried())


def seconds(option: str, text: str) -> float:
    """A duration with its unit. Raises ConfigError."""
    from burnish.units import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: {error}") from error


def _syntax(name: str) -> str:
    from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]

    keywords = {entry[4]: uid for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"}
    if name not in keywords and name not in keywords.values():
        raise ConfigError(f"--transfer-syntax {name!r} is none; try 'ImplicitVRLittleEndian'")
    return keywords.get(name, name)


_TO: Final = Annotated[str, typer.Option("--to", metavar="AE@HOST:PORT", help="The SCP.")]
_NETWORK: Final = "Network"
_OPTIONS: Final[dict[str, tuple[Any, Any]]] = {
    "ae": (Annotated[str, typer.Option("--ae", help="Our own AE title.")], "BURNISHSCU"),
    "tls": (
        Annotated[bool, typer.Option("--tls", help="Over TLS 1.2 or 1.3.", rich_help_panel=_NETWORK)],
        False,
    ),
    "tls_ca": (
        Annotated[
            Path | None, typer.Option(help="PEM: who vouches for the SCP; absent: whom the machine trusts.")
        ],
        None,
    ),
    "tls_cert": (Annotated[Path | None, typer.Option(help="PEM: our own certificate.")], None),
    "tls_key": (Annotated[Path | None, typer.Option(help="PEM: its key; absent: in the same file.")], None),
    "tls_any_host": (
        Annotated[bool, typer.Option("--tls-any-host", help="Its certificate may have another name.")],
        False,
    ),
    "transfer_syntax": (
        Annotated[
            list[str] | None,
            typer.Option(
                help="Offered for media creation, several in their order; absent: Explicit, Implicit."
            ),
        ],
        None,
    ),
    "max_pdu": (Annotated[int, typer.Option(min=4096, help="Largest PDU that we take, bytes.")], 131_072),
    "answer_timeout": (Annotated[str, typer.Option(help="How long an answer may take.")], "300s"),
    "connect_timeout": (Annotated[str, typer.Option(help="How long an association may take.")], "30s"),
    "retries": (
        Annotated[int, typer.Option(min=0, help="Further tries; `scu conformance` says of what.")],
        0,
    ),
    "retry_wait": (Annotated[str, typer.Option(help="Between two tries.")], "10s"),
    "as_json": (Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")], False),
}


def reaching(*, to: bool = True) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Give a command these options; it gets them as `how`. Without `to` it asks nobody."""
    options: dict[str, tuple[Any, Any]] = {"to": (_TO, inspect.Parameter.empty)} if to else {}
    options |= _OPTIONS

    def decorate(command: Callable[..., Any]) -> Callable[..., None]:
        own = [one for one in inspect.signature(command).parameters.values() if one.name != "how"]
        common = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for name, (kind, default) in options.items()
        ]

        def wrapped(**values: Any) -> None:
            command(**{one.name: values.pop(one.name) for one in own}, how=How(**values))

        keyword_only = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
        wrapped.__signature__ = inspect.Signature([*keyword_only, *common])  # type: ignore[attr-defined]
        wrapped.__annotations__ = {one.name: one.annotation for one in (*keyword_only, *common)}
        wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
        return wrapped

    return decorate
