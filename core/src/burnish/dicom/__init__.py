"""The DICOM face: associations, C-STORE into the spool, Media Creation Management, and a client.

It is the only room that knows pynetdicom. What stays pynetdicom's: PDUs, the state machine of the upper
layer, negotiation, the SCU side. What is ours: the sockets, what an association may cost, the way of a
C-STORE from socket to spool, and every answer.

    settings.py     [server] and the part of [storage] that is negotiated
    ports.py        what is asked of the spool, of the orders and of a policy per AE
    commands.py     command sets, PS3.7 6.3: parsed and written
    transport.py    the listening socket, adopted from its owner
    guard.py        what a peer may cost: caps, deadlines, who gives way
    connection.py   a connection and the upper layer over it, with limits
    association.py  who may associate, for which contexts, and how an association ends
    messages.py     fragments to requests: what is buffered, what is streamed, what is dropped
    dispatch.py     which service answers a request, and what nobody serves
    storage.py      presentation contexts, C-STORE
    creation.py     N-CREATE, N-ACTION and N-GET of Media Creation Management
    elements.py     data sets of DIMSE-N read strictly, within limits
    charset.py      Specific Character Set, decoded strictly
    values.py       plain values to data sets and back
    workarounds.py  what pynetdicom gets wrong, each with its reason
    reception.py    all of it, started and stopped
    scu.py          a client for any media creation SCP
"""
