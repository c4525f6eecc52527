// All the messages of the page, with search and filters; shown so many at a time.

const AT_A_TIME = 50;
const FIELDS = {}; // name -> its input

// text: folded for the search when it is first needed.
const MESSAGES = DATA.messages.map(([at, who, label, score, text]) => ({ at, who, label, score, text, folded: null }));

/** Without accents and capitals, one character for one where that can be. */
function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function messagesSection() {
  const list = el("ol", { class: "messages", "aria-label": words("messages_title") });
  const status = el("p", { class: "status", role: "status", tabindex: "-1" });
  const more = el("button", { type: "button", class: "plain", onclick: () => showMore() }, words("show_more", { n: AT_A_TIME }));
  let found = [], shown = 0, wanted = null;

  function search() {
    wanted = asked();
    found = MESSAGES.filter((message) => fits(message, wanted));
    found = ORDERS[FIELDS.order.value](found);
    shown = 0;
    list.replaceChildren();
    showMore();
  }

  function showMore() {
    const next = found.slice(shown, shown + AT_A_TIME).map((message) => messageItem(message, wanted.text));
    list.append(...next);
    if (shown && next.length) next[0].focus();
    shown += next.length;
    more.hidden = shown >= found.length;
    status.textContent = found.length ? words("found", { n: found.length, shown, all: MESSAGES.length }) : words("found_none", { all: MESSAGES.length });
  }

  const form = filters(search);
  messagesSection.search = search;
  messagesSection.status = status;
  const kept = MESSAGES.length < DATA.messages_of
    ? words("kept_some", { n: MESSAGES.length, all: DATA.messages_of }) : words("kept_all", { n: MESSAGES.length });
  const made = section("messages", el("p", {}, kept), form, status, list, more);
  search();
  return made;
}

const ORDERS = {
  newest: (found) => found.toReversed?.() ?? [...found].reverse(),
  oldest: (found) => found,
  surest: (found) => [...found].sort((a, b) => b.score - a.score),
};

function filters(search) {
  const field = (name, label, input) => {
    FIELDS[name] = input;
    input.id = `filter-${name}`;
    return el("div", { class: `field field-${name}` }, el("label", { for: input.id }, label), input);
  };
  const select = (choices) => el("select", { onchange: search }, choices.map(([value, name]) => el("option", { value }, name)));
  const who = new Set(MESSAGES.map((message) => message.who));
  const people = DATA.people.map((_, i) => [String(i), personName(i)]).filter(([i]) => who.has(Number(i)));
  if (who.has(null)) people.push(["null", words("others")]);
  const day = (iso) => (iso ? iso.slice(0, 10) : null);
  const days = { min: day(DATA.chat.from), max: day(DATA.chat.to), onchange: search };
  let typing;
  const typed = () => { clearTimeout(typing); typing = setTimeout(search, 150); };
  return el("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); search(); },
    onreset: () => setTimeout(search) },
  field("text", words("search"), el("input", { type: "search", autocomplete: "off", spellcheck: "false", oninput: typed })),
  field("person", words("person_column"), select([["", words("everyone")], ...people])),
  field("label", words("label"), select([["", words("all_labels")], ...DATA.labels.map((label, i) => [String(i), `${SYMBOLS[label]} ${words(label)}`])])),
  field("from", words("from"), el("input", { type: "date", ...days })),
  field("to", words("to"), el("input", { type: "date", ...days })),
  field("order", words("order"), select(Object.keys(ORDERS).map((name) => [name, words(`order_${name}`)]))),
  el("button", { type: "reset", class: "plain" }, words("reset")));
}

function asked() {
  const value = (name) => FIELDS[name].value;
  return {
    text: fold(value("text").trim()),
    who: value("person") === "" ? undefined : JSON.parse(value("person")),
    label: value("label") === "" ? undefined : Number(value("label")),
    from: value("from"),
    to: value("to"),
  };
}

function fits(message, { text, who, label, from, to }) {
  if (who !== undefined && message.who !== who) return false;
  if (label !== undefined && message.label !== label) return false;
  const day = message.at.slice(0, 10); // dates of ISO 8601 sort as strings
  if ((from && day < from) || (to && day > to)) return false;
  return text === "" || (message.folded ??= fold(message.text)).includes(text);
}

function messageItem({ at, who, label, score, text, folded }, sought) {
  const name = DATA.labels[label];
  return el("li", { class: `message ${name}`, tabindex: "-1" },
    el("p", { class: "meta" }, person(who), " · ", el("time", {}, date(at)), " ", badge(name, ` ${percent(score)}`)),
    el("p", { class: "text", dir: "auto" }, marked(text, folded, sought)));
}

/** The text with what was sought marked, where folding kept the length and so the places. */
function marked(text, folded, sought) {
  if (!sought || folded?.length !== text.length) return [text];
  const parts = [];
  let end = 0;
  for (let at = folded.indexOf(sought); at >= 0; at = folded.indexOf(sought, end)) {
    parts.push(text.slice(end, at), el("mark", {}, text.slice(at, at + sought.length)));
    end = at + sought.length;
  }
  return [...parts, text.slice(end)];
}

/** Only the messages between two times, and the reader there. */
function showBetween(from, to) {
  FIELDS.text.form.reset();
  FIELDS.from.value = from.slice(0, 10);
  FIELDS.to.value = to.slice(0, 10);
  FIELDS.order.value = "oldest";
  setTimeout(() => {
    messagesSection.search();
    messagesSection.status.focus();
    document.getElementById("messages").scrollIntoView();
  });
}
