"""The bundler keeps what every bundler must keep, and does so for all that it may be told to do."""

import pytest
from burnish.contracts import Bundler
from burnish.testing.bundlers import BundlerConformance
from burnish_bundler_web.bundler import WebBundler
from burnish_bundler_web.settings import Settings


class TestWeb(BundlerConformance):
    @pytest.fixture(params=["none", "reduced", "full"])
    def bundler(self, request: pytest.FixtureRequest) -> Bundler:
        return WebBundler(Settings(embedded=request.param))
