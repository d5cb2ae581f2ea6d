"""The DICOM Conformance Statement of a running configuration.

    document     what a statement is made of: sections, tables, sentences
    settings     keys with their values, and what their documents say
    statement    the statement, section by section
    facts        a configuration and what its plugins offer
    networking   what is negotiated and answered
    creation     what becomes of a request
    media        profiles, formats, names, compression
    beside       labels, and what else stands on a medium
    annexes      character sets, security, what is ours in terms and classes
    drawing      diagrams as SVG and Mermaid
    render       Markdown, HTML, JSON, PDF

Nothing stands here that is not read from a table that the code obeys, or from a setting and its document.
"""
