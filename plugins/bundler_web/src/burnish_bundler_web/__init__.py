"""What a browser shows of a medium: a viewer that opens from the medium itself, and pages with pictures.

settings   the keys under `[bundlers.web]`
render     the pieces of one instance: pictures, a thumbnail, a report, what the viewer embeds
report     a structured report as XHTML
pages      the web content of IHE PDI
viewer     the viewer and its data
bundler    both, as a bundler
doctor     what `burnish doctor` looks at

Describing the bundler imports none of them but its settings.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from burnish.contracts import Bundler, BundlerSpec, CheckSpec, Finding
from burnish.hookspecs import hookimpl

from burnish_bundler_web.settings import Settings

__all__ = ["Settings", "burnish_bundlers", "burnish_checks"]


def _build(settings: Settings) -> Bundler:
    from burnish_bundler_web.bundler import WebBundler

    return WebBundler(settings)


@hookimpl
def burnish_bundlers() -> Sequence[BundlerSpec[Any]]:
    """Offer `web`, which is there without a table in the configuration."""
    return [BundlerSpec("web", Settings, _build, standing=True)]


def _look(tables: Sequence[Mapping[str, Any]]) -> Iterable[Finding]:
    from burnish_bundler_web.doctor import look

    return look(tables)


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """Have doctor look whether there is a viewer."""
    return [CheckSpec("web", _look)]
