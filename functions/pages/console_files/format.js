// Numbers and times in the reader's own language and time zone.

import { html } from "./elements.js";

const WHOLE = new Intl.NumberFormat();
const COMPACT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];

export const number = (value) => WHOLE.format(value);
export const compact = (value) => COMPACT.format(value);
export const moment = (text) => MOMENT.format(new Date(text));
export const many = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

/** Small amounts keep more decimals: an answer may cost $0.000123. */
export function dollars(value) {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: Math.abs(value) < 1 ? 6 : 2 };
  return new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", ...digits }).format(value);
}

export function duration(milliseconds) {
  return milliseconds < 1000 ? `${number(milliseconds)} ms` : `${number(milliseconds / 1000)} s`;
}

export function ago(text, now = Date.now()) {
  const seconds = (new Date(text) - now) / 1000;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  return RELATIVE.format(Math.round(seconds / length), unit);
}

/** A time relative to now; the exact one as its title. */
export function Ago({ at }) {
  return html`<time datetime=${at} title=${moment(at)}>${ago(at)}</time>`;
}
