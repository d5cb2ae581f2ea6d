"""What a browser shows of a medium: a viewer that opens from the medium itself, and pages with pictures.

settings   the keys under `[bundlers.web]`
render     the pieces of one instance: pictures, a thumbnail, a report, what the viewer embeds
report     a structured report as XHTML
pages      the web content of IHE PDI
viewer     the viewer and its data
bundler    both, as a bundler

Describing the bundler imports none of them but its settings.
"""

from collections.abc import Sequence
from typing import Any

from burnish.contracts import Bundler, BundlerSpec
from burnish.hookspecs import hookimpl

from burnish_bundler_web.settings import Settings

__all__ = ["Settings", "burnish_bundlers"]


def _build(settings: Settings) -> Bundler:
    from burnish_bundler_web.bundler import WebBundler

    return WebBundler(settings)


@hookimpl
def burnish_bundlers() -> Sequence[BundlerSpec[Any]]:
    """Offer `web`, which is there without a table in the configuration."""
    return [BundlerSpec("web", Settings, _build, standing=True)]
