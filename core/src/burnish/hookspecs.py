"""The questions the core asks every plugin.

A plugin is a module named in the `burnish` entry-point group of its distribution. It answers the hooks it
has something to say to and leaves out the rest. An answer describes; it opens nothing: the core builds
what it describes only when a deployer's configuration names it. Each docstring below is a whole plugin.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pluggy import HookimplMarker, HookspecMarker

from burnish.contracts import (
    BundlerSpec,
    CheckSpec,
    FormatSpec,
    LabelMakerSpec,
    MoverSpec,
    PrinterSpec,
    Profile,
    RuleSetSpec,
    WriterSpec,
)

hookspec = HookspecMarker("burnish")
hookimpl = HookimplMarker("burnish")


@hookspec
def burnish_profiles() -> Sequence[Profile]:
    """Return the media application profiles this plugin knows.

    A private profile that takes anything in Explicit VR Little Endian, on a CD-R:

        class HousePrivate(Profile):
            identifier = "PRI-HOUSE-CD"
            title = "Anything in Explicit VR Little Endian"
            formats = {MediaKind.CD_R: ("iso9660",)}
            directory_keys = ()

            def judge(self, subject):
                if subject.transfer_syntax == EXPLICIT_VR_LE:
                    return AsIs()
                return Unfit(FailureReason.PROFILE_COMPRESSION_CONFLICT, "compressed", (0x00020010,))

        @hookimpl
        def burnish_profiles():
            return [HousePrivate()]
    """
    raise NotImplementedError


@hookspec
def burnish_profiles_in(file: Path) -> Sequence[Profile]:
    """Return the profiles that a deployer has written into a file, `[media] profile_files`.

    The plugin `profiles` reads TOML tables; another language would be another plugin. Raises PluginError,
    naming the table at fault. A plugin that does not know the file's language returns nothing:

        @hookimpl
        def burnish_profiles_in(file):
            return read(file) if file.suffix == ".xml" else []
    """
    raise NotImplementedError


@hookspec
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Return the file systems and archives this plugin lays out and reads.

    Files one after another, with no file system at all:

        class Nothing(BaseModel):
            pass

        class Heap(Format):
            def lay_out(self, tree, facts):
                return Recipe(tuple(e for entry in tree.entries for e in entry.content), tree.sources)

            def read(self, medium):
                raise UnreadableMedium("a heap cannot be told from noise")

        @hookimpl
        def burnish_formats():
            return [FormatSpec("heap", ".heap", Nothing, lambda _: Heap())]
    """
    raise NotImplementedError


@hookspec
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Return the kinds of device this plugin can drive.

    A writer that keeps the image in a file, and hands it out by naming it:

        class Settings(BaseModel):
            path: Path

        class Keeper(Writer):
            capabilities = WriterCapabilities(media=frozenset({MediaKind.CD_R}), interruptible=False)

            def __init__(self, settings):
                self._path = settings.path

            def __enter__(self):
                return self

            def __exit__(self, *exc_info):
                pass

            def capacity(self, medium):
                return CAPACITY[medium]

            def examine(self, job):
                return Found.PARTIAL if self._path.exists() else Found.UNTOUCHED

            def write(self, job, source, report, cancel):
                with self._path.open("wb") as file:
                    shutil.copyfileobj(source, file)
                report(job.length)

            def read_back(self, job, sink, report):
                sink.write(self._path.read_bytes())
                report(job.length)

            def accept(self, job):
                return str(self._path)

            def reject(self, job):
                self._path.unlink(missing_ok=True)

        @hookimpl
        def burnish_writers():
            return [WriterSpec("keeper", Settings, Keeper)]
    """
    raise NotImplementedError


@hookspec
def burnish_movers() -> Sequence[MoverSpec[Any]]:
    """Return the kinds of disc robot this plugin can drive.

    A robot that is a person, who answers on a terminal:

        class Settings(BaseModel):
            terminal: Path

        class Person(Mover):
            capabilities = MoverCapabilities(drives=1)

            def __init__(self, settings):
                self._terminal = settings.terminal

            def __enter__(self):
                return self

            def __exit__(self, *exc_info):
                pass

            def look(self):
                return DeviceState(unit=Unit(product="a person", place=str(self._terminal)))

            def initialise(self):
                self._ask("Put what you hold onto the reject pile")

            def load(self, tray):
                if not tray.loaded():
                    self._ask("Put a blank into the tray", tray)

            def accept(self, tray):
                if tray.loaded():
                    self._ask("Put the disc onto the good pile", tray)
                return "good pile"

            def reject(self, tray):
                if tray.loaded():
                    self._ask("Put the disc onto the reject pile", tray)

            def _ask(self, what, tray=None):
                if tray:
                    tray.open()
                with self._terminal.open("wb+", buffering=0) as terminal:
                    terminal.write(f"{what} and press Enter: ".encode())
                    terminal.readline()
                if tray:
                    tray.close()

        @hookimpl
        def burnish_movers():
            return [MoverSpec("person", Settings, Person)]
    """
    raise NotImplementedError


@hookspec
def burnish_label_makers() -> Sequence[LabelMakerSpec[Any]]:
    """Return the ways to draw labels that this plugin knows.

    A sheet with nothing but the code of the piece, as a bitmap of one dot for each bit of its text:

        class Settings(BaseModel):
            title: str = "Bare"

        class Bare(LabelMaker):
            def __init__(self, settings):
                stock = Stock(kind=StockKind.SHEET, width=210, height=297)
                self._bare = LabelStyle(name="bare", title=settings.title, stock=stock)

            @property
            def styles(self):
                return {"bare": self._bare}

            def draw(self, label, style, wanted):
                if label.people:
                    raise LabelUnfit("there is no room for people")
                bits = label.code.encode()
                data = b"P4 %d 1 " % (8 * len(bits)) + bits
                stock = self._bare.stock
                return Artwork(data=data, form=Form.PBM, dpi=wanted.dpi, stock=stock, style=style)

        @hookimpl
        def burnish_label_makers():
            return [LabelMakerSpec("bare", Settings, Bare)]
    """
    raise NotImplementedError


@hookspec
def burnish_printers() -> Sequence[PrinterSpec[Any]]:
    """Return the kinds of label printer this plugin can drive.

    A printer that is a device node, into which bitmaps go as they are:

        class Settings(BaseModel):
            node: Path

        class Node(Printer):
            capabilities = PrinterCapabilities(attaches=False)

            def __init__(self, settings):
                self._node = settings.node

            def __enter__(self):
                if not self._node.exists():
                    raise DeviceFault(FaultKind.DEVICE_OFFLINE, f"there is no {self._node}")
                return self

            def __exit__(self, *exc_info):
                pass

            def look(self):
                return DeviceState(unit=Unit(place=str(self._node)))

            def wanted(self, stock):
                return Wanted(form=Form.PBM, dpi=203)

            def print(self, job, artwork, cancel):
                cancel.check()
                self._node.write_bytes(artwork.data)
                return "its tray"

        @hookimpl
        def burnish_printers():
            return [PrinterSpec("node", Settings, Node)]
    """
    raise NotImplementedError


@hookspec
def burnish_bundlers() -> Sequence[BundlerSpec[Any]]:
    """Return the ways to fill media that this plugin knows: what stands beside the instances.

    A leaflet of the house for everybody, which tells of nobody:

        class Settings(BaseModel):
            text: str = "Bring this medium to your physician."

        class Leaflet(Bundler):
            offers = (Offer(kind=BundleKind.CONTENT, title="A leaflet of the house", personal=False),)

            def __init__(self, settings):
                self._text = settings.text

            def bundle(self, volume, kind):
                file = BundledFile(("HOUSE", "LEAFLET.TXT"), (self._text.encode("ascii", "replace"),))
                link = Link(path=file.path, title="Leaflet")
                return Bundle(files=(file,), links=(link,))

        @hookimpl
        def burnish_bundlers():
            return [BundlerSpec("leaflet", Settings, Leaflet, standing=True)]
    """
    raise NotImplementedError


@hookspec
def burnish_checks() -> Sequence[CheckSpec]:
    """Return what `burnish doctor` is to look at for the devices of this plugin.

    Whether the port of each writer that the driver `keeper` drives is there:

        def look(tables):
            for keys in tables:
                path = Path(keys["path"])
                if path.exists():
                    yield Finding("keeper", Level.OK, f"{path} is there")
                else:
                    yield Finding("keeper", Level.FAIL, f"{path} is missing", "plug the device in")

        @hookimpl
        def burnish_checks():
            return [CheckSpec("keeper", look)]
    """
    raise NotImplementedError


@hookspec
def burnish_rule_sets() -> Sequence[RuleSetSpec[Any]]:
    """Return the rule sets that this plugin knows: what else a medium must keep to.

    Every medium of the house has a file HOUSE.TXT:

        class Settings(BaseModel):
            name: str = "HOUSE.TXT"

        class House(RuleSet):
            def __init__(self, settings):
                self._name = settings.name

            def check(self, view):
                if (self._name,) not in view.files:
                    text = f"it has no file {self._name} in the root"
                    yield Breach(rule="house", severity=Severity.REFUSAL, source="house rule 7", text=text)

        @hookimpl
        def burnish_rule_sets():
            return [RuleSetSpec("house", "Media of this house", Settings, House)]
    """
    raise NotImplementedError
