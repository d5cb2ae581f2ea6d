"""What is known of an instance without opening it.

A head maps keywords of PS3.6 to plain values: text as str with its character set decoded and trailing
padding gone, numbers as int or float, several values as a tuple, a sequence as a tuple of heads, an
element that is present and empty as None. A keyword that is absent from the instance is absent here.
"""

from collections.abc import Mapping
from typing import Any

HeadValue = Any
"""str, int, float, a tuple of one of these, a tuple of heads, or None."""

Head = Mapping[str, HeadValue]
"""Frozen; asking for a keyword that was not kept is like asking for one that is absent."""
