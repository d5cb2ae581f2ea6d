"""What needs no peer: command sets, settings, plain values there and back."""

from contextlib import suppress
from typing import Any

import pytest
from burnish.dicom.commands import Answer, Command, Operation, ProtocolError, parse_command, write_response
from burnish.dicom.elements import read_data_set
from burnish.dicom.settings import ServerSettings, StorageSettings
from burnish.dicom.values import data_set, encode
from burnish.errors import Refused
from burnish.terms import DimseStatus
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.tests.dicom.peers import command, short

INVALID = DimseStatus.INVALID_ATTRIBUTE_VALUE


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_a_protocol_error(encoded: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(parse_command(encoded), Command)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_data_set_or_refused(encoded: bytes, explicit: bool) -> None:
    with suppress(Refused):
        assert isinstance(read_data_set(encoded, explicit=explicit, invalid=INVALID), dict)


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\\"), min_size=1
)
UID = st.from_regex(r"1\.2(\.[1-9][0-9]{0,5}){1,6}", fullmatch=True)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "LabelText": TEXT,
        "StorageMediaFileSetUID": UID,
        "NumberOfCopies": st.integers(1, 99),
        "TotalNumberOfPiecesOfMediaCreated": st.integers(0, 65535),
        "MediaDisposition": st.none(),
        "FailedSOPSequence": st.lists(
            st.fixed_dictionaries(
                {"ReferencedSOPInstanceUID": UID, "FailureReason": st.integers(0, 65535)},
                optional={"FailureAttributes": st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=4)},
            ),
            max_size=3,
        ),
    },
)


@given(VALUES, st.booleans())
def test_plain_values_there_and_back(values: dict[str, Any], explicit: bool) -> None:
    encoded = encode(data_set(values), explicit=explicit)
    read = read_data_set(encoded, explicit=explicit, invalid=INVALID)
    read.pop("SpecificCharacterSet", None)
    assert read == values


def test_a_keyword_that_does_not_exist_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="LabelTxt"):
        data_set({"LabelTxt": "x"})


@pytest.mark.parametrize("operation", list(Operation))
def test_a_response_answers_its_request(operation: Operation) -> None:
    asked = Command(operation, 7, False, "1.2.840.10008.5.1.1.33", "1.2.3", type_id=1)
    comment = "Grüße\\und noch viel mehr als in vierundsechzig Zeichen hineingeht, ja"
    encoded = write_response(asked, Answer(0x0106, comment, (0x00081199,)))
    assert len(encoded) % 2 == 0
    assert short(operation | 0x8000) in encoded
    assert b"Gr??e?und" in encoded
    with pytest.raises(ProtocolError, match="no request"):
        parse_command(encoded)


def test_uids_are_read_without_their_padding() -> None:
    values = {"e0002": b"1.2\0", "e0100": short(0x0140), "e0110": short(3), "e0800": short(1)}
    assert parse_command(command(**values, e1000=b"1.2.3\0")) == Command(
        Operation.N_CREATE, 3, True, "1.2", "1.2.3"
    )
    assert parse_command(command(**values)).sop_instance is None
    assert parse_command(command(**values, e1000=b"")).sop_instance == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"ae_title": ""},
        {"ae_title": "SEVENTEEN_LETTERS"},
        {"ae_title": "A\\B"},
        {"port": 70000},
        {"max_associations": 0},
        {"association_timeout": "0s"},
        {"network_timeout": 5},
        {"max_pdu": 0},
        {"colour": "red"},
    ],
)
def test_server_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ServerSettings(**wrong)


def test_storage_settings_take_keywords_and_uids() -> None:
    settings = StorageSettings(sop_classes=("CTImageStorage", "1.2.3.4"), transfer_syntaxes=("RLELossless",))
    assert settings.sop_classes == ("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4")
    assert settings.transfer_syntaxes == ("1.2.840.10008.1.2.5",)
    with pytest.raises(ValidationError, match="CTImageStorge"):
        StorageSettings(sop_classes=("CTImageStorge",))
