"""Every command with its arguments, as a person reads them in `--help`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="burnish",
    help="The server that makes DICOM media and proves them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # `--help` without importing rich
)
config_app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)
scu_app = typer.Typer(help="A client for any media creation SCP.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(scu_app, name="scu")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Else $BURNISH_CONFIG, else ./burnish.toml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
ToOption = Annotated[str, typer.Option("--to", metavar="AE@HOST:PORT", help="The SCP.")]
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
    tree: Annotated[bool, typer.Option("--tree", help="Write a folder instead of an image.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="A table of what became of each file.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a file-set and an image of files in one shot, without a server; proven before it is named."""
    from burnish.cli.compose import run_compose

    sys.exit(
        run_compose(paths, profile, out, file_set_id, config, tree=tree, explain=explain, as_json=as_json)
    )


@app.command()
def verify(
    medium: Annotated[Path, typer.Argument(help="An image, a folder or a device.")],
    profile: Annotated[str | None, typer.Option(help="Also judge by this profile.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read a medium, ours or anyone's, as an importer would. Exit 0 sound, 1 findings, 2 unreadable."""
    from burnish.cli.verify import run_verify

    sys.exit(run_verify(medium, profile, config, as_json=as_json))


@app.command()
def plugins(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show what is installed, what is loaded and what it offers."""
    from burnish.cli.configuration import show_plugins

    show_plugins(config, as_json=as_json)


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


@scu_app.command("echo")
def scu_echo(to: ToOption, ae: AeOption = "BURNISHSCU") -> None:
    """Ask whether anybody is there (C-ECHO)."""
    from burnish.cli import scu

    scu.echo(to, ae)


@scu_app.command("store")
def scu_store(
    paths: Annotated[list[Path], typer.Argument()],
    to: ToOption,
    ae: AeOption = "BURNISHSCU",
    as_json: JsonOption = False,
) -> None:
    """Send files (C-STORE)."""
    from burnish.cli import scu

    sys.exit(scu.store(paths, to, ae, as_json=as_json))


@scu_app.command("create")
def scu_create(
    paths: Annotated[list[Path], typer.Argument(help="The files whose instances are asked for.")],
    to: ToOption,
    ae: AeOption = "BURNISHSCU",
    profile: Annotated[str, typer.Option(help="Absent: the SCP chooses.")] = "",
    uid: Annotated[str | None, typer.Option(help="SOP Instance UID; absent: the SCP mints one.")] = None,
    attribute: Annotated[list[str] | None, typer.Option("--set", metavar="KEYWORD=VALUE")] = None,
) -> None:
    """Ask for media (N-CREATE); prints the request's UID."""
    from burnish.cli import scu

    scu.create(paths, to, ae, profile, uid, attribute or [])


@scu_app.command("initiate")
def scu_initiate(
    uid: str,
    to: ToOption,
    ae: AeOption = "BURNISHSCU",
    copies: Annotated[int | None, typer.Option()] = None,
    priority: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Start a request (N-ACTION 1)."""
    from burnish.cli import scu

    scu.initiate(uid, to, ae, copies, priority)


@scu_app.command("cancel")
def scu_cancel(uid: str, to: ToOption, ae: AeOption = "BURNISHSCU") -> None:
    """Cancel a request (N-ACTION 2)."""
    from burnish.cli import scu

    scu.cancel(uid, to, ae)


@scu_app.command("get")
def scu_get(
    uid: str,
    to: ToOption,
    ae: AeOption = "BURNISHSCU",
    keyword: Annotated[list[str] | None, typer.Option("--key")] = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a request (N-GET)."""
    from burnish.cli import scu

    scu.get(uid, to, ae, keyword or [], as_json=as_json)


@scu_app.command("make")
def scu_make(
    paths: Annotated[list[Path], typer.Argument()],
    to: ToOption,
    ae: AeOption = "BURNISHSCU",
    profile: Annotated[str, typer.Option()] = "",
    copies: Annotated[int, typer.Option(min=1)] = 1,
    priority: Annotated[str | None, typer.Option()] = None,
    attribute: Annotated[list[str] | None, typer.Option("--set", metavar="KEYWORD=VALUE")] = None,
    as_json: JsonOption = False,
) -> None:
    """The whole job: send, ask, start, wait. Exit 0 where it is DONE."""
    from burnish.cli import scu

    sys.exit(scu.make(paths, to, ae, profile, copies, priority, attribute or [], as_json=as_json))
