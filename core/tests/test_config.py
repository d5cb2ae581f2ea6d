"""The deployer's file: what it may say, and what a fault in it is answered with: line, key, expectation."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from burnish.config import SAMPLE, Config, Loaded, check_plugins, find_file, line_of, load_config
from burnish.errors import ConfigError


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of the machine's: an empty working folder, no variables."""
    monkeypatch.delenv("BURNISH_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def load(text: str) -> Loaded:
    """A file with this text, loaded and checked."""
    file = Path("burnish.toml")
    file.write_text(text, "utf-8")
    loaded = load_config(file)
    check_plugins(loaded)
    return loaded


def faults(text: str) -> list[str]:
    """What a file with this text is answered with, by line."""
    with pytest.raises(ConfigError) as caught:
        load(text)
    return str(caught.value).splitlines()


def fault(text: str) -> str:
    """The one fault of a text."""
    [only] = faults(text)
    return only


def test_the_sample_says_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sample = load(SAMPLE).config
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert sample == load_config().config == Config()


def test_what_is_commented_out_in_the_sample_is_right_too() -> None:
    keys = re.sub(r"(?m)^# (?=[\w.-]+ *=|\[)", "", SAMPLE)
    assert keys != SAMPLE
    config = load(keys).config
    assert config.aets["CT1"].assume_character_set == "ISO_IR 100"
    assert set(config.plugins) == set(Config().plugins)


@pytest.mark.parametrize(
    ("text", "line", "key", "expected"),
    [
        ("[server]\nae_titel = 'X'", 2, "server.ae_titel", "there is no such key"),
        ("\n[sever]\nport = 1", 2, "sever", "there is no such key"),
        ("server.prot = 1", 1, "server.prot", "there is no such key"),
        ("[server]\nport = 'x'", 2, "server.port", "valid integer"),
        ("[server]\nport = 65536", 2, "server.port", "less than or equal to 65535"),
        ("[server]\nbind = 7", 2, "server.bind", "valid string"),
        ("[server]\nnetwork_timeout = '0s'", 2, "server.network_timeout", "try '30s'"),
        ("[queue]\n\ncancel_wait = 10", 3, "queue.cancel_wait", "try '10s'"),
        ("[queue]\ndrain_timeout = 'soon'", 2, "queue.drain_timeout", "it is 'soon'"),
        ("[media]\nmax_copies = 0", 2, "media.max_copies", "greater than or equal to 1"),
        ("[media]\ndefault_profiles = []", 2, "media.default_profiles", "at least 1"),
        ("[identity]\nconflict = 'ignore'", 2, "identity.conflict", "'fail', 'hold' or 'allow'"),
        ("[database]\nurl = 'oracle'", 2, "database.url", "sqlite"),
        ("[storage]\nsop_classes = ['CTImage']", 2, "storage.sop_classes", "try 'CTImageStorage'"),
        ("[aets.'TOO LONG A TITLE X']\nmay = []", 1, "aets", "at most 16"),
        ("[aets.CT1]\nassume_character_set = 'KOI8'", 2, "aets.CT1.assume_character_set", "try 'ISO_IR 100'"),
        ("[identity]\nundecodable = 'guess'", 2, "identity.undecodable", "'hold', 'fail' or 'allow'"),
        ("[aets.CT1]\nmay = ['fly']", 2, "aets.CT1.may.0", "'store', 'create', 'cancel' or 'get'"),
        ("[writers.Shelf]\ndriver = 'file'", 1, "writers.Shelf", "pattern"),
        ("[writers.shelf]\npath = 'out'", 1, "writers.shelf.driver", "must be given"),
        ("[writers.shelf]\ndriver = 'file'", 1, "writers.shelf.path", "must be given"),
        ("[writers.shelf]\ndriver = 'file'\npath = 'o'\npaht = 'o'", 4, "writers.shelf.paht", "no such key"),
        (
            "[writers.shelf]\ndriver = 'file'\npath = 'o'\nmedia = ['CD-X']",
            4,
            "writers.shelf.media",
            "'CD-R'",
        ),
        ("[writers.shelf]\ndriver = 'fil'\npath = 'o'", 2, "writers.shelf.driver", "no driver 'fil'"),
        ("[formats.iso9661]\n", 1, "formats.iso9661", "no format 'iso9661'; there are "),
        ("[formats.iso9660]\nrock_ridge = true", 2, "formats.iso9660.rock_ridge", "there is no such key"),
        ("[media]\ndefault_profiles = ['STD-GEN']", 2, "media.default_profiles", "there are STD-XABC-CD"),
    ],
)
def test_a_fault_names_line_key_and_what_was_expected(text: str, line: int, key: str, expected: str) -> None:
    told = fault(text)
    assert told.startswith(f"burnish.toml:{line}: {key}"), told
    assert expected in told


def test_every_fault_is_told_at_once() -> None:
    told = faults("[server]\nport = 'x'\nbnd = 1\n[queue]\nlength = 0\n")
    assert [line.split(": ")[0] for line in told] == ["burnish.toml:2", "burnish.toml:3", "burnish.toml:5"]


def test_every_fault_of_plugins_is_told_at_once() -> None:
    told = faults("[media]\ndefault_profiles = ['A', 'B']\n[writers.one]\ndriver = 'x'\n[formats.y]\n")
    assert len(told) == 4


def test_a_plugin_that_is_not_installed() -> None:
    told = fault("plugins = ['profiles', 'writer-fil']")
    assert "plugins" in told
    assert "'writer-fil' is not installed" in told
    assert "writer-file" in told.split("installed are")[1]
    assert told.startswith("burnish.toml:1: ")


def test_a_plugin_that_is_named_twice() -> None:
    assert "named twice" in fault("plugins = ['profiles', 'profiles']")


def test_a_driver_whose_plugin_is_not_named() -> None:
    told = fault("plugins = ['profiles', 'format-iso9660']\n[writers.shelf]\ndriver = 'file'\npath = 'o'")
    assert "loaded plugins drive none" in told


@pytest.mark.parametrize(
    ("text", "line"),
    [("[server", 1), ("[server\nport = 1", 1), ("a = 1\na = 2", 2), ("[server]\nport = ", 2)],
)
def test_what_is_no_toml(text: str, line: int) -> None:
    assert re.match(rf"burnish\.toml:{line}: \w", fault(text))


def test_what_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(b"plugins = ['\xff']")
    with pytest.raises(ConfigError, match=r"bad\.toml: is not UTF-8"):
        load_config(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load_config(tmp_path / "none.toml")


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_SERVER__PORT", "0")
    monkeypatch.setenv("BURNISH_QUEUE__CANCEL_WAIT", "2m")
    monkeypatch.setenv("BURNISH_PLUGINS", '["profiles", "format-iso9660", "writer-file"]')
    config = load("[server]\nport = 104\nae_title = 'MINE'\n").config
    assert (config.server.port, config.server.ae_title) == (0, "MINE")
    assert config.queue.cancel_wait == timedelta(minutes=2)
    assert config.plugins == ("profiles", "format-iso9660", "writer-file")


def test_a_fault_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_SERVER__PORT", "many")
    with pytest.raises(ConfigError, match=r"^defaults and environment: server\.port: .*it is 'many'"):
        load_config()


def test_an_unknown_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_SERVER__PROT", "1")
    with pytest.raises(ConfigError, match=r"server\.prot: there is no such key"):
        load_config()


def test_which_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """--config, else $BURNISH_CONFIG, else ./burnish.toml, else none."""
    assert find_file(None) is None
    Path("burnish.toml").touch()
    assert find_file(None) == Path("burnish.toml")
    monkeypatch.setenv("BURNISH_CONFIG", "env.toml")
    assert find_file(None) == Path("env.toml")
    assert find_file(tmp_path / "given.toml") == tmp_path / "given.toml"


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "b.toml").write_text("[server]\ndata = 'kept'\n")
    loaded = load_config(Path("site/b.toml"))
    assert (loaded.folder, loaded.data) == (folder, folder / "kept")
    (folder / "b.toml").write_text("[server]\ndata = '/elsewhere'\n")
    assert load_config(Path("site/b.toml")).data == Path("/elsewhere")


def test_relative_paths_start_at_the_working_folder_without_a_file(tmp_path: Path) -> None:
    loaded = load_config()
    assert (loaded.file, loaded.data) == (None, tmp_path / "var")


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("[a]\nb = 1\n[c]\nb = 2", ("c", "b"), 4),
        ("[a.b]\nc = 1", ("a", "b", "c"), 2),
        ("a.b.c = 1", ("a", "b", "c"), 1),
        ("[a]\nb = {c = 1}", ("a", "b", "c"), 2),
        ('[a."x y"]\nb = 1', ("a", "x y", "b"), 2),
        ("[a]\nb = [\n 1,\n]", ("a", "b", "0"), 2),
        ("[a]\n", ("a", "missing"), 1),
        ("[a]\n", ("z",), None),
        ("# b = 1\nb = 2", ("b",), 2),
        ("[a]  # [b]\nb = 1", ("a", "b"), 2),
        ("['a']\n'b' = 1", ("a", "b"), 2),
    ],
)
def test_the_line_of_a_key(text: str, place: tuple[str, ...], line: int | None) -> None:
    assert line_of(text, place) == line
