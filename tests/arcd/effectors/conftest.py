from __future__ import annotations

import pytest

from arcd.guard_links import LinkSigner
from tests.arcd.effectors.far_ends import Certificates, make_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def links() -> LinkSigner:
    return LinkSigner(bytes(32), "https://guard.example.org")
