"""Web content of IHE PDI: pages with pictures, of what is on this volume and nothing else.

    IHE_PDI/INDEX.HTM              people, studies, series, each with a thumbnail
    IHE_PDI/S0000001.HTM           a series: its pictures, a hundred a page; further pages S0000001/P002.HTM
    IHE_PDI/S0000001/I0000001.JPG  a picture; T0000001.JPG small; I0000001/F0000009.JPG frames
    IHE_PDI/S0000001/I0000002.HTM  a report
    DOCUMENT/D0000001.PDF          an encapsulated document

Pages are XHTML 1.0 Strict, pictures baseline JPEG: all that IHE allows in that folder.

Source: IHE RAD TF-3, 4.47.4.1.2.3.2 (web content).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import Final

from burnish.contracts import BundledFile, BundledInstance, BundledPerson, BundledSeries, BundledVolume, Piece
from burnish.markup import XHTML_END, xhtml_head, xml_text

from burnish_bundler_web.words import WORDS

FOLDER: Final = "IHE_PDI"
DOCUMENTS: Final = "DOCUMENT"
PAGE: Final = 100
"""Instances on one page of a series."""

_STYLE: Final = """body { margin: 0 auto; max-width: 70em; padding: 1em 1em 4em;
 background: #fbfbf9; color: #1c2429;
 font: 100%/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; }
h1 { font-size: 1.6em; line-height: 1.25; margin: 0.6em 0 0.2em; }
h2 { font-size: 1.25em; margin: 1.4em 0 0.2em; }
h3 { font-size: 1.05em; margin: 1em 0 0.3em; }
p { margin: 0.3em 0 0.8em; }
a { color: #0b5a7a; }
blockquote { margin: 0 0 0 1em; padding-left: 1em; border-left: 2px solid #cfd6d9; }
.notice { padding: 0.6em 1em; background: #fdf3d6; border-left: 4px solid #a06c00; }
.note { color: #4a565c; }
.shelf { margin: 0; padding: 0; list-style: none; }
.shelf li { display: inline-block; vertical-align: top; width: 10em; margin: 0 0.8em 0.8em 0; padding: 0.5em;
 background: #fff; border: 1px solid #d8dee0; font-size: 0.9em; overflow-wrap: break-word; }
.shelf img { display: block; max-width: 100%; height: 8em; margin: 0 auto 0.4em; background: #000; }
.none { display: block; height: 7.5em; padding-top: 0.5em; color: #4a565c; background: #eef1f2;
 text-align: center; }"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """An instance on the pages."""

    instance: BundledInstance
    folder: tuple[str, ...]
    """Of its series."""
    name: str
    """I0000001."""
    document: str
    """Name of its file among the documents; empty where it is none."""

    @property
    def pictures(self) -> list[tuple[int, Piece]]:
        """By frame, in order."""
        pieces = self.instance.pieces.items()
        found = [(int(name[:-4]), piece) for name, piece in pieces if name[:-4].isdecimal()]
        return sorted(found, key=lambda pair: pair[0])

    @property
    def target(self) -> str:
        """What one opens, from IHE_PDI; empty where there is nothing."""
        above = "/".join(self.folder[1:])
        if self.document:
            return f"../{DOCUMENTS}/{self.document}"
        if "REPORT" in self.instance.pieces or len(self.pictures) > 1:
            return f"{above}/{self.name}.HTM"
        return f"{above}/{self.name}.JPG" if self.pictures else ""

    @property
    def thumbnail(self) -> str:
        """Where that stands which has one, from IHE_PDI."""
        return f"{'/'.join(self.folder[1:])}/T{self.name[1:]}.JPG"


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A series on the pages."""

    person: BundledPerson
    uid: str
    """Of its study."""
    study: str
    """In words."""
    series: BundledSeries
    shown: Sequence[_Shown]


def content(volume: BundledVolume, language: str) -> Iterator[BundledFile]:
    """Every file, the pages first."""
    pages = _Pages(volume, language)
    yield from pages.all()


class _Pages:
    def __init__(self, volume: BundledVolume, language: str) -> None:
        self._volume = volume
        self._language = language
        self._words = WORDS[language]
        self._documents = count(1)

    def all(self) -> Iterator[BundledFile]:
        shelves = [
            _Shelf(person, uid, study, series, self._shelf(number, series))
            for number, (person, uid, study, series) in enumerate(self._series(), 1)
        ]
        yield self._page(("INDEX.HTM",), self._words["title"], self._index(shelves))
        for number, shelf in enumerate(shelves, 1):
            yield from self._series_pages(number, self._headings(shelf), shelf.shown)
        for shelf in shelves:
            for one in shelf.shown:
                yield from self._pieces(one)

    def _series(self) -> Iterator[tuple[BundledPerson, str, str, BundledSeries]]:
        for person in self._volume.people:
            for study in person.studies:
                heading = " ".join(filter(None, (study.date, study.time, study.description)))
                for series in study.series:
                    yield person, study.uid, heading or self._words["study"], series

    def _shelf(self, number: int, series: BundledSeries) -> list[_Shown]:
        folder = (FOLDER, f"S{number:07d}")
        return [
            _Shown(
                one, folder, f"I{at:07d}", f"D{next(self._documents):07d}.PDF" if "PDF" in one.pieces else ""
            )
            for at, one in enumerate(series.instances, 1)
        ]

    # --- pages -------------------------------------------------------------------------------------------

    def _page(self, path: tuple[str, ...], title: str, body: Iterator[str]) -> BundledFile:
        head = xhtml_head(title, _STYLE, self._language)
        return BundledFile((FOLDER, *path), ("".join((head, *body, XHTML_END)).encode(),))

    def _index(self, shelves: Sequence[_Shelf]) -> Iterator[str]:
        yield f"<h1>{xml_text(self._words['title'])}</h1>\n"
        if self._volume.institution:
            yield f'<p class="note">{xml_text(self._volume.institution)}</p>\n'
        yield f'<p class="notice">{xml_text(self._words["notice"])}</p>\n'
        numbered = enumerate(shelves, 1)
        for _, theirs in groupby(numbered, lambda pair: id(pair[1].person)):
            for at, (_, group) in enumerate(groupby(theirs, lambda pair: pair[1].uid)):
                cards = list(group)
                if not at:
                    yield from self._person(cards[0][1].person)
                yield f'<h3>{xml_text(cards[0][1].study)}</h3>\n<ul class="shelf">\n'
                for number, shelf in cards:
                    words = self._series_words(shelf.series)
                    yield self._card(f"S{number:07d}.HTM", _middle(shelf.shown), words)
                yield "</ul>\n"

    def _person(self, person: BundledPerson) -> Iterator[str]:
        yield f"<h2>{xml_text(self._name(person))}</h2>\n"
        if facts := self._facts(person):
            yield f"<p>{xml_text(facts)}</p>\n"

    def _name(self, person: BundledPerson) -> str:
        return person.said.shown_name or self._words["nobody"]

    def _facts(self, person: BundledPerson) -> str:
        said = person.said
        born = f"{self._words['born']} {said.birth_date}" if said.birth_date else ""
        return ", ".join(filter(None, (said.patient_id, born, said.sex)))

    def _series_words(self, series: BundledSeries) -> str:
        many = len(series.instances)
        counted = f"{many} {self._words['images' if many > 1 else 'files']}" if many > 1 else ""
        number = f"{self._words['series']} {series.number}" if series.number else ""
        words = (series.modality, number, series.description or series.body_part, counted)
        return ", ".join(filter(None, words)) or self._words["series"]

    def _card(self, target: str, shown: _Shown | None, words: str, up: str = "") -> str:
        """`up` leads from the page to IHE_PDI."""
        if shown and "T.JPG" in shown.instance.pieces:
            face = f'<img src="{up}{shown.thumbnail}" alt="" />'
        else:
            kind = self._kind(shown)
            face = f'<span class="none">{xml_text(kind)}</span>'
        if not target:
            return f"<li>{face}{xml_text(words)}</li>\n"
        return f'<li><a href="{up}{target}">{face}{xml_text(words)}</a></li>\n'

    def _kind(self, shown: _Shown | None) -> str:
        if shown and shown.document:
            return self._words["document"]
        if shown and "REPORT" in shown.instance.pieces:
            return self._words["report"]
        return self._words["unshown"]

    def _headings(self, shelf: _Shelf) -> tuple[str, ...]:
        person, study, series = shelf.person, shelf.study, shelf.series
        facts = self._facts(person)
        return (self._name(person) + (f" ({facts})" if facts else ""), study, self._series_words(series))

    def _series_pages(
        self, number: int, headings: tuple[str, ...], shown: Sequence[_Shown]
    ) -> Iterator[BundledFile]:
        starts = range(0, len(shown), PAGE)
        paths = [
            (f"S{number:07d}.HTM",),
            *((f"S{number:07d}", f"P{at:07d}.HTM") for at in range(2, len(starts) + 1)),
        ]
        for path, start in zip(paths, starts, strict=False):
            up = "../" * (len(path) - 1)
            body = self._series_page(up, headings, shown[start : start + PAGE], paths, path)
            yield self._page(path, headings[0], body)
        for one in shown:
            if "REPORT" in one.instance.pieces:
                yield self._report(one, headings)
            elif len(one.pictures) > 1:
                path = (*one.folder[1:], f"{one.name}.HTM")
                yield self._page(path, headings[0], self._frames(one, headings))

    def _series_page(
        self,
        up: str,
        headings: tuple[str, ...],
        shown: Sequence[_Shown],
        paths: Sequence[tuple[str, ...]],
        here: tuple[str, ...],
    ) -> Iterator[str]:
        yield from self._top(f"{up}INDEX.HTM", headings)
        if len(paths) > 1:
            yield f"<p>{' '.join(_numbered(up, at, path, here) for at, path in enumerate(paths, 1))}</p>\n"
        yield '<ul class="shelf">\n'
        for one in shown:
            yield self._card(one.target, one, self._instance_words(one), up)
        yield "</ul>\n"

    def _instance_words(self, one: _Shown) -> str:
        head = one.instance.head
        number = str(head.get("InstanceNumber") or one.name.lstrip("I0"))
        frames = str(head.get("NumberOfFrames") or "1")
        more = f"{frames} {self._words['images']}" if frames not in ("", "0", "1") else ""
        return ", ".join(filter(None, (number, more)))

    def _top(self, index: str, headings: tuple[str, ...]) -> Iterator[str]:
        person, study, series = headings
        yield f'<p><a href="{index}">{xml_text(self._words["contents"])}</a></p>\n'
        yield f"<h1>{xml_text(person)}</h1>\n<p>{xml_text(study)}<br />{xml_text(series)}</p>\n"
        yield f'<p class="notice">{xml_text(self._words["notice"])}</p>\n'

    def _report(self, one: _Shown, headings: tuple[str, ...]) -> BundledFile:
        head = xhtml_head(headings[0], _STYLE, self._language)
        top = "".join((head, *self._top("../INDEX.HTM", headings)))
        parts = (top.encode(), one.instance.pieces["REPORT"], XHTML_END.encode())
        return BundledFile((*one.folder, f"{one.name}.HTM"), parts)

    def _frames(self, one: _Shown, headings: tuple[str, ...]) -> Iterator[str]:
        yield from self._top("../INDEX.HTM", headings)
        total = str(one.instance.head.get("NumberOfFrames") or "")
        for frame, _ in one.pictures:
            said = f"{self._words['frame']} {frame} {self._words['of']} {total}"
            path = (
                _picture(one, frame)[-1]
                if frame == one.pictures[0][0]
                else "/".join(_picture(one, frame)[-2:])
            )
            yield f'<h2>{xml_text(said)}</h2>\n<p><img src="{path}" alt="{xml_text(said)}" /></p>\n'

    # --- files -------------------------------------------------------------------------------------------

    def _pieces(self, one: _Shown) -> Iterator[BundledFile]:
        pieces = one.instance.pieces
        for frame, piece in one.pictures:
            yield BundledFile(_picture(one, frame), (piece,))
        if "T.JPG" in pieces:
            yield BundledFile((FOLDER, *one.thumbnail.split("/")), (pieces["T.JPG"],))
        if one.document:
            yield BundledFile((DOCUMENTS, one.document), (pieces["PDF"],))


def _picture(one: _Shown, frame: int) -> tuple[str, ...]:
    """The first frame stands with the other instances of the series, further ones in a folder beside."""
    if frame == one.pictures[0][0]:
        return (*one.folder, f"{one.name}.JPG")
    return (*one.folder, one.name, f"F{frame:07d}.JPG")


def _middle(shown: Sequence[_Shown]) -> _Shown | None:
    """What stands for a series: the one in the middle, else the first with a thumbnail."""
    order = [*shown[len(shown) // 2 :], *shown[: len(shown) // 2]]
    return next((one for one in order if "T.JPG" in one.instance.pieces), order[0] if order else None)


def _numbered(up: str, at: int, path: tuple[str, ...], here: tuple[str, ...]) -> str:
    return f"<strong>{at}</strong>" if path == here else f'<a href="{up}{"/".join(path)}">{at}</a>'
