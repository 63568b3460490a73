"""The code of docs/embedding.md, pasted into the page of a website."""

import re

import pytest

from infra.local.demo import bundles
from tests.docs import pages
from tests.docs.shell import paste

PAGE = "docs/embedding.md"
API = "https://abc123.execute-api.us-east-1.amazonaws.com/api"
VALUE = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."
WELCOME = "Welcome!"
CHAT = "#chat"


@pytest.fixture
def example(create, website, stack):
    """`example(section, language)`: the example with a real address, token, and widget."""
    value = create(config={"welcomeMessage": WELCOME})["token"]

    def example(section, language):
        code = pages.blocks(pages.section(PAGE, section), language)[0]
        for written, real in ((API, stack.url), (VALUE, value), (bundles.WIDGET.cdn, "/widget")):
            code = code.replace(written, real)
        return re.sub(r"^import .*\n", "", code, flags=re.MULTILINE)

    return example


def show(website, body):
    """The widget's global object has the exports that a bundler would import."""
    website.show(f"""
        <link rel="stylesheet" href="/widget/widget.css">
        <div id="chat"></div>
        <script src="/widget/index.global.js"></script>
        <script>const {{ initAgentWidget }} = AgentWidget;</script>
        {body}
    """)


def chat(visitor):
    visitor.click("button")
    visitor.sees(WELCOME)
    assert visitor.say("Hello") == "You said: Hello"


def test_script_tag_chats_under_the_csp_of_the_page(visitor, website, stack, example):
    (policy,) = pages.blocks(pages.section(PAGE, "Content-Security-Policy"), "text")
    website.policy = " ".join(
        policy.replace(bundles.CDN_ORIGIN, "").replace(API.removesuffix("/api"), stack.url).split()
    )
    settings, tag = example("Script tag", "html").split("\n", 1)
    website.script = re.fullmatch(r"<script>(.*)</script>", settings)[1]
    website.show(f'<script src="/script.js"></script>{tag}')
    visitor.open(website.url)
    chat(visitor)
    assert [entry for entry in visitor.driver.get_log("browser") if "Content Security Policy" in entry["message"]] == []


def test_module_chats(visitor, website, example):
    show(website, f"<script>{example('Module', 'js')}</script>")
    visitor.open(website.url)
    chat(visitor)


def test_react_component_chats_after_a_second_mount(visitor, website, example):
    """React's strict mode mounts a component twice. The rendered element is the one of the reference."""
    component = example("React", "jsx").replace("export ", "").replace("return <div ref={place} />;", "")
    show(
        website,
        f"""<script>
            const useRef = () => ({{ current: document.getElementById("chat") }});
            const useEffect = (mount) => {{ mount()(); mount(); }};
            {component}
            Chat();
        </script>""",
    )
    visitor.open(website.url)
    chat(visitor)


def test_plain_fetch_chats_and_remembers_its_session(visitor, website, example):
    website.show(f"""<p id="chat"></p><script>
        {example("Your own interface, with fetch", "js")}
        const show = (piece) => {{ chat.textContent += piece; }};
        (async () => {{ for (const text of ["One", "Two"]) await say(text, show); }})();
    </script>""")
    visitor.open(website.url)
    visitor.sees("You said: OneYou said: Two", CHAT)


def test_plain_fetch_shows_the_refusal_and_recovers(visitor, website, example):
    website.show(f"""<p id="chat"></p><script>
        {example("Your own interface, with fetch", "js")}
        const show = (piece) => {{ chat.textContent += piece; }};
        (async () => {{
            await say("One", show);
            session.sessionId = "cs_unknown";
            await say("Two", show).catch((error) => show(error.message));
            await say("Three", show);
        }})();
    </script>""")
    visitor.open(website.url)
    visitor.sees("You said: Three", CHAT)
    assert visitor.text(CHAT).startswith("You said: One")


@pytest.mark.parametrize("minutes", [-600, 28])
def test_chat_works_when_the_visitors_clock_is_wrong(visitor, website, create, minutes):
    website.show_chat(
        create()["token"],
        script=f"""
            const RealDate = Date;
            Date = class extends RealDate {{
                constructor(...given) {{ given.length ? super(...given) : super(RealDate.now() + {minutes} * 60000); }}
                static now() {{ return RealDate.now() + {minutes} * 60000; }}
            }};
        """,
    )
    visitor.open(website.url)
    assert visitor.say("Hello") == "You said: Hello"


def test_readme_page_chats(visitor, website, stack, tmp_path):
    (block,) = pages.blocks(pages.section("README.md", "Put it in a page"), "sh")
    commands, server, _ = block.replace("http://localhost:8000", website.url).partition("python3 -m http.server")
    assert server
    paste([commands], tmp_path, stack, URL=stack.url, KEY=stack.api_key)
    html = (tmp_path / ".local/page/index.html").read_text()
    website.show(html.replace(bundles.WIDGET.cdn, "/widget"))
    visitor.open(website.url)
    visitor.click("button")
    assert visitor.say("Hello") == "You said: Hello"
