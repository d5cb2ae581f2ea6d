"""Sections 6 to 8 of the statement: character sets, security, and what is ours in terms and classes."""

from typing import Final

from burnish.conformance.beside import label_maker
from burnish.conformance.document import Section, Table, code, uid_name
from burnish.conformance.facts import Facts
from burnish.dicom.answers import ANSWERS
from burnish.dicom.reception import accepted_contexts
from burnish.instances.charset import ALONE, DEFAULT, DOUBLE_BYTE, KATAKANA, SINGLE_BYTE
from burnish.orders.shape import DEFINED_TERMS
from burnish.terms import DimseStatus

_STANDARD: Final = {
    "IncludeNonDICOMObjects": {"NO", "FOR_PHYSICIAN", "FOR_PATIENT", "FOR_TEACHING", "FOR_RESEARCH"},
    "BarcodeSymbology": {"CODE128", "CODE39", "INTER_2_5", "HIBC"},
}
"""Defined terms of PS3.3 C.22.1."""
_DICOM: Final = "1.2.840.10008."


def character_sets(facts: Facts) -> Section:
    """A.6: what is understood, and where it goes."""
    single = [(f"ISO_IR {number}", f"ISO 2022 IR {number}") for number in sorted((KATAKANA, *SINGLE_BYTE))]
    double = [("", f"ISO 2022 IR {number}") for number in sorted(DOUBLE_BYTE)]
    rows = [(f"ISO_IR {DEFAULT}, where none is declared", f"ISO 2022 IR {DEFAULT}"), *single, *double]
    rows += [(term, "") for term in ALONE]
    known = Table.of("Specific Character Set (0008,0005)", ("Alone", "With code extensions"), rows)
    used = Table.of(
        "Where",
        ("Text of", "Is in"),
        [
            ("N-CREATE and instances", "any of these"),
            ("N-GET", "ASCII, else ISO_IR 192 with Specific Character Set"),
            ("Directory records", "the set of the instance that the text came from"),
            ("Labels", "the letters themselves, in fonts that the label maker has"),
        ],
    )
    assumed = [
        (title, one.assume_character_set or f"ISO_IR {DEFAULT}") for title, one in facts.config.aets.items()
    ] or [("any", f"ISO_IR {DEFAULT}")]
    head = ("Calling AE title", "Text that declares none is read in")
    return Section(
        "Support of character sets", "C8", tables=(known, used, Table.of("Assumed", head, assumed))
    )


def security(facts: Facts) -> Section:
    """A.7: profiles of PS3.15, and who is let in."""
    config = facts.config
    rows = [
        ("Secure transport connection profiles", "none: the network must be trusted"),
        ("Basic DICOM Media Security Profile", "for media" if config.media.security.able else "none"),
        ("Audit trail messages", "none"),
        ("Association level", "listed calling AEs" if config.aets else "any calling AE"),
        ("Application level", "a request is its calling AE's own"),
        ("Most associations from one address", str(config.server.max_per_address or "no limit")),
    ]
    return Section("Security", "C21", tables=(Table.of("Security", ("", ""), rows),))


def annexes(facts: Facts) -> Section:
    """A.8: terms, statuses and classes that are not the standard's."""
    return Section("Annexes", parts=(_codes(facts), _extended(facts), _private(facts)))


def _codes(facts: Facts) -> Section:
    maker = label_maker(facts)
    known = maker.styles if maker else {}
    rows = [
        (term, style, known[style].title if style in known else "the style of the station")
        for term, style in facts.config.labels.styles.items()
    ]
    head = ("Code", "Style", "What it is")
    return Section(
        "Codes of Label Style Selection", "C22", tables=(Table.of("Codes (2200,0003)", head, rows),)
    )


def _extended(facts: Facts) -> Section:
    extra = {"IncludeNonDICOMObjects": facts.config.bundles.terms}
    rows = [
        (keyword, term)
        for keyword, standard in _STANDARD.items()
        for term in sorted({*DEFINED_TERMS[keyword], *extra.get(keyword, ())} - standard)
    ]
    rows.append(("ExecutionStatusInfo", "none"))
    ours = [
        (operation.name.replace("_", "-"), code(status), status.name, answers[status])
        for operation, answers in ANSWERS.items()
        for status in (DimseStatus.DUPLICATE_REFUSED,)
        if status in answers
    ]
    return Section(
        "Extensions of defined terms and statuses",
        "C22",
        tables=(
            Table.of("Terms that PS3.3 C.22.1 has not", ("Attribute", "Term"), rows),
            Table.of("Statuses that PS3.4 has not", ("Operation", "Status", "Name", "When"), ours),
        ),
    )


def _private(facts: Facts) -> Section:
    contexts = accepted_contexts(facts.config.storage)
    classes = [(uid_name(uid), uid) for uid in contexts if not uid.startswith(_DICOM)]
    accepted = {uid for syntaxes in contexts.values() for uid in syntaxes}
    private = [(uid_name(uid), uid) for uid in sorted(accepted) if not uid.startswith(_DICOM)]
    return Section(
        "Private SOP Classes and transfer syntaxes",
        "C2",
        tables=(
            Table.of("Private SOP Classes", ("Name", "UID"), classes),
            Table.of("Private transfer syntaxes", ("Name", "UID"), private),
        ),
    )
