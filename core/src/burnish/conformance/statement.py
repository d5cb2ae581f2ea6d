"""The statement, in the outline of PS3.2-2021b Annex A: overview, networking, media interchange."""

from collections.abc import Iterable

from burnish.config import Config
from burnish.conformance.creation import creation
from burnish.conformance.document import Section, Table
from burnish.conformance.media import media
from burnish.conformance.networking import networking
from burnish.media import MediaKind
from burnish.registry import Registry

EDITION = "PS3.2-2021b, Annex A"


def statement(config: Config, registry: Registry, makeable: Iterable[MediaKind]) -> Section:
    """The statement of a configuration whose devices can make these kinds of media."""
    parts = (networking(config), creation(config, registry), media(config, registry, makeable))
    plugins = [
        (plugin.name, plugin.version, ", ".join(plugin.offers) or plugin.broken or "not loaded")
        for plugin in registry.plugins()
        if plugin.name in config.plugins
    ]
    overview = Section(
        "Overview",
        text=(f"The outline is that of {EDITION}.",),
        tables=(Table.of("Plugins", ("Plugin", "Version", "Offers"), plugins),),
    )
    return Section("DICOM Conformance Statement of burnish", parts=(overview, *parts))
