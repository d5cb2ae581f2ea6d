"""The deployer's file: one TOML file, assembled from the settings that each room owns.

An unknown key is an error. `BURNISH_SERVER__PORT=0` in the environment overrides `[server] port`. Relative
paths start at the configuration file's folder, without a file at the working folder.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from burnish.contracts import (
    BundlerSpec,
    FormatSpec,
    LabelMakerSpec,
    MoverSpec,
    PrinterSpec,
    RuleSetSpec,
    WriterSpec,
)
from burnish.database.settings import DatabaseSettings
from burnish.dicom.settings import ServerSettings, StorageSettings
from burnish.errors import ConfigError
from burnish.fileset.bundles.settings import EVERY, BundlerSettings, BundleSettings, TermMap
from burnish.fileset.media import MediaSettings
from burnish.fileset.settings import IdentitySettings
from burnish.instances.settings import SpoolSettings
from burnish.labels.settings import LabelSettings
from burnish.orders.lifetimes import RetentionSettings
from burnish.orders.settings import AetSettings, QueueSettings
from burnish.production.devices import Devices, station_faults
from burnish.production.settings import MoverSettings, PrinterSettings, StationSettings, WriterSettings
from burnish.registry import Registry, default_plugins

DEFAULT_FILE: Final = "burnish.toml"
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
AeTitle = Annotated[str, Field(min_length=1, max_length=16)]


class _Storage(StorageSettings, SpoolSettings):
    """`[storage]`: what is negotiated and how it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Config(BaseSettings):
    """The whole file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="BURNISH_", env_nested_delimiter="__"
    )

    plugins: tuple[Name, ...] = Field(default_factory=default_plugins)
    """Entry-point names to load, in this order; an installed plugin that is not named stays out. Absent:
    every installed first-party profile, format, rule set, label and bundler, writer-file, printer-file."""
    server: ServerSettings = Field(default_factory=ServerSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    storage: _Storage = Field(default_factory=_Storage)
    media: MediaSettings = Field(default_factory=MediaSettings)
    identity: IdentitySettings = Field(default_factory=IdentitySettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    queue: QueueSettings = Field(default_factory=QueueSettings)
    formats: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """`[formats.<name>]`: keys of a format's own model."""
    rules: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """`[rules.<name>]`: keys of a rule set's own model. It is asked where `[media] rules` names it."""
    writers: dict[Name, WriterSettings] = Field(
        default_factory=lambda: {"shelf": WriterSettings(driver="file", path="out", media=["CD-R"])}  # type: ignore[call-arg]
    )
    """`[writers.<name>]`: the devices. Absent: image files under `out`."""
    movers: dict[Name, MoverSettings] = Field(default_factory=dict)
    """`[movers.<name>]`: the robots."""
    printers: dict[Name, PrinterSettings] = Field(default_factory=dict)
    """`[printers.<name>]`: the label printers. One that no station names prints nothing."""
    labels: LabelSettings = Field(default_factory=LabelSettings)
    label_makers: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """`[label_makers.<name>]`: keys of a label maker's own model."""
    bundles: BundleSettings = Field(default_factory=BundleSettings)
    bundlers: dict[Name, BundlerSettings] = Field(default_factory=dict)
    """`[bundlers.<name>]`: what can stand beside the instances. A bundler that needs no keys is there without
    a table, under its driver's name."""
    stations: dict[Name, StationSettings] = Field(default_factory=dict)
    """`[stations.<name>]`: writers that work as one, with or without a robot. A writer that no station names
    is a station by itself."""
    aets: dict[AeTitle, AetSettings] = Field(default_factory=dict)
    """`[aets.<title>]`: who may do what. Absent: any calling AE may do everything, on its own requests."""

    @property
    def devices(self) -> Devices:
        """The tables of devices."""
        return Devices(self.writers, self.movers, self.stations, self.printers, self.label_makers)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and where it came from."""

    config: Config
    folder: Path
    """Where relative paths start."""
    file: Path | None
    """None where the defaults apply."""

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return (self.folder / self.config.server.data).resolve()


def find_file(given: Path | None) -> Path | None:
    """`--config`, else $BURNISH_CONFIG, else ./burnish.toml where it exists, else None."""
    if given:
        return given
    if named := os.environ.get("BURNISH_CONFIG"):
        return Path(named)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).exists() else None


def load_config(given: Path | None = None) -> Loaded:
    """Read and check the configuration. Raises ConfigError with every fault, a line each."""
    file = find_file(given)
    text = _read(file) if file else ""
    try:
        values = tomllib.loads(text + "\n")  # so that a fault in the last line has its number
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(error, file)) from error
    try:
        config = Config(**values)
    except ValidationError as error:
        raise ConfigError("\n".join(_faults(error, file, text))) from error
    folder = file.parent if file else Path()
    return Loaded(config, folder.resolve(), file)


def load_plugins(loaded: Loaded) -> Registry:
    """Load the plugins, and the profiles of the deployer's files. Raises ConfigError."""
    registry = Registry.load(loaded.config.plugins)
    _read_profiles(loaded, registry)
    return registry


def _read_profiles(loaded: Loaded, registry: Registry) -> None:
    for file in loaded.config.media.profile_files:
        registry.read_profiles(loaded.folder / file)


def check_plugins(loaded: Loaded) -> Registry:
    """Load the plugins and check every key that belongs to one. Raises ConfigError."""
    config, file = loaded.config, loaded.file
    text = _read(file) if file else ""
    try:
        registry = Registry.load(config.plugins)
    except ConfigError as error:
        raise ConfigError(_fault(file, text, ("plugins",), str(error).removeprefix("plugins: "))) from error
    try:
        _read_profiles(loaded, registry)
    except ConfigError as error:
        raise ConfigError(_fault(file, text, ("media", "profile_files"), str(error))) from error
    faults = [f"{file}: {broken}" for broken in registry.broken.values()]
    faults += list(_device_faults(config.writers, registry.writers, "writers", file, text))
    faults += list(_device_faults(config.movers, registry.movers, "movers", file, text))
    faults += list(_device_faults(config.printers, registry.printers, "printers", file, text))
    faults += list(_device_faults(config.bundlers, registry.bundlers, "bundlers", file, text))
    faults += list(_bundle_faults(loaded, registry, text))
    makers = registry.label_makers
    faults += list(_own_tables(config.label_makers, makers, ("label_makers", "label maker"), file, text))
    if not faults:  # what is built of them can be judged once each is right by itself
        with chdir(loaded.folder):  # label styles are read, and are named from there
            found = list(station_faults(config.devices, registry, config.labels))
        faults += [_fault(file, text, place, message) for place, message in found]
    faults += list(_own_tables(config.formats, registry.formats, ("formats", "format"), file, text))
    faults += list(_own_tables(config.rules, registry.rule_sets, ("rules", "rule set"), file, text))
    for name in config.media.rules:
        if name not in registry.rule_sets:
            message = _unknown("rule set", name, registry.rule_sets)
            faults.append(_fault(file, text, ("media", "rules"), message))
    for name in config.media.default_profiles:
        if name not in registry.profiles:
            known = ", ".join(registry.profiles) or "none"
            faults.append(
                _fault(file, text, ("media", "default_profiles"), f"no profile {name!r}; there are {known}")
            )
    if faults:
        raise ConfigError("\n".join(faults))
    return registry


def bundler_tables(tables: Mapping[str, BundlerSettings], registry: Registry) -> dict[str, BundlerSettings]:
    """The bundlers that a configuration has, with those that are there without a table."""
    drivers = {table.driver for table in tables.values()}
    standing = [name for name, spec in registry.bundlers.items() if spec.standing]
    others = {name: BundlerSettings(driver=name) for name in standing if name not in drivers}
    return {name: table for name, table in others.items() if name not in tables} | dict(tables)


def _bundle_faults(loaded: Loaded, registry: Registry, text: str) -> Iterator[str]:
    """Names in `[bundles]` that no bundler has."""
    config, file = loaded.config, loaded.file
    known = bundler_tables(config.bundlers, registry)
    maps: list[tuple[tuple[str, ...], TermMap]] = [
        (("bundles", "non_dicom"), config.bundles.non_dicom),
        (("bundles", "display"), config.bundles.display),
    ]
    for profile, own in config.bundles.profiles.items():
        above = ("bundles", "profiles", profile)
        if profile not in registry.profiles:
            yield _fault(file, text, above, _unknown("profile", profile, registry.profiles))
        maps += [((*above, "non_dicom"), own.non_dicom or {}), ((*above, "display"), own.display or {})]
    for place, terms in maps:
        for term, names in terms.items():
            for name in names:
                if name != EVERY and name not in known:
                    yield _fault(file, text, (*place, term), _unknown("bundler", name, known))


def _device_faults(
    tables: Mapping[str, WriterSettings]
    | Mapping[str, MoverSettings]
    | Mapping[str, PrinterSettings]
    | Mapping[str, BundlerSettings],
    specs: Mapping[str, WriterSpec[Any]]
    | Mapping[str, MoverSpec[Any]]
    | Mapping[str, PrinterSpec[Any]]
    | Mapping[str, BundlerSpec[Any]],
    role: str,
    file: Path | None,
    text: str,
) -> Iterator[str]:
    for name, device in tables.items():
        if spec := specs.get(device.driver):
            yield from _own_faults(spec.settings, device.driver_keys, (role, name), file, text)
        else:
            known = ", ".join(specs) or "none"
            message = f"no driver {device.driver!r}; the loaded plugins drive {known}"
            yield _fault(file, text, (role, name, "driver"), message)


def _own_tables(
    tables: Mapping[str, Mapping[str, Any]],
    specs: Mapping[str, FormatSpec[Any]] | Mapping[str, RuleSetSpec[Any]] | Mapping[str, LabelMakerSpec[Any]],
    role: tuple[str, str],
    file: Path | None,
    text: str,
) -> Iterator[str]:
    """Faults of tables that are named as what takes their keys; `role` is how tables and it are called."""
    table, called = role
    for name, keys in tables.items():
        if spec := specs.get(name):
            yield from _own_faults(spec.settings, keys, (table, name), file, text)
        else:
            yield _fault(file, text, (table, name), _unknown(called, name, specs))


def _unknown(called: str, name: str, known: Mapping[str, object]) -> str:
    return f"no {called} {name!r}; there are {', '.join(known) or 'none'}"


def _own_faults(
    model: type[BaseModel], keys: Mapping[str, Any], place: tuple[str, ...], file: Path | None, text: str
) -> Iterator[str]:
    try:
        model.model_validate(dict(keys))
    except ValidationError as error:
        yield from _faults(error, file, text, place)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8") from error


def _syntax(error: tomllib.TOMLDecodeError, file: Path | None) -> str:
    """What is no TOML, its line where other faults have theirs."""
    where = re.search(r" \(at line (\d+), column \d+\)$", str(error))
    return f"{file}:{where[1]}: {str(error)[: where.start()]}" if where else f"{file}: {error}"


def _faults(
    error: ValidationError, file: Path | None, text: str, above: tuple[str, ...] = ()
) -> Iterator[str]:
    for fault in _innermost(error.errors()):
        place = (*above, *(str(part) for part in fault["loc"] if part != "[key]"))
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "there is no such key"
        elif fault["type"] == "missing":
            message = "must be given"
        else:
            message = f"{message}; it is {fault['input']!r}"
        yield _fault(file, text, place, message)


def _innermost(faults: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out a list's complaint about its length where one of its items is at fault already."""
    above = {fault["loc"][:-1] for fault in faults}
    return [fault for fault in faults if fault["type"] != "too_short" or fault["loc"] not in above]


def _fault(file: Path | None, text: str, place: tuple[str, ...], message: str) -> str:
    line = line_of(text, place)
    where = f"{file or 'defaults and environment'}{f':{line}' if line else ''}"
    return f"{where}: {'.'.join(place)}: {message}"


_PART: Final = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_KEY: Final = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")


def line_of(text: str, place: tuple[str, ...]) -> int | None:
    """The line that a key stands on, from 1: the deepest part of its path that can be found."""
    table: tuple[str, ...] = ()
    best: tuple[int, int | None] = (0, None)
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]+", line):
            table = _parts(header[1])
            here = table
        elif key := _KEY.match(line):
            here = (*table, *_parts(key[1]))
        else:
            continue
        if len(here) > best[0] and place[: len(here)] == here:
            best = len(here), number
    return best[1]


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


SAMPLE: Final = """\
# burnish configuration; `burnish config check` says whether it is right.
# Every key below stands with its default. Relative paths start at this file's folder.

# Absent: all first-party ones.
# plugins = ["bundler-folder", "bundler-web", "format-fat", "format-iso9660", "format-mime", "format-udf", \
"format-zip", "profiles", "label-html", "printer-file", "rules-drg", "rules-ihe-pdi", "writer-file"]

[server]
ae_title = "BURNISH"          # the called AE title that is answered
bind = "127.0.0.1"            # "0.0.0.0" listens on every interface
port = 11112                  # 0 takes any free port, which `burnish serve` prints
data = "var"                  # spool, database, plans, logs
max_associations = 256
max_half_open = 64            # connections that have asked for nothing yet; the oldest gives way
max_per_address = 0           # associations from one network address; 0 is no limit
association_timeout = "30s"   # to ask for an association
dimse_timeout = "30s"         # for a whole PDU; silence within a message
network_timeout = "5m"        # silence between messages
max_pdu = 131072              # bytes of a PDU that peers are told to send

[database]
url = "sqlite"                # a file in the data folder

[storage]
sop_classes = "all"           # or a list: what is accepted by C-STORE
transfer_syntaxes = "default" # or a list: everything but Deflated, Explicit VR preferred
head_budget = 262144          # bytes of directory keys kept while an instance arrives
reserve = 1073741824          # bytes of free disk below which nothing more is taken; 0 keeps none
duplicates = "version"        # other bytes under a stored UID: "version" keeps both, "refuse" answers C111

[media]
default_profiles = ["STD-GEN-CD"]  # where a request names none: the first that all fits, without a split
profile_files = []            # TOML files with profiles of the house: README of the plugin `profiles`
rules = []                    # rule sets that every medium must keep to: "ihe-pdi", "drg"
file_set_given = "use"        # File-set ID and UID of a request; "ignore" makes both
file_set_prefix = ""          # before the eight characters of a File-set ID that is made
max_copies = 99
sop_classes = "all"           # or a list of UIDs that media are made of
missing_keys = "supply"       # or "fail": Type 1 directory keys that an instance lacks
splitting = "allow"           # "never": what exceeds a medium fails, even where a request allows a split
splitting_default = "NO"      # or "YES": where a request does not say whether it may be split
max_volumes = 99              # of one request
transcoding = "allow"         # "uncompressed": no pixels are decoded; "never": all goes as it came or not
transcoders = 0               # processes that derive at once; 0: one for each core
transcoder_memory = 2147483648  # bytes that one of them may take
transcoder_timeout = "10m"    # for one instance
compare_decoders = true       # two decoders must agree on lossless pixels, where two are installed
compression = "avoid-splitting"  # images are compressed without loss where a set exceeds a medium; "never"
icons = "required"            # "always": in records of all profiles that allow icons; "never"

[media.security]              # for whom media of the -SEC- profiles are sealed; nobody: none are made
recipients = []               # X.509 certificates with RSA keys, PEM
# password_file = "password"  # its first line opens them too
key_transport = "pkcs1"       # "oaep": what is recommended today, and fewer readers know
# signer = { certificate = "signer.pem", key = "signer.key" }

[identity]
conflict = "fail"             # one Patient ID, different people: "fail", "hold" or "allow"
several = "allow"             # several people on one medium: "allow" or "fail"
undecodable = "hold"          # a name or ID with bytes its character set does not know; or "fail", "allow"

[retention]                   # s, m, h, d, y (365 d) of time that the server's machine runs; "0s": at once
idle_requests = "24h"         # from N-CREATE, where nobody initiates
results = "30d"               # from DONE or FAILURE: how long N-GET tells of it
instances_after_success = "3d"
instances_after_failure = "7d"
instances_preserved = "30d"   # where Preserve Composite Instances After Media Creation is YES
preserve_default = "NO"       # or "YES": where a request does not say
instances_unrequested = "7d"  # from the last C-STORE
ledger = "10y"                # what was made, by whom, when

[queue]
length = 1000                 # started requests; one more Initiate is answered with 0213
idle_length = 10000           # requests not started; one more N-CREATE is answered with 0213
max_references = 200000       # instances that one request may name
retries_per_piece = 2         # further media after a spoilt one
supplies_timeout = "72h"      # how long a request waits for supplies or an operator before it fails
offline_timeout = "1h"        # the same for a device that is off line or out of service
priority_default = "MED"      # of an Initiate that does not say; "HIGH", "LOW"
print_priority = "read"       # (2000,0020) where (2200,0020) is absent; or "ignore"
cancel_wait = "10s"           # how long a Cancel waits for the work to stop
drain_timeout = "30m"         # how long a first SIGTERM lets media be finished

[writers.shelf]
driver = "file"
path = "out"
media = ["CD-R"]              # what it pretends to hold; its capacity follows
driver_memory = 1073741824    # bytes that its driver may take; 0 is no limit
stall_timeout = "10m"         # a driver that is silent for so long counts as hung
hold_retry = "5s"             # between looks at a condition that somebody must mend
quarantine_after = 3          # media spoilt in a row that take a device out of service; 0: never
# form = "folder"             # the files themselves; absent: an image file each
# capacity = 700000000        # bytes of an image at most; absent: what the kind of medium holds

# Devices that work as one; a writer that no station names is a station by itself:
#   [movers.arm]              # a robot that carries discs
#   driver = "nimbie"         # the other keys are its driver's
#   [stations.tower]
#   writers = ["left"]        # as the robot counts its drives; several make copies side by side
#   mover = "arm"             # absent: a person loads and unloads
#   media = ["CD-R"]          # what lies in its input bin; absent: whatever its drives can make
#   printer = "paper"         # absent: no labels
#   style = "disc-120"        # `burnish label styles` lists them
#   unlabelled = "block"      # where a label cannot be printed: "skip" it, or "discard" the piece
#   confirm = "auto"          # `burnish stations labelled` where a person attaches labels; or "never"
#   [[stations.tower.besides]]  # a further label of each piece, such as a mailer
#   printer = "letters"
#   style = "mailer"
#   unlabelled = "skip"
#   confirm = "never"
#   [printers.paper]
#   driver = "file"

[labels]
maker = "html"                # what draws them; its own keys: [label_makers.html]
extracted_default = "YES"     # "NO": labels say nothing of the instances unless a request wants it
institution = ""              # who makes the media; absent: Institution Name of the instances
attributes = []               # of the instances, that labels say besides: "ReferringPhysicianName"
styles = {}                   # Label Style Selection of a request: { HOUSE = "our-disc" }
symbology_default = "CODE128" # where a request gives a Barcode Value alone
disposition = "mail"          # Media Disposition: on mailers and sheets; "always"; "never"

[bundles]                     # what stands beside the instances
non_dicom_default = "NO"      # Include Non-DICOM Objects of a request that does not say
display_default = "NO"        # Include Display Application of such a request
unfit = "fail"                # "leave-out": where a program has not the checksum that it should have
readme = "auto"               # beside anything else, and where rule sets are kept; "always"; "never"
descriptor = true             # its text is the File-set Descriptor File, too
index = true                  # INDEX.HTM where there is something to point to
institution = ""              # who makes the media; absent: that of [labels]
address = ""
contact = ""                  # whom to ask about a medium
notice = ""                   # what is to be said besides, on privacy for example

[bundles.non_dicom]           # which bundlers' pages and pictures each term means; "*": those of every one
FOR_PHYSICIAN = ["*"]
FOR_PATIENT = ["*"]
FOR_TEACHING = ["*"]
FOR_RESEARCH = ["*"]

[bundles.display]             # the same of display applications
YES = ["*"]

# [bundles.profiles.STD-GEN-CD]  # another map for the media of one profile
# non_dicom = { FOR_PATIENT = ["web"] }
# display = { YES = ["weasis"] }
# [bundlers.weasis]           # a display application in a folder: README of the plugin `bundler-folder`
# driver = "folder"
# path = "/srv/weasis"
# autorun = false

# [aets.CT1]                  # where the table exists, any AE that is not in it is turned away
# may = ["store", "create", "cancel", "get"]
# max_requests = 100          # that have not ended; absent: no limit
# assume_character_set = "ISO_IR 100"
"""
