"""Measurements beside peers, in one run: `python -m tests.bench [ROW…] [--json]`.

    directory   a DICOMDIR of stored instances, beside dcmmkdir, gdcmgendir and pydicom's FileSet on files
    compose     `burnish compose` of CT slices, Python's start included, beside dcmmkdir and genisoimage
    mixed       the same of a folder of many kinds
    image       an ISO 9660 image of small files, beside genisoimage and xorriso
    delivery    from the last C-STORE to a proven image file, beside a copy and a hash of the same bytes
    recovery    a start on what a killed server left, beside a start on nothing

Ours and the peers take turns, round after round; medians are told with the ratio, ours over the peer's, and,
where something was promised of the first peer, whether it was kept. A machine that is busy changes all of
it: seconds of computing stand beside. Nothing here asserts a speed.
"""
