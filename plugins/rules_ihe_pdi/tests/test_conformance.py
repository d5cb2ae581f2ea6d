"""It passes what every rule set must."""

import pytest
from burnish.contracts import MediumView, RuleSet
from burnish.testing.rules import DICOM, RuleSetConformance, record, view
from burnish_rules_ihe_pdi import IhePdi, Settings


class TestIhePdi(RuleSetConformance):
    @pytest.fixture(params=["require", "warn"])
    def rules(self, request: pytest.FixtureRequest) -> RuleSet:
        return IhePdi(Settings(readme=request.param))

    @pytest.fixture
    def kept(self) -> MediumView:
        files = {"DICOMDIR": b"", "README.TXT": b"ours", "DICOM/A": DICOM}
        return view(files, [record("PATIENT", patient_id="1"), record("IMAGE", "DICOM/A", instance="1.2")])

    @pytest.fixture
    def broken(self) -> MediumView:
        files = {"DICOMDIR": b"", "AUTORUN.INF": b"", "A": DICOM, "long name.txt": b"", "IHE_PDI/A.EXE": b""}
        records = [record("VISIT"), record("PATIENT", at=600, patient_id="1")]
        return view(files, records, profiles=("STD-CTMR-CD",))
