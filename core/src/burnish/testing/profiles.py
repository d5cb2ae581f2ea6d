"""Tests that every profile must pass, wherever it lives. A plugin's whole test file can be this:

class TestMyProfile(ProfileConformance):
    @pytest.fixture
    def profile(self) -> Profile:
        return MyProfile()

    @pytest.fixture
    def fitting(self) -> Subject:
        return Subject("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", {"Modality": "CT"})

    @pytest.fixture
    def unfit(self) -> Subject:
        return Subject("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.4.50", {"Modality": "CT"})
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from burnish.contracts import AsIs, DirectoryKey, Fit, Profile, Subject, Transcode, Unfit
from burnish.media import MediaKind
from burnish.terms import FailureReason
from burnish.testing.kit import Conformance

IDENTIFIER = re.compile(r"[A-Z0-9_][A-Z0-9_ -]{0,63}")
"""VR LO of (2200,000C): the letters of a CS, and the hyphens that PS3.11 writes identifiers with."""
RECORDS = re.compile(r"[A-Z][A-Z ]{0,14}[A-Z]")
FORMAT = re.compile(r"[a-z][a-z0-9-]*")
_SOP_CLASS_UID = 0x0008_0016
_UID = re.compile(r"[0-9.]{1,64}")


class ProfileConformance(Conformance):
    """Subclass, give `profile`, `fitting` and `unfit`, and run."""

    @pytest.fixture
    def profile(self) -> Profile:
        """The profile."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def fitting(self) -> Subject:
        """An instance that fits, as it is or transcoded."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def unfit(self) -> Subject:
        """An instance that does not fit; skip here if everything does."""
        raise NotImplementedError("the subclass supplies this fixture")

    def test_it_says_what_it_is(self, profile: Profile) -> None:
        """Pass it with an identifier that fits (2200,000C), a title, and a kind of medium."""
        assert IDENTIFIER.fullmatch(profile.identifier)
        assert profile.title.strip()
        assert profile.media
        assert all(isinstance(medium, MediaKind) for medium in profile.media)

    def test_it_names_formats(self, profile: Profile) -> None:
        """Pass it with the names of formats that keep to it on each kind of medium, none twice."""
        for names in profile.formats.values():
            assert names
            assert all(FORMAT.fullmatch(name) for name in names)
            assert len(set(names)) == len(names)

    def test_its_directory_keys_are_keywords(self, profile: Profile) -> None:
        """Pass it by spelling keywords as PS3.6 does, and record types as PS3.3 F.5 does."""
        from pydicom.datadict import tag_for_keyword

        for key in profile.directory_keys:
            assert isinstance(key, DirectoryKey)
            assert tag_for_keyword(key.keyword) is not None, key.keyword
            assert key.records, key.keyword
            assert all(RECORDS.fullmatch(record) for record in key.records), key.keyword
            assert key.type in {"1", "1C", "2", "2C", "3"}, key.keyword

    def test_no_key_stands_twice_for_a_record(self, profile: Profile) -> None:
        """Pass it by giving one row, and one type, to each pair of keyword and record."""
        pairs = [(key.keyword, record) for key in profile.directory_keys for record in key.records]
        assert len(set(pairs)) == len(pairs)

    def test_its_content_is_what_it_judges(self, profile: Profile) -> None:
        """Pass it by stating in `content` classes and syntaxes that `judge` takes, as far as those decide."""
        wrong = [
            (sop_class, syntax)
            for content in profile.content
            if not content.condition
            for sop_class in content.sop_classes
            for syntax in content.transfer_syntaxes
            if _refused(profile.judge(Subject(sop_class, syntax, {})))
        ]
        assert wrong == []

    def test_what_fits_fits(self, profile: Profile, fitting: Subject) -> None:
        """Pass it by answering AsIs, or Transcode to a syntax that you take as it is."""
        fit = profile.judge(fitting)
        assert isinstance(fit, AsIs | Transcode), fit
        if isinstance(fit, Transcode):
            assert fit.to in fitting.derivable
            assert profile.judge(replace(fitting, transfer_syntax=fit.to)) == AsIs()

    def test_it_asks_for_no_form_that_cannot_be_made(self, profile: Profile, fitting: Subject) -> None:
        """Pass it by answering Transcode only to a syntax in the subject's `derivable`."""
        stuck = replace(fitting, transfer_syntax="1.2.840.10008.1.2.4.57", derivable=())
        assert not isinstance(profile.judge(stuck), Transcode)

    def test_what_does_not_fit_says_why(self, profile: Profile, unfit: Subject) -> None:
        """Pass it with the reason an SCU gets, and one sentence that a person can act on."""
        fit = profile.judge(unfit)
        assert isinstance(fit, Unfit), fit
        assert isinstance(fit.reason, FailureReason)
        assert fit.why.strip()
        assert "\n" not in fit.why

    def test_its_judgement_is_the_same_each_time(
        self, profile: Profile, fitting: Subject, unfit: Subject
    ) -> None:
        """Pass it by keeping no state between instances."""
        first = profile.judge(fitting), profile.judge(unfit)
        assert (profile.judge(fitting), profile.judge(unfit)) == first

    def test_it_only_reads_the_head(self, profile: Profile, fitting: Subject) -> None:
        """Pass it by changing nothing: a head may be shared, and frozen."""
        before = dict(fitting.head)
        frozen = replace(fitting, head=MappingProxyType(dict(fitting.head)))
        assert profile.judge(frozen) == profile.judge(fitting)
        assert dict(fitting.head) == before

    @pytest.mark.parametrize("sop_class", ["", "1.2.3", "1.2.840.10008.5.1.4.1.1.2"])
    @pytest.mark.parametrize("syntax", ["", "1.2.3", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
    def test_it_judges_what_it_never_heard_of(self, profile: Profile, sop_class: str, syntax: str) -> None:
        """Pass it by asking a head only for what it may not have: every keyword can be absent."""
        _checked(profile.judge(Subject(sop_class, syntax, {})))

    def test_it_judges_odd_heads(self, profile: Profile, fitting: Subject) -> None:
        """Pass it by expecting any shape of a value: None, several, text where a number was meant."""
        values: tuple[object, ...] = (None, "", "ODD", 0, -1, 1.5, ("A", "B"), ({},), ())
        for odd in values:
            head: Mapping[str, object] = dict.fromkeys(fitting.head, odd)
            _checked(profile.judge(replace(fitting, head=head)))


def _checked(fit: Fit) -> None:
    assert isinstance(fit, AsIs | Transcode | Unfit)
    if isinstance(fit, Transcode):
        assert _UID.fullmatch(fit.to)


def _refused(fit: Fit) -> bool:
    """Whether it is the class or the syntax that does not fit."""
    return isinstance(fit, Unfit) and (
        fit.reason is FailureReason.PROFILE_COMPRESSION_CONFLICT or _SOP_CLASS_UID in fit.attributes
    )
