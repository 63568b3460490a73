"""A page whose monitoring agents add headers to every fetch, as those of Sentry, Datadog, and OpenTelemetry do."""

HEADERS = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "acme=1",
    "baggage": "sentry-environment=production,sentry-public_key=e1b2",
    "sentry-trace": "771a43a4192642f0b136d5159a501700-7d2e7d3e7d2e7d3e-1",
    "x-datadog-trace-id": "1234567890",
    "x-datadog-origin": "rum",
    "newrelic": "eyJ2IjpbMCwxXX0=",
}
# Agents replace the page's fetch.
WRAPPED_FETCH = """
    const original = window.fetch;
    window.sent = [];
    window.fetch = (input, init = {}) => {
        const headers = new Headers(init.headers);
        for (const [name, value] of Object.entries(%r)) headers.set(name, value);
        const request = new Request(input, {...init, headers});
        window.sent.push([new URL(request.url).pathname, [...request.headers.keys()]]);
        return original(request);
    };
"""


def test_widget_chats_on_page_with_wrapped_fetch(visitor, visit, create):
    visit(create()["token"], script=WRAPPED_FETCH % HEADERS)
    assert visitor.say("Hello") == "You said: Hello"
    sent = visitor.driver.execute_script("return window.sent")
    assert [path for path, _ in sent] == ["/v1/client/init", "/v1/client/chat"]
    for path, names in sent:
        assert HEADERS.keys() <= set(names), path
