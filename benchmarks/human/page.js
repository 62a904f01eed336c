"use strict";

// What models wrote is shown with textContent only; nothing here makes markup out of text.

const settings = JSON.parse(document.getElementById("settings").textContent);
const words = settings.words;
const criteria = settings.mode === "compare" ? ["preference"] : Object.keys(settings.criteria);
const verdicts = ["first", "tie", "both_bad", "second"];
const keyOf = { first: "1", second: "2", tie: "0", both_bad: "9" };
const get = (id) => document.getElementById(id);

let state = null;
let since = 0;
let current = 0; // the criterion that digits rate
let busy = false;

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function trouble(text) {
  get("trouble").textContent = text;
  get("trouble").hidden = !text;
}

// A click is sent until the server has it: a server that was killed and started again loses nothing.
async function send(path, asked) {
  const body = JSON.stringify({ token: settings.token, annotator: state ? state.annotator : asked.annotator, ...asked });
  for (let wait = 400; ; wait = Math.min(2 * wait, 5000)) {
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
      const answer = await response.json();
      if (!response.ok) throw Object.assign(new Error(answer.error), { refused: true });
      trouble("");
      return answer;
    } catch (error) {
      if (error.refused) {
        trouble(fill(words.refused, { reason: error.message }));
        return null;
      }
      trouble(words.lost);
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

async function ask(path, asked) {
  if (busy) return;
  busy = true;
  const answer = await send(path, asked);
  busy = false;
  if (!answer) return;
  show(answer);
  told(path === "click" ? words.saved : "");
}

async function go(number) {
  await keepComment();
  await ask("state", { number });
}

async function judge(criterion, value) {
  if (!state || !state.answers || busy) return;
  await keepComment();
  const values = { ...state.values, [criterion]: value };
  const stay = criteria.some((each) => !values[each]);
  if (stay) current = criteria.findIndex((each) => !values[each]);
  const seconds = (performance.now() - since) / 1000;
  await ask("click", { number: state.number, criterion, value, seconds, stay });
}

async function keepComment() {
  const value = get("comment").value.trim();
  if (!state || !state.answers || value === state.comment) return;
  state.comment = value;
  const seconds = (performance.now() - since) / 1000;
  if (await send("click", { number: state.number, criterion: "comment", value, seconds, stay: true })) told(words.saved);
}

function told(text) {
  get("saved").textContent = text;
}

function text(where, lines) {
  where.dir = lines.length ? lines[0].dir : document.dir;
  const shown = lines.map((line) => element("p", { dir: line.dir }, line.text));
  where.replaceChildren(...(shown.length ? shown : [element("p", { class: "empty" }, words.empty)]));
}

function show(next) {
  const moved = !state || state.number !== next.number;
  state = next;
  get("start").hidden = true;
  get("annotator").textContent = state.annotator;
  get("who").hidden = get("progress").hidden = false;
  get("bar").value = state.total ? state.done / state.total : 0;
  get("told").textContent = fill(words.progress, state);
  get("desk").hidden = !state.answers;
  get("finished").hidden = Boolean(state.answers);
  if (!state.answers) return;
  text(get("prompt"), state.prompt);
  get("answers").replaceChildren(...state.answers.map(answer));
  get("verdicts").replaceChildren(...(settings.mode === "compare" ? verdicts.map(verdict) : criteria.map(rating)));
  get("back").disabled = state.number === 0;
  get("next").disabled = criteria.some((each) => !state.values[each]);
  if (moved) {
    get("comment").value = state.comment;
    since = performance.now();
    current = Math.max(0, criteria.findIndex((each) => !state.values[each]));
    scrollTo(0, 0);
    if (document.activeElement) document.activeElement.blur();
    if (settings.mode === "rate") mark();
  }
}

function answer(lines, number) {
  const heading = settings.mode === "compare" ? `${words.answer} ${number + 1}` : words.answer;
  const body = element("div", { class: "text", tabindex: "0" });
  text(body, lines);
  const chosen = state.values.preference === ["first", "second"][number];
  return element("section", { class: chosen ? "answer chosen" : "answer" }, element("h2", {}, heading), body);
}

function verdict(name) {
  const pressed = String(state.values.preference === name);
  const button = element("button", { "data-value": name, "aria-pressed": pressed }, words[name], element("kbd", {}, keyOf[name]));
  button.addEventListener("click", () => judge("preference", name));
  return button;
}

function rating(name, place) {
  const row = element("div", { class: "criterion", role: "group", "aria-label": settings.criteria[name] });
  row.append(element("span", {}, settings.criteria[name]));
  for (const value of ["1", "2", "3", "4", "5"]) {
    const pressed = String(state.values[name] === value);
    const button = element("button", { "data-criterion": name, "data-value": value, "aria-pressed": pressed }, value);
    button.addEventListener("click", () => judge(name, value));
    row.append(button);
  }
  row.classList.toggle("current", place === current);
  return row;
}

function mark() {
  [...get("verdicts").children].forEach((row, place) => row.classList.toggle("current", place === current));
}

// Digits of every keyboard; arrows mean the answer that stands on that side, which the page's direction decides.
function meaning(event) {
  const digit = /^[\u0660-\u0669]$/.test(event.key) ? String(event.key.charCodeAt(0) - 0x660) : event.key;
  if (settings.mode === "rate") {
    if (/^[1-5]$/.test(digit)) return () => judge(criteria[current], digit);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      return () => {
        current = Math.min(criteria.length - 1, Math.max(0, current + (event.key === "ArrowDown" ? 1 : -1)));
        mark();
      };
    }
    return null;
  }
  const named = verdicts.find((name) => keyOf[name] === digit);
  if (named) return () => judge("preference", named);
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const sides = [...document.querySelectorAll(".answer")].map((each) => each.getBoundingClientRect().left);
    if (sides[0] === sides[1]) return null; // one above the other: there is no left and right
    const left = sides[0] < sides[1] ? "first" : "second";
    const right = left === "first" ? "second" : "first";
    return () => judge("preference", event.key === "ArrowLeft" ? left : right);
  }
  return null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || get("desk").hidden) return;
  if (event.target.tagName === "TEXTAREA") {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  let act = meaning(event);
  if (event.key === "Backspace" && state.number > 0) act = () => go(state.number - 1);
  if (event.code === "KeyC" || event.key === "c") act = () => get("comment").focus();
  if (!act) return;
  event.preventDefault();
  act();
});

get("start").addEventListener("submit", (event) => {
  event.preventDefault();
  const annotator = get("name").value.trim().replace(/\s+/g, " ");
  if (!annotator) return;
  sessionStorage.setItem("annotator", annotator);
  ask("state", { annotator });
});
get("change").addEventListener("click", () => {
  sessionStorage.removeItem("annotator");
  location.reload();
});
get("comment").addEventListener("change", keepComment);
get("back").addEventListener("click", () => go(state.number - 1));
get("next").addEventListener("click", () => go(Math.min(state.number + 1, state.total)));
get("finished").querySelector("button").addEventListener("click", () => go(state.total - 1));

get("question-h").textContent = words.question;
get("comment-h").textContent = words.comment;
get("back").textContent = words.back;
get("next").textContent = words.next;
get("change").textContent = words.change;
get("keys").textContent = words[`keys_${settings.mode}`];
get("finished").querySelector("h2").textContent = words.finished;
get("finished").querySelector("p").textContent = words.finished_more;
get("finished").querySelector("button").textContent = words.back;
if (sessionStorage.getItem("annotator")) ask("state", { annotator: sessionStorage.getItem("annotator") });
