"""Runs commands for the host: JSON lines over a virtio-serial port. Needs nothing but Python.

    host -> agent   {"id": 7, "command": "uname -r", "timeout": 60}
    agent -> host   {"id": 7, "code": 0, "output": "6.1.0\\n"}        both streams of the command, in order
    agent -> host   {"release": "6.1.0"}                              once, at the start

A command that runs past its time is killed with all its children; its code is 124. Commands run side by side.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any

PORT = "hil.agent"


def main() -> None:
    """Obey until the machine is switched off."""
    with open(device(), "r+b", buffering=0) as port:
        lock = threading.Lock()
        send(port, lock, {"release": os.uname().release})
        for line in lines(port):
            threading.Thread(target=obey, args=(port, lock, json.loads(line)), daemon=True).start()


def device() -> str:
    """The node of the port that QEMU gave the agent."""
    names = Path("/sys/class/virtio-ports").glob("*/name")
    return next(f"/dev/{name.parent.name}" for name in names if name.read_text().strip() == PORT)


def lines(port: RawIOBase) -> Iterator[bytes]:
    """What the host sends, line by line. An unconnected port reads as empty."""
    rest = b""
    while True:
        got = port.read(65536) or b""
        if not got:
            time.sleep(0.05)
        *whole, rest = (rest + got).split(b"\n")
        yield from filter(None, whole)


def obey(port: RawIOBase, lock: threading.Lock, order: dict[str, Any]) -> None:
    """Run one command and answer."""
    process = subprocess.Popen(
        ["bash", "-c", order["command"]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, code = process.communicate(timeout=order["timeout"])[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, code = process.communicate()[0], 124
    send(port, lock, {"id": order["id"], "code": code, "output": output.decode("utf-8", "replace")})


def send(port: RawIOBase, lock: threading.Lock, answer: dict[str, Any]) -> None:
    """One line, whole."""
    data = json.dumps(answer).encode() + b"\n"
    with lock:
        while data:
            data = data[port.write(data) or 0 :]


main()
