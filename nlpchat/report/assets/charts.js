// Charts: Vega-Lite specifications drawn by Vega as SVG, with its expression interpreter, so that the page's policy
// needs no eval. Colours are CSS variables: a change of theme, or paper, needs no new drawing.

const AXIS = 48, RIGHT = 12; // pixels left and right of the plots, the same in every chart so that they line up
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"; // the page's; Vega measures with it

const waiting = new Map(); // host element -> its specification (a function of the width)
const drawn = new Map(); // host element -> {view, width}

/** A figure: a chart drawn when it comes into view, its description, and its numbers as a table on demand. */
function chart({ label, height, spec, heads, rows, legend }) {
  // Vega names and describes the element that it draws in, so it has one of its own, inside of the one with the label.
  const host = el("div", { class: "chart", role: "img", "aria-label": label }, el("div", { "aria-hidden": "true" }));
  host.style.minHeight = `${height}px`;
  waiting.set(host, spec);
  return el("figure", {}, legend ?? null, host,
    heads ? onDemand(words("as_table"), () => table(label, heads, rows())) : null);
}

function draw(host) {
  const width = host.clientWidth;
  if (!window.vega || !width) return;
  drawn.get(host)?.view.finalize();
  const full = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", config: chartConfig(), padding: { left: 0, right: 0, top: 6, bottom: 4 },
    ...waiting.get(host)(width) };
  const compiled = window.vegaLite.compile(full, { logger: quiet() }).spec;
  const view = new window.vega.View(window.vega.parse(compiled, null, { ast: true }), {
    expr: window.vegaInterpreter.expressionInterpreter,
    renderer: "svg", container: host.firstChild, hover: false, tooltip: showTip,
    loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
  });
  view.run();
  host.style.minHeight = ""; // it was kept free until now
  drawn.set(host, { view, width });
}

function refuse() {
  return Promise.reject(new Error("the report loads nothing"));
}

/** Vega-Lite says in the console what it mends in a specification by itself (an empty domain); that helps no reader. */
function quiet() {
  return window.vega.logger(window.vega.Error);
}

function startCharts() {
  setChartLocale();
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && !drawn.has(target)) draw(target);
  }, { rootMargin: "300px" });
  const sized = new ResizeObserver((entries) => {
    clearTimeout(startCharts.timer);
    startCharts.timer = setTimeout(() => entries.forEach(({ target }) => fit(target)), 120);
  });
  startCharts.watch = (host) => { seen.observe(host); sized.observe(host); };
  for (const host of waiting.keys()) startCharts.watch(host);
  window.addEventListener("beforeprint", () => { for (const host of waiting.keys()) if (!drawn.has(host)) draw(host); });
}

function fit(host) {
  const before = drawn.get(host);
  if (before && host.clientWidth && host.clientWidth !== before.width) draw(host);
}

function showTip(_handler, event, _item, value) {
  const tip = document.getElementById("tip");
  tip.hidden = !value;
  if (!value) return;
  tip.textContent = value;
  const { clientWidth: wide, clientHeight: high } = document.documentElement;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, wide - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(8, Math.min(event.clientY + 14, high - tip.offsetHeight - 8))}px`;
}

function chartConfig() {
  const text = { labelColor: "var(--muted)", titleColor: "var(--muted)", labelFontSize: 12, titleFontSize: 12,
    titleFontWeight: "normal", labelFont: FONT, titleFont: FONT };
  return {
    aria: false, background: null, font: FONT,
    view: { stroke: null },
    axis: { ...text, domainColor: "var(--line)", tickColor: "var(--line)", gridColor: "var(--line)", labelPadding: 5 },
    axisX: { grid: false },
    axisY: { domain: false, ticks: false, minExtent: AXIS - 8, maxExtent: AXIS - 8 },
    bar: { fill: "var(--count)" },
    text: { fill: "var(--ink)", font: FONT, fontSize: 12 },
  };
}

/** Numbers and names of months of Vega's axes, as Intl has them. */
function setChartLocale() {
  const parts = new Intl.NumberFormat(LOCALE).formatToParts(-1234567.5);
  const part = (type) => parts.find((each) => each.type === type)?.value ?? "";
  const months = Array.from({ length: 12 }, (_, i) => Date.UTC(2024, i, 15));
  const days = Array.from({ length: 7 }, (_, i) => Date.UTC(2024, 8, 1 + i)); // 1 September 2024 was a Sunday
  window.vega.formatLocale({ decimal: part("decimal"), thousands: part("group"), grouping: [3], currency: ["", ""],
    percent: PERCENT.format(1).replace(/^\d+/, "") });
  window.vega.timeFormatLocale({ dateTime: "%x %X", date: "%d/%m/%Y", time: "%H:%M:%S", periods: ["", ""],
    days: days.map((at) => date(at, "weekday")), shortDays: days.map((at) => date(at, "shortWeekday")),
    months: months.map((at) => date(at, "monthName")), shortMonths: months.map((at) => date(at, "shortMonth")) });
}
