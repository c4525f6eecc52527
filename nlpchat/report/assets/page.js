// The page is put together; charts are drawn once their library, which stands after this script, is there.

const DARK = window.matchMedia("(prefers-color-scheme: dark)");
let themeChosen = false;

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  if (button) button.setAttribute("aria-pressed", String(dark));
}

function themeButton() {
  return el("button", { type: "button", id: "theme", class: "plain", "aria-pressed": "false", onclick: () => {
    themeChosen = true;
    setTheme(document.documentElement.dataset.theme !== "dark");
  } }, el("span", { "aria-hidden": "true" }, "◐ "), words("dark_theme"));
}

function contents(sections) {
  return [el("h2", { class: "hidden", id: "contents-title" }, words("contents")),
    el("ul", {}, sections.map((made) => el("li", {}, el("a", { href: `#${made.id}` }, made.querySelector("h2").textContent))))];
}

DARK.addEventListener("change", () => { if (!themeChosen) setTheme(DARK.matches); });
document.getElementById("top").append(...heading());
setTheme(DARK.matches);
const SECTIONS = [readSection(), modelSection(), wholeSection(), timeSection(), peopleSection(), pairsSection(), rhythmSection(),
  distributionSection(), emojiSection(), stretchesSection(), strongestSection(), messagesSection()];
document.getElementById("main").append(...SECTIONS);
document.getElementById("contents").setAttribute("aria-labelledby", "contents-title");
document.getElementById("contents").append(...contents(SECTIONS));
document.getElementById("foot").append(el("p", {}, words("foot")), document.getElementById("licences"));
document.addEventListener("scroll", () => { document.getElementById("tip").hidden = true; }, { passive: true });
document.addEventListener("DOMContentLoaded", startCharts);
