"""Files that only their recipients can read: the Basic DICOM Media Security Profile, PS3.15 D.1.

    settings  for whom, and signed by whom
    der       the few forms of DER that this needs
    cms       EnvelopedData around DigestedData or SignedData, before and after a content of known length
    sealing   the files of a volume, sealed while it is composed
    opening   reading them again

A sealed file is laid out without being made: what stands before and behind its content is known as soon as
the content's digest is, and the content is enciphered while the image is poured.
"""
