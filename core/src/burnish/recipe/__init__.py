"""An image as a recipe: what stands where, without its bytes.

A format lays a tree of names out into *extents*; the recipe is streamed to a drive, written to a file,
read back and compared. Nothing in here knows what an instance is: a source is a key, a length and a
SHA-256 digest, and whoever streams brings an `Opener` that finds its bytes.
"""

from burnish.recipe.codecs import AesCbc, Base64, Codec, WinZipAes
from burnish.recipe.compare import Comparison, compare
from burnish.recipe.extents import Encoded, Extent, FileSpan, Literal, Range, Recipe, Source, Zeros
from burnish.recipe.files import StreamedFile, files_of, read_table, table_bytes
from burnish.recipe.stored import load_recipe, save_recipe
from burnish.recipe.stream import Located, Opener, pieces, pour
from burnish.recipe.tree import Entry, Tree

__all__ = [
    "AesCbc",
    "Base64",
    "Codec",
    "Comparison",
    "Encoded",
    "Entry",
    "Extent",
    "FileSpan",
    "Literal",
    "Located",
    "Opener",
    "Range",
    "Recipe",
    "Source",
    "StreamedFile",
    "Tree",
    "WinZipAes",
    "Zeros",
    "compare",
    "files_of",
    "load_recipe",
    "pieces",
    "pour",
    "read_table",
    "save_recipe",
    "table_bytes",
]
