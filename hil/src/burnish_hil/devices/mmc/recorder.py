"""What a recorder is, apart from the commands that it obeys: tray, disc, what it remembers of its host."""

from dataclasses import dataclass, field

from burnish_hil.devices.mmc.discs import Disc
from burnish_hil.devices.mmc.faults import Faults
from burnish_hil.devices.mmc.senses import (
    BECOMING_READY,
    CANNOT_READ_MEDIUM,
    MEDIUM_CHANGED,
    NO_MEDIUM_TRAY_IN,
    NO_MEDIUM_TRAY_OUT,
    NONE,
    POWER_ON,
    Refused,
    Sense,
)


@dataclass(slots=True)
class Recorder:
    """A recorder, as hands and commands find it."""

    disc: Disc | None = None
    """What lies in it. Put one in or take one out only while the tray is open, as hands and robots do."""
    tray_open: bool = False
    serial: str = "SIM00001"
    faults: Faults = field(default_factory=Faults)
    vendor: str = "BURNISH"
    product: str = "BD-RE LAB"
    revision: str = "1.00"
    locked: bool = False
    """The host prevents the tray from being opened."""
    opcodes: list[int] = field(default_factory=list)
    """The commands that came, in order."""
    speed: int = 0
    """The writing speed that was asked for, in kB/s; 0: none was."""
    session_at_once: bool = False
    """Write type of mode page 5: disc or session at once, closed by the drive itself."""
    multi_session: bool = False
    """Mode page 5: closing a session leaves the disc open for another."""
    attention: list[Sense] = field(default_factory=lambda: [POWER_ON])
    """What the host must be told before anything else."""
    _event: int = 0
    sense: Sense = NONE
    """Why the last command was refused."""

    # What hands do.

    def press_button(self) -> None:
        """Somebody presses the button: the tray goes out or in, unless the host prevents it."""
        if not self.locked:
            self.move_tray(out=not self.tray_open)

    def insert(self, disc: Disc) -> None:
        """Somebody opens the tray, lays a disc in (in place of the one there) and closes it."""
        self.move_tray(out=True)
        self.disc = disc
        self.move_tray(out=False)

    def take(self) -> Disc | None:
        """Somebody opens the tray, takes the disc and closes it."""
        self.move_tray(out=True)
        disc, self.disc = self.disc, None
        self.move_tray(out=False)
        return disc

    def move_tray(self, *, out: bool) -> None:
        """The tray moves, whatever the host has said. Events are those of MMC-6 table 375."""
        if self.tray_open == out:
            return
        self.tray_open = out
        self._event = 3 if out else 2
        if not out and self.disc is not None:
            self.attention = [MEDIUM_CHANGED]

    def switch_off_and_on(self) -> None:
        """What the drive remembers is lost; disc and tray stay."""
        self.locked = self.session_at_once = self.multi_session = False
        self.attention, self.sense = [POWER_ON], NONE
        self.faults.silent = False

    # What commands ask.

    def loaded(self) -> Disc | None:
        """The disc that it can see."""
        return None if self.tray_open else self.disc

    def medium(self) -> Disc:
        """The disc that a command needs. Raises Refused."""
        disc = self.loaded()
        if disc is None:
            raise Refused(NO_MEDIUM_TRAY_OUT if self.tray_open else NO_MEDIUM_TRAY_IN)
        if self.faults.becoming_ready:
            self.faults.becoming_ready -= 1
            raise Refused(BECOMING_READY)
        if self.faults.unknown_medium:
            raise Refused(CANNOT_READ_MEDIUM)
        return disc

    def take_event(self) -> int:
        """What happened to the medium since it was last asked."""
        event, self._event = self._event, 0
        return event

    def take_sense(self) -> Sense:
        """Why the last command was refused."""
        sense, self.sense = self.sense, NONE
        return sense
