"""Fixtures of the DICOM face: a running reception on a free port of loopback."""

from collections.abc import Iterator

import pytest

from core.tests.dicom.fakes import House, house


@pytest.fixture
def running() -> Iterator[House]:
    with house() as up:
        yield up
