"""Media Creation Management as DIMSE: N-CREATE, N-ACTION and N-GET between data sets and orders.

What a request means is decided in `orders`; here it is read, handed over and answered.

Source: PS3.4 Annex S; PS3.7 10.1.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from burnish.dicom.commands import Answer, Operation
from burnish.dicom.dispatch import Gathering
from burnish.dicom.elements import read_data_set
from burnish.dicom.messages import Call
from burnish.dicom.ports import AetPolicy, Orders
from burnish.dicom.values import data_set, encode
from burnish.errors import Refused
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT, DimseStatus

INITIATE: Final = 1
CANCEL: Final = 2
"""Action Type IDs, PS3.4 Table S.3.2.2-1."""
_CHARACTER_SET: Final = "SpecificCharacterSet"
_ALWAYS_KEPT: Final = "ExecutionStatus"


def creation_contexts() -> dict[str, tuple[str, ...]]:
    """What is negotiated: the class and its transfer syntaxes."""
    return {MEDIA_CREATION_MANAGEMENT: (EXPLICIT_VR_LE, IMPLICIT_VR_LE)}


class Creation:
    """The Media Creation Management service of a server."""

    def __init__(self, orders: Orders, aets: Mapping[str, AetPolicy] | None = None) -> None:
        self._orders = orders
        self._aets = aets or {}

    def open(self, call: Call) -> Gathering:
        """Wait for the data set of a request, then serve it."""
        serve: Mapping[Operation, Callable[[Call, bytes], Answer]] = {
            Operation.N_CREATE: self._create,
            Operation.N_ACTION: self._act,
            Operation.N_GET: self._get,
        }
        return Gathering(partial(serve[call.command.operation], call))

    def _create(self, call: Call, encoded: bytes) -> Answer:
        attributes = self._read(call, encoded, DimseStatus.INVALID_ATTRIBUTE_VALUE)
        uid = self._orders.create(attributes, sop_instance=call.command.sop_instance, ae=call.ae)
        return Answer(sop_instance=uid)

    def _act(self, call: Call, encoded: bytes) -> Answer:
        uid = call.command.sop_instance or ""
        if call.command.type_id == INITIATE:
            arguments = self._read(call, encoded, DimseStatus.INVALID_ARGUMENT_VALUE)
            self._orders.initiate(uid, arguments, ae=call.ae)
        elif call.command.type_id == CANCEL:
            self._orders.cancel(uid, ae=call.ae)
        else:
            raise Refused("the Action Type ID is neither 1 nor 2", DimseStatus.NO_SUCH_ACTION)
        return Answer()

    def _get(self, call: Call, _: bytes) -> Answer:
        tags = call.command.attributes
        keywords = [keyword_for_tag(tag) for tag in tags]
        asked = [keyword for keyword in keywords if keyword and keyword != _CHARACTER_SET]
        # none at all would ask for everything
        look = self._orders.look(
            call.command.sop_instance or "", asked or ([_ALWAYS_KEPT] if tags else []), ae=call.ae
        )
        values = {key: value for key, value in look.values.items() if not tags or key in asked}
        unknown = [tag for tag, keyword in zip(tags, keywords, strict=True) if not keyword]
        missing = (*unknown, *(tag_for_keyword(keyword) or 0 for keyword in look.missing if keyword in asked))
        status = DimseStatus.ATTRIBUTES_NOT_SUPPORTED if missing else DimseStatus.SUCCESS
        comment = "some attributes are not kept" if missing else ""
        return Answer(status, comment, tags=missing, data=_encoded(call, values))

    def _read(self, call: Call, encoded: bytes, invalid: DimseStatus) -> dict[str, Any]:
        policy = self._aets.get(call.ae)
        assumed = policy.assume_character_set if policy else None
        explicit = call.transfer_syntax == EXPLICIT_VR_LE
        return read_data_set(encoded, explicit=explicit, assumed=assumed, invalid=invalid)


def _encoded(call: Call, values: Mapping[str, Any]) -> bytes:
    return encode(data_set(values), explicit=call.transfer_syntax == EXPLICIT_VR_LE)
