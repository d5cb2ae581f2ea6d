"""Bad input over the network, row by row: each gets its status with the tags at fault, and changes nothing.

The rows are those of the list of bad inputs that the project keeps to; where that list and the standard
differ, the standard. What is judged after the Initiate (10 to 14) is accepted first and told by N-GET.
"""

import struct
from collections.abc import Callable, Mapping, Sequence

import pytest
from pydicom.uid import generate_uid

from core.tests.dicom.peers import CT, RawPeer, implicit, request, short, status_of
from tests.histories import Watched
from tests.lab import MCM, Installation, Scu, ct, data_set, reference
from tests.lab import request as naming

IMPLICIT = "1.2.840.10008.1.2"
N_EVENT_REPORT, N_GET, N_SET, N_ACTION, N_CREATE, N_DELETE = 0x0100, 0x0110, 0x0120, 0x0130, 0x0140, 0x0150
SEQUENCE, CLASS, INSTANCE, PROFILE = 0x00081199, 0x00081150, 0x00081155, 0x2200000C
Answer = tuple[int, tuple[int, ...], str]


def item(content: bytes) -> bytes:
    return implicit(0xFFFEE000, content)


def uid(tag: int, value: bytes) -> bytes:
    return implicit(tag, value + b"\0" * (len(value) % 2))


def text(tag: int, value: bytes) -> bytes:
    return implicit(tag, value + b" " * (len(value) % 2))


def one(sop_class: bytes = CT.encode(), instance: bytes = b"1.2.3.4", more: bytes = b"") -> bytes:
    return item(uid(CLASS, sop_class) + uid(INSTANCE, instance) + more)


def references(*items: bytes) -> bytes:
    return implicit(SEQUENCE, b"".join(items))


GOOD = references(one())


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = implicit(0x00880200, item(inner))
    return references(one(more=inner))


class Sender(RawPeer):
    """A raw peer with an association for media creation."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        assert self.associate({1: (MCM, [IMPLICIT])}) == 2

    def ask(self, operation: int, data: bytes | None, instance: str | None, action: int | None) -> Answer:
        more = {} if action is None else {"e1008": short(action)}
        self.send(request(operation, data, instance=instance, more=more))
        answer = self.answer()
        tags = tuple(
            group << 16 | number for group, number in struct.iter_unpack("<HH", answer.get(0x1005, b""))
        )
        return status_of(answer), tags, answer.get(0x0902, b"").decode()

    def create(self, data: bytes | None, instance: str | None) -> Answer:
        return self.ask(N_CREATE, data, instance, None)

    def act(self, action: int, instance: str, data: bytes | None = None) -> Answer:
        return self.ask(N_ACTION, data, instance, action)

    def exists(self, instance: str) -> bool:
        self.send(request(N_GET, instance=instance, more={"e1005": bytes.fromhex("00212000")}))
        answer = self.answer()
        if status_of(answer) == 0:
            self.receive()
        return status_of(answer) == 0


@pytest.mark.parametrize(
    ("data", "status", "tags"),
    [
        pytest.param(GOOD[:-3], 0x0110, [], id="row_01_cut_short"),
        pytest.param(implicit(0x22000002, b"text", 4000), 0x0110, [], id="row_01_beyond_the_end"),
        pytest.param(GOOD + b"\1\2\3", 0x0110, [], id="row_01_trailing_garbage"),
        pytest.param(b"\x08\x00\x99\x11SQ\0\0\0\0\0\0", 0x0110, [], id="row_01_explicit_in_implicit"),
        pytest.param(text(0x22000002, b"label"), 0x0120, [SEQUENCE], id="row_02_no_sequence"),
        pytest.param(b"", 0x0120, [SEQUENCE], id="row_02_nothing_at_all"),
        pytest.param(references(), 0x0121, [SEQUENCE], id="row_03_no_items"),
        pytest.param(references(item(uid(INSTANCE, b"1.2"))), 0x0120, [CLASS], id="row_04_no_class"),
        pytest.param(references(item(uid(CLASS, b"1.2"))), 0x0120, [INSTANCE], id="row_04_no_instance"),
        pytest.param(references(one(sop_class=b"")), 0x0121, [CLASS], id="row_04_empty_class"),
        pytest.param(references(one(instance=b"")), 0x0121, [INSTANCE], id="row_04_empty_instance"),
        *[
            pytest.param(references(one(instance=bad)), 0x0106, [INSTANCE], id=f"row_05_{number}")
            for number, bad in enumerate([b"../../etc/x", b"1..2", b"01.2", b"1.2\x003", b"1." * 33 + b"1"])
        ],
        pytest.param(references(one(instance=b"1.\xe4")), 0x0106, [INSTANCE], id="row_05_not_ascii"),
        pytest.param(GOOD + text(0x22000007, b"MAYBE"), 0x0106, [0x22000007], id="row_17_splitting"),
        pytest.param(GOOD + text(0x2200000F, b"yes"), 0x0106, [0x2200000F], id="row_17_lossy"),
        pytest.param(GOOD + text(0x22000001, b"X"), 0x0106, [0x22000001], id="row_17_label"),
        pytest.param(GOOD + text(0x22000009, b"1"), 0x0106, [0x22000009], id="row_17_viewer"),
        pytest.param(GOOD + text(0x2200000A, b"ja"), 0x0106, [0x2200000A], id="row_17_preserve"),
        pytest.param(text(0x00080005, b"ISO_IR 999") + GOOD, 0x0106, [0x00080005], id="row_18_unknown_set"),
        pytest.param(
            text(0x00080005, b"ISO_IR 192") + GOOD + text(0x22000002, b"\xff\xfe"),
            0x0106,
            [0x22000002],
            id="row_18_bytes_of_no_character",
        ),
        pytest.param(GOOD + text(0x22000002, b"\xe4rzte"), 0x0106, [0x22000002], id="row_18_no_set"),
        pytest.param(
            GOOD + text(0x22000002, b"A" * (1 << 20)), 0x0106, [0x22000002], id="row_19_one_mebibyte"
        ),
        pytest.param(GOOD + text(0x00880130, b"A" * 17), 0x0106, [0x00880130], id="row_20_too_long"),
        pytest.param(GOOD + uid(0x00880140, b"1.02"), 0x0106, [0x00880140], id="row_21_file_set_uid"),
        pytest.param(nested(16), 0x0110, [], id="row_23_too_deep"),
        pytest.param(uid(0x00020010, b"1.2") + GOOD, 0x0110, [], id="row_25_group_2"),
        pytest.param(GOOD + GOOD, 0x0110, [], id="row_25_twice"),
        pytest.param(text(0x22000002, b"ab") + GOOD, 0x0110, [], id="row_25_out_of_order"),
    ],
)
def test_rows_01_to_25_what_is_refused_leaves_nothing(
    burnish: Installation, data: bytes, status: int, tags: Sequence[int]
) -> None:
    name = generate_uid()
    with Sender(burnish.port) as sender:
        answered, named, comment = sender.create(data, name)
        assert (answered, named) == (status, tuple(tags)), comment
        assert 0 < len(comment) <= 64
        assert not sender.exists(name)
        assert sender.create(GOOD, name)[0] == 0, "the UID is still free"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD + text(0x22000002, b"\x1b@\x02^XA"), id="row_19_control_characters"),
        pytest.param(GOOD + text(0x22000005, b"\x01~") + text(0x22000006, b"CODE39"), id="row_22_barcode"),
        pytest.param(text(0x00100010, b"Doe^Jane") + GOOD, id="row_24_public"),
        pytest.param(GOOD + implicit(0x77770010, b"X ") + implicit(0x77771001, b"\1\2"), id="row_24_private"),
        pytest.param(nested(15), id="row_23_the_deepest"),
        pytest.param(GOOD + implicit(0x20000010, b"many"), id="row_15_copies_are_no_attribute"),
        pytest.param(references(one(), one()), id="row_10_twice"),
        pytest.param(references(one(more=text(PROFILE, b"STD-FOO"))), id="row_13_profile"),
    ],
)
def test_rows_10_to_24_what_is_accepted(burnish: Installation, data: bytes) -> None:
    """In the order of their tags, as a data set must be."""
    name = generate_uid()
    with Sender(burnish.port) as sender:
        assert sender.create(ordered(data), name)[0] == 0
        assert sender.exists(name)


def ordered(data: bytes) -> bytes:
    """Elements of an implicit data set by ascending tag."""
    elements, at = [], 0
    while at < len(data):
        group, number, length = struct.unpack_from("<HHI", data, at)
        elements.append(((group, number), data[at : at + 8 + length]))
        at += 8 + length
    return b"".join(encoded for _, encoded in sorted(elements))


@pytest.mark.parametrize("bad", ["", "1.02", "1..2", "../x", "1." * 33 + "1", "$(id)"])
def test_row_06_an_instance_uid_that_is_none(burnish: Installation, bad: str) -> None:
    with Sender(burnish.port) as sender:
        assert sender.create(GOOD, bad)[0] == 0x0117
        assert sender.act(1, bad)[0] == 0x0117
        assert sender.create(GOOD, None)[0] == 0


def test_row_07_a_uid_again(scu: Watched, burnish: Installation) -> None:
    name = generate_uid()
    with Sender(burnish.port) as sender:
        assert [sender.create(GOOD, name)[0] for _ in range(2)] == [0x0000, 0x0111]
        assert sender.act(1, name)[0] == 0
        assert sender.create(GOOD, name)[0] == 0xA510


def test_rows_08_and_09_many_references(burnish: Installation) -> None:
    with Sender(burnish.port) as sender:
        assert sender.create(references(*[one()] * 10_000), generate_uid())[0] == 0
        over, name = references(*[item(uid(CLASS, b"1.2") + uid(INSTANCE, b"1.2"))] * 200_001), generate_uid()
        assert sender.create(over, name)[:2] == (0x0213, ())
        assert not sender.exists(name)


def test_row_09_a_data_set_over_the_cap_costs_the_association(burnish: Installation) -> None:
    big = GOOD + text(0x22000002, b"A" * (33 << 20))
    name = generate_uid()
    with Sender(burnish.port) as sender:
        sender.sock.settimeout(60)
        try:
            sender.send(request(N_CREATE, big, instance=name, fragment=100_000))
        except ConnectionError:
            pass
        else:
            assert sender.receive()[0] in (0, 7)
    with Sender(burnish.port) as sender:
        assert not sender.exists(name)


@pytest.fixture(scope="module")
def stored(scu: Watched) -> list[str]:
    """UIDs of three instances that are stored."""
    slices = ct(3)
    assert scu.store(*slices) == [0, 0, 0]
    return [str(ds.SOPInstanceUID) for ds in slices]


def named(uids: Sequence[str], sop_class: str = CT, profile: str = "STD-GEN-CD") -> list[dict[str, str]]:
    return [{"class": sop_class, "uid": uid, "profile": profile} for uid in uids]


@pytest.mark.parametrize(
    ("asked", "info", "reasons"),
    [
        pytest.param(lambda u: named([u[0], u[1], u[0]]), "DUPL_REF_INST", [0x0110], id="row_10"),
        pytest.param(lambda u: named([u[0], "1.2.3.999"]), "NO_INSTANCE", [0x0112], id="row_11"),
        pytest.param(
            lambda u: named(u, "1.2.840.10008.5.1.4.1.1.4"), "INST_AP_CONFLICT", [0x0119] * 3, id="row_12"
        ),
        pytest.param(lambda u: named(u, profile="STD-FOO"), "NOT_SUPPORTED", [0x0204] * 3, id="row_13"),
    ],
)
def test_rows_10_to_13_what_is_told_after_the_initiate(
    scu: Watched,
    stored: list[str],
    asked: Callable[[list[str]], list[dict[str, str]]],
    info: str,
    reasons: list[int],
) -> None:
    items = [
        data_set(
            {
                "ReferencedSOPClassUID": one["class"],
                "ReferencedSOPInstanceUID": one["uid"],
                "RequestedMediaApplicationProfile": one["profile"],
            }
        )
        for one in asked(stored)
    ]
    name = generate_uid()
    assert scu.create(data_set({"ReferencedSOPSequence": items}), name) == 0
    assert scu.initiate(name) == 0
    assert scu.wait(name) == ("FAILURE", info, 0)
    assert [item.FailureReason for item in scu.get(name)[1].FailedSOPSequence] == reasons


ACTIONS: Mapping[str, tuple[int, bytes, int]] = {
    "row_15_many": (1, text(0x20000010, b"many"), 0x0115),
    "row_15_none": (1, text(0x20000010, b"0"), 0x0115),
    "row_15_negative": (1, text(0x20000010, b"-1"), 0x0115),
    "row_15_too_many": (1, text(0x20000010, b"999999999999"), 0x0115),
    "row_16_urgent": (1, text(0x22000020, b"URGENT"), 0x0115),
    "row_27_type_3": (3, b"", 0x0123),
    "row_27_type_0": (0, b"", 0x0123),
    "row_01_cut_short": (1, b"\x00\x20\x10\x00\x04", 0x0110),
}


@pytest.mark.parametrize("row", ACTIONS)
def test_rows_15_16_and_27_arguments_and_actions(burnish: Installation, row: str) -> None:
    action, data, status = ACTIONS[row]
    name = generate_uid()
    with Sender(burnish.port) as sender:
        assert sender.create(GOOD, name)[0] == 0
        answered, tags, comment = sender.act(action, name, data)
        assert (answered, tags) == (status, ()), comment
        assert comment
        assert sender.act(1, name)[0] == 0, "the request can still be started"


def test_rows_26_28_30_and_32_a_life(burnish: Installation, scu: Watched, stored: list[str]) -> None:
    name, slices = generate_uid(), [{"class": CT, "uid": uid} for uid in stored[:1]]
    content = references(one(instance=slices[0]["uid"].encode(), more=text(PROFILE, b"STD-GEN-CD")))
    with Sender(burnish.port) as sender:
        assert sender.act(1, name)[0] == 0x0112
        assert sender.act(2, name)[0] == 0x0112
        assert sender.create(content, name)[0] == 0
        assert sender.act(2, name)[0] == 0
        assert not sender.exists(name)
        assert sender.act(2, name)[0] == 0x0112
        again = generate_uid()
        assert sender.create(content, again)[0] == 0
        assert [sender.act(1, again)[0] for _ in range(2)] == [0x0000, 0xA510]
        assert scu_wait(burnish.port, again) == ("DONE", "NORMAL", 1)
        assert sender.act(1, again)[0] == 0xA510
        assert sender.act(2, again)[0] == 0xC201


def scu_wait(port: int, name: str) -> tuple[str, str, int]:
    """Wait as the AE whose request it is."""
    return Scu(port, calling="RAW").wait(name)


def test_row_33_another_ae_s_request(burnish: Installation, scu: Watched) -> None:
    name = generate_uid()
    assert scu.create(naming(ct(1)), name) == 0
    with Sender(burnish.port) as sender:
        assert sender.act(1, name)[0] == 0x0124
        assert sender.act(2, name)[0] == 0x0124
        sender.send(request(N_GET, instance=name, more={"e1005": bytes.fromhex("00212000")}))
        assert status_of(sender.answer()) == 0x0124
    assert scu.state(name) == ("IDLE", "NORMAL", 0)


def test_row_34_what_n_get_does_not_know(scu: Watched) -> None:
    name = generate_uid()
    assert scu.get(name)[0] == 0x0112
    assert scu.create(naming(ct(1)), name) == 0
    status, told = scu.get(name, [0x21000020, 0x77770010, 0x00100010])
    assert (status, len(told)) == (0x0001, 1)


@pytest.mark.parametrize("operation", [N_SET, N_DELETE, N_EVENT_REPORT], ids=hex)
def test_row_35_operations_that_nobody_serves_keep_the_association(
    burnish: Installation, operation: int
) -> None:
    name = generate_uid()
    with Sender(burnish.port) as sender:
        assert sender.create(GOOD, name)[0] == 0
        assert sender.ask(operation, GOOD, name, None)[0] == 0x0211
        assert sender.exists(name)


@pytest.mark.parametrize("operation", [N_CREATE, N_ACTION, N_GET], ids=hex)
def test_row_36_another_class_than_the_context_s(burnish: Installation, operation: int) -> None:
    name = generate_uid()
    expected = {N_CREATE: 0x0118, N_ACTION: 0x0119, N_GET: 0x0119}
    with Sender(burnish.port) as sender:
        assert sender.create(GOOD, name)[0] == 0
        pdus = request(operation, GOOD, sop_class=CT, instance=name, more={"e1008": short(1)})
        sender.send(pdus)
        assert status_of(sender.answer()) == expected[operation]
        assert sender.exists(name)


def test_row_14_two_people_in_one_request_are_allowed_and_listed(scu: Watched) -> None:
    first, second = ct(1), ct(1, PatientID="ANOTHER", PatientName="Doe^Jane")
    assert scu.store(*first, *second) == [0, 0]
    name = generate_uid()
    items = [reference(ds) for ds in (*first, *second)]
    assert scu.create(data_set({"ReferencedSOPSequence": items}), name) == 0
    assert scu.initiate(name) == 0
    assert scu.wait(name) == ("DONE", "NORMAL", 1)
