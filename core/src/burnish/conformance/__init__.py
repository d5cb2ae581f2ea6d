"""The DICOM Conformance Statement of a running configuration.

    document     what a statement is made of: sections, tables, sentences
    settings     keys with their values, and what their documents say
    statement    the statement, section by section
    networking   what is negotiated and answered
    creation     what becomes of a request, from its attributes to its media
    media        profiles, formats, security of media
    render       Markdown, HTML, JSON

Nothing stands here that is not read from a table that the code obeys, or from a setting and its document.
"""
