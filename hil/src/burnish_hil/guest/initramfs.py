"""The first few files that the guest sees: busybox, the modules that reach the host's root, and a script.

The script mounts three folders of the host over 9p and hands over to `inside/start`:

    hostroot  the host's root, read-only; an overlay in memory takes what the guest writes
    modules   the kernel's modules, on /lib/modules
    share     a folder of this run, writable from both sides, on /hil
"""

import gzip
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from burnish_hil.guest.kernel import Kernel, Missing

INSIDE: Final = Path(__file__).parent / "inside"
"""What the guest runs; at the same path inside, as its root is the host's."""
_MODULES: Final = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console")
_MOUNT_9P: Final = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000"
_INIT: Final = f"""#!/bin/busybox sh
mkdir -p /proc /sys /dev /lower /upper /root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
{_MOUNT_9P},ro,cache=loose hostroot /lower || poweroff -f
mount -t tmpfs -o size=75% tmpfs /upper; mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root || poweroff -f
cd /root
for folder in proc sys dev; do mount --move /$folder /root/$folder; done
mkdir -p lib/modules hil dev/pts
{_MOUNT_9P},ro,cache=loose modules lib/modules
{_MOUNT_9P},rw share hil
mount -t tmpfs tmpfs run; mount -t devpts devpts dev/pts
exec switch_root /root {INSIDE}/start
"""


def build(kernel: Kernel, into: Path) -> Path:
    """Write the archive that the kernel unpacks. Raises Missing."""
    archive = into / "initramfs.gz"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(kernel, folder)
        part = Path(f"{archive}.part")
        part.write_bytes(gzip.compress(_pack(folder), compresslevel=1))
        part.rename(archive)
    return archive


def _lay_out(kernel: Kernel, folder: Path) -> None:
    """Put everything where it is to lie."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise Missing("busybox is missing; apt install busybox-static")
    for name in ("bin", "modules"):
        (folder / name).mkdir()
    shutil.copy(busybox, folder / "bin" / "busybox")
    for name in ("sh", "mkdir", "mount", "insmod", "poweroff", "switch_root"):
        (folder / "bin" / name).symlink_to("busybox")
    for number, module in enumerate(_in_order(kernel)):
        shutil.copy(module, folder / "modules" / f"{number:02d}-{module.name}")
    (folder / "init").write_text(_INIT, "ascii")
    (folder / "init").chmod(0o755)


def _in_order(kernel: Kernel) -> Iterator[Path]:
    """The modules' files, each after those that it needs."""
    folder = kernel.modules / kernel.release
    needs = dict(_dependencies((folder / "modules.dep").read_text("utf-8")))
    given = set[str]()
    for name in _MODULES:
        path, *others = needs[name]
        for wanted in (*reversed(others), path):
            if wanted not in given:
                given.add(wanted)
                yield folder / wanted


def _dependencies(text: str) -> Iterator[tuple[str, list[str]]]:
    """Per module's name: its file, then the files that it needs, the last one first."""
    for line in text.splitlines():
        path, _, others = line.partition(":")
        yield Path(path).name.split(".")[0].replace("-", "_"), [path, *others.split()]


def _pack(folder: Path) -> bytes:
    names = "\n".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))
    command = ["cpio", "--quiet", "-o", "-H", "newc"]
    done = subprocess.run(
        command, cwd=folder, input=names.encode(), capture_output=True, check=True, timeout=60
    )
    return done.stdout
