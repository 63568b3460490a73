// Starts the console: the sign-in, and after it the screen that the address names.

import { html, render, useState } from "./elements.js";
import { forgetKey, hasKey } from "./api.js";
import { Frame } from "./frame.js";
import { forgetUsage } from "./recent_usage.js";
import { useRoute } from "./router.js";
import { CurrentScreen } from "./screens.js";
import { SignIn } from "./sign_in.js";

function Console() {
  const route = useRoute();
  const [isSignedIn, setSignedIn] = useState(hasKey());
  const signOut = () => {
    forgetKey();
    forgetUsage();
    setSignedIn(false);
  };
  if (!isSignedIn) return html`<${SignIn} whenDone=${() => setSignedIn(true)} />`;
  return html`<${Frame} route=${route} signOut=${signOut}><${CurrentScreen} key=${route.path.join("/")} route=${route} /></>`;
}

render(html`<${Console} />`, document.getElementById("app"));
