"""Public suffixes: the package's list, read our way."""

import subprocess
import sys

import pytest
from publicsuffixlist import PublicSuffixList

from shared import public_suffixes
from shared.public_suffixes import is_public_suffix


@pytest.mark.parametrize(
    "domain",
    [
        "com",
        "co.uk",
        "google",  # A brand's own top-level name is listed like any other.
        "github.io",
        "netlify.app",
        "onrender.com",
        "pages.dev",
        "vercel.app",
        "ck",  # Above the rule *.ck,
        "anything.ck",  # and by it.
        "xn--p1ai",  # рф
        "xn--55qx5d.cn",  # 公司.cn
    ],
)
def test_public_suffix_is_recognized(domain):
    assert is_public_suffix(domain)


@pytest.mark.parametrize("domain", ["amazonaws.com", "windows.net", "railway.app"])
def test_domain_above_a_public_suffix_counts_as_one(domain):
    """A wildcard matches at any depth, so it reaches the strangers further down."""
    assert not PublicSuffixList().is_public(domain)
    assert is_public_suffix(domain)


@pytest.mark.parametrize(
    "domain",
    [
        "example.com",
        "example.co.uk",
        "my-app.vercel.app",
        "acme.vercel.app",
        "shop.pages.dev",
        "d1a2b3.amplifyapp.com",
        "www.ck",  # The rule !www.ck excepts it from *.ck.
        "below.anything.ck",
        "localhost",
        "internal",
        "",
    ],
)
def test_private_domain_is_not_a_public_suffix(domain):
    assert not is_public_suffix(domain)


def test_result_matches_the_package_below_every_rule():
    """The package answers the narrower question, and has read the list by code of its own."""
    package = PublicSuffixList()
    names = [name.removeprefix("*.").removeprefix("!") for name in public_suffixes._names()]
    below = [f"{prefix}.{name}" for name in names for prefix in ("stranger", "www.stranger")]
    assert [name for name in below if is_public_suffix(name) != package.is_public(name, accept_unknown=False)] == []
    assert [name for name in names if package.is_public(name, accept_unknown=False) > is_public_suffix(name)] == []


def test_list_is_loaded_on_first_use():
    """Most tokens have no wildcard, and their calls must not pay for the list."""
    program = "import sys, shared.public_suffixes; sys.exit('publicsuffixlist' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
