// The settings of a client token, as a form shows them: a text per field, read from the API's value and written back.
// Which values are allowed is for the API to say.

const asText = { read: (value) => value ?? "", write: (text) => text.trim() };
const asChoice = { read: (value) => value ?? "", write: (text) => text || null };
const asFlag = { read: (value) => value, write: (flag) => flag };
const asNumber = { read: (value) => (value ?? "").toString(), write: (text) => (text.trim() === "" ? null : Number(text)) };
const asLines = { read: (values) => (values ?? []).join("\n"), write: (text) => text.split("\n").map((line) => line.trim()).filter(Boolean) };
const asTime = { read: localTime, write: (text) => (text ? new Date(text).toISOString() : null) };
const asJson = { read: (value) => (Object.keys(value ?? {}).length ? JSON.stringify(value, null, 2) : ""), write: readConfig };

/** `of`: new tokens, existing ones, or both. `kind`: how it is entered. */
export const FIELDS = [
  { name: "name", label: "Name", kind: "text", as: asText, help: "Only you see it." },
  { name: "environment", label: "Environment", kind: "choice", as: asChoice, of: "new", start: "live",
    choices: [["live", "live"], ["test", "test"]], help: "It can't be changed later. Test tokens may be used on localhost with any port." },
  { name: "allowedOrigins", label: "Allowed origins", kind: "lines", as: asLines,
    help: "The sites whose pages may use the token, one per line, such as https://shop.example.com or https://*.example.com." },
  { name: "originEnforcement", label: "Origins that are not allowed", kind: "choice", as: asChoice, of: "existing",
    choices: [["enforce", "are refused"], ["observe", "are admitted and listed, for up to 14 days"]] },
  { name: "flowIds", label: "Flows", kind: "lines", as: asLines, isTarget: true, help: "Their ids, one per line." },
  { name: "agentIds", label: "Agents", kind: "lines", as: asLines, isTarget: true, help: "Their ids, one per line." },
  { name: "defaultFlowId", label: "Default flow", kind: "text", as: asChoice, help: "For pages that name none. Empty: the first one." },
  { name: "rateLimitPerMinute", label: "Messages per minute", kind: "number", as: asNumber, isLimit: true, help: "From one address." },
  { name: "rateLimitPerHour", label: "Messages per hour", kind: "number", as: asNumber, isLimit: true, help: "From one address." },
  { name: "maxMessagesPerSession", label: "Messages per session", kind: "number", as: asNumber, isLimit: true },
  { name: "sessionIdleTimeoutMinutes", label: "Minutes until idle sessions end", kind: "number", as: asNumber, isLimit: true },
  { name: "dailyBudget", label: "Daily budget in dollars", kind: "number", as: asNumber, isLimit: true, step: "any",
    empty: "no limit", help: "What the token's answers may cost per day in UTC." },
  { name: "expiresAt", label: "Expires", kind: "time", as: asTime, isLimit: true, help: "Empty: never." },
  { name: "visitorHistory", label: "Visitors get their conversations back", kind: "flag", as: asFlag, start: true },
  { name: "config", label: "Configuration of the widget", kind: "json", as: asJson, help: "JSON that everybody can read. Put no secret into it." },
];

export const fieldNamed = (name) => FIELDS.find((field) => field.name === name);

/** What the form shows of a token, or at first of a new one. */
export function shownOf(token) {
  return Object.fromEntries(FIELDS.map((field) => [field.name, field.as.read(token ? token[field.name] : field.start)]));
}

/** The body of a new token. Empty fields take the API's defaults. Throws SyntaxError if the config is not JSON. */
export function bodyOfNew(shown) {
  const values = FIELDS.filter((field) => field.of !== "existing").map((field) => [field.name, field.as.write(shown[field.name])]);
  return Object.fromEntries(values.filter(([, value]) => value !== null && value !== ""));
}

/** The settings in which the form differs from the token. Throws SyntaxError if the config is not JSON. */
export function changesOf(shown, token) {
  const before = shownOf(token);
  const changed = FIELDS.filter((field) => field.of !== "new" && !isSame(shown[field.name], before[field.name]));
  return Object.fromEntries(changed.map((field) => [field.name, field.as.write(shown[field.name])]));
}

/** The fields of a form that differ from what it showed before. */
export function typedSince(before, shown) {
  return Object.fromEntries(Object.entries(shown).filter(([name, text]) => !isSame(text, before[name])));
}

export function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What a form itself cannot read, as an error of the API. */
export function problemOf(name, message, hint = "") {
  return { message: `${name}: ${message}`, hint, details: [{ path: name, message }] };
}

/** The first reason that an error gives for each field. */
export function reasonsByField(problem) {
  const reasons = {};
  for (const { path, message } of problem?.details ?? []) reasons[/^\w*/.exec(path)[0]] ??= message;
  return reasons;
}

function localTime(value) {
  if (!value) return "";
  const at = new Date(value);
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function readConfig(text) {
  return text.trim() === "" ? {} : JSON.parse(text);
}
