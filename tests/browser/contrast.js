// The texts of the page whose contrast is below WCAG's AA: [text, ratio, colour, background]. Not those of charts, whose
// colours are pairs of variables.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}
function over([r, g, b, a], under) {
  return [r, g, b].map((part, i) => part * a + under[i] * (1 - a)).concat(1);
}
function background(element) {
  const chain = [];
  for (let at = element; at; at = at.parentElement) chain.unshift(rgba(getComputedStyle(at).backgroundColor));
  return chain.reduce((under, colour) => over(colour, under), [255, 255, 255, 1]);
}
function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
const low = [], seen = new Set();
let looked = 0;
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const text = texts.currentNode, element = text.parentElement;
  if (!text.data.trim() || element.closest("svg, script, noscript, option, [disabled]") || !element.getClientRects().length) continue;
  looked++;
  const style = getComputedStyle(element), under = background(element);
  const ratio = contrast(over(rgba(style.color), under), under);
  const large = parseFloat(style.fontSize) >= 24;
  if (ratio < (large ? 3 : 4.5)) low.push([text.data.slice(0, 40), ratio, style.color, under.join()]);
}
const root = getComputedStyle(document.documentElement), variable = (name) => rgba(root.getPropertyValue(name));
for (const [front, back] of [["--muted", "--card"], ["--ink", "--card"], ...["neg", "neu", "pos", "unsure"].map((label) => [`--on-${label}`, `--${label}`])]) {
  const ratio = contrast(variable(front), variable(back));
  if (root.getPropertyValue(front) && ratio < 4.5) low.push([front, ratio, "", back]);
}
for (const line of ["--neg", "--pos"]) { // lines and bars: 3 to 1
  const ratio = contrast(variable(line), variable("--card"));
  if (root.getPropertyValue(line) && ratio < 3) low.push([line, ratio, "", "--card"]);
}
return { looked, low };
