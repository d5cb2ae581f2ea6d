"""What a deployer says about it."""

from pathlib import Path
from typing import Literal

from burnish.media import MediaKind
from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """The keys of a `[writers.<name>]` table whose driver is `file`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    """Folder that the images go to; made where it is missing."""
    media: tuple[MediaKind, ...] = Field(default=(MediaKind.CD_R,), min_length=1)
    """Kinds of media the images stand for."""
    form: Literal["image", "folder"] = "image"
    """`image`: one file each, as it would stand on a medium; `folder`: the files themselves."""
    capacity: int | None = Field(default=None, gt=0)
    """Bytes of an image at most; absent: what the kind of medium holds."""
