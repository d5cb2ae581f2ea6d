"""The commands of `burnish scu` with their arguments, as a person reads them in `--help`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from burnish.cli.reach import How, reaching

scu_app = typer.Typer(help="A client for any media creation SCP.", no_args_is_help=True)

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEYWORD=VALUE", help="Also by tag, or by path: ReferencedSOPSequence[0].…"
    ),
]
UnsetOption = Annotated[
    list[str] | None, typer.Option("--unset", metavar="KEYWORD", help="An attribute that is not sent.")
]
AttributesOption = Annotated[
    Path | None, typer.Option(help="JSON by keyword, or the DICOM JSON model; - for standard input.")
]
AsIsOption = Annotated[bool, typer.Option("--as-is", help="Send values that their VR does not allow.")]
UidOption = Annotated[
    str | None,
    typer.Option(help="SOP Instance UID of the request; `new`: one of ours; absent: the SCP's."),
]
NewUidsOption = Annotated[bool, typer.Option("--new-uids", help="Send everything under other UIDs.")]


@scu_app.command("echo")
@reaching()
def scu_echo(how: How) -> None:
    """Ask whether anybody is there (C-ECHO)."""
    from burnish.cli import scu

    sys.exit(scu.echo(how))


@scu_app.command("store")
@reaching()
def scu_store(
    paths: Annotated[list[Path], typer.Argument()],
    how: How,
    new_uids: NewUidsOption = False,
) -> None:
    """Send files (C-STORE)."""
    from burnish.cli import scu

    sys.exit(scu.store(paths, how, new_uids=new_uids))


@scu_app.command("create")
@reaching()
def scu_create(
    paths: Annotated[list[Path], typer.Argument(help="The files whose instances are asked for.")],
    how: How,
    profile: Annotated[str, typer.Option(help="Absent: the SCP chooses.")] = "",
    uid: UidOption = None,
    attribute: SetOption = None,
    without: UnsetOption = None,
    attributes: AttributesOption = None,
    as_is: AsIsOption = False,
) -> None:
    """Ask for media (N-CREATE); prints the request's UID."""
    from burnish.cli import scu

    values = scu.Values(settings=attribute or (), unset=without or (), attributes=attributes, as_is=as_is)
    sys.exit(scu.create(paths, how, profile, uid, values))


@scu_app.command("initiate")
@reaching()
def scu_initiate(
    uid: Annotated[str, typer.Argument()],
    how: How,
    copies: Annotated[int | None, typer.Option()] = None,
    priority: Annotated[str | None, typer.Option()] = None,
    attribute: SetOption = None,
    as_is: AsIsOption = False,
) -> None:
    """Start a request (N-ACTION 1)."""
    from burnish.cli import scu

    values = scu.Values(settings=attribute or (), as_is=as_is)
    sys.exit(scu.initiate(uid, how, copies, priority, values))


@scu_app.command("cancel")
@reaching()
def scu_cancel(uid: Annotated[str, typer.Argument()], how: How) -> None:
    """Cancel a request (N-ACTION 2)."""
    from burnish.cli import scu

    sys.exit(scu.cancel(uid, how))


@scu_app.command("get")
@reaching()
def scu_get(
    uid: Annotated[str, typer.Argument()],
    how: How,
    keyword: Annotated[
        list[str] | None, typer.Option("--key", help="Keyword or tag, several; absent: everything.")
    ] = None,
) -> None:
    """Look at a request (N-GET)."""
    from burnish.cli import scu

    sys.exit(scu.get(uid, how, keyword or []))


@scu_app.command("wait")
@reaching()
def scu_wait(
    uid: Annotated[str, typer.Argument()],
    how: How,
    until: Annotated[str, typer.Option(help="States, with commas between.")] = "DONE",
    timeout: Annotated[str, typer.Option(help="Longest.")] = "1h",
    poll: Annotated[str, typer.Option(help="Between two looks.")] = "1s",
) -> None:
    """Wait until a request is in a state. Exit 0 where it is, 1 where it ended otherwise, 3 where late."""
    from burnish.cli import scu

    sys.exit(scu.wait_for(uid, how, until, timeout, poll))


@scu_app.command("make")
@reaching()
def scu_make(
    paths: Annotated[list[Path], typer.Argument()],
    how: How,
    profile: Annotated[str, typer.Option()] = "",
    copies: Annotated[int, typer.Option(min=1)] = 1,
    priority: Annotated[str | None, typer.Option()] = None,
    uid: UidOption = None,
    attribute: SetOption = None,
    without: UnsetOption = None,
    attributes: AttributesOption = None,
    as_is: AsIsOption = False,
    new_uids: NewUidsOption = False,
    timeout: Annotated[str, typer.Option(help="Longest; absent: as long as it takes.")] = "",
    cancel_late: Annotated[bool, typer.Option("--cancel-late", help="Cancel what takes longer.")] = False,
) -> None:
    """The whole job: send, ask, start, wait. Exit 0 where it is DONE, 1 otherwise, 3 where it is late."""
    from burnish.cli import scu

    values = scu.Values(settings=attribute or (), unset=without or (), attributes=attributes, as_is=as_is)
    asked = scu.Job(profile, copies, priority, uid, values, timeout, cancel_late=cancel_late)
    sys.exit(scu.make(paths, how, asked, new_uids=new_uids))


@scu_app.command("conformance")
@reaching(to=False)
def scu_conformance(
    how: How,
    form: Annotated[
        Literal["md", "html", "json", "pdf"], typer.Option("--format", help="How it is written.")
    ] = "md",
    out: Annotated[Path | None, typer.Option(help="The file to write; absent: stdout.")] = None,
) -> None:
    """Print the DICOM Conformance Statement of this client, as it is called."""
    from burnish.cli import scu

    sys.exit(scu.conformance(how, form, out))
