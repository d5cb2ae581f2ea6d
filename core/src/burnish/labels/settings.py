"""What a deployer says about labels: the `[labels]` keys."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from burnish.instances.keys import KEYS

_OF_TEXT = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT"}


def _kept(keyword: str) -> str:
    if not any(key.keyword == keyword and key.vr in _OF_TEXT for key in KEYS):
        raise ValueError("no attribute of this keyword is kept of an instance; try 'AccessionNumber'")
    return keyword


class LabelSettings(BaseModel):
    """`[labels]`: what they say, and who draws them. Which printer prints them: `[stations.<name>]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    maker: str = "html"
    """Which label maker of the loaded plugins draws them."""
    extracted_default: Literal["YES", "NO"] = "YES"
    """Label Using Information Extracted From Instances (2200,0001) of a request that does not say. NO: a
    label has Label Text, disposition, barcode, and what tells the piece from others; nothing of the
    instances."""
    institution: str = Field(default="", max_length=200)
    """Who makes the media, as labels say it. Empty: Institution Name of the instances, where these may be
    told and all have one."""
    attributes: tuple[Annotated[str, AfterValidator(_kept)], ...] = ()
    """Keywords of further attributes of the instances that labels say, such as `ReferringPhysicianName`: each
    value once."""
    styles: dict[str, str] = Field(default_factory=dict)
    """Which style each code of Label Style Selection (2200,0003) means. A code that is not here, or whose
    style the printer at hand cannot print, means the style of the station."""
    symbology_default: str = "CODE128"
    """Barcode Symbology (2200,0006) of a request that gives a value but not that."""
    disposition: Literal["mail", "always", "never"] = "mail"
    """Where Media Disposition (2200,0004) is printed: `mail` on styles that are meant for it, such as a
    mailer, `always` on every label, `never` nowhere."""
