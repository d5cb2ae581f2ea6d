"""From references to a file-set on a volume: select, fit, identify, name, describe, lay out; and verify.

A package of small modules, one job each; `compose` is the way through them.
"""
