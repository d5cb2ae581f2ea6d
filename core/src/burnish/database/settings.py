"""What a deployer says about the database: `[database]`."""

from pydantic import BaseModel, ConfigDict, Field


class DatabaseSettings(BaseModel):
    """`[database]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(default="sqlite", pattern=r"^sqlite$")
    """`sqlite`: one file, `burnish.sqlite`, in the data folder."""
