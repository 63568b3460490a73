// Says what has happened, on the screen and to screen readers, without taking the focus.

let timer;

export function say(text) {
  const region = document.getElementById("said");
  region.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => region.replaceChildren(), 8000);
}
