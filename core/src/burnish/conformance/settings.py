"""Keys, their values and their documents: the docstring under a field is what the statement says of it."""

import ast
import inspect
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

from burnish.conformance.document import Table
from burnish.units import format_duration


def settings_table(caption: str, table: str, model: BaseModel, names: Iterable[str] = ()) -> Table:
    """The keys of a model, or those of `names`: value and meaning."""
    documents = documents_of(type(model))
    chosen = tuple(names) or tuple(type(model).model_fields)
    rows = [(f"{table}.{name}", shown(getattr(model, name)), documents.get(name, "")) for name in chosen]
    return Table.of(caption, ("Key", "Value", "Meaning"), rows)


def shown(value: Any) -> str:
    """A value as one reads it."""
    if value in (None, "", (), [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, (Mapping, BaseModel)):
        pairs = value.items() if isinstance(value, Mapping) else iter(value)
        return "; ".join(f"{name}: {shown(one)}" for name, one in pairs)
    return ", ".join(map(shown, value)) if isinstance(value, (tuple, list)) else str(value)


@lru_cache
def documents_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The docstrings under the fields of a model and of what it inherits."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one is not BaseModel and issubclass(one, BaseModel):
            found |= _documents(one)
    return found


def _documents(model: type[BaseModel]) -> dict[str, str]:
    [body] = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is the source of a class
    found = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(after):
            found[field.target.id] = " ".join(after.value.value.split())  # type: ignore[attr-defined]
    return found


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def enum_documents(enum: type[Any]) -> Mapping[str, str]:
    """The docstrings under the members of an enumeration, by their names."""
    [body] = ast.parse(dedent(inspect.getsource(enum))).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is the source of a class
    found = {}
    for member, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(member.targets[0], ast.Name) and _is_text(after):
            found[member.targets[0].id] = " ".join(after.value.value.split())  # type: ignore[attr-defined]
    return found
