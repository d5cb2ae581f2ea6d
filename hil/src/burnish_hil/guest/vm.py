"""The machine: QEMU with software emulation, two processors, 2 GiB, no screen, and a network to the host.

The guest reaches servers on the host's loopback at 10.0.2.2. /dev/kvm is not used even where it is there: a
nested one may start the guest and hang it.
"""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Final, Self

from burnish_hil.guest import initramfs, kernel
from burnish_hil.guest.agent import Agent, CommandFailed, Result
from burnish_hil.guest.qmp import Qmp

__all__ = ["Guest", "Result"]

HOST: Final = "10.0.2.2"
"""The host's loopback, seen from within."""
_QEMU: Final = "qemu-system-x86_64"
_BOOT: Final = "console=ttyS0 quiet panic=-1 mitigations=off audit=0"


class Guest:
    """A guest that runs while the `with` block lasts, or until `power_off`."""

    def __init__(self, share: Path, extra: Sequence[str] = (), *, boot: float = 120) -> None:
        """`share`: the folder at /hil inside. `extra`: more options of QEMU. `boot`: seconds to come up."""
        self.share = share
        self.release = ""
        """The kernel's release, once it runs."""
        self._extra = extra
        self._boot = boot
        self._folder = tempfile.TemporaryDirectory(prefix="hil-")

    def __enter__(self) -> Self:
        """Boot. Raises Missing, NoAnswer."""
        if which(_QEMU) is None:
            raise kernel.Missing(f"{_QEMU} is missing; apt install qemu-system-x86")
        folder = Path(self._folder.name)
        command = [_QEMU, *self._options(folder), *self._extra]
        with (folder / "stderr").open("wb") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
            )
        try:
            self._connect(folder)
        except BaseException:
            self.power_off()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.power_off()

    def run(self, command: str, timeout: float = 60) -> str:
        """Run a shell command inside; its output. Raises CommandFailed unless it ends with 0, NoAnswer."""
        result = self.attempt(command, timeout)
        if result.code:
            raise CommandFailed(f"exit code {result.code} of {command}:\n{result.output[-4000:]}")
        return result.output

    def attempt(self, command: str, timeout: float = 60) -> Result:
        """Run a shell command inside that may fail. Raises NoAnswer."""
        return self.wait(self.start(command, timeout), timeout)

    def start(self, command: str, timeout: float = 60) -> int:
        """Begin a shell command inside."""
        return self._agent.start(command, timeout)

    def wait(self, number: int, timeout: float = 60) -> Result:
        """Wait for one that was begun. Raises NoAnswer."""
        return self._agent.wait(number, timeout)

    def power_off(self) -> None:
        """The mains fail: nothing inside gets a word. Safe to repeat."""
        self._process.kill()
        self._process.wait(timeout=30)
        if hasattr(self, "_agent"):
            self._agent.close()
        self._folder.cleanup()

    def qmp(self) -> Qmp:
        """QEMU's control socket."""
        return Qmp(Path(self._folder.name) / "qmp")

    def _connect(self, folder: Path) -> None:
        port = folder / "agent"
        deadline = time.monotonic() + self._boot
        while not port.exists() and time.monotonic() < deadline:
            self._check_that_it_runs(folder)
            time.sleep(0.05)
        self._agent = Agent(port)
        self.release = self._agent.greet(self._boot)

    def _check_that_it_runs(self, folder: Path) -> None:
        if self._process.poll() is not None:
            raise kernel.Missing(f"{_QEMU} ended: {(folder / 'stderr').read_text('utf-8', 'replace')}")

    def _options(self, folder: Path) -> Sequence[str]:
        """QEMU's options."""
        cache = kernel.cache()
        booted = kernel.fetch(cache)
        return [
            *["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-no-reboot"],
            *["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048"],
            *("-kernel", str(booted.image), "-initrd", str(initramfs.build(booted, cache)), "-append", _BOOT),
            *("-serial", f"file:{folder}/console", "-qmp", f"unix:{folder}/qmp,server=on,wait=off"),
            *["-device", "qemu-xhci,id=xhci", "-netdev", "user,id=net"],
            *["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-serial"],
            *("-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off"),
            *["-device", "virtserialport,chardev=agent,name=hil.agent"],
            *_folder("hostroot", Path("/"), writable=False),
            *_folder("modules", booted.modules, writable=False),
            *_folder("share", self.share, writable=True),
        ]


def _folder(tag: str, path: Path, *, writable: bool) -> Sequence[str]:
    """A folder of the host that the guest can mount over 9p."""
    mode = "off" if writable else "on"
    backend = f"local,id={tag},path={path},security_model=none,multidevs=remap,readonly={mode}"
    return "-fsdev", backend, "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"
