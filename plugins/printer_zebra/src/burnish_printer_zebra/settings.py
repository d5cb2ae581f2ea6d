"""The keys of a label printer. Units: seconds, millimetres."""

import re
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ONLY: Final = "only"
PORT_PATH: Final = re.compile(r"\d+-\d+(\.\d+)*")
_SERIAL_NUMBER: Final = re.compile(r"[ -~]{1,126}")
_MOST_DOTS_DOWN: Final = 120
"""Of ^LT."""


class Settings(BaseModel):
    """The keys of a `[printers.<name>]` table whose driver is `zebra`. One of `host`, `serial` and `usb`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = ""
    """Name or address of a printer in the network."""
    port: int = Field(default=9100, gt=0, le=65535)
    """Its TCP port."""
    serial: str = ""
    """Device node of a serial port; a name under `/dev/serial/by-path` stays the same."""
    baud: int = Field(default=9600, gt=0)
    """Bits per second of the serial port; 8 data bits, no parity, 1 stop bit."""
    handshake: Literal["xon/xoff", "rts/cts", "dsr/dtr", "none"] = "xon/xoff"
    """How the printer says that its buffer is full, on a serial port: as it is set there."""
    usb: str = ""
    """USB port path such as `1-1.3`, the printer's serial number, or `only`: the only one there is."""
    vendor: int = Field(default=0x0A5F, ge=0, le=0xFFFF)
    """USB vendor ID: 0x0A5F is Zebra; zero: a printer of any vendor."""
    dpi: Literal[203, 300, 600] = 203
    """Dots per inch of its head; compared with what it says of itself."""
    width: float = Field(gt=0, le=300)
    """Millimetres of a label, across."""
    height: float = Field(gt=0, le=1000)
    """Millimetres of a label, in the direction in which it comes out."""
    offset_x: float = Field(default=0.0, ge=-100, le=100)
    """Millimetres by which everything is printed further right; negative: further left; zero: as drawn."""
    offset_y: float = Field(default=0.0, ge=-15, le=15)
    """Millimetres by which everything is printed further down; negative: further up; zero: as drawn."""
    media: Literal["", "die-cut", "continuous"] = ""
    """Told to the printer: labels with gaps between, or a strip; absent: as it is set there."""
    coding: Literal["hex", "z64"] = "hex"
    """How the picture is written: `hex` for every printer, `z64` shorter, for those that know it."""
    connect_timeout: float = Field(default=5.0, gt=0)
    """Seconds until a printer in the network has taken the connection; then it is offline."""
    reply_timeout: float = Field(default=5.0, gt=0)
    """Seconds for the answer to one question; one that stays silent needs an operator."""
    send_timeout: float = Field(default=15.0, gt=0)
    """Seconds for which a printer may take no byte; then it needs an operator."""
    busy_timeout: float = Field(default=10.0, ge=0)
    """Seconds waited for other labels to be printed; then it is busy. Zero: none are waited for."""
    print_timeout: float = Field(default=60.0, gt=0)
    """Seconds until a label that was sent is out; then nobody knows."""
    settle: float = Field(default=2.0, ge=0)
    """Seconds without work and without trouble after which the label is out; zero: seen twice is enough."""
    poll: float = Field(default=0.2, gt=0, le=1)
    """Seconds between two looks at a printer that works."""
    stale: float = Field(default=0.2, ge=0)
    """Seconds waited, at opening, for what a process that died has not read."""

    @field_validator("usb")
    @classmethod
    def _names_a_device(cls, usb: str) -> str:
        if usb and not _SERIAL_NUMBER.fullmatch(usb):
            raise ValueError("is no port path such as '1-1.3', no serial number, and not 'only'")
        return usb

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if sum(map(bool, (self.host, self.serial, self.usb))) != 1:
            raise ValueError("needs exactly one of host, serial and usb")
        if abs(self.dots(self.offset_y)) > _MOST_DOTS_DOWN:
            most = _MOST_DOTS_DOWN * 25.4 / self.dpi
            raise ValueError(f"offset_y can be {most:.1f} mm at most at {self.dpi} dpi")
        return self

    @property
    def place(self) -> str:
        """Where it is connected."""
        return f"{self.host}:{self.port}" if self.host else self.serial or f"USB {self.usb}"

    def dots(self, millimetres: float) -> int:
        """As the head counts."""
        return round(millimetres / 25.4 * self.dpi)
