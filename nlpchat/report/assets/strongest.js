// The strongest messages: each with the three before it, and what its words weigh.

const SLIGHT = 0.005; // a weight nearer to 0 than this is the rounding of the model
const NOTABLE = 0.05; // where no word of a message weighs so much, none has the deepest tint
const LEVELS = [0.06, 0.25, 0.55]; // of the heaviest word of the message: where its three tints begin

function strongestSection() {
  const half = (label) => el("div", {}, el("h3", {}, badge(label), " ", words(`strongest_${label}`)),
    DATA.strongest[label].length ? el("ol", { class: "strongest" }, DATA.strongest[label].map((found) => strong(found, label)))
      : el("p", { class: "empty" }, words("none_such")));
  return section("strongest", el("p", {}, words("strongest_what")), weightLegend(),
    el("div", { class: "halves" }, half("pos"), half("neg")));
}

function weightLegend() {
  return el("p", { class: "legend weights" }, ["neg", "pos"].map((label) => [
    el("span", { class: `word for ${label} w3` }, words("word_for", { label: words(label) })), " ",
    el("span", { class: `word against ${label} w2` }, words("word_against", { label: words(label) })), " "]),
  el("span", { class: "note" }, words("arrows")));
}

function strong(found, label) {
  const place = DATA.labels.indexOf(label);
  const said = el("p", { class: "said", "aria-live": "polite" }, "");
  return el("li", { class: `message ${label}` },
    found.before.length ? el("ol", { class: "before", "aria-label": words("before_it") }, found.before.map(earlier)) : null,
    el("p", { class: "meta" }, person(found.who), " · ", el("time", {}, date(found.at)), " ", badge(label, ` ${percent(found.scores[place])}`)),
    weighed(found, label, said), found.cut ? el("p", { class: "note" }, words("cut_text")) : null,
    found.words.length ? el("div", { class: "reasons" }, onDemand(words("weights_table"), () => weightTable(found, label)), said) : null);
}

function earlier({ at, who, text, label }) {
  return el("li", {}, el("p", { class: "meta" }, person(who), " · ", el("time", {}, date(at)), " ", label ? badge(label) : null),
    el("p", { class: "text", dir: "auto" }, text));
}

/** The text with its words marked. Offsets count characters (code points), as Python does; JavaScript's count UTF-16 halves. */
function weighed({ text, words: weights }, label, said) {
  const letters = Array.from(text), group = el("p", { class: "text weighed", dir: "auto", role: "group", "aria-label": words("weighed_group") });
  const heaviest = Math.max(NOTABLE, ...weights.map(([, , weight]) => Math.abs(weight)));
  let end = 0;
  for (const [start, stop, weight] of [...weights].sort((a, b) => a[0] - b[0])) {
    if (start < end || stop > letters.length) continue;
    group.append(letters.slice(end, start).join(""));
    group.append(word(letters.slice(start, stop).join(""), weight, heaviest, label, said));
    end = stop;
  }
  group.append(letters.slice(end).join(""));
  // One stop of the Tab key for the message; the arrows go from word to word.
  const all = [...group.querySelectorAll(".word")];
  if (all.length) all[0].tabIndex = 0;
  if (all.length && all.every((each) => each.classList.contains("w0"))) said.textContent = words("no_word_alone");
  group.addEventListener("keydown", (event) => walk(event, all));
  return group;
}

function word(text, weight, heaviest, label, said) {
  const level = Math.abs(weight) < SLIGHT ? 0 : LEVELS.filter((from) => Math.abs(weight) / heaviest >= from).length;
  const tell = () => { said.textContent = weightWords(text, weight, label); };
  return el("span", { class: `word ${weight < 0 ? "against" : "for"} ${label} w${level}`, tabindex: "-1", onmouseenter: tell, onfocus: tell }, text);
}

function weightWords(text, weight, label) {
  return words("weight_is", { word: clean(text, 40), weight: WEIGHT.format(weight), label: words(label) });
}

function walk(event, all) {
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
  const here = all.indexOf(document.activeElement);
  if (!step || here < 0) return;
  event.preventDefault();
  const there = all[Math.max(0, Math.min(all.length - 1, here + step))];
  all[here].tabIndex = -1;
  there.tabIndex = 0;
  there.focus();
}

function weightTable({ text, words: weights }, label) {
  const letters = Array.from(text);
  const sorted = [...weights].sort((a, b) => Math.abs(b[2]) - Math.abs(a[2])).slice(0, 20);
  return table(words("weights_caption", { label: words(label) }), [words("word_column"), words("weight_column")],
    sorted.map(([start, stop, weight]) => [el("bdi", {}, clean(letters.slice(start, stop).join(""), 40)), WEIGHT.format(weight)]), "small");
}
