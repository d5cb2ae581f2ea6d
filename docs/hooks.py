"""Pages that nobody writes by hand: READMEs that are included, and the reference, made of the code.

mkdocs calls `on_files`; what is generated stands nowhere on disk.
"""

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import included
import reference


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages."""
    for path, text in {**included.pages(), **reference.pages()}.items():
        files.append(File.generated(config, path, content=text))
    return files
