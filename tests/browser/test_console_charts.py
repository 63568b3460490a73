"""The console's charts: limits and budgets are lines, and each line is also said in words."""

import pytest
from selenium.webdriver.common.by import By

from tests.browser.test_console import console, owner, sign_in, token  # noqa: F401 - fixtures

# How many pixels of a figure's canvas have a color of the style sheet.
PIXELS = """
    const [figure, name] = arguments;
    const pixelsOf = (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const dot = new OffscreenCanvas(1, 1);
    const brush = dot.getContext("2d");
    brush.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    brush.fillRect(0, 0, 1, 1);
    const wanted = pixelsOf(dot).join();
    const data = pixelsOf(figure.querySelector("canvas"));
    let found = 0;
    for (let at = 0; at < data.length; at += 4) found += data.slice(at, at + 4).join() === wanted;
    return found;
"""


def figure(owner, title):  # noqa: F811
    (found,) = owner.wait(lambda: owner.driver.find_elements(By.XPATH, f"//figure[.//strong[.='{title}']]"))
    return found


@pytest.mark.parametrize("budget", [None, 2])
def test_limit_and_budget_are_lines(owner, management, token, budget):  # noqa: F811
    token_id, _ = token("Charts")
    management.ask("PUT", f"/v1/client-tokens/{token_id}", {"rateLimitPerHour": 60, "dailyBudget": budget})
    owner.driver.execute_script("location.hash = `#/tokens/${arguments[0]}`", token_id)
    lines = {
        "Messages": "dashed: limit of 60 per address",
        "Refused": "",
        "Spent since midnight UTC": "dashed: budget of $2.00 per day" if budget else "",
    }
    for title, words in lines.items():
        chart = figure(owner, title)
        assert chart.find_element(By.CSS_SELECTOR, "figcaption .quiet").text == words
        assert (owner.driver.execute_script(PIXELS, chart, "--warn") > 100) == bool(words), title
