// Asks for an API key, and tries it. It stays in this tab's memory.

import { html, useRef, useState } from "./elements.js";
import { ApiProblem, ask, forgetKey, keepKey } from "./api.js";
import { Problem } from "./problem.js";
import { Screen } from "./screen.js";

export function SignIn({ whenDone }) {
  const field = useRef(null);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);

  async function tryKey(event) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const key = field.current.value.trim();
    try {
      // Browsers send no such header, and look as if the API could not be reached.
      if (/[^\x21-\x7e]/.test(key)) throw new ApiProblem(401, { code: "unauthenticated" });
      keepKey(key);
      await ask("GET", "/v1/client-tokens", { query: { limit: 1 } });
    } catch (error) {
      // A key without the scope for tokens may have others.
      if (!error.scope) {
        forgetKey();
        setProblem(error);
        setBusy(false);
        field.current.focus();
        return;
      }
    }
    field.current.value = "";
    whenDone();
  }

  return html`
    <div class="sign-in">
      <${Screen} title="Client tokens">
        <p class="quiet">See how your tokens are used and who was refused, and why. Change what they allow.</p>
        <form onSubmit=${tryKey} autocomplete="off">
          <label>API key
            <input ref=${field} type="password" required autocomplete="off" spellcheck="false" data-1p-ignore data-lpignore="true"
              aria-invalid=${problem ? "true" : undefined} aria-describedby="key-help" />
          </label>
          <p id="key-help" class="quiet"><small>It stays in this tab's memory. A reload forgets it.</small></p>
          <${Problem} problem=${problem} />
          <button type="submit" aria-busy=${isBusy ? "true" : undefined} disabled=${isBusy}>Sign in</button>
        </form>
        <details>
          <summary>Where do I get a key?</summary>
          <p>With <code>make run</code>, the terminal prints one. In a deployment, an operator creates it:</p>
          <pre><code>client-tokens keys create --stack client-tokens --tenant acme --name Console</code></pre>
        </details>
      </>
    </div>`;
}
