"""Profiles, formats and security of media (PS3.2 Annex A, section 5)."""

from collections.abc import Iterable

from burnish.config import Config
from burnish.conformance.document import Section, Table
from burnish.conformance.settings import settings_table
from burnish.contracts import Profile
from burnish.media import MediaKind
from burnish.registry import Registry


def media(config: Config, registry: Registry, makeable: Iterable[MediaKind]) -> Section:
    """Which profiles can be made with the devices that are configured, and what they add."""
    kinds = frozenset(makeable)
    security = settings_table("Settings", "media.security", config.media.security)
    able = {
        name: one for name, one in registry.profiles.items() if _can_be_made(one, kinds, registry, config)
    }
    return Section(
        "Media storage",
        parts=(
            Section(
                "Media application profiles",
                "C5",
                tables=(_profiles(able, kinds, registry), settings_table("Settings", "media", config.media)),
            ),
            Section("What profiles add to the directory", "C19", tables=(_keys(able),)),
            Section("Icons", "C6", tables=(_icons(able, config),)),
            Section("Security of media", "C21", tables=(security,)),
        ),
    )


def _can_be_made(profile: Profile, kinds: frozenset[MediaKind], registry: Registry, config: Config) -> bool:
    if profile.security and not config.media.security.able:
        return False
    return any(
        kind in kinds and any(name in registry.formats for name in formats)
        for kind, formats in profile.formats.items()
    )


def _profiles(profiles: dict[str, Profile], kinds: frozenset[MediaKind], registry: Registry) -> Table:
    rows = []
    for name, profile in profiles.items():
        on = [kind for kind in profile.media if kind in kinds]
        named = (one for kind in on for one in profile.formats[kind] if one in registry.formats)
        media, formats = ", ".join(on), ", ".join(dict.fromkeys(named))
        rows.append((name, profile.title, media, formats, "FSC", registry.origin[f"profile {name}"]))
    head = ("Profile", "Title", "Media", "Formats", "Role", "Offered by")
    return Table.of("Profiles that can be made", head, rows)


def _keys(profiles: dict[str, Profile]) -> Table:
    rows = [
        (name, key.keyword, ", ".join(key.records), key.type)
        for name, profile in profiles.items()
        for key in profile.directory_keys
    ]
    return Table.of("Further keys", ("Profile", "Attribute", "Records", "Type"), rows)


def _icons(profiles: dict[str, Profile], config: Config) -> Table:
    rows = []
    for name, profile in profiles.items():
        if icon := profile.icon:
            made = config.media.icons == "always" or (icon.required and config.media.icons != "never")
            size = f"{icon.size} x {icon.size}" if icon.size else "any"
            rows.append((name, "required" if icon.required else "allowed", size, "yes" if made else "no"))
    return Table.of("Icon Image Sequence (0088,0200)", ("Profile", "Icons are", "Size", "Made here"), rows)
