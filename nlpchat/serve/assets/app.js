// The page: gives an export to the server, shows how far it is, lets choose a conversation, shows the report.
// Whatever comes from a chat is put in as text (textContent), never as markup.
"use strict";
const BEAT_MS = 20000, ASK_MS = 400, SHOWN_CHOICES = 200;
const lang = (navigator.languages || [navigator.language]).map((l) => l.slice(0, 2)).find((l) => l in WORDS) || "en";
const at = (id) => document.getElementById(id);
const say = (key, given = {}) => WORDS[lang][key].replace(/\{(\w+)\}/g, (_, name) => String(given[name] ?? ""));
const number = (n) => n.toLocaleString(lang);
const megabytes = (n) => number(Math.floor(n / 1048576));

let page = null;    // {page, most, keeps}, as the server opened it
let job = null;     // the id of what we wait for or show
let sending = null; // the XMLHttpRequest of an upload
let asking = 0;     // grows with each job, so that answers about an earlier one are left alone

class Refusal extends Error {
  constructor(status, message, wait) { super(message); this.status = status; this.wait = wait; }
}

async function ask(path, method = "POST", body = undefined) {
  const headers = body === undefined ? {} : {"Content-Type": "application/json"};
  let answer;
  try {
    answer = await fetch(path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
  } catch { throw new Refusal(0, say("unreachable")); }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusal(answer.status, told, answer.headers.get("Retry-After"));
  return told;
}

function refusal(status, told, wait) {
  const message = status === 404 || status === 410 ? say("gone") : told?.error?.message;
  return new Refusal(status, message || say("unreachable"), Number(wait) || 0);
}

function show(...ids) {
  for (const id of ["give", "work", "choose", "done"]) at(id).hidden = !ids.includes(id);
}

function complain(message) {
  at("fault").textContent = message;
  at("fault").hidden = false;
}

function quiet() {
  for (const id of ["fault", "notes", "kept"]) { at(id).hidden = true; at(id).replaceChildren(); }
}

function tell(text, done = null, total = null) {
  if (at("state").textContent !== text) at("state").textContent = text;
  if (total) { at("bar").max = total; at("bar").value = done; } else at("bar").removeAttribute("value");
}

async function open() {
  page = await ask("/pages");
  at("most").textContent = say("most", {n: megabytes(page.most)});
  at("promise").textContent = say(page.keeps ? "keeps" : "promise");
}

function begin(files) {
  if (!files.length) return;
  quiet();
  const size = [...files].reduce((sum, file) => sum + file.size, 0);
  if (size > page.most) { complain(say("large", {n: megabytes(page.most)})); return; }
  const form = new FormData();
  for (const name of ["lang", "date_order"]) form.append(name, at(name).value);
  for (const file of files) form.append("files", file, file.name);
  at("files").value = "";
  send(form, true);
}

function send(form, again) {
  const mine = ++asking, request = sending = new XMLHttpRequest();
  show("work");
  at("stop").focus();
  tell(say("sending", {n: 0}), 0, 1);
  request.upload.onprogress = (event) => {
    if (event.lengthComputable && mine === asking) {
      tell(say("sending", {n: Math.floor(100 * event.loaded / event.total)}), event.loaded, event.total);
    }
  };
  request.onloadend = async () => {
    if (mine !== asking) return;
    sending = null;
    if (request.status === 202) { watch(JSON.parse(request.responseText).job, mine); return; }
    if (request.status === 404 && again) {
      // The server was started anew, or thought us gone: a new page, and once more.
      try { await open(); send(form, false); } catch (fault) { fail(fault); }
      return;
    }
    let told = {};
    try { told = JSON.parse(request.responseText); } catch { /* no answer of ours */ }
    fail(request.status ? refusal(request.status, told, 0) : new Refusal(0, say("unreachable")));
  };
  request.open("POST", `/pages/${page.page}/jobs`);
  request.send(form);
}

function fail(fault) {
  job = null;
  show("give");
  complain(fault.message);
  at("files").focus();
}

async function watch(id, mine) {
  job = id;
  const path = `/pages/${page.page}/jobs/${id}`;
  while (mine === asking) {
    let seen;
    try { seen = await ask(path, "GET"); } catch (fault) { if (mine === asking) fail(fault); return; }
    if (mine !== asking) return;
    if (!step(seen, path)) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

// Whether to ask again.
function step(seen, path) {
  if (seen.state === "classifying") {
    const given = {done: number(seen.done), total: number(seen.total)};
    tell(say(seen.total ? "classifying" : "starting", given), seen.done, seen.total);
    return true;
  }
  if (["waiting", "reading", "reporting"].includes(seen.state)) { tell(say(seen.state)); return true; }
  list("notes", seen.notes);
  if (seen.state === "choosing") offer(seen.choices, path);
  else if (seen.state === "done") finish(seen, path);
  else fail(new Refusal(0, seen.error ? seen.error.message : say("gone")));
  return false;
}

function list(id, lines) {
  at(id).replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  at(id).hidden = !lines.length;
}

function offer(choices, path) {
  show("choose");
  at("which").textContent = say("which", {n: number(choices.length)});
  at("part").value = "";
  at("filter").hidden = choices.length < 10;
  const fill = () => {
    const part = at("part").value.trim().toLocaleLowerCase();
    const found = choices.map((choice, place) => [choice, place]).filter(([c]) => `${c.title} ${c.thread}`.toLocaleLowerCase().includes(part));
    at("choices").replaceChildren(...found.slice(0, SHOWN_CHOICES).map(([choice, place]) => choiceItem(choice, place, path)));
    at("more").textContent = found.length > SHOWN_CHOICES ? say("more", {n: number(found.length - SHOWN_CHOICES)}) : "";
  };
  at("part").oninput = fill;
  fill();
  at("which").focus();
}

function choiceItem(choice, place, path) {
  const item = document.createElement("li"), button = document.createElement("button");
  const title = document.createElement("bdi"), more = document.createElement("span");
  title.textContent = (choice.title || choice.thread || say("untitled")).slice(0, 200);
  more.textContent = choice.messages ? say("choice", {n: number(choice.messages), to: day(choice.to)}) : say("empty");
  button.type = "button";
  button.append(title, more);
  button.onclick = async () => {
    const mine = ++asking;
    quiet();
    try {
      await ask(`${path}/choose`, "POST", {choice: place});
      show("work");
      tell(say("waiting"));
      at("stop").focus();
      watch(job, mine);
    } catch (fault) { if (fault.status === 429) complain(fault.message); else fail(fault); }
  };
  item.append(button);
  return item;
}

function day(iso) {
  return iso ? new Date(`${iso}T00:00:00`).toLocaleDateString(lang) : "";
}

function finish(seen, path) {
  tell(say("finished"));
  show("done");
  at("tab").href = `${path}/report`;
  at("save").href = `${path}/report?save=1`;
  at("report").title = say("report");
  at("report").src = `${path}/report`;
  at("kept").hidden = !seen.kept;
  at("kept").textContent = seen.kept ? say("kept", {name: seen.kept}) : "";
  for (const id of ["tab", "save"]) at(id).hidden = false;
  at("tab").focus();
}

async function letGo() {
  asking += 1;
  if (sending) { sending.abort(); sending = null; }
  const left = job;
  job = null;
  at("report").src = "about:blank";
  quiet();
  show("give");
  at("files").focus();
  if (left) await ask(`/pages/${page.page}/jobs/${left}/stop`).catch(() => {});
}

async function beat() {
  const shown = !at("done").hidden;
  try {
    await ask(`/pages/${page.page}/beat`);
    if (shown && job && (await ask(`/pages/${page.page}/jobs/${job}`, "GET")).state === "gone") forget();
  } catch (fault) {
    if (fault.status === 404) { await open().catch(() => {}); if (shown) forget(); }
  }
}

function forget() {
  job = null;
  for (const id of ["tab", "save"]) at(id).hidden = true;
  list("notes", [say("forgotten")]);
}

function start() {
  document.documentElement.lang = lang;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  at("app").hidden = false;
  at("files").onchange = () => begin(at("files").files);
  at("stop").onclick = at("again").onclick = letGo;
  at("give").onsubmit = (event) => event.preventDefault();
  // A file that is dropped beside the field would otherwise be opened in place of the page.
  addEventListener("dragover", (event) => { event.preventDefault(); at("drop").classList.add("over"); });
  addEventListener("dragleave", () => at("drop").classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    at("drop").classList.remove("over");
    if (page && !at("give").hidden) begin(event.dataTransfer.files);
  });
  addEventListener("pagehide", () => page && navigator.sendBeacon(`/pages/${page.page}/close`));
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  open().then(() => setInterval(beat, BEAT_MS), (fault) => complain(fault.message));
}

start();
