"use strict";
// The page of `dl serve`: asks for the runs, sends what is dropped, picked or typed, and shows the answers.
// Whatever comes from a run or a file is set as text, never as markup; the card is the service's own markup.
(() => {
  const NEAR = "the share of right answers among the validation examples of nearest probability, with its 95 % interval.";
  const MOST_CARDS = 12, MOST_ROWS = 200, MOST_BARS = 5, LONG = 80;
  const find = (id) => document.getElementById(id);
  const state = { runs: [], run: null, token: "", pictures: [], asked: 0 };

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const show = (id, shown = true) => { find(id).hidden = !shown; };
  const number = (value) => {
    if (!Number.isFinite(value)) return "-";
    const size = Math.abs(value);
    if (size >= 1000 && size < 1e15) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
    return String(Number(value.toPrecision(4)));
  };
  const percent = (share) => share > 0.9995 && share < 1 ? "> 99.9 %" : share < 0.0005 && share > 0 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
  const tenth = (share) => (100 * share).toFixed(1).replace(/\.0$/, "");
  const plural = (count, noun) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;

  class Told extends Error {}

  async function ask(path, options = {}) {
    const headers = { ...options.headers, ...(state.token ? { Authorization: `Bearer ${state.token}` } : {}) };
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch {
      throw new Told("the service does not answer; see whether it still runs");
    }
    if (response.ok) return response;
    let line = `the service answered with status ${response.status}`;
    try { line = (await response.json()).error || line; } catch { /* no line was sent */ }
    if (response.status === 401) show("unlock");
    throw new Told(line);
  }

  function complain(error) {
    find("error").textContent = error instanceof Told ? error.message : `an error on this page: ${error}`;
    show("error");
  }

  async function guarded(work) {
    show("error", false);
    try { await work(); } catch (error) { complain(error); }
  }

  // Runs

  async function begin() {
    state.runs = (await (await ask("v1/runs")).json()).runs;
    show("unlock", false);
    const select = find("run");
    select.replaceChildren(...state.runs.map((run) => make("option", { value: run.name }, run.name)));
    show("choose", state.runs.length > 1);
    const named = decodeURIComponent(location.hash.slice(1));
    if (state.runs.some((run) => run.name === named)) select.value = named;
    choose();
    show("ask");
    show("card");
  }

  function choose() {
    const run = state.run = state.runs.find((one) => one.name === find("run").value);
    const own = run.run === run.name ? "" : ` (${run.run})`;
    find("state").textContent = `${run.name}${own}: ${run.domain}, ${run.model}, ${run.task}; fitted ${run.created.slice(0, 10)}`;
    find("verdict").textContent = run.verdict;
    show("verdict", run.verdict !== "");
    document.title = `${run.name}: dl serve`;
    const { texts, rows, inputs } = run.reads;
    const about = inputs.length === 1 && !texts ? inputs[0].about : "";
    find("reads").textContent = texts ? "texts, or a CSV of texts" : rows ? "a CSV with the columns of the run"
      : about ? `${inputs[0].kind === "pixels" ? "images" : "files"}: ${about}` : "files that the run reads";
    show("writing", texts || rows);
    find("text-label").textContent = texts ? "Text" : "Rows as CSV, the first line names the columns";
    find("text").className = rows && !texts ? "rows" : "";
    find("text").placeholder = rows ? inputs.map((one) => one.name).join(",") : "";
    show("columns", rows && inputs.length > 0);
    find("columns").querySelector("tbody").replaceChildren(...inputs.map(
      (one) => make("tr", {}, make("th", { scope: "row" }, one.name), make("td", {}, one.about))));
    forget();
    find("card").open = false;
    find("card-text").replaceChildren();
    const address = `v1/runs/${encodeURIComponent(run.name)}/card`;
    find("card-link").replaceChildren("· ", make("a", { href: `${address}?as=markdown` }, "card in Markdown"));
    if (state.token) find("card-link").replaceChildren(); // a link brings no token
  }

  async function readCard() {
    if (!find("card").open || find("card-text").childNodes.length) return;
    find("card-text").replaceChildren(make("p", { className: "quiet" }, "Writing the card."));
    try {
      const run = state.run;
      const text = await (await ask(`v1/runs/${encodeURIComponent(run.name)}/card?as=html`)).text();
      if (run !== state.run) return;
      const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
      find("card-text").replaceChildren(...main.children);
    } catch (error) {
      find("card-text").replaceChildren();
      find("card").open = false;
      throw error;
    }
  }

  // Requests

  async function predict(options, files = []) {
    const asked = ++state.asked;
    find("predict").disabled = true;
    find("ask").setAttribute("aria-busy", "true");
    try {
      const response = await ask(`v1/runs/${encodeURIComponent(state.run.name)}/predict`, { method: "POST", ...options });
      const found = await response.json();
      if (asked === state.asked) showAnswers(found, files);
    } catch (error) {
      forget();
      throw error;
    } finally {
      find("predict").disabled = false;
      find("ask").removeAttribute("aria-busy");
    }
  }

  function sendFiles(files) {
    if (!files.length) return;
    const form = new FormData();
    for (const file of files) form.append("file", file, file.name);
    guarded(() => predict({ body: form }, [...files]));
  }

  function sendText() {
    const text = find("text").value;
    if (!text.trim()) {
      guarded(() => { throw new Told("there is nothing to predict; type something above, or drop a file"); });
      find("text").focus();
      return;
    }
    const json = { headers: { "Content-Type": "application/json" }, body: JSON.stringify({ texts: [text] }) };
    guarded(() => predict(state.run.reads.texts ? json : { headers: { "Content-Type": "text/csv" }, body: text }));
  }

  // Answers

  function forget() {
    show("answers", false);
    find("found").replaceChildren();
  }

  function showAnswers(found, files) {
    const rows = found.predictions;
    state.pictures.forEach(URL.revokeObjectURL);
    state.pictures = [];
    find("answers-head").textContent = rows.length === 1 ? "Answer" : plural(rows.length, "answer");
    const few = rows.length <= MOST_CARDS;
    const why = found.no_uncertainty ? [make("p", { className: "quiet about" }, `How far answers err is not known: ${found.no_uncertainty}.`)] : [];
    find("found").replaceChildren(...(few ? rows.map((row) => card(row, files)) : table(rows, files)), ...why);
    if (few && rows.length > 1) find("found").append(download(rows));
    show("answers");
    find("answers-head").focus();
  }

  function card(row, files) {
    const words = make("div", { className: "words" });
    const source = row.source.length > LONG ? `${row.source.slice(0, LONG)}…` : row.source;
    words.append(make("p", { className: "source" }, source));
    const answer = row.answer || "no answer";
    words.append(make("p", { className: answer.length > LONG ? "answer long" : "answer" }, answer));
    const count = Object.keys(row.values).length;
    if (count > 1 || (count && state.run.probabilities)) words.append(values(row)); // else the answer says it
    words.append(...sentences(row.uncertainty).map((line) => make("p", { className: "unsure" }, line)));
    for (const note of row.notes) words.append(make("p", { className: "note" }, note));
    if (row.notes.length && row.uncertainty) words.append(make("p", { className: "note" }, "With what the training set lacks, an answer may err more often than that."));
    return make("div", { className: "one" }, ...picture(row, files), words);
  }

  function sentences(one) {
    if (!one) return [];
    if (one.kind === "labels") return [`Last column: ${NEAR}`];
    return one.kind === "heads" ? Object.entries(one.heads).map(([name, own]) => `${name}: ${own.words}`) : [one.words];
  }

  function picture(row, files) {
    const file = files.find((one) => one.type.startsWith("image/") && one.name === row.source);
    if (!file) return [];
    const address = URL.createObjectURL(file);
    state.pictures.push(address);
    const image = make("img", { src: address, alt: `The image ${file.name}` });
    image.addEventListener("load", () => { if (image.naturalWidth < 128) image.className = "small"; });
    return [image];
  }

  function values(row) {
    const pairs = Object.entries(row.values);
    const body = make("tbody");
    if (state.run.probabilities) pairs.sort((one, other) => other[1] - one[1]);
    const given = new Set(row.answer.split(", "));
    const labels = row.uncertainty && row.uncertainty.kind === "labels" ? row.uncertainty.labels : null;
    const shown = pairs.filter(([, value], at) => !state.run.probabilities || at < 2 || (at < MOST_BARS && value >= 0.0005));
    for (const [name, value] of (labels || !state.run.probabilities ? pairs : shown).slice(0, 50)) {
      const cells = [make("th", { scope: "row" }, name)];
      if (state.run.probabilities) {
        const bar = make("span", { className: "bar", ariaHidden: "true" });
        bar.style.width = `${100 * Math.min(1, Math.max(0, value))}%`;
        cells.push(make("td", {}, bar));
      }
      cells.push(make("td", { className: "number" }, state.run.probabilities ? percent(value) : number(value)));
      if (labels) cells.push(make("td", { className: "number quiet" }, range(labels[name])));
      body.append(make("tr", { className: given.has(name) ? "first" : "" }, ...cells));
    }
    const more = pairs.length - body.children.length;
    const box = make("div", { className: labels ? "wide" : "" }, make("table", { className: "bars", ariaLabel: state.run.probabilities ? "Probabilities" : "Values" }, body));
    if (more > 0) box.append(make("p", { className: "quiet" }, `and ${more.toLocaleString("en-US")} more${state.run.probabilities ? ", each less probable" : ""}`));
    return box;
  }

  // Tables

  function columnsOf(rows, files) {
    const name = files.length === 1 ? `${files[0].name} ` : files.length ? "" : "rows.csv ";
    const short = name && rows.every((row) => row.source.startsWith(name)) ? name.length : 0; // all are rows of one table
    const columns = [["input", (row) => row.source.slice(short)], ["answer", (row) => row.answer || "no answer"]];
    if (state.run.probabilities) columns.push(["probability", (row) => percent(Math.max(...Object.values(row.values), 0)), "number"]);
    if (rows.some((row) => row.uncertainty && row.uncertainty.kind === "right")) {
      columns.push(["right near it", (row) => range(row.uncertainty), "number"]);
    } else if (rows.some((row) => row.uncertainty && row.uncertainty.kind === "interval")) {
      columns.push(["90 % interval", (row) => intervals(row.uncertainty), "number"]);
    }
    if (rows.some((row) => row.notes.length)) columns.push(["notes", (row) => row.notes.join("; ")]);
    return columns;
  }

  const range = (one) => one ? `${tenth(one.share)} % [${tenth(one.low)}, ${tenth(one.high)}]` : "-";
  const intervals = (one) => one
    ? Object.values(one.columns).map((ends) => `${number(ends.low)} to ${number(ends.high)}`).join(", ") : "-";

  function table(rows, files) {
    const columns = columnsOf(rows, files);
    const head = make("tr", {}, ...columns.map(([name, , kind]) => make("th", { scope: "col", className: kind || "" }, name)));
    const body = make("tbody", {}, ...rows.slice(0, MOST_ROWS).map(
      (row) => make("tr", {}, ...columns.map(([, cell, kind]) => make("td", { className: kind || "" }, cell(row))))));
    const shown = make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: "Answers" },
      make("table", { className: "rows-table" }, make("thead", {}, head), body));
    const more = rows.length - MOST_ROWS;
    const rest = more > 0 ? [make("p", { className: "quiet" }, `and ${more.toLocaleString("en-US")} more in the download`)] : [];
    const about = columns.some(([name]) => name === "right near it")
      ? [make("p", { className: "quiet" }, `Right near it: ${NEAR}`)] : [];
    return [make("div", { className: "row about" }, download(rows)), ...about, shown, ...rest];
  }

  function download(rows) {
    const button = make("button", { type: "button", id: "download" }, "Download as CSV");
    button.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([asCsv(rows)], { type: "text/csv" }));
      const link = make("a", { href: address, download: `${state.run.name}-answers.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
    return button;
  }

  function asCsv(rows) {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row.values)))];
    const first = rows.find((row) => row.uncertainty);
    const kind = first ? first.uncertainty.kind : "";
    const ends = kind === "right" ? ["right near it", "right, low", "right, high"]
      : kind === "interval" ? Object.keys(first.uncertainty.columns).flatMap((name) => [`${name}, low`, `${name}, high`]) : [];
    const unsure = (one) => {
      if (!one) return ends.map(() => "");
      if (kind === "right") return [one.share, one.low, one.high];
      return kind === "interval" ? Object.values(one.columns).flatMap((pair) => [pair.low, pair.high]) : [];
    };
    const lines = rows.map((row) => [row.source, row.answer, ...names.map((name) => row.values[name] ?? ""),
      ...unsure(row.uncertainty), row.notes.join("; ")]);
    return [["input", "answer", ...names, ...ends, "notes"], ...lines].map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  function cell(value) {
    if (typeof value === "number") return String(value);
    const plain = /^[=+@\t\r-]/.test(value) && !Number.isFinite(Number(value)) ? `'${value}` : value; // no formula for a spreadsheet
    return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  }

  // Events

  find("run").addEventListener("change", () => {
    history.replaceState(null, "", `#${encodeURIComponent(find("run").value)}`);
    guarded(choose);
  });
  find("unlock").addEventListener("submit", (event) => {
    event.preventDefault();
    state.token = find("token").value.trim();
    guarded(begin);
  });
  find("ask").addEventListener("submit", (event) => { event.preventDefault(); sendText(); });
  find("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); sendText(); }
  });
  find("file").addEventListener("change", () => { sendFiles([...find("file").files]); find("file").value = ""; });
  find("card").addEventListener("toggle", () => guarded(readCard));
  const drop = find("drop");
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  window.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    if (!find("ask").hidden) sendFiles([...event.dataTransfer.files]);
  });
  guarded(begin);
})();
