"""Every key of the configuration: its type, its default, and the docstring under it."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, get_args, get_origin

from burnish.config import Config
from burnish.conformance.settings import documents_of, shown
from markdown_tables import table
from pydantic import BaseModel
from pydantic_core import PydanticUndefined


def configuration() -> Iterator[str]:
    yield "# Configuration\n\nOne TOML file; an unknown key is an error. `burnish init` writes one.\n"
    documents = documents_of(Config)
    own = {name: field for name, field in Config.model_fields.items() if not _models(field.annotation)}
    yield "## Top level\n"
    yield keys_of(Config, own, documents)
    for name, field in Config.model_fields.items():
        for model in _models(field.annotation):
            star = ".&lt;name&gt;" if get_origin(field.annotation) is dict else ""
            yield f"## `[{name}{star}]`\n".replace("&lt;", "<").replace("&gt;", ">")
            yield f"{documents[name]}\n" if name in documents else ""
            yield from _model(model)


def _model(model: type[BaseModel]) -> Iterator[str]:
    """Its keys, then those of the tables below it."""
    below = {name: _models(field.annotation) for name, field in model.model_fields.items()}
    yield keys_of(model, {name: field for name, field in model.model_fields.items() if not below[name]})
    for name, models in below.items():
        for one in models:
            yield f"### `{name}`\n\n{documents_of(model).get(name, '')}\n"
            yield keys_of(one, one.model_fields)


def keys_of(
    model: type[BaseModel], fields: Mapping[str, Any], documents: Mapping[str, str] | None = None
) -> str:
    said = documents or documents_of(model)
    rows = [
        (f"`{name}`", _type(field.annotation), _default(field), said.get(name, ""))
        for name, field in fields.items()
    ]
    return table(("Key", "Type", "Default", "Meaning"), rows) if rows else "It has no keys of its own.\n"


def _default(field: Any) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    return "" if value is PydanticUndefined else f"`{shown(value)}`"


_NAMES: Final = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "true or false",
    "timedelta": "duration",
    "Path": "path",
    "Any": "anything",
}


def _type(kind: Any) -> str:
    """A type as a deployer knows it."""
    origin, inner = get_origin(kind), get_args(kind)
    if hasattr(kind, "__metadata__"):
        return _type(inner[0])
    if origin is not None:
        return _composed(str(getattr(origin, "__name__", origin)), inner)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(f"`{one.value}`" for one in kind)
    name = str(getattr(kind, "__name__", kind))
    return _NAMES.get(name, name)


def _composed(origin: str, inner: Sequence[Any]) -> str:
    """Of several types."""
    if origin.endswith("Literal"):
        return " or ".join(f"`{one}`" for one in inner)
    if origin in ("dict", "Mapping"):
        return f"table of {_type(inner[1])}"
    if origin in ("tuple", "list", "frozenset"):
        return f"list of {_type(inner[0])}"
    return " or ".join(_type(one) for one in inner if one is not type(None))


def _models(kind: Any) -> list[type[BaseModel]]:
    """Models within a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for inner in get_args(kind) for model in _models(inner)]
