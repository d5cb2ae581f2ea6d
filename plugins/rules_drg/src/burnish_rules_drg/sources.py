"""Where the rules stand: sections of the DRG's Anforderungskatalog, edition 2006."""

from burnish.contracts import Breach, Severity

DICOMDIR = ("DICOMDIR",)


def section(number: str) -> str:
    """A section of it."""
    return f"DRG Anforderungskatalog 2006, {number}"


def refused(rule: str, number: str, text: str, path: tuple[str, ...] = ()) -> Breach:
    """A breach of a requirement."""
    return Breach(rule=rule, severity=Severity.REFUSAL, source=section(number), text=text, path=path)


def warned(rule: str, number: str, text: str, path: tuple[str, ...] = ()) -> Breach:
    """A breach of a recommendation, or what may be one of a requirement."""
    return Breach(rule=rule, severity=Severity.WARNING, source=section(number), text=text, path=path)
