"""A recorder with a tray: CD-R, DVD-R, DVD+R, BD-R, DVD+RW and BD-RE, with faults on demand.

`Drive.execute(cdb, data)` is all that a host sees; `Drive.tray_open` and `Drive.disc` are all that a person
or a robot sees (a `DriveSlot` of `burnish.testing.mechanism`). What a disc holds belongs to it and outlives
the drive, the cable and the host.

    kinds       what sorts of disc there are, with their profiles
    discs       a disc: its blocks, tracks and sessions, and what can be written next
    faults      what a drive is told to do wrong
    senses      the ways in which a command is refused
    recorder    tray and disc, as hands find them
    drive       a recorder that obeys commands
    commands    what a command is
    describing  commands that tell what drive and disc are
    tray        commands of the tray
    reading, writing
    wire        numbers in commands and replies

Command and field names are those of MMC-6 and SPC-4. It was validated against libburn and the Linux kernel,
not against firmware: it shows how a driver takes an answer, not what every drive answers.
"""

from burnish_hil.devices.mmc.discs import Disc
from burnish_hil.devices.mmc.drive import Drive
from burnish_hil.devices.mmc.faults import Faults, Unanswered
from burnish_hil.devices.mmc.kinds import BLOCK, Kind

__all__ = ["BLOCK", "Disc", "Drive", "Faults", "Kind", "Unanswered"]
