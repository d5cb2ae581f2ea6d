"""What is negotiated and stored: cases 142, 143 and 145."""

from pydicom.uid import CTImageStorage
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.presentation import build_context, build_role

from burnish.battery.peer import create_on, get_on, raw
from burnish.battery.trial import Trial, case
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT


@case(142)
def roles(trial: Trial) -> None:
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid = MEDIA_CREATION_MANAGEMENT
    extended.service_class_application_information = b"\1"
    offers = [build_role(MEDIA_CREATION_MANAGEMENT, scu_role=True, scp_role=True), extended]
    uid = trial.idle()
    with trial.peer.associated(negotiation=offers) as association:
        trial.demand(get_on(association, uid, "ExecutionStatus")[0], 0, "N-GET")


@case(143)
def implicit(trial: Trial) -> None:
    offered = [build_context(MEDIA_CREATION_MANAGEMENT, IMPLICIT_VR_LE)]
    with trial.peer.associated(offered) as association:
        created = create_on(association, raw({"ReferencedSOPSequence": trial.items(trial.slices())}))
        trial.demand(created.status, 0, "N-CREATE in Implicit VR Little Endian")
        trial.uids.append(created.uid)


@case(145)
def stored_twice(trial: Trial) -> None:
    [one] = trial.stored()
    with trial.peer.associated([build_context(CTImageStorage, EXPLICIT_VR_LE)]) as association:
        again = [int(association.send_c_store(one).Status) for _ in range(2)]
    trial.prefer(again, [0, 0], "C-STORE of the same bytes again")
