"use strict";
// Fills the tables of words, clitics and pieces from the data in the page, and sorts the league table.
const DATA = JSON.parse(document.getElementById("data").textContent);
const PAGE = 25;
const ARABIC = /\p{Script=Arabic}/u;
const MARK = /\p{M}/u;
const JOINS_BACK_ONLY = /[\u0621\u0622\u0623\u0624\u0625\u0627\u0629\u062f\u0630\u0631\u0632\u0648\u0671\u0672\u0673\u0675\u0688-\u0699\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d5\u06ee\u06ef]/u;
const JOINER = "\u200d";

const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Letters with spelling variants and marks set aside, so that a search finds them all.
function folded(text) {
  return text.toLowerCase().replace(/[\p{Mn}\u0640]/gu, "").replace(/[\u0623\u0625\u0622\u0671]/gu, "\u0627").replace(/\u0649/gu, "\u064a").replace(/\u0629/gu, "\u0647");
}

const direction = (text) => (ARABIC.test(text) ? "rtl" : "ltr");

const read = (packed) => (packed === "" ? [] : packed.split(" ").map(Number));

const pieces = (packed) => read(packed).length + 1;

// Whether two neighboring letters join, so that a joiner keeps their shape where an element ends between them.
function joined(before, after) {
  const letter = [...before].reverse().find((one) => !MARK.test(one));
  return letter !== undefined && ARABIC.test(letter) && /\p{L}|\u0640/u.test(letter) && !JOINS_BACK_ONLY.test(letter)
    && ARABIC.test(after[0]) && /\p{L}|\u0640/u.test(after[0]) && after[0] !== "\u0621";
}

// A word as runs of letters, each of one piece; a letter that is cut into bytes is a run of its own. Places are half
// characters: even ones stand before a letter, odd ones inside it, 0 is a piece for the space before the word.
function runs(letters, cuts) {
  const made = [];
  let piece = 0;
  letters.forEach((letter, k) => {
    piece += cuts.filter((cut) => cut === 2 * k && cut > 0).length;
    const inside = cuts.filter((cut) => cut === 2 * k + 1).length;
    const last = made.at(-1);
    if (last && last.piece === piece && !last.broken && !inside) last.letters.push(letter);
    else made.push({ piece, letters: [letter], broken: inside });
    piece += inside;
  });
  return made;
}

function segment(word, packed) {
  const cuts = read(packed), made = element("span", { class: "seg", dir: direction(word) });
  const shift = cuts.includes(0) ? 1 : 0;
  if (shift) made.append(element("i", { class: "p0 space", title: "a piece for the space", text: "▁" }));
  let before = [];
  const all = runs([...word], cuts);
  all.forEach(({ piece, letters, broken }, i) => {
    const opens = i > 0 && joined(before, letters) ? JOINER : "";
    const closes = i + 1 < all.length && joined(letters, all[i + 1].letters) ? JOINER : "";
    const properties = { class: `p${(piece + shift) % 2}`, text: opens + letters.join("") + closes };
    if (broken) Object.assign(properties, { class: `${properties.class} broken`, title: `${broken + 1} pieces in one letter` });
    made.append(element("i", properties));
    before = letters;
  });
  return made;
}

function cell(word, packed, label, verdict) {
  const number = element("span", { class: "pieces", text: String(pieces(packed)) });
  const shown = element("span", {}, segment(word, packed), number);
  if (verdict !== undefined) {
    shown.append(" ", element("span", { class: verdict ? "pass" : "fail", text: verdict ? "✓" : "✗" }));
  }
  return element("td", { "data-label": label }, shown);
}

// A table of which a page at a time is shown; `list` gives what is to be shown, `row` makes its row.
function pager(name, header, numeric, list, row) {
  let page = 0, found = [];
  const head = element("tr");
  header.forEach((title, i) => head.append(element("th", { scope: "col", text: title, class: numeric.includes(i) ? "n" : "" })));
  byId(`${name}-table`).tHead.append(head);
  function show() {
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    byId(`${name}-table`).tBodies[0].replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(row));
    byId(`${name}-page`).textContent = `${page + 1} of ${last + 1}`;
    byId(`${name}-back`).disabled = page === 0;
    byId(`${name}-next`).disabled = page === last;
  }
  byId(`${name}-back`).addEventListener("click", () => { page--; show(); });
  byId(`${name}-next`).addEventListener("click", () => { page++; show(); });
  return function update() {
    found = list();
    page = 0;
    byId(`${name}-found`).textContent = found.length === 1 ? "1 found" : `${found.length.toLocaleString("en")} found`;
    show();
  };
}

function onChange(update, ...ids) {
  for (const id of ids) byId(id).addEventListener("input", update);
  update();
}

const total = (counts) => Object.entries(counts).reduce((sum, [slice, n]) => sum + (LANGUAGES.has(slice) ? n : 0), 0);
const LANGUAGES = new Set(DATA.slices.map((name, i) => (name.endsWith(", all") ? String(i) : "")).filter((i) => i !== ""));

function words() {
  const entries = DATA.words.map(([word, counts, cuts], place) => {
    const numbers = cuts.map(pieces);
    return {
      word, counts, cuts, place, key: folded(word), total: total(counts),
      sum: numbers.reduce((a, b) => a + b, 0), spread: Math.max(...numbers) - Math.min(...numbers),
    };
  });
  const slice = () => byId("word-slice").value;
  const times = (entry) => (slice() === "" ? entry.total : entry.counts[slice()] || 0);
  const orders = {
    listed: (a, b) => a.place - b.place,
    frequent: (a, b) => times(b) - times(a),
    split: (a, b) => b.sum - a.sum,
    differ: (a, b) => b.spread - a.spread,
    long: (a, b) => [...b.key].length - [...a.key].length,
    alphabet: (a, b) => a.word.localeCompare(b.word, "ar"),
  };
  const list = () => {
    const wanted = folded(byId("word-search").value.trim());
    return entries
      .filter((entry) => entry.key.includes(wanted) && (slice() === "" || entry.counts[slice()]))
      .sort((a, b) => orders[byId("word-order").value](a, b) || a.place - b.place);
  };
  const row = (entry) => {
    const shown = element("bdi", { class: "word", dir: direction(entry.word), text: entry.word });
    const made = element("tr", {}, element("th", { scope: "row" }, shown));
    made.append(element("td", { class: "n", "data-label": "count" }, element("span", { text: times(entry).toLocaleString("en") })));
    entry.cuts.forEach((packed, i) => made.append(cell(entry.word, packed, DATA.tokenizers[i])));
    return made;
  };
  onChange(pager("word", ["word", "count", ...DATA.tokenizers], [1], list, row), "word-search", "word-slice", "word-order");
}

function clitics() {
  const respects = (borders, packed) => borders.every((border) => read(packed).includes(2 * border));
  const list = () => {
    const kind = byId("clitic-kind").value, tokenizer = Number(byId("clitic-tokenizer").value);
    return DATA.clitics.filter(([, borders, cuts]) => kind === "" || respects(borders, cuts[tokenizer]) === (kind === "respect"));
  };
  const row = ([word, borders, cuts]) => {
    const gold = segment(word, borders.map((border) => 2 * border).join(" "));
    const made = element("tr", {}, element("th", { scope: "row" }, gold));
    cuts.forEach((packed, i) => made.append(cell(word, packed, DATA.tokenizers[i], respects(borders, packed))));
    return made;
  };
  onChange(pager("clitic", ["gold", ...DATA.tokenizers], [], list, row), "clitic-kind", "clitic-tokenizer");
}

function inventory() {
  const own = () => DATA.pieces[Number(byId("piece-tokenizer").value)];
  const list = () => {
    const wanted = folded(byId("piece-search").value.trim()), arabic = byId("piece-arabic").checked;
    return own().filter(([id, piece]) => (!arabic || ARABIC.test(piece)) && (folded(piece).includes(wanted) || String(id) === wanted));
  };
  const row = ([id, piece, count]) => element("tr", {},
    element("th", { scope: "row" }, element("bdi", { class: "piece", dir: direction(piece), text: piece })),
    element("td", { class: "n", text: count.toLocaleString("en") }),
    element("td", { class: "n", text: String(id) }),
    element("td", { class: "n", text: String([...piece.replaceAll("▁", "")].length) }));
  onChange(pager("piece", ["piece", "count", "id", "characters"], [1, 2, 3], list, row), "piece-tokenizer", "piece-search", "piece-arabic");
}

// Sorts every body of the league table by a column: figures by size, names by letter.
function sortLeague(heading) {
  const column = heading.cellIndex, up = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of heading.parentNode.cells) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const value = (row) => {
    const given = row.cells[column].dataset.v;
    return given === undefined ? row.cells[column].textContent : given === "" ? Infinity : Number(given);
  };
  for (const body of byId("league-table").tBodies) {
    const rows = [...body.rows].filter((row) => row.className !== "note");
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      const order = typeof x === "string" ? x.localeCompare(y) : x - y || 0;
      return up ? order : -order;
    });
    body.prepend(...rows);
  }
}

function league() {
  for (const heading of byId("league-table").tHead.rows[0].cells) {
    heading.querySelector("button").addEventListener("click", () => sortLeague(heading));
  }
  byId("league-slice").addEventListener("input", () => {
    for (const body of byId("league-table").tBodies) body.hidden = body.dataset.slice !== byId("league-slice").value;
  });
}

league();
words();
inventory();
if (DATA.clitics) clitics();
