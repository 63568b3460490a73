// A client token's value in a page: what to copy. docs/embedding.md has the same texts, and explains them.

import { html } from "./elements.js";
import { API } from "./api.js";
import { CopyButton } from "./copy_button.js";

const WIDGET = "@runtypelabs/persona@4.17.0";

// Indented, because lines that begin with a statement are the console's own.
const scriptTag = (value) => `
  <script>window.siteAgentConfig = {config: {errorMessage: (error) => error.message}}</script>
  <script src="https://cdn.jsdelivr.net/npm/${WIDGET}/dist/install.global.js"
    data-api-url="${API}"
    data-runtype-token="${value}"></script>
`;

const moduleCode = (value) => `
  import { initAgentWidget } from "@runtypelabs/persona";
  import "@runtypelabs/persona/widget.css";

  initAgentWidget({
    target: "body",
    config: {
      apiUrl: "${API}",
      clientToken: "${value}",
      errorMessage: (error) => error.message,
    },
  });
`;

const reactCode = (value) => `
  import { useEffect, useRef } from "react";
  import { initAgentWidget } from "@runtypelabs/persona";
  import "@runtypelabs/persona/widget.css";

  export function Chat() {
    const place = useRef(null);
    useEffect(() => {
      const chat = initAgentWidget({
        target: place.current,
        config: {
          apiUrl: "${API}",
          clientToken: "${value}",
          errorMessage: (error) => error.message,
        },
      });
      return () => chat.destroy();
    }, []);
    return <div ref={place} />;
  }
`;

const fetchCode = (value) => `
  const API = "${API}";
  const TOKEN = "${value}";
  let session;

  async function post(path, body) {
    const response = await fetch(API + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.ok) return response;
    // After a 401, the next message opens a new session.
    if (response.status === 401) session = undefined;
    const { error, hint, requestId } = await response.json();
    console.warn(error, hint, requestId);
    throw new Error(error);
  }

  /** Sends a visitor's message. Calls \`show\` with each piece of the answer. */
  async function say(text, show) {
    session ??= await (await post("/v1/client/init", { token: TOKEN })).json();
    const response = await post("/v1/client/chat", {
      sessionId: session.sessionId,
      messages: [{ role: "user", content: text }],
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const frames = (buffer + value).split("\\n\\n");
      buffer = frames.pop();
      for (const frame of frames) {
        const event = JSON.parse(frame.split("\\ndata: ")[1]);
        if (event.type === "text_delta") show(event.delta);
        if (event.type === "execution_error") console.warn(event.error.code);
      }
    }
  }
`;

const SNIPPETS = [
  ["Script tag", scriptTag, "Paste it before the end of the page's body."],
  ["Module", moduleCode, `For a bundler, after npm install ${WIDGET}.`],
  ["React", reactCode, `After npm install ${WIDGET}. Load it in the browser only.`],
  ["Your own interface, with fetch", fetchCode, "Two requests. The answer streams as server-sent events."],
];

export function Snippets({ token, value }) {
  return html`
    <section class="panel" aria-labelledby="snippets-heading">
      <div class="panel-title"><h2 id="snippets-heading">Put it in a page</h2></div>
      <p class="quiet">On ${token.allowedOrigins.join(", ")}.</p>
      ${SNIPPETS.map(([name, write, help], index) => html`<${Snippet} key=${name} name=${name} code=${outdented(write(value))} help=${help} isOpen=${index === 0} />`)}
    </section>`;
}

function Snippet({ name, code, help, isOpen }) {
  return html`
    <details name="snippets" open=${isOpen}>
      <summary>${name}</summary>
      <div class="panel-title"><span class="quiet">${help}</span><${CopyButton} text=${code} name=${`Copy ${name}`} /></div>
      <pre tabindex="0" aria-label=${name}><code>${code}</code></pre>
    </details>`;
}

const outdented = (text) => text.slice(1).replaceAll(/^ {2}/gm, "");
