// Screens by the fragment of the address, which browsers send to no server: #/tokens/ct_1?period=day.

import { useEffect, useState } from "./elements.js";

/** The address of a screen: linkTo("tokens", id). */
export function linkTo(...path) {
  return `#/${path.map(encodeURIComponent).join("/")}`;
}

export function go(...path) {
  globalThis.location.hash = linkTo(...path);
}

/** Goes there from the screen at `hash`, unless the reader has gone elsewhere meanwhile. */
export function goFrom(hash, ...path) {
  if (globalThis.location.hash === hash) go(...path);
}

/** The route of the address: the parts of its path, decoded, and its query. */
export function useRoute() {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const follow = () => setRoute(readRoute());
    globalThis.addEventListener("hashchange", follow);
    return () => globalThis.removeEventListener("hashchange", follow);
  }, []);
  return route;
}

function readRoute() {
  const [path, query] = globalThis.location.hash.replace(/^#\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query ?? "") };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
