"""burnish: the server that makes DICOM media and proves them.

A plugin imports `burnish.contracts`, `burnish.hookspecs`, `burnish.recipe`, `burnish.errors`,
`burnish.media` and, in its tests, `burnish.testing`; everything else is the core's own.
"""

__version__ = "0.1.0"
