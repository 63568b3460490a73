"""No setting of the developer's can select another AWS than the one in memory."""

import os

from infra.local import access


def test_isolation_hides_the_aws_account_of_the_developer(monkeypatch):
    monkeypatch.setattr(os, "environ", {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL": "https://real", "HOME": "/home/me"})
    access.isolate()
    assert os.environ == {
        "HOME": "/home/me",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
