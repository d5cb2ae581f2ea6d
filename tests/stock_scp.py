"""A media creation SCP as one writes it in an hour. Takes a port, 0 for any; says which it has."""

import sys
from threading import Event
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, AllStoragePresentationContexts, evt

requests: dict[str, Dataset] = {}


def create(event: Any) -> tuple[int, Dataset]:
    uid = event.request.AffectedSOPInstanceUID or generate_uid()
    wanted = event.attribute_list
    wanted.ExecutionStatus, wanted.ExecutionStatusInfo = "IDLE", "NORMAL"
    wanted.TotalNumberOfPiecesOfMediaCreated = 0
    requests[uid] = wanted
    answer = Dataset()
    answer.AffectedSOPInstanceUID = uid
    return 0x0000, answer


def act(event: Any) -> tuple[int, None]:
    wanted = requests.get(event.request.RequestedSOPInstanceUID)
    if wanted is None:
        return 0x0112, None
    if event.action_type == 2:
        del requests[event.request.RequestedSOPInstanceUID]
        return 0x0000, None
    copies = event.action_information.get("NumberOfCopies") if event.action_information else 1
    wanted.ExecutionStatus, wanted.TotalNumberOfPiecesOfMediaCreated = "DONE", int(copies or 1)
    return 0x0000, None


def get(event: Any) -> tuple[int, Dataset | None]:
    wanted = requests.get(event.request.RequestedSOPInstanceUID)
    if wanted is None:
        return 0x0112, None
    answer = Dataset()
    for tag in event.attribute_identifiers or wanted.keys():
        if tag in wanted:
            answer[tag] = wanted[tag]
    return 0x0000, answer


ae = AE("STOCKSCP")
ae.supported_contexts = AllStoragePresentationContexts
ae.add_supported_context("1.2.840.10008.5.1.1.33")
handlers = [(evt.EVT_C_STORE, lambda event: 0), (evt.EVT_N_CREATE, create)]
handlers += [(evt.EVT_N_ACTION, act), (evt.EVT_N_GET, get)]
server = ae.start_server(("127.0.0.1", int(sys.argv[1])), block=False, evt_handlers=handlers)
print(server.server_address[1], flush=True)
Event().wait()
