"""A burnish server in the guest, on a disk of its own, that a client on the host can talk to.

The disk is ext4 behind virtio: what was synced before a power loss is there after it, and nothing else.
"""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from burnish_hil.guest import Guest
from burnish_hil.guest.qmp import Refused
from burnish_hil.guest.vm import HOST

DISK_MEGABYTES: Final = 512
_PORT: Final = 11112
_MOUNTED: Final = "/mnt/site"
_RUNNING: Final = "pgrep -o -f 'burnish.cli [s]erve'"
_BURNISH: Final = f"{sys.executable} -m burnish.cli"


def make_disk(path: Path) -> tuple[str, ...]:
    """Make a disk with a file system; returns what QEMU has to be told."""
    with path.open("wb") as file:
        file.truncate(DISK_MEGABYTES << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True, capture_output=True, timeout=60)
    return "-drive", f"file={path},if=virtio,format=raw,cache=none,aio=threads"


class Site:
    """The server, its configuration and what can be asked of it."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.port = 0
        """On the host's loopback."""

    def mount(self) -> None:
        """Have its disk mounted. Raises CommandFailed."""
        self.guest.run(
            f"modprobe -a virtio_blk ext4; mkdir -p {_MOUNTED}; for i in $(seq 50); do "
            f"[ -e /dev/vda ] && break; sleep 0.1; done; mount /dev/vda {_MOUNTED}"
        )

    def configure(self, text: str) -> None:
        """Write burnish.toml. Raises CommandFailed."""
        head = f'plugins = {json.dumps(PLUGINS)}\n[server]\nbind = "0.0.0.0"\nport = {_PORT}\n'
        (self.guest.share / "burnish.toml").write_text(head + text)
        self.guest.run(f"cp /hil/burnish.toml {_MOUNTED}/burnish.toml && sync")

    def start(self, seconds: int = 120) -> None:
        """Serve; returns when it listens. Raises CommandFailed with its log where it does not."""
        self.guest.run(
            f"cd {_MOUNTED} && rm -f ready && "
            f"(setsid nohup {_BURNISH} serve > ready 2>> server.log < /dev/null &) ; "
            f"sleep 2; for i in $(seq {seconds * 2}); do grep -q ^ready ready && exit; "
            f"{_RUNNING} > /dev/null || break; sleep 0.5; done; "
            "cat server.log; exit 1",
            timeout=seconds + 30,
        )
        if not self.port:
            self.port = self._forward()

    def _forward(self) -> int:
        """A port of the host's loopback that leads to the server."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with self.guest.qmp() as qmp:
            line = f"hostfwd_add net tcp:127.0.0.1:{port}-:{_PORT}"
            said = qmp("human-monitor-command", **{"command-line": line})
        if said:
            raise Refused(str(said))
        return port

    def stop(self) -> None:
        """SIGTERM, and wait. Raises CommandFailed."""
        self.guest.run(f"kill $({_RUNNING}); while {_RUNNING} > /dev/null; do sleep 0.2; done", timeout=90)

    def cli(self, *words: str, timeout: float = 90) -> str:
        """Run a command of burnish inside, in its folder. Raises CommandFailed."""
        return self.guest.run(f"cd {_MOUNTED} && {_BURNISH} {' '.join(words)}", timeout=timeout)

    def stations(self) -> list[dict[str, Any]]:
        """What `burnish stations --json` prints."""
        return list(json.loads(self.cli("stations", "--json")))

    def request(self, uid: str) -> dict[str, Any]:
        """What `burnish requests UID --json` prints: pieces and attempts too."""
        return dict(json.loads(self.cli("requests", uid, "--json")))

    def log(self) -> str:
        """What server and drivers have said."""
        return self.guest.attempt(f"cat {_MOUNTED}/server.log {_MOUNTED}/var/logs/*").output

    def link_plans(self) -> None:
        """From now on, give every recipe a second name: the server removes those of ended requests."""
        links = f"while sleep 0.5; do ln -f {_MOUNTED}/var/plans/*.recipe {_MOUNTED}/kept/; done"
        self.guest.run(f"mkdir -p {_MOUNTED}/kept; ({links}) > /dev/null 2>&1 < /dev/null &")

    def keep_plans(self) -> None:
        """Copy the recipes and the spool to the share, so that the host can pour what was to be burned."""
        kept = f"{_MOUNTED}/kept {_MOUNTED}/var/spool"
        self.guest.run(f"rm -rf /hil/kept; mkdir /hil/kept; cp -rp {kept} /hil/kept/")


PLUGINS: Final = [
    "profiles",
    "hil-profiles",
    "format-iso9660",
    "writer-xorriso",
    "mover-nimbie",
    "mover-serial",
    "printer-zebra",
]


def wait_for(what: str, look: Any, seconds: float = 120) -> None:
    """Poll until `look` is true. Raises TimeoutError with `what` was waited for."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.5)


__all__ = ["HOST", "Site", "make_disk", "wait_for"]
