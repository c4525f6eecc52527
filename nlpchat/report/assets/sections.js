// The sections above the messages, in the page's order. Each function gives one section.

function heading() {
  const chat = DATA.chat;
  const period = chat.from ? words("period", { from: date(chat.from, "day"), to: date(chat.to, "day") }) : "";
  const where = [wordsOf("platform", chat.platform), chat.variant ? clean(chat.variant) : ""].filter(Boolean).join(", ");
  return [
    el("div", { class: "bar" }, el("p", { class: "made" }, words("made", { date: date(DATA.made, "day"), version: clean(DATA.nlpchat) })),
      themeButton()),
    el("h1", {}, el("bdi", {}, clean(chat.title, 120) || words("untitled"))),
    el("p", { class: "lead" }, [where, words("n_messages", { n: chat.messages }), words("n_people", { n: chat.people }), period]
      .filter(Boolean).join(" · ")),
  ];
}

function readSection() {
  const { scored, skipped, cut, warnings } = DATA.read;
  const kinds = Object.entries(skipped);
  return section("read",
    el("p", {}, words("read_scored", { n: scored }), " ",
      kinds.length ? words("read_skipped", { list: kinds.map(([kind, n]) => words(`kind_${kind}`, { n })).join(", ") }) : "", " ",
      cut ? words("read_cut", { n: cut }) : "", " ",
      DATA.chat.zone ? words("zone", { zone: clean(DATA.chat.zone) }) : words("no_zone")),
    warnings.length === 0 ? el("p", {}, words("all_understood"))
      : [el("p", {}, words("not_understood", { n: warnings.length })), el("ul", { class: "warnings" }, warnings.map(warning))]);
}

function warning({ what, count, line, examples }) {
  const where = line === null ? "" : words("first_line", { line });
  return el("li", {}, el("bdi", {}, clean(what, 400)), count > 1 || line !== null ? ` (${words("times", { n: count })}${where})` : "",
    examples.length ? onDemand(words("examples", { n: examples.length }), () =>
      el("ul", { class: "examples" }, examples.map((example) => el("li", { dir: "auto" }, clean(example, 300))))) : null);
}

function modelSection() {
  const { name, created, sets, abstain } = DATA.model;
  const best = sets[0];
  return section("model",
    el("p", {}, words("model_what", { name: clean(name), created: created ? date(created, "day") : words("no_date") }), " ",
      best ? words(best.low === null ? "model_quality_bare" : "model_quality", { f1: decimal(best.macro_f1), low: decimal(best.low), high: decimal(best.high), set: clean(best.set), n: best.n })
        : words("model_unmeasured"), " ", el("strong", {}, words("model_errs"))),
    abstain > 0 ? el("p", {}, words("model_abstain", { share: percent(abstain) })) : null,
    sets.length ? onDemand(words("model_sets"), () => table(words("model_sets"),
      [words("set_column"), words("texts_column"), words("f1_column"), words("interval_column")],
      sets.map((set) => [clean(set.set), NUMBER.format(set.n), decimal(set.macro_f1),
        set.low === null ? "–" : `${decimal(set.low)} – ${decimal(set.high)}`]))) : null);
}

function decimal(number) {
  return number === null || number === undefined ? "–"
    : new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(number);
}

function wholeSection() {
  const whole = DATA.whole;
  if (whole.n === 0) return section("whole", el("p", { class: "empty" }, words("nothing_scored")));
  return section("whole",
    el("p", {}, words("whole_n", { n: whole.n }), " ", fewMark(whole.n)),
    el("ul", { class: "cards" }, DATA.labels.map((label, i) => el("li", { class: `card ${label}` },
      el("span", { class: "big" }, percent(shareOf(whole, label))), badge(label),
      el("span", { class: "n" }, words("n_messages", { n: whole.counts[i] }))))),
    chart({ label: words("whole_chart"), height: 54, spec: divided([whole], () => words("whole_title")) }));
}

const UNITS = ["day", "week", "month"];

function timeSection() {
  const has = UNITS.filter((unit) => DATA.time[unit].length);
  if (!has.length) return section("time", el("p", { class: "empty" }, words("nothing_scored")));
  // The finest that rests on enough messages most of the time; else the coarsest with a course to see.
  const solid = (unit) => DATA.time[unit].length > 2 && DATA.time[unit].filter((p) => p.n >= FEW).length * 2 >= DATA.time[unit].length;
  const first = has.find(solid) ?? has.findLast((unit) => DATA.time[unit].length > 2) ?? has[0];
  let unit = first;
  const rows = () => DATA.time[unit].map((point) => [periodName(point.t, unit), ...figures(point)]);
  const label = () => words("time_chart", { unit: words(`by_${unit}`) });
  const place = el("div", {});
  const show = () => place.replaceChildren(chart({ label: label(), height: 300, spec: overTime(DATA.time[unit], unit),
    heads: figureHeads(words("period_column")), rows }));
  show();
  const choose = (wanted) => { unit = wanted; show(); startCharts.watch?.(place.querySelector(".chart")); };
  return section("time", el("p", {}, words("time_what")),
    el("fieldset", { class: "switch" }, el("legend", {}, words("switch_time")), UNITS.map((each) => el("label", {},
      el("input", { type: "radio", name: "unit", value: each, checked: each === first, disabled: !has.includes(each), onchange: () => choose(each) }),
      el("span", {}, words(each))))),
    has.length < UNITS.length ? el("p", { class: "note" }, words("too_many_points")) : null,
    shareLegend(), place);
}

function peopleSection() {
  const people = DATA.people.map((part, i) => ({ ...part, i })).filter((part) => part.n > 0);
  if (!people.length) return section("people", el("p", { class: "empty" }, words("nothing_scored")));
  return section("people", el("p", {}, words("people_what", { n: FEW })),
    el("ul", { class: "legend" }, DATA.labels.map((label) => el("li", {}, el("span", { class: `swatch block ${label}`, "aria-hidden": "true" }), badge(label)))),
    chart({ label: words("people_chart"), height: 20 + 32 * people.length, spec: divided(people, (part) => personName(part.i)),
      heads: figureHeads(words("person_column")), rows: () => people.map((part) => [person(part.i), ...figures(part)]) }),
    el("h3", {}, words("people_time_title")), peopleOverTime(people));
}

const AT_FIRST = 6; // people whose months are shown before one asks for the others

function peopleOverTime(people) {
  const months = DATA.people.map((_, i) => DATA.by_person.month.filter((point) => point.p === i));
  const shown = people.filter(({ i }) => months[i].some((point) => point.n >= FEW));
  const few = people.filter((part) => !shown.includes(part));
  const left = few.length ? el("p", { class: "note" }, words("people_few", { n: FEW }), " ",
    few.map(({ i }, place) => [place ? ", " : "", person(i)])) : null;
  if (!shown.length) return left;
  const top = Math.max(...shown.map(({ i }) => highest(months[i]))); // one scale, to compare people by
  const grid = el("div", { class: "grid" });
  const show = (part) => {
    const made = el("div", {}, el("h4", {}, person(part.i), " ", howMany(part.n)),
      chart({ label: words("person_time_chart", { name: personName(part.i) }), height: 160, spec: overTime(months[part.i], "month", 100, 28, top),
        heads: figureHeads(words("period_column")), rows: () => months[part.i].map((point) => [periodName(point.t, "month"), ...figures(point)]) }));
    grid.append(made);
    startCharts.watch?.(made.querySelector(".chart"));
  };
  shown.slice(0, AT_FIRST).forEach(show);
  const others = shown.slice(AT_FIRST);
  const more = others.length ? el("button", { type: "button", class: "plain", onclick: () => {
    others.forEach(show);
    more.remove();
    const first = grid.children[AT_FIRST].querySelector("h4");
    first.tabIndex = -1;
    first.focus();
  } }, words("show_people", { n: others.length })) : null;
  return [shareLegend(), grid, more, left];
}

const MOST_IN_HEAT = 12; // people in the table of who answers whom
const MOST_IN_HEAD = 12; // characters of their names there

function pairsSection() {
  if (!DATA.pairs.length) return section("pairs", el("p", { class: "empty" }, words("no_pairs")));
  const weight = new Map();
  for (const { from, to, n } of DATA.pairs) for (const each of [from, to]) weight.set(each, (weight.get(each) ?? 0) + n);
  const who = [...weight].sort((a, b) => b[1] - a[1]).slice(0, MOST_IN_HEAT).map(([index]) => index).sort((a, b) => a - b);
  const found = new Map(DATA.pairs.map((pair) => [`${pair.from} ${pair.to}`, pair]));
  const heads = [[el("div", {}, words("answers_from"), " ↓"), el("div", {}, words("answers_to"), " →")], ...who.map((index) => person(index, MOST_IN_HEAD))];
  const rows = who.map((from) => [person(from, MOST_IN_HEAD), ...who.map((to) => heatCell(found.get(`${from} ${to}`), from === to))]);
  const all = () => table(words("pairs_all"), [words("answers_from"), words("answers_to"), ...figureHeads("").slice(1)],
    DATA.pairs.map((pair) => [person(pair.from), person(pair.to), ...figures(pair)]));
  return section("pairs", el("p", {}, words("pairs_what")), table(words("pairs_table"), heads, rows, "heat"),
    el("p", { class: "note" }, words("pairs_note", { n: FEW })), onDemand(words("as_table"), all));
}

function heatCell(pair, self) {
  if (!pair) return el("span", { class: "none" }, self ? "" : "·");
  const balance = shareOf(pair, "pos") - shareOf(pair, "neg");
  const cell = el("span", { class: `heat-cell ${balance < 0 ? "neg" : "pos"}${pair.n < FEW ? " few" : ""}` },
    el("span", { class: "big" }, `${SYMBOLS.pos} ${percent(shareOf(pair, "pos"))}`),
    el("span", { class: "big" }, `${SYMBOLS.neg} ${percent(shareOf(pair, "neg"))}`), howMany(pair.n));
  cell.style.setProperty("--weight", `${Math.round(Math.min(1, Math.abs(balance) * 1.6) * 40)}%`);
  return cell;
}

function rhythmSection() {
  const monday = Date.UTC(2024, 0, 1);
  const day = (style) => (point) => date(monday + (point.d - 1) * 86_400_000, style);
  const hour = ({ h }) => words("hour", { h: String(h) });
  const some = (points) => points.some((point) => point.n > 0);
  const rows = (points, name) => () => points.map((point) => [name(point), ...figures(point)]);
  if (!some(DATA.hours) && !some(DATA.weekdays)) return section("rhythm", el("p", { class: "empty" }, words("nothing_scored")));
  return section("rhythm", shareLegend(false),
    el("h3", {}, words("hours_title")),
    chart({ label: words("hours_chart"), height: 220, spec: byClass(DATA.hours, ({ h }) => String(h), hour),
      heads: figureHeads(words("hour_column")), rows: rows(DATA.hours, hour) }),
    el("h3", {}, words("weekdays_title")),
    chart({ label: words("weekdays_chart"), height: 220, spec: byClass(DATA.weekdays, day("shortWeekday"), day("weekday")),
      heads: figureHeads(words("weekday_column")), rows: rows(DATA.weekdays, day("weekday")) }));
}

function distributionSection() {
  const { edges, counts } = DATA.distribution;
  if (!counts.some((n) => n > 0)) return section("distribution", el("p", { class: "empty" }, words("nothing_scored")));
  const n = counts.reduce((all, each) => all + each, 0);
  return section("distribution", el("p", {}, words("distribution_what"), " ", howMany(n)),
    chart({ label: words("distribution_chart"), height: 230, spec: histogram(DATA.distribution),
      heads: [words("score_column"), words("messages_column"), words("share_column")],
      rows: () => counts.map((count, i) => [`${WEIGHT.format(edges[i])} … ${WEIGHT.format(edges[i + 1])}`, NUMBER.format(count), percent(count / n)]) }));
}

function emojiSection() {
  if (!DATA.emoji.length) return section("emoji", el("p", { class: "empty" }, words("no_emoji")));
  const mood = (part) => shareOf(part, "pos") - shareOf(part, "neg");
  const sorted = [...DATA.emoji].sort((a, b) => mood(b) - mood(a) || b.n - a.n);
  return section("emoji", el("p", {}, words("emoji_what")),
    table(words("emoji_table"), [words("emoji_column"), words("messages_column"), words("mood_column"),
      ...["neg", "pos"].map((label) => `${SYMBOLS[label]} ${words(label)}`)],
    sorted.map((part) => [el("span", { class: "emoji" }, clean(part.emoji, 12)), howMany(part.n), dividedBar(part),
      percent(shareOf(part, "neg")), percent(shareOf(part, "pos"))]), "emoji-table"));
}

function stretchesSection() {
  const list = (label) => {
    const found = DATA.stretches[label];
    return el("div", {}, el("h3", {}, badge(label), " ", words(`stretches_${label}`)),
      found.length ? el("ul", { class: "stretches" }, found.map((stretch) => el("li", {},
        el("strong", {}, words("stretch", { from: date(stretch.from), to: date(stretch.to) })), el("br"),
        words("stretch_share", { n: stretch.n, share: percent(stretch.share), label: words(`${label}_plural`) }), " ", fewMark(stretch.n),
        el("div", {}, el("button", { type: "button", class: "plain", onclick: () => showBetween(stretch.from, stretch.to) }, words("see_messages"))))))
        : el("p", { class: "empty" }, words("no_stretch")));
  };
  return section("stretches", el("p", {}, words("stretches_what")), el("div", { class: "halves" }, list("pos"), list("neg")));
}
