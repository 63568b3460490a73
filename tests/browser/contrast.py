"""Measures the contrast of text by WCAG 2.2 (success criterion 1.4.3, level AA)."""

# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. A canvas turns colors of every notation into red, green, and blue.
_SCRIPT = """
const pixel = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const parse = (color) => {
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = color;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
};
const blend = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
const background = (element) => {
  const layers = [];
  for (let at = element; at && layers.at(-1)?.[3] !== 1; at = at.parentElement) {
    layers.push(parse(getComputedStyle(at).backgroundColor));
  }
  return layers.reduceRight((under, top) => blend(top, under), [255, 255, 255, 1]);
};
const luminance = (color) => color.slice(0, 3).map((part) => part / 255)
  .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
const isLarge = ({fontSize, fontWeight}) => parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const measured = [];
while (texts.nextNode()) {
  const text = texts.currentNode.data.trim(), element = texts.currentNode.parentElement;
  const isSeen = element.checkVisibility({opacityProperty: true, visibilityProperty: true});
  const {width, height} = element.getBoundingClientRect();
  if (!text || !isSeen || width < 2 || height < 2) continue;
  const style = getComputedStyle(element), under = background(element);
  const [dark, light] = [luminance(blend(parse(style.color), under)), luminance(under)].sort((a, b) => a - b);
  const ratio = (light + 0.05) / (dark + 0.05);
  measured.push([text.slice(0, 40), ratio, isLarge(style) ? 3 : 4.5]);
}
return measured;
"""


def unreadable(driver):
    """Texts on the page with too little contrast -> their contrast ratio."""
    measured = driver.execute_script(_SCRIPT)
    assert measured, "There is no text on the page."
    return {text: round(ratio, 2) for text, ratio, least in measured if ratio < least}
