import json
from collections.abc import Iterator

import pytest

from bench.ground import ground
from bench.nginx import Ports, nginx, publish_url
from tests.deploy.market import Market, folder, made_by


@pytest.fixture(scope="package")
def market() -> Iterator[Market]:
    ports = Ports()
    env = {"NCHAN_PUBLISH_URL": publish_url(ports), "BEHIND_PROXY": "true"}
    with (
        ground(("web", "relay"), settings_env=env) as place,
        folder() as where,
        nginx(where, web_port=place.port, ports=ports, workers=2) as front,
    ):
        session_id, offers, quiet, word = json.loads(made_by(place))
        yield Market(place, front, session_id, offers, quiet, word)
