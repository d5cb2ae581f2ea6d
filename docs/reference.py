"""The reference, made of the code: what a table or a docstring says there stands here."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from burnish.battery.table import CASES
from burnish.battery.trial import JUDGES
from burnish.config import Config
from burnish.conformance.client import client_statement
from burnish.conformance.document import code
from burnish.conformance.drawing import as_svg
from burnish.conformance.facts import Facts
from burnish.conformance.networking import data_flow
from burnish.conformance.render import as_markdown
from burnish.conformance.settings import enum_documents
from burnish.conformance.statement import statement
from burnish.dicom.answers import ANSWERS
from burnish.dicom.scu import Reach, Retries
from burnish.errors import FaultKind
from burnish.events import EventKind
from burnish.fileset.failures import INFO_OF
from burnish.media import CAPACITY
from burnish.production.faults import POLICIES
from burnish.registry import Registry, default_plugins, installed
from burnish.requests.states import MOVES, REFUSALS
from burnish.terms import FailureReason, StatusInfo
from included import all_sources
from keys import configuration, keys_of
from markdown_tables import table
from seam import commands, contracts_page, hooks

_ROLES: Final = ("formats", "writers", "movers", "printers", "label_makers", "rule_sets", "bundlers")


def pages() -> dict[str, str]:
    """Every page of the reference by its path."""
    registry = Registry.load(name for name in installed() if not name.endswith("-scripted"))
    facts = Facts(Config(), Registry.load(default_plugins()))
    made = {
        "index": _index(),
        "configuration": "\n".join(configuration()),
        "commands": "\n".join(commands()),
        "hooks": "\n".join(hooks()),
        "contracts": "\n".join(contracts_page()),
        "statuses": "\n".join(_statuses()),
        "faults": _faults(),
        "events": _enumeration("Events", EventKind, "What is recorded, in the transaction of what it tells."),
        "media": _media(),
        "profiles": _profiles(registry),
        "plugins": "\n".join(_plugins(registry)),
        "battery": _battery(),
        "conformance": _drawn(as_markdown(statement(facts.config, facts.registry)), facts),
        "scu-conformance": _undrawn(as_markdown(client_statement(Reach("any", 0, "any"), Retries()))),
    }
    return {f"reference/{name}.md": text for name, text in made.items()}


def _index() -> str:
    return (
        "# Reference\n\nMade of the code each time that it is built: keys, commands, hooks, contracts, "
        "statuses, faults, events, media, profiles, plugins, cases, and the conformance statements of a "
        "server and of an SCU as they come.\n"
    )


# --- statuses, faults, media


def _statuses() -> Iterator[str]:
    yield "# Statuses\n\nWhat answers which operation, and when; nothing else is ever answered.\n"
    for operation, answers in ANSWERS.items():
        yield f"## {operation.name.replace('_', '-')}\n"
        rows = [(code(status), status.name, why) for status, why in sorted(answers.items())]
        yield table(("Status", "Name", "When"), rows)
    yield "## Execution Status\n"
    yield table(("From", "Event", "To"), [(state, event, to) for (state, event), to in MOVES.items()])
    yield "What is refused in a state:\n"
    yield table(
        ("State", "Event", "Status"), [(state, event, code(to)) for (state, event), to in REFUSALS.items()]
    )
    yield "## Execution Status Info\n"
    infos = enum_documents(StatusInfo)
    yield table(("Term", "Meaning"), [(one.value, infos[one.name]) for one in StatusInfo])
    yield "## Failure Reason\n"
    reasons = enum_documents(FailureReason)
    told = [(code(one), one.name, reasons[one.name], INFO_OF[one]) for one in FailureReason]
    yield table(("Code", "Name", "Meaning", "With"), told)


def _faults() -> str:
    documents = enum_documents(FaultKind)
    rows = [
        (
            f"`{kind}`",
            documents[kind.name],
            policy.action.name.lower().replace("_", " "),
            policy.waiting or "",
            policy.failing,
            policy.station.name.lower().replace("_", " "),
        )
        for kind, policy in POLICIES.items()
    ]
    head = ("Fault", "Meaning", "The piece", "PENDING with", "FAILURE with", "The station")
    return "# Faults\n\nWhat a driver raises, and what is done about it. The kind alone decides.\n\n" + table(
        head, rows
    )


def _enumeration(title: str, kind: type[Enum], text: str) -> str:
    documents = enum_documents(kind)
    return f"# {title}\n\n{text}\n\n" + table(
        ("Name", "Meaning"), [(f"`{one.value}`", documents.get(one.name, "")) for one in kind]
    )


def _media() -> str:
    rows = [(f"`{kind}`", f"{size:,}") for kind, size in CAPACITY.items()]
    return "# Media\n\nKinds of media, and the bytes that are planned for each.\n\n" + table(
        ("Kind", "Bytes"), rows
    )


def _profiles(registry: Registry) -> str:
    rows = [
        (
            f"`{name}`",
            one.title,
            "; ".join(f"{kind}: {', '.join(names)}" for kind, names in one.formats.items()),
            one.security,
        )
        for name, one in registry.profiles.items()
    ]
    head = ("Profile", "Title", "Media and formats", "Sealed")
    return f"# Profiles\n\n{len(rows)} media application profiles come with burnish.\n\n" + table(head, rows)


def _plugins(registry: Registry) -> Iterator[str]:
    yield "# Plugins\n\nWhat comes with burnish; each has a page of its own, and the keys that it takes.\n"
    pages_of = {
        page.rpartition("/")[2].removesuffix(".md"): page
        for page in all_sources()
        if page.startswith("reference/plugins/")
    }
    for plugin in registry.plugins():
        if plugin.offers:
            folder = plugin.name.replace("-", "_")
            title = f"[{plugin.name}](plugins/{folder}.md)" if folder in pages_of else plugin.name
            others = [one for one in plugin.offers if not one.startswith("profile ")]
            yield f"## {title}\n\nOffers {', '.join(others) or f'{len(plugin.offers)} profiles'}.\n"
            yield from _own_keys(registry, plugin.offers)


def _own_keys(registry: Registry, offers: Sequence[str]) -> Iterator[str]:
    for role in _ROLES:
        for name, spec in getattr(registry, role).items():
            if f"{role.removesuffix('s').replace('_', ' ')} {name}" in offers and spec.settings.model_fields:
                yield f"Keys of {role.removesuffix('s').replace('_', ' ')} `{name}`:\n"
                yield keys_of(spec.settings, spec.settings.model_fields)


# --- conformance


def _battery() -> str:
    rows = [
        (
            number,
            case.basis,
            case.title,
            f"open: {case.waits_for}"
            if case.waits_for
            else "the network"
            if number in JUDGES
            else "the server's own tests",
        )
        for number, case in CASES.items()
    ]
    return (
        "# Conformance cases\n\nS: the standard says so; D: it is silent, and burnish chose. "
        "`burnish check-scp` has the network judge any SCP.\n\n"
        + table(("Case", "Basis", "What is so", "Judged by"), rows)
    )


def _drawn(text: str, facts: Facts) -> str:
    """With the diagram as a picture."""
    before, _, rest = text.partition("```mermaid\n")
    _, _, after = rest.partition("```\n")
    return f"{before}<div>{as_svg(data_flow(facts))}</div>\n{after}"


def _undrawn(text: str) -> str:
    """Without the diagram."""
    before, _, rest = text.partition("```mermaid\n")
    return before.removesuffix("**Application entities**\n\n") + rest.partition("```\n")[2]
