"""`burnish compose`."""

import json
from dataclasses import asdict
from pathlib import Path

from burnish.cli import complain, say
from burnish.cli.progress import progress
from burnish.config import load_config, load_plugins
from burnish.errors import ConfigError
from burnish.fileset.bundles.wishes import Wishes
from burnish.instances.charset import assumed_set
from burnish.kit import make_kit
from burnish.production.oneshot import Composed, FileFate, OneShot
from burnish.registry import warn_of_broken


def run_compose(
    paths: list[Path],
    profile: str,
    out: Path,
    file_set_id: str,
    config: Path | None,
    assumed: str,
    wishes: Wishes,
    *,
    tree: bool,
    explain: bool,
    as_json: bool,
) -> int:
    """Make `out`, and what follows it where it is split; 0 where something was made, 1 where nothing fits."""
    characters = _characters(assumed)
    loaded = load_config(config)
    registry = load_plugins(loaded)
    warn_of_broken(registry)
    with progress() as report:
        one_shot = OneShot(
            make_kit(loaded.config, registry, loaded.folder), profile, report, assumed=characters
        )
        made = one_shot.run(paths, out, file_set_id, wishes, tree=tree)
    if as_json:
        say(json.dumps(_document(made), indent=2))
    else:
        _tell(made, explain)
    return 0 if made.images else 1


def _characters(assumed: str) -> bytes:
    """The value of Specific Character Set that is assumed; empty where none is. Raises ConfigError."""
    try:
        return assumed_set(assumed) if assumed else b""
    except ValueError as error:
        raise ConfigError(f"--assume-character-set {assumed!r} {error}") from error


def _tell(made: Composed, explain: bool) -> None:
    for fate in made.files:
        if fate.reason and not explain:
            complain(f"left out {fate.path}: {fate.reason}")
        elif explain:
            say(f"{fate.path}  {_where(fate, len(made.volumes))}")
    for image, volume in zip(made.images, made.volumes, strict=True):
        people, placed = len(volume.patients), len(volume.members)
        say(
            f"{image}: {volume.profile.identifier}, {placed} of {len(made.files)} files,"
            f" {people} patient{'s' * (people != 1)}, {volume.recipe.length} bytes, proven"
        )
        for left in volume.left_out:
            complain(f"warning: {image}: without {left.what}: {left.why}")
        for warning in volume.warnings:
            complain(f"warning: {image}: {warning.rule}: {warning}")
    if not made.images:
        complain("nothing was made: no file fits")


def _where(fate: FileFate, volumes: int) -> str:
    if fate.reason:
        return f"left out: {fate.reason}"
    notes = f"  ({'; '.join(fate.notes)})" if fate.notes else ""
    return (f"volume {fate.volume}: " if volumes > 1 else "") + fate.file_id + notes


def _document(made: Composed) -> dict[str, object]:
    volumes = [
        {
            "image": str(image),
            "file_set_id": volume.naming.file_set_id,
            "file_set_uid": volume.naming.file_set_uid,
            "token": volume.naming.token,
            "profile": volume.profile.identifier,
            "medium": volume.medium,
            "length": volume.recipe.length,
            "digest": volume.recipe.digest.hex(),
            "bundles": list(volume.bundles),
            "left_out": [asdict(left) for left in volume.left_out],
            "warnings": [asdict(warning) for warning in volume.warnings],
        }
        for image, volume in zip(made.images, made.volumes, strict=True)
    ]
    image = str(made.images[0]) if made.images else None
    return {"image": image, "volumes": volumes, "files": [_fate(fate) for fate in made.files]}


def _fate(fate: FileFate) -> dict[str, object]:
    plain = asdict(fate)
    return {
        "path": str(fate.path),
        "uid": plain["uid"] or None,
        "in": plain["volume"] or None,
        "file_id": plain["file_id"] or None,
        "reason": plain["reason"] or None,
        "notes": list(fate.notes),
    }
