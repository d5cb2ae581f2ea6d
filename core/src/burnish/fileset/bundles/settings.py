"""What a deployer decides about what stands beside the instances: the `[bundles]` keys."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

EVERY: Final = "*"
"""Every bundler that is there."""

Term = Annotated[str, Field(pattern=r"^[A-Z0-9_ ]{1,16}$")]
"""A value of CS, PS3.5 6.2."""
TermMap = dict[Term, tuple[str, ...]]

_EVERY: Final[tuple[str, ...]] = (EVERY,)
_TERMS: Final = ("FOR_PHYSICIAN", "FOR_PATIENT", "FOR_TEACHING", "FOR_RESEARCH")


class ProfileBundles(BaseModel):
    """`[bundles.profiles.<identifier>]`: what another profile has otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    non_dicom: TermMap | None = None
    """In place of `[bundles.non_dicom]`, whole. Absent: the same."""
    display: TermMap | None = None
    """In place of `[bundles.display]`, whole. Absent: the same."""


class BundleSettings(BaseModel):
    """`[bundles]`: what stands beside the instances."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    non_dicom: TermMap = Field(default_factory=lambda: dict.fromkeys(_TERMS, _EVERY))
    """Which bundlers' readable content each term of Include Non-DICOM Objects (2200,0008) means, by their
    names; `*` is every one. NO always means none. A term that is not here is read as `non_dicom_default`."""
    non_dicom_default: Term = "NO"
    """Include Non-DICOM Objects of a request that does not say, or says a term that is not in the map."""
    display: TermMap = Field(default_factory=lambda: dict.fromkeys(("YES",), _EVERY))
    """The same of display applications: Include Display Application (2200,0009), which is YES or NO."""
    display_default: Literal["YES", "NO"] = "NO"
    """Include Display Application of a request that does not say."""
    profiles: dict[str, ProfileBundles] = Field(default_factory=dict)
    """Where a profile has another map."""
    unfit: Literal["fail", "leave-out"] = "fail"
    """A bundler finds that its own files are not as they should be: `fail` ends the request with FAILURE and
    PROC_FAILURE, `leave-out` makes the medium without that bundle."""
    readme: Literal["auto", "always", "never"] = "auto"
    """README.TXT: `auto` where anything else stands beside the instances, and where `[media] rules` names a
    rule set."""
    descriptor: bool = True
    """Whether the text of README.TXT is the File-set Descriptor File (0004,1141) too, under the name README,
    as a File ID has no extension."""
    index: bool = True
    """Whether INDEX.HTM is made where there is something that it can point to."""
    institution: str = Field(default="", max_length=200)
    """Who makes the media, as README.TXT and INDEX.HTM say it. Empty: `[labels] institution`."""
    address: str = Field(default="", max_length=1000)
    """The institution's address; lines are separated by newlines."""
    contact: str = Field(default="", max_length=1000)
    """Whom to ask about the medium."""
    notice: str = Field(default="", max_length=10_000)
    """What the institution wants said besides, such as a note on privacy."""

    @property
    def terms(self) -> frozenset[str]:
        """Every term of Include Non-DICOM Objects that a map has."""
        others = (own.non_dicom or {} for own in self.profiles.values())
        return frozenset().union(self.non_dicom, *others)


class BundlerSettings(BaseModel):
    """One bundler. Keys beyond these belong to its driver, whose own model checks them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str
    """Which bundler of the loaded plugins it is: `web`, `folder`."""

    @property
    def driver_keys(self) -> dict[str, Any]:
        """The keys this room does not know, untouched."""
        return dict(self.model_extra or {})
