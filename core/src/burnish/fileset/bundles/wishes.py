"""What a request asks to be put beside its instances, and what that means for the medium of one profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from burnish.contracts import BundleKind, Bundler, Profile
from burnish.fileset.bundles.settings import EVERY, BundleSettings, TermMap

NO: Final = "NO"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The two attributes, as they were given; empty where they were not."""

    non_dicom: str = ""
    """Include Non-DICOM Objects (2200,0008)."""
    display: str = ""
    """Include Display Application (2200,0009)."""

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> "Wishes":
        """Of a request's attributes by keyword."""
        said = (
            attributes.get(name) or "" for name in ("IncludeNonDICOMObjects", "IncludeDisplayApplication")
        )
        return cls(*map(str, said))


NO_WISHES: Final = Wishes()


@dataclass(frozen=True, slots=True)
class Chosen:
    """One bundle that is to stand on the medium."""

    name: str
    """Of the bundler, as the configuration calls it."""
    bundler: Bundler
    kind: BundleKind


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was asked for and does not stand on the medium: no error (PS3.4 Annex S)."""

    what: str
    """The attribute and its term, or the bundler."""
    why: str


def chosen(
    wishes: Wishes, settings: BundleSettings, bundlers: Mapping[str, Bundler], profile: Profile
) -> tuple[list[Chosen], list[LeftOut]]:
    """What a request's wishes mean on media of a profile: content first, then display applications."""
    found: list[Chosen] = []
    missing: list[LeftOut] = []
    own = settings.profiles.get(profile.identifier)
    content = settings.non_dicom if own is None or own.non_dicom is None else own.non_dicom
    display = settings.display if own is None or own.display is None else own.display
    asked = (
        (BundleKind.CONTENT, "IncludeNonDICOMObjects", wishes.non_dicom, content, settings.non_dicom_default),
        (BundleKind.VIEWER, "IncludeDisplayApplication", wishes.display, display, settings.display_default),
    )
    for kind, keyword, said, terms, default in asked:
        term = _read(said, terms, default)
        if term == NO:
            continue
        able = list(_able(terms.get(term, ()), kind, bundlers))
        kept = [one for one in able if not (profile.security and _is_personal(one))]
        found += kept
        if len(kept) < len(able):
            why = f"its files tell of patients, and {profile.identifier} seals what does"
            missing += [LeftOut(one.name, why) for one in able if one not in kept]
        elif not able:
            missing.append(LeftOut(f"{keyword} {term}", "no bundler that is there offers it"))
    return found, missing


def _read(said: str, terms: TermMap, default: str) -> str:
    """The term that counts: one that the map does not have is read as if nothing had been said."""
    return said if said == NO or said in terms else default


def _able(names: tuple[str, ...], kind: BundleKind, bundlers: Mapping[str, Bundler]) -> Iterator[Chosen]:
    wanted = bundlers if EVERY in names else names
    for name in wanted:
        bundler = bundlers.get(name)
        if bundler and any(offer.kind is kind for offer in bundler.offers):
            yield Chosen(name, bundler, kind)


def _is_personal(one: Chosen) -> bool:
    return any(offer.personal for offer in one.bundler.offers if offer.kind is one.kind)
