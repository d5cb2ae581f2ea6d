"""What a medium says of itself, in the root: README.TXT, its copy as File-set Descriptor File, INDEX.HTM.

README.TXT is ASCII and tells of no patient. INDEX.HTM is XHTML 1.0 Strict and lists what is on the volume,
unless the medium is sealed: then it points only. Every text is escaped; nothing is a reference but paths of
ours.

Source: IHE RAD TF-3, 4.47 (RAD-47); PS3.10 8.3 and PS3.3 F.3.2.1 (File-set Descriptor File).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from textwrap import TextWrapper

from burnish.contracts import BundledFile, BundledPerson, BundledStudy, BundledVolume, Link
from burnish.fileset.bundles.settings import BundleSettings
from burnish.markup import XHTML_END, xhtml_head, xml_text
from burnish.terms import IMPLEMENTATION_VERSION_NAME

README = "README.TXT"
DESCRIPTOR = "README"
"""A File ID has no extension (PS3.10 8.2)."""
INDEX = "INDEX.HTM"

_WRAP = TextWrapper(76, break_long_words=False, break_on_hyphens=False)
_STYLE = """body { max-width: 46em; margin: 0 auto; padding: 1.5em 1em 4em;
 background: #fbfbf9; color: #1c2429;
 font: 100%/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; }
h1 { font-size: 1.6em; line-height: 1.2; margin: 0.6em 0 0.2em; }
h2 { font-size: 1.2em; margin: 1.8em 0 0.3em; border-top: 1px solid #cfd6d9; padding-top: 0.8em; }
h3 { font-size: 1em; margin: 1em 0 0.2em; }
p, ul, dl { margin: 0.3em 0 0.8em; }
ul { padding-left: 1.3em; }
a { color: #0b5a7a; }
.start { margin: 1.2em 0; padding: 0; list-style: none; }
.start li { margin: 0.6em 0; padding: 0.8em 1em; background: #e8f1f3; border-left: 4px solid #0b5a7a; }
.start a { font-weight: bold; }
.note { color: #4a565c; }
.warning { padding: 0.6em 1em; background: #fdf3d6; border-left: 4px solid #a06c00; }"""


def readme(
    volume: BundledVolume,
    links: Sequence[Link],
    settings: BundleSettings,
    rules: Sequence[str],
    *,
    index: bool,
) -> bytes:
    """The text, in ASCII, lines ended by CR and LF."""
    lines = ["MEDICAL IMAGES AND DOCUMENTS ON A DICOM MEDIUM", ""]
    lines += _pairs(
        ("Made by", volume.institution),
        ("", settings.address),
        ("Contact", settings.contact),
        ("Made on", volume.day),
        ("File-set", volume.file_set_id),
        ("Volume", _volume(volume)),
        ("Made with", IMPLEMENTATION_VERSION_NAME),
    )
    lines += ["", "What is on it", ""]
    folders = sorted({one.file_id[0] for one in volume.instances() if len(one.file_id) > 1})
    lines += _pairs(
        ("DICOMDIR", "directory of all DICOM files, for DICOM viewers and archives"),
        *((folder, "the DICOM files") for folder in folders),
        *(((INDEX, "what is on this medium; open it with a web browser"),) if index else ()),
        *(("/".join(link.path), " - ".join(filter(None, (link.title, link.note)))) for link in links),
    )
    lines += ["", *_wrapped(_keeps(volume, rules))]
    if links:
        lines += ["", *_wrapped(NOT_FOR_DIAGNOSIS)]
    if settings.notice:
        lines += ["", *_wrapped(settings.notice)]
    return _ascii("\r\n".join(lines) + "\r\n")


NOT_FOR_DIAGNOSIS = (
    "Not for diagnosis: pages, pictures and display applications on this medium are for reference. Diagnosis "
    "is made from the DICOM files, on equipment that is meant for it."
)


def index(volume: BundledVolume, links: Sequence[Link], settings: BundleSettings, *, personal: bool) -> bytes:
    """The page; `personal`: whether it may say whose instances these are."""
    title = " - ".join(filter(None, ("Medical images and documents", volume.institution)))
    parts = [xhtml_head(title, _STYLE)]
    parts += [f"<h1>{xml_text(title)}</h1>\n", f'<p class="note">{xml_text(_about(volume))}</p>\n']
    parts += ['<ul class="start">\n', *map(_link, links), "</ul>\n"]
    parts += [f'<p class="warning">{xml_text(NOT_FOR_DIAGNOSIS)}</p>\n']
    if personal:
        for person in volume.people:
            parts += _person(person)
    for heading, said in (
        ("Contact", settings.contact),
        ("Address", settings.address),
        ("Note", settings.notice),
    ):
        if said:
            parts.append(f"<h2>{heading}</h2>\n<p>{'<br />'.join(map(xml_text, said.splitlines()))}</p>\n")
    return "".join((*parts, XHTML_END)).encode()


def _link(link: Link) -> str:
    path = "/".join(link.path)
    note = f'<br /><span class="note">{xml_text(link.note)}</span>' if link.note else ""
    if link.page:
        return f'<li><a href="{xml_text(path)}">{xml_text(link.title)}</a>{note}</li>\n'
    return f"<li><strong>{xml_text(link.title)}</strong>: start <code>{xml_text(path)}</code>{note}</li>\n"


def _person(person: BundledPerson) -> Iterator[str]:
    said = person.said
    facts = [
        said.patient_id and f"ID {said.patient_id}",
        said.birth_date and f"born {said.birth_date}",
        said.sex,
    ]
    yield f"<h2>{xml_text(said.shown_name or 'Without a name')}</h2>\n"
    if any(facts):
        yield f"<p>{xml_text(', '.join(filter(None, facts)))}</p>\n"
    for study in person.studies:
        yield from _study(study)


def _study(study: BundledStudy) -> Iterator[str]:
    heading = " ".join(filter(None, (study.date, study.time, study.description))) or "Study"
    yield f"<h3>{xml_text(heading)}</h3>\n<ul>\n"
    for series in study.series:
        words = (series.modality, series.number and f"series {series.number}", series.description)
        count = len(series.instances)
        many = f"{count} {'file' if count == 1 else 'files'}"
        yield f"<li>{xml_text(', '.join(filter(None, (*words, many))))}</li>\n"
    yield "</ul>\n"


def _about(volume: BundledVolume) -> str:
    words = [f"Made on {volume.day}", f"file-set {volume.file_set_id}" if volume.file_set_id else ""]
    if volume.volumes != 1:
        words.append(f"volume {_volume(volume)}")
    return ", ".join(filter(None, words)) + "."


def _volume(volume: BundledVolume) -> str:
    """As long whatever the number of volumes turns out to be, up to 99."""
    return f"{volume.number} of {volume.volumes:<2}" if volume.volumes else str(volume.number)


def _keeps(volume: BundledVolume, rules: Sequence[str]) -> str:
    said = f"The DICOM files keep to the application profile {volume.profile} of DICOM PS3.11."
    return " ".join((said, *(f"The medium keeps to {title}." for title in rules)))


def _pairs(*pairs: tuple[str, str]) -> Iterator[str]:
    """A column of names and one of texts. What is empty is left out."""
    width = max((len(name) for name, text in pairs if text), default=0) + 2
    for name, text in pairs:
        for at, line in enumerate(text.splitlines()):
            yield f"{name if not at else '':<{width}}{line}"


def _wrapped(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from _WRAP.wrap(line) or [""]


def _ascii(text: str) -> bytes:
    """Letters without their marks; what has no letter of ASCII as a question mark, control characters as a
    space."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return "".join(one if one in "\r\n" or one.isprintable() else " " for one in kept).encode(
        "ascii", "replace"
    )


def has_readme(settings: BundleSettings, rules: Sequence[str], *, bundled: bool) -> bool:
    """Whether README.TXT stands there; `bundled`: whether anything else stands beside the instances."""
    return settings.readme == "always" or (settings.readme == "auto" and (bundled or bool(rules)))


def root_files(
    volume: BundledVolume,
    links: Sequence[Link],
    settings: BundleSettings,
    rules: Sequence[str],
    *,
    personal: bool,
    bundled: bool,
) -> tuple[BundledFile, ...]:
    """What stands in the root; `bundled`: whether anything else stands beside the instances."""
    with_index = settings.index and bool(links)
    found = []
    if has_readme(settings, rules, bundled=bundled):
        text = readme(volume, links, settings, rules, index=with_index)
        found.append(BundledFile((README,), (text,)))
        if settings.descriptor and personal:  # what is sealed has no file of the file-set in clear
            found.append(BundledFile((DESCRIPTOR,), (text,)))
    if with_index:
        found.append(BundledFile((INDEX,), (index(volume, links, settings, personal=personal),)))
    return tuple(found)
