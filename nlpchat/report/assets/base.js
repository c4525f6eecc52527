// What every part of the page uses: the data, the words, numbers and dates as people write them, elements.
// A string of a chat becomes text (textContent, setAttribute), never markup: nothing here parses HTML.

const DATA = JSON.parse(document.getElementById("data").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const LOCALE = DATA.lang === "fr" ? "fr-FR" : "en-GB";
const FEW = DATA.few ?? 20; // messages; a figure that rests on fewer says so
const SYMBOLS = { neg: "−", neu: "○", pos: "+", unsure: "?" };
const LONGEST_NAME = 60; // characters

const PLURAL = new Intl.PluralRules(LOCALE);
const NUMBER = new Intl.NumberFormat(LOCALE);
const PERCENT = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 });
const SMALL_PERCENT = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });
const WEIGHT = new Intl.NumberFormat(LOCALE, {
  minimumFractionDigits: 2, maximumFractionDigits: 3, signDisplay: "exceptZero",
});

/** The page's words for a key; {name} is filled in, and {n} chooses between one and many. */
function words(key, values = {}) {
  let found = WORDS[key];
  if (found === undefined) return key;
  if (typeof found === "object") found = found[PLURAL.select(values.n ?? 0)] ?? found.other;
  return found.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === "number" ? NUMBER.format(value) : value === undefined ? whole : String(value);
  });
}

/** The words for a thing whose name comes from the data; the name itself where there are none. */
function wordsOf(group, name) {
  return WORDS[`${group}_${name}`] === undefined ? clean(name) : words(`${group}_${name}`);
}

function percent(share) {
  return (share > 0 && share < 0.1 ? SMALL_PERCENT : PERCENT).format(share);
}

/** Milliseconds of a local time as the chat writes it. The browser's own zone has no part in it. */
function instant(iso) {
  const found = /^(\d{4,})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?/.exec(iso ?? "");
  if (!found) return NaN;
  const [year, month, day, hour, minute, second] = found.slice(1).map((part) => Number(part ?? 0));
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const DATES = {
  day: new Intl.DateTimeFormat(LOCALE, { dateStyle: "long", timeZone: "UTC" }),
  week: new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" }),
  month: new Intl.DateTimeFormat(LOCALE, { month: "long", year: "numeric", timeZone: "UTC" }),
  minute: new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }),
  weekday: new Intl.DateTimeFormat(LOCALE, { weekday: "long", timeZone: "UTC" }),
  shortWeekday: new Intl.DateTimeFormat(LOCALE, { weekday: "short", timeZone: "UTC" }),
  monthName: new Intl.DateTimeFormat(LOCALE, { month: "long", timeZone: "UTC" }),
  shortMonth: new Intl.DateTimeFormat(LOCALE, { month: "short", timeZone: "UTC" }),
};

function date(when, style = "minute") {
  const at = typeof when === "number" ? when : instant(when);
  return Number.isNaN(at) ? words("no_date") : DATES[style].format(at);
}

/** A string of the chat for one line of a label: no control characters, no marks that turn the direction, not too long. */
function clean(text, most = LONGEST_NAME) {
  const line = String(text).slice(0, 4 * most).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  const plain = Array.from(line.replace(/[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g, "").trim());
  return plain.length > most ? plain.slice(0, most - 1).join("") + "…" : plain.join("");
}

/** What each person is called here; a second Julie is "Julie (2)". */
const NAMES = (() => {
  const seen = new Map();
  return DATA.people.map(({ name }) => {
    const called = name === null ? words("others") : clean(name) || words("nameless");
    const number = (seen.get(called) ?? 0) + 1;
    seen.set(called, number);
    return number > 1 ? `${called} (${number})` : called;
  });
})();

function personName(index) {
  return NAMES[index] ?? words("others");
}

/** An element. on*: listeners; false, null: no such attribute; children: elements, strings, lists of them. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A name of the chat, kept apart from the direction of what stands around it. */
function person(index, most = LONGEST_NAME + 6) {
  return el("bdi", { class: "person" }, clean(personName(index), most));
}

function badge(label, more = "") {
  return el("span", { class: `badge ${label}` },
    el("span", { class: "symbol", "aria-hidden": "true" }, SYMBOLS[label] ?? "?"), ` ${words(label)}${more}`);
}

function fewMark(n, said = "few") {
  return n < FEW ? el("span", { class: "few-mark" }, words(said)) : null;
}

/** "n = 12", and that it is few where it is. */
function howMany(n) {
  return el("span", { class: "n" }, words("n_is", { n }), n < FEW ? [" ", fewMark(n, "few_short")] : null);
}

function section(id, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title`, tabindex: "-1" },
    el("h2", { id: `${id}-title` }, words(`${id}_title`)), children);
}

/** A table under its caption; heads: column titles; rows: lists of cells (strings or elements), the first of which heads its row. */
function table(caption, heads, rows, kind = "") {
  // The caption stands outside of what scrolls, so that a narrow screen shows it whole.
  return [el("p", { class: "caption", "aria-hidden": "true" }, caption),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, el("table", { class: kind, "aria-label": caption },
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map(([first, ...rest]) =>
        el("tr", {}, el("th", { scope: "row" }, first), rest.map((cell) => el("td", {}, cell)))))))];
}

/** What is shown on demand, made when it is first opened. */
function onDemand(title, make) {
  const made = el("details", { class: "more", ontoggle: () => {
    if (made.open && made.children.length === 1) made.append(...[make()].flat());
  } }, el("summary", {}, title));
  return made;
}

function shareOf(part, label) {
  const place = DATA.labels.indexOf(label);
  return part.n > 0 && place >= 0 ? part.counts[place] / part.n : 0;
}

/** Wilson's 95% interval of a share (Wilson 1927, JASA 22): [share, low, high]. */
function wilson(count, n) {
  if (n === 0) return [0, 0, 1];
  const z = 1.959964, share = count / n, base = 1 + (z * z) / n;
  const middle = (share + (z * z) / (2 * n)) / base;
  const half = (z / base) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [share, Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** The cells of a part in a table of figures: n, then each label's number and share. */
function figures(part) {
  return [howMany(part.n), ...DATA.labels.map((label, i) => `${NUMBER.format(part.counts[i])} (${percent(shareOf(part, label))})`)];
}

function figureHeads(first) {
  return [first, words("messages_column"), ...DATA.labels.map((label) => `${SYMBOLS[label]} ${words(label)}`)];
}

/** One bar divided by label, for cells of tables: seen only, the figures stand beside it. */
function dividedBar(part) {
  const bar = el("span", { class: `divided${part.n < FEW ? " few" : ""}`, "aria-hidden": "true" });
  for (const label of DATA.labels) {
    const piece = el("span", { class: `piece ${label}` });
    piece.style.width = `${100 * shareOf(part, label)}%`;
    bar.append(piece);
  }
  return bar;
}
