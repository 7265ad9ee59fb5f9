// The labelling page: shows the frame on top, takes one key or press for it, and shows the next.
"use strict";

const $ = (id) => document.getElementById(id);
const token = document.querySelector('meta[name="xsrf-token"]').content;
const buttons = [...document.querySelectorAll("button.answer")];
const byKey = new Map(buttons.flatMap((button) => button.dataset.keys.split(" ").filter(Boolean).map((key) => [key, button])));
const inWords = (label) => label.replaceAll("_", " ");
const imageOf = (frameId) => `/image/${encodeURIComponent(frameId)}`;

let state = null; // what the server said last
let shown = ""; // the frame whose picture is on the screen: only that one can be answered
let busy = false;
let away = null; // the neighbour that is held, if any
const fetched = new Map(); // pictures kept ready, by frame

// Asking the server.

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-XSRFToken": token },
    body: JSON.stringify(body),
  };
  let reply;
  try {
    reply = await fetch(path, { ...options, cache: "no-store" });
  } catch {
    throw new Error("The labelling program does not answer: is it still running in its terminal? Nothing was saved.");
  }
  const told = await reply.json();
  if (!reply.ok) throw new Error(told.error);
  return told;
}

async function act(path, body, words) {
  if (busy) return;
  work(true);
  try {
    state = await ask(path, body);
    complain("");
    await show();
    say(words, shown && $("caption").textContent);
  } catch (error) {
    complain(error.message);
  } finally {
    work(false);
    enable();
  }
}

function work(going) {
  busy = going;
  $("sky").setAttribute("aria-busy", going);
}

// Showing.

function ready(frameId) {
  if (!fetched.has(frameId)) {
    const picture = new Image();
    picture.src = imageOf(frameId);
    fetched.set(frameId, picture);
  }
  return fetched.get(frameId);
}

async function show() {
  away = null;
  const frame = state.frame;
  $("count").textContent = `${state.done} of ${state.total} answered`;
  $("progress").max = Math.max(state.total, 1);
  $("progress").value = state.done;
  if ($("more").open) showProgress().catch((error) => complain(error.message));
  if (!frame) return showEnd();
  const picture = ready(frame.id);
  try {
    await picture.decode();
  } catch {
    shown = "";
    fetched.delete(frame.id);
    complain(`The picture of ${frame.id} cannot be shown; skip it, or restore it in the output folder.`);
    return;
  }
  put(frame.id, `Sky at ${frame.utc}`, "");
  $("caption").textContent = `${frame.utc} · ${frame.condition} · night of ${frame.night}`;
  $("hint").textContent = frame.hint;
  $("hint").hidden = !frame.hint;
  shown = frame.id;
  fetchAhead(frame);
}

function showEnd() {
  shown = "";
  $("picture").removeAttribute("src");
  $("picture").alt = "";
  $("hint").hidden = true;
  $("caption").textContent = state.total ? "Every frame is answered. Stop the program with Ctrl-C, then run the chain again." : "There is nothing to label.";
}

function fetchAhead(frame) {
  const wanted = [frame.id, ...state.ahead, ...[frame.before, frame.after].filter(Boolean).map((one) => one.id)];
  wanted.forEach(ready);
  for (const frameId of fetched.keys()) if (!wanted.includes(frameId)) fetched.delete(frameId);
}

function put(frameId, alt, badge) {
  const picture = $("picture");
  picture.src = ready(frameId).src;
  picture.alt = alt;
  $("badge").textContent = badge;
  $("badge").hidden = !badge;
  picture.parentElement.classList.toggle("elsewhere", Boolean(badge));
}

async function showProgress() {
  const told = await ask("/progress");
  for (const kind of ["conditions", "nights"]) {
    $(kind).replaceChildren(...told[kind].map((line) => {
      const row = document.createElement("tr");
      row.className = line.done === line.total ? "complete" : "";
      [["th", line.name], ["td", line.done], ["td", line.total]].forEach(([tag, text]) => {
        const cell = document.createElement(tag);
        if (tag === "th") cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    }));
  }
}

function enable() {
  const frame = state && state.frame;
  buttons.forEach((button) => { button.disabled = !shown; });
  $("skip").disabled = !frame;
  $("undo").disabled = !(state && state.last);
  $("before").disabled = !(shown && frame.before);
  $("after").disabled = !(shown && frame.after);
}

function say(words, next = "") {
  $("status").textContent = words;
  const spoken = document.createElement("span"); // for who hears the page: the frame that is on top now
  spoken.className = "spoken";
  spoken.textContent = next && ` Now ${next}`;
  $("status").append(spoken);
}

function complain(words) {
  $("error").textContent = words;
  $("error").hidden = !words;
}

// Answering.

function answer(button) {
  if (!shown || busy) return;
  if (away) return say("That is another moment's sky: let go of it, then answer for the frame itself.");
  const note = $("note").value;
  $("note").value = "";
  act("/answer", { frame_id: shown, label: button.dataset.label, note }, `${inWords(button.dataset.label)} saved.`).then(() => {
    if (!$("error").hidden) $("note").value = note;
  });
}

function skip() {
  if (state && state.frame) act("/skip", { frame_id: state.frame.id }, "Skipped: it comes again at the end.");
}

function undo() {
  if (state && state.last) act("/undo", {}, `${inWords(state.last.label)} taken back.`);
}

// The sky ten minutes away, while a key or a button is held.

function hold(which) {
  const there = shown && state.frame[which];
  if (busy || away === which) return;
  if (!there) return say(shown ? `There is no frame ten minutes ${which} it.` : "");
  away = which;
  put(there.id, `Sky at ${there.utc}, ${there.words}`, `${there.words} · ${there.utc}`);
}

function release() {
  if (!away) return;
  away = null;
  if (shown) put(shown, `Sky at ${state.frame.utc}`, "");
}

for (const which of ["before", "after"]) {
  const button = $(which);
  button.addEventListener("pointerdown", (event) => { button.setPointerCapture(event.pointerId); hold(which); });
  for (const kind of ["pointerup", "pointercancel", "blur"]) button.addEventListener(kind, release);
  button.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") { event.preventDefault(); hold(which); } });
  button.addEventListener("keyup", (event) => { if (event.key === " " || event.key === "Enter") { event.preventDefault(); release(); } });
  // Who cannot hold (a screen reader, a switch, a voice) clicks once to look and once to come back.
  button.addEventListener("click", (event) => { if (event.detail === 0) { if (away) release(); else hold(which); } });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
window.addEventListener("blur", release);

// Brightness and contrast; the page remembers them where the browser lets it.

function view() {
  const values = ["brightness", "contrast"].map((name) => [name, Number($(name).value)]);
  for (const [name, value] of values) {
    $(`${name}-value`).textContent = value;
    remember(name, value);
  }
  $("picture").style.filter = values.map(([name, value]) => `${name}(${value}%)`).join(" ");
}

function change(name, by) {
  $(name).value = Number($(name).value) + by;
  view();
}

function remember(name, value) {
  try { localStorage.setItem(`allsky-${name}`, value); } catch { /* private windows keep nothing */ }
}

function remembered(name) {
  try { return localStorage.getItem(`allsky-${name}`); } catch { return null; }
}

function asRecorded() {
  $("brightness").value = $("contrast").value = 100;
  view();
}

// Keys.

const keys = {
  s: skip, z: undo, Backspace: undo, r: asRecorded,
  b: () => change("brightness", 20), B: () => change("brightness", -20),
  c: () => change("contrast", 20), C: () => change("contrast", -20),
  m: () => $("note").focus(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target === $("note")) {
    if (event.key === "Enter" || event.key === "Escape") $("note").blur();
    return;
  }
  const arrows = { ArrowLeft: "before", ArrowRight: "after" };
  if (arrows[event.key] && event.target.type !== "range") {
    event.preventDefault();
    return hold(arrows[event.key]);
  }
  if (!$("single-keys").checked) return;
  const button = byKey.get(event.key) || byKey.get(event.key.toLowerCase());
  const done = button ? () => answer(button) : keys[event.key];
  if (!done) return;
  event.preventDefault();
  if (!event.repeat || "bBcC".includes(event.key)) done();
}

document.addEventListener("keydown", onKey);
document.addEventListener("keyup", (event) => { if (event.key.startsWith("Arrow")) release(); });
buttons.forEach((button) => button.addEventListener("click", () => answer(button)));
$("skip").addEventListener("click", skip);
$("undo").addEventListener("click", undo);
$("reset").addEventListener("click", asRecorded);
$("more").addEventListener("toggle", () => { if ($("more").open) showProgress().catch((error) => complain(error.message)); });
$("single-keys").addEventListener("change", () => remember("single-keys", $("single-keys").checked));
for (const name of ["brightness", "contrast"]) {
  $(name).value = remembered(name) || 100;
  $(name).addEventListener("input", view);
}
$("single-keys").checked = remembered("single-keys") !== "false";
view();
act("/state", undefined, "");
