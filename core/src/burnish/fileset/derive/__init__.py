"""Instances in another form: Explicit VR Little Endian, pixels decoded, where a profile does not take them as
they came. Decision 010 says who decodes, where, and what is believed.

    ways         which transfer syntaxes a form can be made of
    anatomy      a data set as a tree of elements by offset, with the liberties that real files take
    transcode    the writer: elements in order, big endian turned, deflated inflated
    image, jpeg  frames decoded, and what the data set must say of them afterwards
    derived      the proof: the form is read with pydicom and compared with its source
    worker       the process that does all this for one instance at a time
    workers      the pool of them, with its caps of memory and time
    forms        keeping forms beside their instances, so that each is derived once
"""
