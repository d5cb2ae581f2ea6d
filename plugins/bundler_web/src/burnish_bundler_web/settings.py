"""The keys under `[bundlers.web]`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "de", "fr", "es", "it"]


class Settings(BaseModel):
    """How large what the bundler adds may become, and in which language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language = "en"
    """Of the pages, and of the viewer until its reader chooses another."""
    picture_size: int = Field(default=1024, ge=64, le=8192)
    """Longer side of the pictures in the pages, in pixels, at most. What is smaller is not enlarged."""
    picture_quality: int = Field(default=85, ge=30, le=100)
    """Of their JPEG."""
    picture_frames: int = Field(default=12, ge=1, le=1000)
    """Frames of one instance that get a picture, at most: evenly from first to last."""
    documents: bool = True
    """Whether encapsulated PDFs stand beside the pages as files of their own, in the folder DOCUMENT."""
    embedded: Literal["none", "reduced", "full"] = "reduced"
    """What the viewer shows before its reader has chosen the medium's folder: nothing, images of reduced size
    with all their grey values, or the instances whole (a third larger than they are, once more)."""
    embedded_reduction: int = Field(default=2, ge=1, le=16)
    """By how much each side of a reduced image is shorter, at least. Images of up to 256 pixels are not
    reduced."""
    embedded_size: int = Field(default=1024, ge=64, le=8192)
    """Longer side of a reduced image, in pixels, at most."""
    embedded_frames: int = Field(default=32, ge=1, le=1000)
    """Frames of one reduced instance, at most: evenly from first to last."""
    embedded_documents: int = Field(default=16 << 20, ge=0)
    """Bytes of a report or a PDF that the viewer embeds, at most. What is larger is read from the medium."""
