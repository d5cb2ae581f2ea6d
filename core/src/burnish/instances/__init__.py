"""Instances as they were received.

scan      what a directory, a profile or a label needs, taken while an instance streams in
spool     the one way in: bytes, digest, head and name, durable before anybody is answered
sources   reading what lies there; all that a process needs that makes media
index     rows over the spool, rebuilt from it
head      what the scan kept, as plain values; charset says what the bytes of text mean
"""
