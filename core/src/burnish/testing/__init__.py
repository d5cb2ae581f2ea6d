"""What a plugin author tests with: conformance kits, small trees, a scripted writer.

A plugin's whole test file can be this:

    from burnish.testing.writers import WriterConformance

    class TestMyWriter(WriterConformance):
        @pytest.fixture
        def writer(self) -> Writer:
            return MyWriter(MySettings(port="/dev/ttyUSB0"))

* `formats.FormatConformance`, `writers.WriterConformance`, `movers.MoverConformance`,
  `profiles.ProfileConformance`, `rules.RuleSetConformance`: subclass, give the fixtures that the class names,
  run. They need pytest: `pip install burnish[testing]`.
* `trees`: sources, trees and images small enough for any test.
* `scripted`: a writer that fails on command, for tests of whatever drives writers.
* `mechanism`: where discs are in a simulated robot; simulators of protocols stand on it.
* `serial`, `usb`: a line and a bus on which the real pyserial and the real pyusb find a simulator.
* `tapes`: what went over a transport, recorded and played back.

Nothing here is imported at run time.
"""
