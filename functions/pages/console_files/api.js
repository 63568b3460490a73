// The management API, which is the console's only backend. The API key is in this module's variable and nowhere else:
// no storage, cookie, or address holds it, and a reload forgets it.

let apiKey = null;
// The page is at .../console, and the API beside it.
const BASE = new URL(".", globalThis.location.href);
/** The API's address, as pages have it. */
export const API = BASE.href.replace(/\/$/, "");

/** An error response. `scope`: the one that the key lacks, if that is the reason. */
export class ApiProblem extends Error {
  constructor(status, body) {
    super(body.error ?? `The API refused the request (status ${status}).`);
    this.status = status;
    this.code = body.code ?? "";
    this.hint = body.hint ?? "";
    this.details = body.details ?? [];
    this.requestId = body.requestId ?? "";
    this.scope = status === 403 ? (/scope ([a-z]+:[a-z]+)/.exec(this.hint)?.[1] ?? "") : "";
  }
}

export const hasKey = () => apiKey !== null;

export function keepKey(key) {
  apiKey = key;
}

export function forgetKey() {
  apiKey = null;
}

/** A path whose variable parts are encoded: pathOf`/v1/client-tokens/${id}`. */
export function pathOf(fixed, ...variable) {
  return fixed.reduce((path, part, index) => path + encodeURIComponent(variable[index - 1]) + part);
}

/** Sends a request. Gives the body and the ETag, or throws ApiProblem. */
export async function ask(method, path, { query = {}, body, etag, idempotencyKey, signal } = {}) {
  const address = new URL(path.slice(1), BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") address.searchParams.set(name, value);
  }
  const headers = { Authorization: `Bearer ${apiKey}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const response = await send(address, { method, headers, signal, body: body && JSON.stringify(body) });
  return { body: await readBody(response), etag: response.headers.get("ETag") };
}

/** A request without cookies. Throws ApiProblem if there is no response. */
export async function send(address, options) {
  try {
    return await fetch(address, { ...options, cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiProblem(0, { error: "The API cannot be reached.", hint: "Check your connection, and try again." });
  }
}

/** The body of a successful response. Throws ApiProblem, also for what a proxy answers instead of the API. */
export async function readBody(response) {
  const body = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return null;
  });
  if (body === null) {
    throw new ApiProblem(response.status, {
      error: `What came back is no answer of the API (status ${response.status}).`,
      hint: "Try again. If it happens again, look at the proxies between your browser and the API.",
    });
  }
  if (!response.ok) throw new ApiProblem(response.status, body);
  return body;
}
