// What the charts are: Vega-Lite specifications, each a function of the width it has, in pixels.

const SHAPES = { neg: "M-1,0H1", neu: "circle", pos: "M-1,0H1M0,-1V1", unsure: "diamond" }; // as SYMBOLS
const COUNTED = ["neg", "pos"]; // the labels whose share is followed
const MARKED = 14; // pixels between points; where there are fewer, a sign at each would hide the line

const byLabel = (range) => ({ field: "label", type: "nominal", legend: null,
  scale: { domain: DATA.labels, range: DATA.labels.map(range) } });
const COLOUR = byLabel((label) => `var(--${label})`);
const SHAPE = byLabel((label) => SHAPES[label]);
const DASH = byLabel((label) => (label === "neg" ? [6, 3] : [1, 0]));
const PALE = { condition: { test: "datum.few", value: 0.35 }, value: 1 };

function shareAxis(title = words("share_axis")) {
  return { title: null, format: ".0%", tickCount: 4, description: title };
}

function countAxis() {
  return { title: null, format: "~s", tickCount: 2, tickMinStep: 1 };
}

/** What is said of a part when one points at it. */
function tipOf(head, part, shares) {
  const lines = [head, words("n_messages", { n: part.n })];
  for (const [label, [share, low, high]] of Object.entries(shares)) {
    lines.push(`${SYMBOLS[label]} ${words(label)}: ${words("share_between", { share: percent(share), low: percent(low), high: percent(high) })}`);
  }
  if (part.n < FEW) lines.push(words("few"));
  return lines.join("\n");
}

/** Rows of a chart of shares: one for each point and followed label. places: x and its ends, of each point. */
function shareRows(points, place) {
  return points.flatMap((point, i) => {
    const shares = Object.fromEntries(COUNTED.map((label) =>
      [label, point[label] ?? wilson(point.counts[DATA.labels.indexOf(label)], point.n)]));
    const { head, ...where } = place(point, i);
    const tip = tipOf(head, point, shares);
    return COUNTED.map((label) => {
      const [share, low, high] = shares[label];
      return { ...where, label, share, low, high, n: point.n, few: point.n < FEW, tip };
    });
  });
}

/** Share of neg and pos over time with the band of the interval, and the number of messages below. */
function overTime(points, unit, height = 200, below = 56, top = highest(points)) {
  return (width) => {
    const rows = shareRows(points, periodPlace(points, unit));
    const inner = { width: Math.max(80, width - AXIS - RIGHT) };
    const x = (field, axis) => ({ field, type: "temporal", scale: { type: "utc", nice: false }, axis });
    const months = { format: { year: "%Y", quarter: "%b", month: "%b", week: "%-d %b", date: "%-d %b", hours: "%-d %b" },
      title: null, labelOverlap: "greedy", labelSeparation: 10, tickCount: Math.max(3, Math.floor(inner.width / 75)), labelFlush: true };
    const y = (field, more = {}) => ({ field, type: "quantitative", axis: shareAxis(), scale: { domain: [0, top], nice: false }, ...more });
    const crowded = points.length * MARKED > inner.width;
    return {
      data: { values: rows }, spacing: 10, resolve: { scale: { x: "shared" } },
      vconcat: [
        { ...inner, height, layer: [
          { mark: { type: "area", opacity: 0.16, clip: true },
            encoding: { x: x("middle", null), y: y("low"), y2: { field: "high" }, color: COLOUR, detail: { field: "run" } } },
          { mark: { type: "line", strokeWidth: 2, clip: true },
            encoding: { x: x("middle", null), y: y("share"), color: COLOUR, strokeDash: DASH, detail: { field: "run" } } },
          { transform: crowded ? [{ filter: "datum.alone" }] : [],
            mark: { type: "point", size: 70, strokeWidth: 2.5, clip: true },
            encoding: { x: x("middle", null), y: y("share"), color: COLOUR, shape: SHAPE, opacity: PALE } },
          { transform: [{ filter: "datum.label === 'neg'" }], mark: { type: "rect", opacity: 0 },
            encoding: { x: x("from", null), x2: { field: "to" }, tooltip: { field: "tip", type: "nominal" } } },
        ] },
        { ...inner, height: below, transform: [{ filter: "datum.label === 'neg'" }], mark: { type: "rect", fill: "var(--count)" },
          encoding: { x: x("from", months), x2: { field: "end" }, opacity: PALE, tooltip: { field: "tip", type: "nominal" },
            y: { field: "n", type: "quantitative", axis: countAxis(), scale: { domainMin: 0 } }, y2: { datum: 0 } } },
      ],
    };
  };
}

/** Where the axis of shares ends: above the intervals that rest on enough messages; where there are none, above the shares. */
function highest(points) {
  const rows = shareRows(points, () => ({ head: "" }));
  const solid = rows.filter((row) => !row.few).map((row) => row.high);
  const most = Math.max(0.05, ...(solid.length ? solid : rows.map((row) => row.share)));
  return Math.min(1, Math.ceil(most * 10.5) / 10);
}

/** Where a day, week or month stands; run: points with no period left out between them are joined. */
function periodPlace(points, unit) {
  const starts = points.map((point) => instant(point.t));
  const ends = starts.map((at) => nextPeriod(at, unit));
  const joined = (i) => i >= 0 && i + 1 < starts.length && starts[i + 1] <= ends[i] + 3_600_000;
  let run = 0;
  const runs = starts.map((_, i) => (i > 0 && !joined(i - 1) ? ++run : run));
  return (point, i) => ({
    head: periodName(point.t, unit), from: starts[i], to: ends[i], run: runs[i], alone: !joined(i - 1) && !joined(i),
    end: ends[i] - 0.12 * (ends[i] - starts[i]), middle: (starts[i] + ends[i]) / 2,
  });
}

function nextPeriod(at, unit) {
  const day = 86_400_000;
  if (unit !== "month") return at + (unit === "week" ? 7 : 1) * day;
  const when = new Date(at);
  return Date.UTC(when.getUTCFullYear(), when.getUTCMonth() + 1, 1);
}

function periodName(t, unit) {
  return unit === "week" ? words("week_of", { date: date(t, "week") }) : date(t, unit);
}

/** Share of neg and pos in each class (an hour, a weekday) with its interval, and the number of messages below. */
function byClass(points, nameOf, headOf, height = 150) {
  return (width) => {
    const names = points.map(nameOf);
    const rows = shareRows(points.map((point, i) => ({ ...point, i })), (point) => ({ head: headOf(point), name: nameOf(point) }));
    const inner = { width: Math.max(80, width - AXIS - RIGHT) };
    const every = Math.ceil((names.length * 26) / inner.width);
    const axis = { title: null, labelAngle: 0, values: names.filter((_, i) => i % every === 0) };
    const x = (shown) => ({ field: "name", type: "nominal", sort: names, scale: { domain: names, paddingInner: 0.25 }, axis: shown });
    const side = { field: "label", type: "nominal", scale: { domain: COUNTED } };
    const y = (field) => ({ field, type: "quantitative", axis: shareAxis(), scale: { domainMin: 0, nice: true } });
    return {
      data: { values: rows.filter((row) => row.n > 0) }, spacing: 10, resolve: { scale: { x: "shared" } },
      vconcat: [
        { ...inner, height, layer: [
          { mark: { type: "rule", strokeWidth: 2 },
            encoding: { x: x(null), xOffset: side, y: y("low"), y2: { field: "high" }, color: COLOUR,
              opacity: { condition: { test: "datum.few", value: 0.2 }, value: 0.45 } } },
          { mark: { type: "point", size: 70, strokeWidth: 2.5 },
            encoding: { x: x(null), xOffset: side, y: y("share"), color: COLOUR, shape: SHAPE, opacity: PALE,
              tooltip: { field: "tip", type: "nominal" } } },
        ] },
        { ...inner, height: 48, transform: [{ filter: "datum.label === 'neg'" }], mark: { type: "bar" },
          encoding: { x: x(axis), y: { field: "n", type: "quantitative", axis: countAxis() }, opacity: PALE,
            tooltip: { field: "tip", type: "nominal" } } },
      ],
    };
  };
}

/** A bar for each part, divided by label. nameOf gives the bar's name, unlike those of the others. */
function divided(parts, nameOf) {
  return (width) => {
    const longest = Math.max(...parts.map((part) => nameOf(part).length));
    const named = Math.min(width < 480 ? 96 : 190, 14 + 8 * longest), count = width < 480 ? 44 : 60;
    const plot = Math.max(60, parts.length > 1 ? width - named - count : width);
    const rows = parts.flatMap((part) => {
      const tip = tipOf(nameOf(part), part, Object.fromEntries(COUNTED.map((label) => [label, wilson(part.counts[DATA.labels.indexOf(label)], part.n)])));
      let from = 0;
      return DATA.labels.map((label) => {
        const share = shareOf(part, label);
        const row = { name: nameOf(part), label, from, to: from + share, middle: from + share / 2, few: part.n < FEW, tip,
          words: share * plot > 52 ? `${SYMBOLS[label]} ${percent(share)}` : "" };
        from += share;
        return row;
      });
    });
    const y = { field: "name", type: "nominal", sort: null, scale: { paddingInner: 0.35, paddingOuter: 0.1 },
      axis: parts.length > 1 ? { title: null, minExtent: named, maxExtent: named, labelLimit: named - 8, domain: false, ticks: false,
        labelColor: "var(--ink)", labelFontSize: 13 } : null };
    const x = (field) => ({ field, type: "quantitative", scale: { domain: [0, 1], nice: false }, axis: null });
    const layers = [
      { mark: { type: "bar", cornerRadius: 2, stroke: "var(--card)", strokeWidth: 1.5 },
        encoding: { y, x: x("from"), x2: { field: "to" }, color: COLOUR, opacity: { condition: { test: "datum.few", value: 0.45 }, value: 1 },
          tooltip: { field: "tip", type: "nominal" } } },
      { mark: { type: "text", baseline: "middle", fontWeight: 600 },
        encoding: { y, x: x("middle"), text: { field: "words" }, color: { condition: { test: "datum.few", value: "var(--ink)" },
          ...byLabel((label) => `var(--on-${label})`) } } },
    ];
    if (parts.length > 1) {
      const counts = parts.map((part) => ({ name: nameOf(part), n: words("n_short", { n: part.n }), at: 1 }));
      layers.push({ data: { values: counts }, mark: { type: "text", align: "left", dx: 8, fill: "var(--muted)" },
        encoding: { y, x: x("at"), text: { field: "n" } } });
    }
    return { data: { values: rows }, width: plot, height: { step: parts.length > 1 ? 32 : 54 }, layer: layers,
      resolve: { scale: { color: "independent" } } };
  };
}

/** How many messages have which score pos - neg. */
function histogram({ edges, counts }) {
  const sum = counts.reduce((all, n) => all + n, 0);
  const ends = [`${SYMBOLS.neg} ${words("neg")}`, `${words("pos")} ${SYMBOLS.pos}`]; // the page's own words, without quotes
  return (width) => ({
    data: { values: counts.map((n, i) => {
      const middle = (edges[i] + edges[i + 1]) / 2;
      const label = middle < -1 / 3 ? "neg" : middle > 1 / 3 ? "pos" : "neu";
      return { from: edges[i] + 0.006, to: edges[i + 1] - 0.006, n, label,
        tip: `${WEIGHT.format(edges[i])} … ${WEIGHT.format(edges[i + 1])}\n${words("n_messages", { n })} (${percent(sum ? n / sum : 0)})` };
    }) },
    width: Math.max(80, width - AXIS - RIGHT), height: 180, mark: { type: "rect" },
    encoding: {
      x: { field: "from", type: "quantitative", scale: { domain: [-1, 1], nice: false },
        axis: { title: words("distribution_axis"), values: [-1, -0.5, 0, 0.5, 1], labelFlush: true,
          labelExpr: `datum.value === 0 ? '0' : datum.value === -1 ? '${ends[0]}' : datum.value === 1 ? '${ends[1]}' : format(datum.value, '+.1~f')` } },
      x2: { field: "to" },
      y: { field: "n", type: "quantitative", axis: { ...countAxis(), tickCount: 4 }, scale: { domainMin: 0 } },
      y2: { datum: 0 },
      color: COLOUR, tooltip: { field: "tip", type: "nominal" },
    },
  });
}

/** The signs of a chart of shares, in words. lines: it has lines with bands; else points with strokes. */
function shareLegend(lines = true) {
  const swatch = (kind) => el("span", { class: `swatch ${kind}`, "aria-hidden": "true" });
  return el("ul", { class: "legend" },
    COUNTED.map((label) => el("li", { class: label }, lines ? swatch(label) : null, badge(label))),
    el("li", {}, swatch(lines ? "band" : "stroke"), words("band")),
    el("li", {}, swatch("count"), words("count_below")),
    el("li", {}, swatch("count pale"), words("few_pale", { n: FEW })));
}
