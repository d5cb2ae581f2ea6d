"""The bundler keeps what every bundler must keep."""

from pathlib import Path

import pytest
from burnish.contracts import BundleKind, Bundler
from burnish.testing.bundlers import BundlerConformance
from burnish_bundler_folder.bundler import FolderBundler
from burnish_bundler_folder.manifest import main


def application(folder: Path) -> Path:
    """An application of three files, with its manifest."""
    (folder / "LIB").mkdir(parents=True)
    (folder / "VIEWER.EXE").write_bytes(b"MZ viewer")
    (folder / "LIB" / "CODEC.DLL").write_bytes(bytes(range(256)) * 9)
    (folder / "LICENCE.TXT").write_text("Do what you like.\n")
    words = ["--title", "House Viewer", "--version", "2.1", "--licence", "LICENCE.TXT", "--folder", "HOUSE"]
    main([str(folder), *words, "--windows", "VIEWER.EXE", "--note", "Windows 10 or later"])
    return folder


class TestFolder(BundlerConformance):
    kinds = (BundleKind.VIEWER,)

    @pytest.fixture(params=[False, True], ids=["", "autorun"])
    def bundler(self, request: pytest.FixtureRequest, tmp_path: Path) -> Bundler:
        return FolderBundler(application(tmp_path / "house"), autorun=request.param)
