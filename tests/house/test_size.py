"""Law 12: tools that measure stay small beside what they measure."""

from tests.house.code import modules

PRODUCT = ("functions", "shared")
# With the baselines, which are measured beside the product, and what the tools share.
MEASURING = ("infra/tools/bench", "infra/tools/scale", "infra/tools/soak")
SHARED_BY_TOOLS = {"infra.tools.capacity", "infra.tools.tables"}
SHARE_MAX = 0.40


def lines(found):
    return sum(len(module.text.splitlines()) for module in found)


def test_measuring_tools_stay_below_forty_percent_of_the_product():
    shared_by_tools = [module for module in modules("infra/tools") if module.name in SHARED_BY_TOOLS]
    assert {module.name for module in shared_by_tools} == SHARED_BY_TOOLS
    measuring, product = lines([*modules(*MEASURING), *shared_by_tools]), lines(modules(*PRODUCT))
    assert measuring < SHARE_MAX * product, (
        f"The tools that measure have {measuring} lines, {measuring / product:.0%} of the {product} that they "
        f"measure. Cut what no decision rests on, to below {SHARE_MAX:.0%}."
    )
