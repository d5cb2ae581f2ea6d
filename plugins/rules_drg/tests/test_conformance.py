"""It passes what every rule set must."""

import pytest
from burnish.contracts import MediumView, RuleSet
from burnish.testing.rules import DICOM, RuleSetConformance, record, view
from burnish_rules_drg import Drg, Settings


class TestDrg(RuleSetConformance):
    @pytest.fixture(params=[(), ("RUN.EXE", "VIEWER/RUN.EXE")])
    def rules(self, request: pytest.FixtureRequest) -> RuleSet:
        return Drg(Settings(viewers=request.param))

    @pytest.fixture
    def kept(self) -> MediumView:
        files = {"DICOMDIR": b"", "DICOM/A": DICOM}
        return view(files, [record("PATIENT", patient_id="1"), record("IMAGE", "DICOM/A", instance="1.2")])

    @pytest.fixture
    def broken(self) -> MediumView:
        files = {"DICOMDIR": b"", "AUTORUN.INF": b"", "INDEX.HTM": b"", "RUN.EXE": b""}
        records = [
            record("VISIT", tags=frozenset((0x00091001,))),
            record("PATIENT", at=600, patient_id="1"),
            record("PATIENT", at=800, patient_id="1"),
        ]
        return view(files, records, format="udf", tags=(0x00110010,))
