"""Instances in another form, where a profile does not take them as they came: in Explicit VR Little Endian,
pixels decoded, or compressed without loss. Decision 010 says who decodes and encodes, where, and what is
believed.

    ways         which transfer syntaxes a form can be made of, and in
    anatomy      a data set as a tree of elements by offset, with the liberties that real files take
    picture      an instance opened for whoever draws it
    level        the elements of one data set or item by tag, and their VRs
    transcode    the form: elements in order, big endian turned, deflated inflated
    writer       elements written, hashed and counted
    image, jpeg  frames decoded
    native       frames that were never encoded
    encode       frames encoded, and with how many bits
    encapsulate  encoded frames as fragments behind their offset table
    attributes   what the data set must say of its pixels afterwards
    derived      the proof: the form is read with pydicom (`reread`) and compared with its source
    refound      the proof of encoded frames: their tables, their `codestream`s, and what decoders give back
    worker       the process that does all this for one instance at a time
    workers      the pool of them, with its caps of memory and time
    forms        keeping forms beside their instances, so that each is derived once
"""
