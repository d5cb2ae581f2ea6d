"""Measurements beside peers, in one run: `python -m tests.bench [ROW…] [--json]`.

    directory   a DICOMDIR of stored instances, beside dcmmkdir on the same files
    delivery    from the last C-STORE to a proven image file, beside a copy and a hash of the same bytes
    layout      an ISO 9660 layout, beside genisoimage on the same tree

Ours and the peer take turns, round after round; medians are told with the ratio, ours over the peer's. A
machine that is busy changes both. Nothing here asserts a speed.
"""
