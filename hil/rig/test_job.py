"""The whole job on the rig: a stock SCU, a burnish server, the recorder and, if there is one, its robot."""

import json
from pathlib import Path
from typing import Any

import pytest
from burnish_hil.rig import DriveRig, Rig

from tests.lab import Installation, Scu, ct

pytestmark = pytest.mark.timeout(1200)
PROFILES = {"CD-R": "STD-GEN-CD", "DVD-R": "PRI-LAB-DVD", "BD-R": "PRI-LAB-BD"}


def _table(name: str, driver: str, keys: dict[str, Any]) -> str:
    rows = [f"{key} = {json.dumps(value)}" for key, value in {"driver": driver, **keys}.items()]
    return "\n".join([f"[{name}]", *rows, ""])


def _configured(rig: Rig, drive: DriveRig, folder: Path) -> Installation:
    plugins = ["profiles", "hil-profiles", "format-iso9660", "writer-xorriso"]
    text = "[storage]\nreserve = 1000000\n" + _table("writers.drive", "xorriso", drive.settings())
    if rig.robot:
        plugins.append(rig.robot.plugin_name)
        text += _table("movers.arm", rig.robot.driver, rig.robot.keys)
        text += '[stations.desk]\nwriters = ["drive"]\nmover = "arm"\n'
    burnish = Installation(folder, text)
    burnish.config.write_text(f"plugins = {json.dumps(plugins)}\n" + burnish.config.read_text())
    return burnish


def test_from_an_scu_to_a_disc_that_is_proven(rig: Rig, drive: DriveRig, tmp_path: Path) -> None:
    if not rig.robot:
        drive.lay_in_a_blank()
    burnish = _configured(rig, drive, tmp_path)
    burnish.start()
    try:
        scu = Scu(burnish.port)
        slices = ct(3)
        assert set(scu.store(*slices)) == {0}
        uid = scu.order(slices, PROFILES[drive.medium])
        assert scu.wait(uid, timeout=900) == ("DONE", "NORMAL", 1)
    finally:
        burnish.stop(timeout=120)
