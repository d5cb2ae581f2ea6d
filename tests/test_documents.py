"""What the documents say is what the code does: commands, keys, hooks, tables, links."""

import os
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any, get_args, get_origin

import pluggy
import pytest
import typer.main
from burnish import contracts, hookspecs
from burnish.cli.app import app
from burnish.config import SAMPLE, Config
from burnish.contracts import (
    Artwork,
    BundledFile,
    BundleKind,
    Cancel,
    FileKind,
    FileView,
    Form,
    Found,
    Job,
    Label,
    LabelPerson,
    Level,
    MediumFacts,
    MediumView,
    PrintJob,
    Severity,
    Stock,
    StockKind,
    Subject,
    Tray,
    Unfit,
    VolumeFacts,
    Wanted,
)
from burnish.errors import DeviceFault, FaultKind, LabelUnfit, UnreadableMedium
from burnish.events import EventKind
from burnish.media import CAPACITY, MediaKind
from burnish.production.faults import POLICIES
from burnish.recipe import Entry, Literal, Recipe, Tree
from burnish.registry import Registry, default_plugins, installed
from burnish.requests.states import MOVES, PIECE_MOVES, REFUSALS, Event, PieceState
from burnish.terms import EXPLICIT_VR_LE, ExecutionStatus, FailureReason, StatusInfo
from burnish.testing.bundlers import volume_of_people
from pydantic import BaseModel

HOUSE = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path
    for pattern in (
        "*.md",
        "core/**/*.md",
        "profiles/*.md",
        "plugins/*.md",
        "plugins/*/*.md",
        "tests/**/*.md",
        "docs/pages/**/*.md",
    )
    for path in HOUSE.glob(pattern)
)
SHOWN = [str(path.relative_to(HOUSE)) for path in DOCUMENTS]
NOT_IN_THE_SAMPLE = {"formats", "rules", "label_makers"}
"""Tables without a key of their own: what stands in them is a plugin's."""

OF_NAMES = tuple(f"{table}." for table in ("writers", "movers", "printers", "stations", "aets", "bundlers"))
OF_NAMES += ("bundles.profiles.",)
"""Tables of tables, whose names are the deployer's."""
MAPS = {"non_dicom", "display"}
"""Tables whose every key is the deployer's."""

# --- commands ----------------------------------------------------------------------------------------------


def commands_in(text: str) -> Iterator[list[str]]:
    """Every `burnish …` of a document, in a code line or between backticks, as words."""
    spans = re.findall(r"`(burnish(?: [^`]*)?)`", text)
    lines = re.findall(r"(?m)^(?:    |\$ )(?:.*?&& )?(?:\.venv/bin/|uv run )?(burnish .*)$", text)
    for found in [*spans, *lines]:
        yield shlex.split(found, comments=True)[1:]


def unknown_in(words: list[str]) -> list[str]:
    """Words of a call that name no command and no option."""
    command: Any = typer.main.get_command(app)
    left = list(words)
    while left and hasattr(command, "commands"):
        if left[0] not in command.commands:
            return left[:1]
        command = command.commands[left.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [word for word in left if word.startswith("-") and word.partition("=")[0] not in options]


@pytest.mark.parametrize("name", SHOWN)
def test_every_command_exists(name: str) -> None:
    calls = list(commands_in((HOUSE / name).read_text()))
    wrong = {" ".join(call): unknown_in(call) for call in calls if unknown_in(call)}
    assert wrong == {}


def test_the_readme_shows_commands() -> None:
    """The reader above sees what is there, and sees what is wrong."""
    calls = [" ".join(call) for call in commands_in((HOUSE / "README.md").read_text())]
    assert {"demo", "init", "serve", "config check"} <= set(calls)
    assert unknown_in(["bake"]) == ["bake"]
    assert unknown_in(["compose", "x", "--burn"]) == ["--burn"]


def test_the_readme_names_every_command() -> None:
    text = (HOUSE / "README.md").read_text()
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        assert re.search(rf"`burnish {name}\b", text), f"burnish {name}"
        for below in getattr(command, "commands", {}):
            assert re.search(rf"`(burnish {name} )?{below}`", text), f"burnish {name} {below}"


@pytest.mark.parametrize("name", [name for name in SHOWN if not name.startswith("docs/pages/")])
def test_every_link_leads_somewhere(name: str) -> None:
    """Those of the site lead to pages that are generated: `test_site.py` follows them."""
    path = HOUSE / name
    links = re.findall(r"\]\(([^)#]+)", path.read_text())
    absent = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert absent == []


# --- configuration -----------------------------------------------------------------------------------------


def model_keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The keys of a model, dotted; of a table of tables those of any one, as `writers.*.driver`."""
    for name, field in model.model_fields.items():
        inner = _models(field.annotation)
        if inner:
            star = ".*" if get_origin(field.annotation) in (dict, Mapping) else ""
            yield from model_keys(inner[0], f"{above}{name}{star}.")
        else:
            yield above + name


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def sample_keys() -> set[str]:
    """The keys of the sample, those that are commented out too."""
    values = tomllib.loads(re.sub(r"(?m)^# +(?=[\w.-]+ *=|\[)", "", SAMPLE))
    return set(_dotted(values))


def _dotted(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        star = "*" if above in OF_NAMES else name
        if isinstance(value, dict) and value and name not in MAPS:
            yield from _dotted(value, f"{above}{star}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _dotted(value[0], f"{above}{star}.")
        else:
            yield above + name


def test_the_sample_has_every_key_and_no_other() -> None:
    registry = Registry.load(["writer-file", "bundler-folder"])
    writers = {f"writers.*.{key}" for key in registry.writers["file"].settings.model_fields}
    bundlers = {f"bundlers.*.{key}" for key in registry.bundlers["folder"].settings.model_fields}
    assert sample_keys() == ({*model_keys(Config)} | writers | bundlers) - NOT_IN_THE_SAMPLE


def test_every_key_says_what_it_means() -> None:
    """A docstring stands under each field; pydantic does not keep it, so the source is read."""
    for model in {Config, *_all_models(Config)}:
        source = (HOUSE / "core/src" / (model.__module__.replace(".", "/") + ".py")).read_text()
        body = source.partition(f"class {model.__name__}(")[2]
        for name, field in model.model_fields.items():
            if name not in model.__annotations__ or _models(field.annotation):
                continue
            assert re.search(rf'(?s)\n    {name}: .*?\n    """', body), f"{model.__name__}.{name}"


def _all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = [found for field in model.model_fields.values() for found in _models(field.annotation)]
    return {*below, *(deeper for found in below for deeper in _all_models(found))}


@pytest.mark.parametrize("name", SHOWN)
def test_tables_of_documents_can_be_configured(name: str) -> None:
    """Each TOML block with a table of ours is one that `burnish config check` takes."""
    for block in re.findall(r"(?s)```toml\n(.*?)```", (HOUSE / name).read_text()):
        values = tomllib.loads(block)
        if values.keys() <= Config.model_fields.keys():
            assert Config(**values)


def test_keys_in_the_readme_exist() -> None:
    known = {key.replace(".*", "") for key in model_keys(Config)}
    named = re.findall(r"`([a-z]+\.[a-z_]+)`", (HOUSE / "README.md").read_text())
    tables = [key for key in named if key.partition(".")[0] in Config.model_fields]
    assert tables
    assert set(tables) <= known


def test_the_plugins_that_are_installed_have_documents() -> None:
    for name in default_plugins():
        point = installed()[name]
        assert point.dist
        assert any(point.dist.name in path.read_text() for path in DOCUMENTS), name


# --- hooks: each docstring is a whole plugin ---------------------------------------------------------------

HOOKS = [name for name in vars(hookspecs) if name.startswith("burnish_")]
PRELUDE = """
import shutil
from pathlib import Path
from pydantic import BaseModel
from burnish.contracts import *
from burnish.errors import DeviceFault, FaultKind, LabelUnfit, UnreadableMedium
from burnish.hookspecs import hookimpl
from burnish.media import CAPACITY, MediaKind
from burnish.recipe import Recipe
from burnish.terms import EXPLICIT_VR_LE, FailureReason
"""
FACTS = VolumeFacts(identifier="", token="T", made=datetime(2026, 1, 5, tzinfo=UTC))


def example(hook: str, **given: Any) -> list[Any]:
    """Run a hook's example as a plugin's module, and ask it as the core does."""
    text = getattr(hookspecs, hook).__doc__
    code = dedent(re.split(r"\n\n(?=        \S)", text, maxsplit=1)[1])
    module = ModuleType(f"example_{hook}")
    exec(PRELUDE + code, module.__dict__)
    manager = pluggy.PluginManager("burnish")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    [answer] = getattr(manager.hook, hook)(**given)
    return list(answer)


def test_every_hook_is_asked() -> None:
    """The registry keeps what each answers."""
    roles = {hook.removeprefix("burnish_") for hook in HOOKS if hook != "burnish_profiles_in"}
    assert roles <= vars(Registry()).keys()
    assert {f"test_the_example_of_{hook}" for hook in HOOKS} <= globals().keys()


def test_the_example_of_burnish_profiles() -> None:
    [profile] = example("burnish_profiles")
    assert profile.identifier == "PRI-HOUSE-CD"
    head: Mapping[str, Any] = {}
    assert not isinstance(profile.judge(Subject("1.2", EXPLICIT_VR_LE, head)), Unfit)
    unfit = profile.judge(Subject("1.2", "1.2.840.10008.1.2.5", head))
    assert unfit.reason == FailureReason.PROFILE_COMPRESSION_CONFLICT


def test_the_example_of_burnish_profiles_in(tmp_path: Path) -> None:
    """What it does not know it leaves to others."""
    assert example("burnish_profiles_in", file=tmp_path / "house.toml") == []


def test_the_example_of_burnish_formats() -> None:
    [spec] = example("burnish_formats")
    heap = spec.make({})
    tree = Tree((Entry(("A",), (Literal(b"one"),)), Entry(("B",), (Literal(b"two"),))))
    assert heap.lay_out(tree, FACTS) == Recipe((Literal(b"one"), Literal(b"two")))
    with pytest.raises(UnreadableMedium):
        heap.read(BytesIO(b"onetwo"))


def test_the_example_of_burnish_writers(tmp_path: Path) -> None:
    """Written, read back, accepted; and another one rejected."""
    [spec] = example("burnish_writers")
    names = {"token": "T", "volume_token": "V", "file_set_id": "", "suffix": ".iso"}
    job = Job(**names, volume=1, copy=1, medium=MediaKind.CD_R, length=5)
    told: list[int] = []
    with spec.make({"path": str(tmp_path / "x")}) as writer:
        assert writer.capacity(MediaKind.CD_R) == CAPACITY[MediaKind.CD_R]
        assert writer.examine(job) == Found.UNTOUCHED
        writer.write(job, BytesIO(b"image"), told.append, Cancel())
        assert writer.examine(job) == Found.PARTIAL
        sink = BytesIO()
        writer.read_back(job, sink, told.append)
        assert sink.getvalue() == b"image"
        assert writer.accept(job) == str(tmp_path / "x")
        writer.reject(job)
    assert not (tmp_path / "x").exists()
    assert told == [5, 5]


class OpenTray(Tray):
    """A drive that somebody has loaded."""

    number = 0

    def __init__(self) -> None:
        self.moves: list[str] = []

    def open(self) -> None:
        self.moves.append("open")

    def close(self) -> None:
        self.moves.append("close")

    def loaded(self) -> bool:
        return True


def test_the_example_of_burnish_movers() -> None:
    """Somebody presses Enter on a terminal."""
    [spec] = example("burnish_movers")
    ours, theirs = os.openpty()
    tray = OpenTray()
    with closing_both(ours, theirs), spec.make({"terminal": os.ttyname(theirs)}) as mover:
        os.write(ours, b"\n" * 3)
        assert mover.capabilities.drives == 1
        mover.initialise()
        mover.load(tray)
        assert tray.moves == []
        assert mover.accept(tray) == "good pile"
        mover.reject(tray)
    assert tray.moves == ["open", "close"] * 2


def test_the_example_of_burnish_checks(tmp_path: Path) -> None:
    [spec] = example("burnish_checks")
    missing, there = spec.look([{"path": str(tmp_path / "x")}, {"path": str(tmp_path)}])
    assert (missing.level, there.level) == (Level.FAIL, Level.OK)


def test_the_example_of_burnish_label_makers() -> None:
    [spec] = example("burnish_label_makers")
    maker = spec.make({"title": "Ours"})
    assert maker.styles["bare"].title == "Ours"
    label = Label(token="ABC", piece=2)
    artwork = maker.draw(label, "bare", Wanted(form=Form.PBM, dpi=200))
    assert (artwork.data, artwork.dpi) == (b"P4 40 1 ABC-2", 200)
    with pytest.raises(LabelUnfit):
        maker.draw(replace(label, people=(LabelPerson(),)), "bare", Wanted())


def test_the_example_of_burnish_printers(tmp_path: Path) -> None:
    [spec] = example("burnish_printers")
    node = tmp_path / "lp0"
    printer = spec.make({"node": node})
    with pytest.raises(DeviceFault), printer:
        pass
    node.touch()
    stock = Stock(kind=StockKind.STICKER, width=50, height=30)
    artwork = Artwork(data=b"dots", form=Form.PBM, dpi=203, stock=stock, style="bare")
    with printer:
        assert printer.look().unit.place == str(node)
        assert printer.print(PrintJob(code="ABC-1", title=""), artwork, Cancel()) == "its tray"
    assert node.read_bytes() == b"dots"


def test_the_example_of_burnish_rule_sets() -> None:
    [spec] = example("burnish_rule_sets")
    rules = spec.make({"name": "OURS.TXT"})
    file = FileView(("OURS.TXT",), 0, FileKind.OTHER)
    assert list(rules.check_facts(MediumFacts())) == []
    assert list(rules.check(MediumView(MediumFacts(), {file.path: file}, None))) == []
    [breach] = rules.check(MediumView(MediumFacts(), {}, None))
    assert (breach.rule, breach.severity) == ("house", Severity.REFUSAL)


def test_the_example_of_burnish_bundlers() -> None:
    [spec] = example("burnish_bundlers")
    bundler = spec.make({"text": "Über alles"})
    assert spec.standing
    assert [offer.personal for offer in bundler.offers] == [False]
    bundle = bundler.bundle(volume_of_people([]), BundleKind.CONTENT)
    assert bundle.files == (BundledFile(("HOUSE", "LEAFLET.TXT"), (b"?ber alles",)),)
    assert bundle.links[0].path == ("HOUSE", "LEAFLET.TXT")


@contextmanager
def closing_both(*descriptors: int) -> Iterator[None]:
    """Close them at the end."""
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def test_contracts_are_all_named() -> None:
    assert set(contracts.__all__) <= vars(contracts).keys()


# --- tables ------------------------------------------------------------------------------------------------


def test_every_fault_has_its_row() -> None:
    assert set(POLICIES) == set(FaultKind)
    assert StatusInfo.NORMAL not in {policy.failing for policy in POLICIES.values()}


def test_every_order_has_its_answer_in_every_state() -> None:
    """An SCU's order moves a request or is refused; it is never a fault of ours. What is gone is free."""
    for status in ExecutionStatus:
        for event in (Event.CREATE, Event.INITIATE, Event.CANCEL):
            if (status, event) != (ExecutionStatus.GONE, Event.CREATE):
                assert ((status, event) in MOVES) != ((status, event) in REFUSALS), (status, event)


def test_every_state_of_a_piece_has_its_moves_and_its_event() -> None:
    assert set(PIECE_MOVES) == set(PieceState)
    reached = frozenset().union(*PIECE_MOVES.values())
    assert reached == set(PieceState)
    named = {kind.value for kind in EventKind}
    states = {state.value for state in PieceState} - {"planned"} | {"returned"}
    assert {f"piece-{state}" for state in states} <= named


def test_the_test_command_can_be_run() -> None:
    assert (HOUSE / "tests/run").stat().st_mode & 0o111
