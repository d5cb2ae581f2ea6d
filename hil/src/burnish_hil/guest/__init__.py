"""A virtual machine that runs Debian's stock kernel on the host's own root.

kernel      fetches the kernel's package, and takes from it what is booted
initramfs   the few modules and the script that mount the root
vm          starts and kills the machine, runs commands in it
qmp         plugs and unplugs what QEMU itself emulates
inside/     what runs within: `start` (the first process), `agent.py` (obeys `vm`)
"""

from burnish_hil.guest.vm import Guest, Result

__all__ = ["Guest", "Result"]
