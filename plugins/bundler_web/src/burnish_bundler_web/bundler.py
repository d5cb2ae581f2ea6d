"""The two things that this plugin puts on media, as the core asks for them."""

from collections.abc import Sequence

from burnish.contracts import Bundle, BundledVolume, BundleKind, Bundler, Link, Offer, Renderer

from burnish_bundler_web import pages, viewer
from burnish_bundler_web.settings import Settings

_CONTENT = Offer(kind=BundleKind.CONTENT, title="IHE PDI web content: pages and pictures", personal=True)
_VIEWER = Offer(
    kind=BundleKind.VIEWER,
    title="Viewer that a web browser opens from the medium",
    personal=True,
    platforms=("any web browser",),
)


class WebBundler(Bundler):
    """Without state but its settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def offers(self) -> Sequence[Offer]:
        """The viewer is there where it was built when this plugin was installed."""
        return (_CONTENT, _VIEWER) if viewer.is_built() else (_CONTENT,)

    def renderer(self, kinds: frozenset[BundleKind]) -> Renderer:
        """One, for what is asked: an instance is decoded once for both."""
        options = self._settings.model_dump(exclude={"language"})
        asked = {"content": BundleKind.CONTENT in kinds, "viewer": BundleKind.VIEWER in kinds}
        return Renderer(function="burnish_bundler_web.render:render", options=options | asked)

    def bundle(self, volume: BundledVolume, kind: BundleKind) -> Bundle:
        """The pages, or the viewer."""
        if kind is BundleKind.CONTENT:
            files = tuple(pages.content(volume, self._settings.language))
            link = Link(path=(pages.FOLDER, "INDEX.HTM"), title="Pictures and reports, as web pages")
            return Bundle(files=files, links=(link,))
        note = "Opens in a web browser: Chrome, Edge, Firefox or Safari of 2021 or later. Not for diagnosis."
        link = Link(path=(viewer.FOLDER, "INDEX.HTM"), title="Viewer for the images", note=note)
        return Bundle(files=tuple(viewer.viewer(volume, self._settings)), links=(link,))
