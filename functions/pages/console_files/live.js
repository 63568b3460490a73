// Says what has happened, on the screen and to screen readers, without taking the focus.

let timer;

/** Also in an open dialog, which hides the page behind it. Longer texts stay longer. */
export function say(text) {
  const show = (words) => document.querySelectorAll(".said").forEach((region) => region.replaceChildren(words));
  show(text);
  clearTimeout(timer);
  timer = setTimeout(show, Math.max(8000, 100 * text.length), "");
}
