"""Every command with its arguments, as a person reads them in `--help`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from burnish.cli.scu_app import scu_app

app = typer.Typer(
    name="burnish",
    help="The server that makes DICOM media and proves them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # `--help` without importing rich
)
config_app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)
stations_app = typer.Typer(help="Look at the stations, and put them out of service and back.")
plugin_app = typer.Typer(help="Make a plugin.", no_args_is_help=True)
label_app = typer.Typer(help="Look at labels and their styles.", no_args_is_help=True)
app.add_typer(label_app, name="label")
app.add_typer(stations_app, name="stations")
app.add_typer(plugin_app, name="plugin")
app.add_typer(config_app, name="config")
app.add_typer(scu_app, name="scu")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Else $BURNISH_CONFIG, else ./burnish.toml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AeOption = Annotated[str, typer.Option("--ae", help="Our own AE title.")]


@app.command()
def demo(
    source: Annotated[
        Path | None, typer.Option("--from", help="DICOM files to send; absent: made ones.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Media application profile.")] = "STD-GEN-CD",
    out: Annotated[Path, typer.Option(help="Where images and the server's data go.")] = Path("demo"),
    copies: Annotated[int, typer.Option(min=1, help="Copies of each medium.")] = 1,
) -> None:
    """Start a server, send studies to it over DICOM, have a medium made of each patient, prove them."""
    from burnish.cli.demo import run_demo

    sys.exit(run_demo(source, profile, out, copies))


@app.command()
def serve(config: ConfigOption = None) -> None:
    """Run the server; prints `ready AE@host:port` when it listens."""
    from burnish.cli import say
    from burnish.config import load_config
    from burnish.server import Server

    sys.exit(Server(load_config(config)).run(say))


@app.command()
def init(path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("burnish.toml")) -> None:
    """Write a commented configuration."""
    from burnish.cli.configuration import write_sample

    write_sample(path)


@app.command()
def compose(
    paths: Annotated[list[Path], typer.Argument(help="DICOM files and folders of them.")],
    out: Annotated[Path, typer.Option(help="The image to write, or with --tree the folder.")],
    profile: Annotated[str, typer.Option(help="Media application profile.")] = "STD-GEN-CD",
    file_set_id: Annotated[str, typer.Option(help="File-set ID; absent: made from the content.")] = "",
    assume_character_set: Annotated[
        str, typer.Option(help="Specific Character Set of text that comes without one; absent: ASCII.")
    ] = "",
    non_dicom: Annotated[
        str,
        typer.Option(help="Pages and pictures beside: FOR_PATIENT or another term of [bundles]."),
    ] = "NO",
    viewer: Annotated[bool, typer.Option("--viewer", help="A display application beside them.")] = False,
    tree: Annotated[bool, typer.Option("--tree", help="Write a folder instead of an image.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="A table of what became of each file.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a file-set and an image of files in one shot, without a server; proven before it is named."""
    from burnish.cli.compose import run_compose
    from burnish.fileset.bundles.wishes import Wishes

    assumed, wishes = assume_character_set, Wishes(non_dicom, "YES" if viewer else "NO")
    how = {"tree": tree, "explain": explain, "as_json": as_json}
    sys.exit(run_compose(paths, profile, out, file_set_id, config, assumed, wishes, **how))


@app.command()
def verify(
    medium: Annotated[Path, typer.Argument(help="An image, a folder or a device.")],
    profile: Annotated[str | None, typer.Option(help="Also judge by this profile.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="A recipient's private key: opens a sealed medium.")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="Its first line opens a sealed medium.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="Also ask these rule sets: ihe-pdi,drg; absent: the configured ones.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read a medium, ours or anyone's, as an importer would. Exit 0 sound, 1 findings, 2 unreadable."""
    from burnish.cli.verify import run_verify
    from burnish.fileset.seal.opening import keys_of

    keys = keys_of(key, password_file)
    sys.exit(run_verify(medium, profile, rules, config, keys, as_json=as_json))


@app.command()
def requests(
    uid: Annotated[str | None, typer.Argument(help="SOP Instance UID or token; absent: a list.")] = None,
    status: Annotated[str | None, typer.Option(help="Only these: PENDING, DONE, GONE …")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    release: Annotated[bool, typer.Option("--release", help="Let a held request go on.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the requests, the newest first, or everything about one. A server may run beside."""
    from burnish.cli.requests import list_requests, release_request, show_request

    if release and not uid:
        raise typer.BadParameter("names the request to let go on: `burnish requests UID --release`")
    if uid is None:
        list_requests(config, status, limit, as_json=as_json)
    elif release:
        release_request(uid, config)
    else:
        show_request(uid, config, as_json=as_json)


@app.command()
def conformance(
    form: Annotated[
        Literal["md", "html", "json", "pdf"], typer.Option("--format", help="How it is written.")
    ] = "md",
    out: Annotated[Path | None, typer.Option(help="The file to write; absent: stdout.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print the DICOM Conformance Statement of a configuration, from the tables that the code obeys."""
    from burnish.cli.conformance import run_conformance

    run_conformance(config, form, out)


@app.command()
def check_scp(
    to: Annotated[str, typer.Argument(metavar="AE@HOST:PORT", help="The SCP to be judged.")],
    ae: AeOption = "BURNISH_CHECK",
    only: Annotated[str, typer.Option(help="Cases and ranges of them: 1-28,59; absent: all.")] = "",
    media: Annotated[bool, typer.Option("--media", help="Cases that have media made, too.")] = False,
    profile: Annotated[str, typer.Option(help="Media application profile that is asked for.")] = "STD-GEN-CD",
    timeout: Annotated[str, typer.Option(help="How long an answer, or a medium, may take.")] = "60s",
    strict: Annotated[
        bool, typer.Option("--strict", help="What differs from burnish where the standard is silent fails.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="A JUnit report to write.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Judge any media creation SCP by numbered cases over the network. Exit 0 where none failed, else 1."""
    from burnish.cli.battery import run_check

    how = {"media": media, "strict": strict, "as_document": as_json}
    sys.exit(run_check(to, ae, only, profile, timeout, junit, **how))


@app.command()
def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Hash every instance again.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look at an installation, running or not: what is wrong and what to do. Exit 1 where it is not well."""
    from burnish.cli.doctor import run_doctor

    sys.exit(run_doctor(config, deep=deep, as_json=as_json))


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="The folder to make.")], config: ConfigOption = None
) -> None:
    """Copy an installation, running or not, into a folder, proven. Exit 1 where a file was damaged."""
    from burnish.cli.backup import run_backup

    sys.exit(run_backup(out, config))


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="What `burnish backup` made.")],
    to: Annotated[Path, typer.Option("--to", metavar="DATA", help="The data folder; empty or absent.")],
) -> None:
    """Fill an empty data folder from a backup; what was started comes back held."""
    from burnish.cli.backup import run_restore

    sys.exit(run_restore(backup, to))


@app.command()
def repair(config: ConfigOption = None) -> None:
    """Set a damaged database aside and keep what can be read; what was started is held."""
    from burnish.cli.backup import run_repair

    sys.exit(run_repair(config))


@app.command()
def plugins(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show what is installed, what is loaded and what it offers."""
    from burnish.cli.configuration import show_plugins

    show_plugins(config, as_json=as_json)


@plugin_app.command("new")
def plugin_new(
    role: Annotated[str, typer.Argument(help="profile, format, rules, writer or mover.")],
    name: Annotated[str, typer.Argument(help="What configurations will call it, for example my-press.")],
) -> None:
    """Make a working distribution in ./ROLE_NAME, with a simulator of its device and tests that pass."""
    from burnish.cli.plugin import new_plugin

    new_plugin(role, name)


@app.command()
def retention(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show the lifetimes in force, what they keep, what is due and what goes next."""
    from burnish.cli.retention import show_retention

    show_retention(config, as_json=as_json)


@stations_app.callback(invoke_without_command=True)
def stations(context: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show what every station is about; a command says what it is to do."""
    from burnish.cli.stations import show_stations

    if context.invoked_subcommand is None:
        show_stations(config, as_json=as_json)


@stations_app.command("drain")
def stations_drain(name: str, config: ConfigOption = None) -> None:
    """Have a station finish what it makes and take nothing more, until `resume`."""
    from burnish.cli.stations import drain

    drain(config, name)


@stations_app.command("accept-medium")
def stations_accept_medium(name: str, config: ConfigOption = None) -> None:
    """Say that you took away a medium that it left in doubt: it counts as spoilt, and is made again."""
    from burnish.cli.stations import accept_medium

    accept_medium(config, name)


@stations_app.command("labelled")
def stations_labelled(
    name: str,
    code: Annotated[
        str, typer.Argument(help="As scanned from the label; absent: the only one that is waited for.")
    ] = "",
    config: ConfigOption = None,
) -> None:
    """Say that a label is where it belongs: on the piece that has left, or on that in the device."""
    from burnish.cli.stations import labelled

    labelled(config, name, code)


@stations_app.command("reprint")
def stations_reprint(name: str, config: ConfigOption = None) -> None:
    """Say that a label in doubt was not printed, so that it is printed now."""
    from burnish.cli.stations import reprint

    reprint(config, name)


@label_app.command("preview")
def label_preview(
    out: Annotated[Path, typer.Option(help="The file: .pdf, .png or .pbm.")],
    request: Annotated[str | None, typer.Argument(help="UID or token.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="A made label instead.")] = False,
    style: Annotated[str, typer.Option(help="Absent: as the request selects, else disc-120.")] = "",
    volume: Annotated[int, typer.Option(min=1)] = 1,
    copy: Annotated[int, typer.Option(min=1)] = 1,
    config: ConfigOption = None,
) -> None:
    """Draw what a label will look like."""
    from burnish.cli.label import preview

    preview(request, style, out, volume, copy, config, sample=sample)


@label_app.command("styles")
def label_styles(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Print the styles there are."""
    from burnish.cli.label import show_styles

    show_styles(config, as_json=as_json)


@label_app.command("copy")
def label_copy(
    style: Annotated[str, typer.Argument(help="One of `burnish label styles`.")],
    folder: Annotated[Path, typer.Argument(help="Where to; its name is the name of the new style.")],
    config: ConfigOption = None,
) -> None:
    """Copy a style, to be edited."""
    from burnish.cli.label import copy_style

    copy_style(style, folder, config)


@stations_app.command("resume")
def stations_resume(name: str, config: ConfigOption = None) -> None:
    """Put a station back into service, after its device was seen to."""
    from burnish.cli.stations import resume

    resume(config, name)


@stations_app.command("quarantine")
def stations_quarantine(
    name: str,
    reason: Annotated[str, typer.Option(help="Shown to whoever looks.")] = "quarantined by an operator",
    config: ConfigOption = None,
) -> None:
    """Take a station out of service: its device is not touched, until `resume`."""
    from burnish.cli.stations import quarantine

    quarantine(config, name, reason)


@config_app.command("check")
def config_check(file: Annotated[Path | None, typer.Argument()] = None) -> None:
    """Print `ok`, or every fault with its line, its key and what was expected."""
    from burnish.cli.configuration import check

    check(file)


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration."""
    from burnish.cli.configuration import schema

    schema()


@config_app.command("show")
def config_show(config: ConfigOption = None) -> None:
    """Print the configuration in force, as JSON."""
    from burnish.cli.configuration import show

    show(config)
