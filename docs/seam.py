"""Commands, hooks and contracts, by their own docstrings."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

import typer.main
from burnish import contracts, hookspecs
from burnish.cli.app import app
from burnish.conformance.settings import enum_documents
from markdown_tables import table


def commands() -> Iterator[str]:
    yield "# Commands\n"
    group: Any = typer.main.get_command(app)
    yield from _command("burnish", group, 1)


def _command(name: str, command: Any, depth: int) -> Iterator[str]:
    if depth > 1:
        yield f"{'#' * min(depth, 3)} `{name}`\n\n{command.help or ''}\n"
    options = [one for one in command.params if one.name != "help"]
    if depth > 1 and options:
        yield table(("Argument or option", "Default", "Meaning"), [_option(one) for one in options])
    for below, inner in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {below}", inner, depth + 1)


def _option(one: Any) -> tuple[str, str, str]:
    names = (
        ", ".join(f"`{name}`" for name in one.opts)
        if one.param_type_name == "option"
        else f"`{(one.metavar or one.name)}`"
    )
    default = "" if one.default in (None, False, "", []) or one.required else f"`{one.default}`"
    return names, default, getattr(one, "help", "") or ""


def hooks() -> Iterator[str]:
    yield "# Hooks\n\nA plugin answers some of these questions. Each example is a whole plugin.\n"
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("burnish_"):
            yield f"## `{name}{inspect.signature(hook)}`\n".replace("burnish.contracts.", "")
            yield _docstring(hook)


def _docstring(thing: Any) -> str:
    """Paragraphs as they are, indented code as Python."""
    lines, code_block, found = inspect.cleandoc(inspect.getdoc(thing) or "").splitlines(), False, list[str]()
    for line in lines:
        if line.startswith("    ") != code_block and line.strip():
            found.append("```" if code_block else "\n```python")
            code_block = not code_block
        found.append(
            textwrap.dedent(line)
            if code_block and not line.strip()
            else line.removeprefix("    ")
            if code_block
            else line
        )
    return "\n".join([*found, "```"] if code_block else found) + "\n"


def contracts_page() -> Iterator[str]:
    yield "# Contracts\n\nWhat a plugin implements and what it is given, from `burnish.contracts`.\n"
    for name in sorted(contracts.__all__):
        thing = getattr(contracts, name)
        if inspect.isclass(thing):
            yield f"## `{name}`\n"
            yield _paragraphs(thing)
            yield from _members(thing)


def _paragraphs(thing: Any) -> str:
    text = inspect.cleandoc(thing.__doc__ or "")
    return (text if not text.startswith(f"{thing.__name__}(") else "") + "\n"


def _members(thing: type[Any]) -> Iterator[str]:
    if issubclass(thing, Enum):
        documents = enum_documents(thing)
        yield table(("Value", "Meaning"), [(f"`{one.value}`", documents.get(one.name, "")) for one in thing])
        return
    methods = [
        (f"`{name}`", (inspect.getdoc(member) or "").partition("\n\n")[0])
        for name, member in vars(thing).items()
        if not name.startswith("_")
        and (inspect.isfunction(member) or isinstance(member, property | classmethod))
    ]
    fields = (
        [(f"`{name}`", "") for name in getattr(thing, "__dataclass_fields__", {})]
        if is_dataclass(thing)
        else []
    )
    documents = _field_documents(thing) if fields else {}
    rows = [(name, documents.get(name.strip("`"), said)) for name, said in fields] + methods
    if rows:
        yield table(("Member", "Meaning"), rows)


def _field_documents(thing: type[Any]) -> Mapping[str, str]:
    [body] = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is the source of a class
    found = {}
    for one, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(one, ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[ast.unparse(one.target)] = str(after.value.value)
    return found
