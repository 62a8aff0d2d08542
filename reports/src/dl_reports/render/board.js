"use strict";
// The board: a table of runs, curves over each other, a page for each run, and a comparison of two.
// Every text of the data becomes a text node; nothing here parses markup.
(() => {
  const COLOURS = 8, WIDE = 440, HIGH = 272, LEFT = 56, RIGHT = 12, TOP = 14, BOTTOM = 40;
  const PARTS = { val: "validation", probe: "training", train: "while learning" };
  const SVG = "http://www.w3.org/2000/svg";
  const place = document.getElementById("board");
  const state = { sort: "date", falling: true, filter: "", inner: false, training: false, chosen: [] };
  let board = window.dlBoard || { rows: [], reports: {}, title: "", live: false, version: "" };
  let rows = new Map(), curves = null, waiting = null;

  // --- elements -----------------------------------------------------------------------------------------------------

  function put(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    for (const child of children.flat(3)) {
      if (child !== null && child !== undefined && child !== false)
        node.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return node;
  }
  const el = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
  const draw = (tag, attributes, ...children) => put(document.createElementNS(SVG, tag), attributes, children);
  const link = (hash, ...words) => el("a", { href: "#" + hash }, ...words);
  const toRun = (row) => "run=" + encodeURIComponent(row.id);

  // --- numbers ------------------------------------------------------------------------------------------------------

  function number(value) {
    if (typeof value !== "number" || !Number.isFinite(value)) return "-";
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e15) return value.toLocaleString("en-US");
    if (size >= 1e3 && size < 1e15) return Math.round(value).toLocaleString("en-US");
    return String(Number(value.toPrecision(4)));
  }
  const percent = (value) => (typeof value === "number" ? (100 * value).toFixed(2) + " %" : "-");
  const isHigher = (row, name) => (row.metrics || []).some((metric) => metric.higher && name.replace(/^(val|probe|train)_/, "") === metric.name);
  const score = (row, name, value) => (isHigher(row, name) ? percent(value) : number(value));
  function duration(seconds) {
    if (!seconds) return "-";
    if (seconds < 120) return (seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)) + " s";
    const minutes = Math.round(seconds / 60);
    return minutes < 120 ? minutes + " min" : Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
  }
  const when = (date) => (date ? date.slice(0, 16).replace("T", " ") : "-");
  const many = (count, one) => number(count) + " " + one + (count === 1 ? "" : "s");

  // --- the language of the filter, as dl ls runs --where reads it -------------------------------------------------------

  const FACTS = ["name", "kind", "status", "data", "model", "task", "domain", "date", "tags", "note", "number", "epochs",
    "best_epoch", "seconds", "parameters"];
  const own = (object, name) => (Object.prototype.hasOwnProperty.call(object || {}, name) ? object[name] : undefined);

  function valueOf(row, name) {
    if (name === "number") return parseInt(row.name, 10) || undefined;
    if (FACTS.includes(name)) return row[name] === "" || row[name] === 0 ? undefined : row[name];
    for (const column of [name, "val_" + name]) {
      const found = own(row.scores, column);
      if (found !== undefined) return found === null ? undefined : found;
    }
    if (own(row.choices, name) !== undefined) return row.choices[name];
    for (const [dotted, value] of Object.entries(row.choices || {})) {
      const words = dotted.split(".");
      if ((words[0] === "reg" ? words[1] : words[words.length - 1]) === name) return value;
    }
    return undefined;
  }

  function tokensOf(text) {
    const pattern = /\s*(?:([()])|(<=|>=|==|!=|=|<|>|~)|"([^"]*)"|'([^']*)'|([^\s()<>=!~"']+))/y, found = [];
    text = text.trimEnd();
    while (pattern.lastIndex < text.length) {
      const at = pattern.lastIndex, match = pattern.exec(text);
      if (!match) throw new Error(JSON.stringify(text.slice(at)) + " cannot be read");
      const kinds = ["", "bracket", "sign", "quoted", "quoted", "word"];
      for (let k = 1; k < 6; k++) if (match[k] !== undefined) { found.push([kinds[k], match[k]]); break; }
    }
    return found;
  }

  function parse(text) {
    const tokens = tokensOf(text);
    let at = 0, deep = 0;
    const peek = () => tokens[at] || ["end", "the end"];
    const isWord = (word) => peek()[0] === "word" && peek()[1] === word;
    function take(kinds, expected) {
      if (!kinds.includes(peek()[0])) throw new Error(peek()[1] + " stands where " + expected + " is expected");
      return tokens[at++][1];
    }
    function either() {
      const tests = [both()];
      while (isWord("or")) { at++; tests.push(both()); }
      return (row) => tests.some((test) => test(row));
    }
    function both() {
      const tests = [negated()];
      while (isWord("and")) { at++; tests.push(negated()); }
      return (row) => tests.every((test) => test(row));
    }
    function negated() {
      if (++deep > 50) throw new Error("parentheses are nested too deeply");
      let test;
      if (isWord("not")) { at++; const inner = negated(); test = (row) => !inner(row); }
      else if (peek()[1] === "(" && peek()[0] === "bracket") {
        at++; test = either();
        if (peek()[1] !== ")") throw new Error(peek()[1] + " stands where a closing parenthesis is expected");
        at++;
      } else {
        const name = take(["word"], "a field"), sign = take(["sign"], "= != < <= > >= or ~");
        const value = take(["word", "quoted"], "a value");
        test = (row) => compare(valueOf(row, name), sign === "==" ? "=" : sign, value, name);
      }
      deep--;
      return test;
    }
    const test = either();
    if (peek()[0] !== "end") throw new Error(peek()[1] + " stands where and, or or the end is expected");
    return test;
  }

  function compare(found, sign, value, name) {
    if (found === undefined) return false;
    const low = (text) => String(text).toLowerCase(), order = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b }[sign];
    if (Array.isArray(found))
      return (sign === "~" ? found.some((tag) => low(tag).includes(low(value))) : found.includes(value)) !== (sign === "!=");
    if (sign === "~") return low(found).includes(low(value));
    const typed = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?%?$/i.test(value) ? parseFloat(value) / (value.endsWith("%") ? 100 : 1) : null;
    if (typeof found === "number" && typed !== null)
      return order ? order(found, typed) : (Math.abs(found - typed) <= 1e-9 * Math.max(Math.abs(found), Math.abs(typed))) === (sign === "=");
    const words = name === "date" ? String(found).slice(0, value.length) : String(found);
    if (order) return typeof found !== "number" && order(words, value);
    return (low(words) === low(value)) === (sign === "=");
  }

  function filterOf(text) {
    if (!text.trim()) return { test: () => true, wrong: "" };
    if (/[<>=~]/.test(text)) {
      try { return { test: parse(text), wrong: "" }; } catch (error) { return { test: () => true, wrong: error.message }; }
    }
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const all = (row) => [row.id, row.name, row.kind, row.status, row.data, row.model, row.task, row.note, ...row.tags].join(" ").toLowerCase();
    return { test: (row) => words.every((word) => all(row).includes(word)), wrong: "" };
  }

  // --- charts -------------------------------------------------------------------------------------------------------

  function ticks(low, high, most) {
    const raw = (high - low) / Math.max(most, 1);
    if (!Number.isFinite(raw) || raw <= 0) return [low];
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10, 20].map((s) => s * power).find((s) => (high - low) / s < most - 1e-6);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) found.push(Number((k * step).toPrecision(12)));
    return found;
  }

  // lines: {epochs, values, colour, dashed, kind}; kind is a class of the report's style in place of a colour
  function chart(title, lines, shares) {
    const drawn = lines.filter((line) => line.values.some((value) => typeof value === "number"));
    const scored = drawn.filter((line) => line.kind !== "train");
    const seen = (scored.length ? scored : drawn).flatMap((line) => line.values).filter((value) => typeof value === "number");
    if (!seen.length || Math.max(...drawn.map((line) => line.epochs.length)) < 2) return null;
    let low = seen.reduce((a, b) => Math.min(a, b)), high = seen.reduce((a, b) => Math.max(a, b));
    const log = !shares && low > 0 && high / low > 30;
    const pad = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
    if (log) { low /= 1.2; high *= 1.2; }
    else if (shares) { low -= pad; high = high <= 1 ? Math.min(high + pad, 1) : high + pad; }
    else { low = low >= 0 && low < 0.5 * high ? 0 : low - pad; high += pad; }
    const first = Math.min(...drawn.map((line) => line.epochs[0])), last = Math.max(...drawn.map((line) => line.epochs[line.epochs.length - 1]));
    const scaled = (value) => (log ? Math.log10(Math.max(value, low)) : value);
    const x = (epoch) => LEFT + (last > first ? (epoch - first) / (last - first) : 0.5) * (WIDE - LEFT - RIGHT);
    const y = (value) => HIGH - BOTTOM - Math.min(Math.max((scaled(value) - scaled(low)) / (scaled(high) - scaled(low)), 0), 1) * (HIGH - TOP - BOTTOM);
    const text = (at, up, words, anchor) => draw("text", { x: at, y: up, "text-anchor": anchor }, words);
    const parts = [draw("title", {}, title + " over epochs, " + many(drawn.length, "line"))];
    let values = ticks(low, high, 6).map((tick) => [tick, shares ? String(Number((100 * tick).toFixed(4))) + " %" : String(tick)]);
    if (log) {
      const decades = [];
      for (let k = Math.ceil(Math.log10(low)); k <= Math.log10(high); k++) decades.push([10 ** k, String(10 ** k)]);
      values = decades.length > 1 ? decades : [low, Math.sqrt(low * high), high].map((v) => [v, v.toPrecision(2)]);
    }
    for (const [value, words] of values) {
      parts.push(draw("line", { x1: LEFT, x2: WIDE - RIGHT, y1: y(value), y2: y(value), class: "grid" }));
      parts.push(text(LEFT - 6, y(value) + 4, words, "end"));
    }
    for (const epoch of new Set([first, ...ticks(first, last, 6).filter((e) => Number.isInteger(e) && e - first > (last - first) / 12 && last - e > (last - first) / 12), last]))
      parts.push(text(x(epoch), HIGH - BOTTOM + 16, String(epoch), "middle"));
    parts.push(draw("line", { x1: LEFT, x2: WIDE - RIGHT, y1: HIGH - BOTTOM, y2: HIGH - BOTTOM, class: "axis" }));
    parts.push(text((LEFT + WIDE - RIGHT) / 2, HIGH - 6, "epoch", "middle"));
    for (const line of drawn) {
      let points = [];
      const flush = () => {
        if (points.length) {
          const attributes = { points: points.join(" "), class: "line " + (line.kind || (line.dashed ? "dashed" : "")), "data-run": line.id };
          if (!line.kind) attributes.style = "stroke: var(--c" + line.colour + ")";
          parts.push(draw("polyline", attributes));
        }
        points = [];
      };
      line.epochs.forEach((epoch, k) => {
        const value = line.values[k];
        if (typeof value !== "number" || (line.kind === "train" && value > high)) flush();
        else points.push(x(epoch).toFixed(1) + "," + y(value).toFixed(1));
      });
      flush();
    }
    const caption = el("figcaption", {}, el("b", {}, title + (log ? " (log scale)" : "")), ...(lines.caption || []));
    return el("figure", {}, caption, draw("svg", { viewBox: "0 0 " + WIDE + " " + HIGH, role: "img" }, ...parts));
  }

  const key = (kind) => draw("svg", { viewBox: "0 0 28 10", class: "key", "aria-hidden": "true" }, draw("polyline", { points: "1,5 27,5", class: "line " + kind }));

  function withCurves(done) {
    if (curves) return done();
    if (waiting) { waiting.push(done); return undefined; }
    waiting = [done];
    const source = el("script", { src: "data/curves.js?v=" + encodeURIComponent(board.version) });
    const over = () => { curves = window.dlCurves || {}; const all = waiting; waiting = null; all.forEach((one) => one()); };
    source.addEventListener("load", over);
    source.addEventListener("error", over);
    document.head.append(source);
    return undefined;
  }

  const metricOf = (row) => (row.metrics && row.metrics[0]) || null;

  function overlay(chosen, training) {
    const names = ["loss", ...new Set(chosen.map((row) => (metricOf(row) || {}).name).filter(Boolean))];
    return names.map((name) => {
      const lines = [];
      chosen.forEach((row, k) => {
        const found = curves[row.id] || {};
        for (const part of training ? ["val", "probe"] : ["val"])
          if (found[part + "_" + name])
            lines.push({ id: row.id, epochs: found.epochs, values: found[part + "_" + name], colour: k % COLOURS, dashed: part === "probe" });
      });
      return lines.length ? chart(name.replaceAll("_", " "), lines, chosen.some((row) => isHigher(row, name))) : null;
    }).filter(Boolean);
  }

  function curvesOf(row) {
    const found = curves[row.id];
    if (!found) return [];
    const names = ["loss", (metricOf(row) || {}).name].filter(Boolean);
    return names.map((name) => {
      const lines = [], caption = [];
      for (const part of ["train", "probe", "val"])
        if (found[part + "_" + name]) {
          lines.push({ id: row.id, epochs: found.epochs, values: found[part + "_" + name], kind: part });
          caption.unshift(el("span", {}, key(part), PARTS[part]));
        }
      lines.caption = caption;
      return lines.length ? chart(name.replaceAll("_", " "), lines, isHigher(row, name)) : null;
    }).filter(Boolean);
  }

  // --- the list -----------------------------------------------------------------------------------------------------

  const COLUMNS = [
    { field: "name", title: "run", text: true, cell: nameCell },
    { field: "kind", title: "kind", text: true, wide: true },
    { field: "status", title: "status", text: true, cell: (row) => el("td", { class: "status " + row.status }, row.status) },
    { field: "data", title: "data", text: true, wide: true },
    { field: "model", title: "model", text: true, wide: true },
    { field: "score", title: "score", cell: scoreCell },
    { field: "loss", title: "loss", wide: true, cell: (row) => numberCell(number(row.scores.val_loss), "wide") },
    { field: "epochs", title: "epochs", wide: true, cell: (row) => numberCell(row.epochs ? number(row.epochs) : "-", "wide") },
    { field: "seconds", title: "time", wide: true, cell: (row) => numberCell(duration(row.seconds), "wide") },
    { field: "date", title: "begun (UTC)", text: true, wide: true, cell: (row) => el("td", { class: "wide nowrap" }, when(row.date)) },
  ];
  const numberCell = (words, more) => el("td", { class: "number " + (more || "") }, words);

  function nameCell(row) {
    const tags = row.tags.map((tag) => el("span", { class: "tag" }, tag));
    const noted = row.note || (row.status === "unreadable" || !row.score ? row.result : "");
    const name = row.inside ? row.id : row.name;
    return el("td", { class: "name" + (row.inside ? " inner" : "") }, link(toRun(row), name), tags, noted ? el("span", { class: "note" }, noted) : null);
  }

  function scoreCell(row) {
    const metric = metricOf(row);
    if (!metric || row.score === null) return numberCell("-");
    return el("td", { class: "number" }, score(row, metric.name, row.score), el("span", { class: "note" }, metric.name.replaceAll("_", " ")));
  }

  function sortValue(row) {
    if (state.sort !== "score") return valueOf(row, state.sort);
    return row.score === null ? undefined : row.score;
  }

  function sorted(found) {
    const rank = (value) => (Array.isArray(value) ? value.join(" ") : value);
    return found.map((row, k) => [rank(sortValue(row)), k, row]).sort((a, b) => {
      const lacks = (value) => value === undefined || value === "" || value === null;
      if (lacks(a[0]) || lacks(b[0])) return lacks(a[0]) - lacks(b[0]) || a[1] - b[1];
      const both = typeof a[0] === "number" && typeof b[0] === "number";
      const order = both ? a[0] - b[0] : String(a[0]) < String(b[0]) ? -1 : String(a[0]) > String(b[0]) ? 1 : 0;
      return (state.falling ? -order : order) || a[1] - b[1];
    }).map((triple) => triple[2]);
  }

  let body = null, hint = null, panel = null, heads = null;

  function showList() {
    const search = el("input", { type: "search", "aria-label": "filter", placeholder: "words, or accuracy>0.98 and model=convnet", oninput: (event) => { state.filter = event.target.value; fill(); } });
    search.value = state.filter;
    const inner = el("input", { type: "checkbox", id: "inner", onchange: (event) => { state.inner = event.target.checked; fill(); } });
    inner.checked = state.inner;
    hint = el("p", { class: "hint", role: "status" });
    body = el("tbody", {});
    panel = el("section", { class: "chosen", hidden: true });
    heads = COLUMNS.map((column) => el("th", { scope: "col", class: (column.text ? "" : "number ") + (column.wide ? "wide" : "") },
      el("button", { type: "button", "data-field": column.field, onclick: () => sortBy(column) }, column.title)));
    place.replaceChildren(
      el("h1", {}, board.title),
      el("div", { class: "controls" }, search, el("label", {}, inner, " runs inside of studies")),
      hint, panel,
      el("div", { class: "scroll" }, el("table", { class: "runs" }, el("thead", {}, el("tr", {}, el("th", { class: "pick" }), ...heads)), body)));
    fill();
  }

  function sortBy(column) {
    if (state.sort === column.field) state.falling = !state.falling;
    else { state.sort = column.field; state.falling = column.field === "date" || column.field === "score"; }
    fill();
  }

  function fill() {
    const { test, wrong } = filterOf(state.filter), all = [...rows.values()];
    const candidates = all.filter((row) => state.inner || !row.inside);
    const found = sorted(candidates.filter(test));
    hint.className = "hint" + (wrong ? " wrong" : "");
    hint.textContent = wrong || (found.length === candidates.length ? many(found.length, "run") : number(found.length) + " of " + many(candidates.length, "run"));
    COLUMNS.forEach((column, k) => {
      const own = column.field === state.sort;
      if (own) heads[k].setAttribute("aria-sort", state.falling ? "descending" : "ascending"); else heads[k].removeAttribute("aria-sort");
      heads[k].firstChild.textContent = column.title + (own ? (state.falling ? " ↓" : " ↑") : "");
    });
    body.replaceChildren(...found.map(lineOf));
    fillPanel();
  }

  function lineOf(row) {
    const box = el("input", { type: "checkbox", "aria-label": "choose " + row.name, "data-run": row.id, onchange: (event) => {
      state.chosen = state.chosen.filter((id) => id !== row.id).concat(event.target.checked ? [row.id] : []);
      event.target.closest("tr").className = event.target.checked ? "on" : "";
      fillPanel();
    } });
    box.checked = state.chosen.includes(row.id);
    const cells = COLUMNS.map((column) => (column.cell ? column.cell(row) : el("td", { class: column.wide ? "wide" : "" }, row[column.field] || "-")));
    return el("tr", { class: box.checked ? "on" : "" }, el("td", { class: "pick" }, box), ...cells);
  }

  function fillPanel() {
    const chosen = state.chosen.map((id) => rows.get(id)).filter(Boolean);
    panel.hidden = !chosen.length;
    if (!chosen.length) return panel.replaceChildren();
    const two = chosen.length === 2;
    const training = el("input", { type: "checkbox", onchange: (event) => { state.training = event.target.checked; fillPanel(); } });
    training.checked = state.training;
    const act = (words, id, disabled, onclick) => el("button", { type: "button", class: "act", id, disabled, onclick }, words);
    const places = el("div", { class: "plots" }), none = el("p", { class: "hint" });
    const legend = el("ul", { class: "legend" }, ...chosen.map((row, k) => el("li", {}, el("span", { class: "swatch", style: "background: var(--c" + (k % COLOURS) + ")" }), link(toRun(row), row.inside ? row.id : row.name))));
    panel.replaceChildren(
      el("div", { class: "controls", style: "margin: 0" },
        act("compare the two", "compare", !two, () => { location.hash = "compare=" + chosen.map((row) => encodeURIComponent(row.id)).join(","); }),
        act("clear", "clear", false, () => { state.chosen = []; fill(); }),
        el("label", {}, training, " training, dashed"),
        two ? null : el("span", { class: "hint" }, "choose two to compare them")),
      legend, places, none);
    return withCurves(() => {
      const drawn = overlay(chosen, state.training);
      places.replaceChildren(...drawn);
      none.textContent = drawn.length ? "" : "No curve: none of them has two epochs of its own.";
    });
  }

  // --- one run ------------------------------------------------------------------------------------------------------

  const back = () => el("p", { class: "back" }, link("", "← all runs"));
  const facts = (pairs) => el("dl", {}, ...pairs.filter((pair) => pair[1]).flatMap((pair) => [el("dt", {}, pair[0]), el("dd", {}, pair[1])]));
  const section = (title, ...inner) => el("section", {}, el("h2", {}, title), ...inner);
  const command = (words) => el("code", { class: "command" }, words);
  // as a shell reads it: quoted where a name is more than letters, digits and signs that mean nothing
  const quoted = (words) => (/^[\w@%+=:,./-]+$/.test(words) ? words : "'" + words.replaceAll("'", "'\"'\"'") + "'");
  const reach = (row) => quoted(row.inside ? board.title + "/" + row.id : row.name);

  function showRun(row) {
    const report = own(board.reports, row.id), metric = metricOf(row);
    const inside = [...rows.values()].filter((other) => other.inside === row.id);
    const outer = row.inside && rows.get(row.inside);
    const sizes = row.train ? number(row.train) + " to train on, " + number(row.val) + " for validation" : "";
    const plots = el("div", { class: "plots" });
    const scores = Object.entries(row.scores).sort();
    const verb = row.kind === "tune" || row.points ? "dl status " : "dl report ";
    place.replaceChildren(...[
      back(),
      el("h1", {}, row.name, row.tags.map((tag) => el("span", { class: "tag" }, tag))),
      el("p", { class: "state" }, [row.kind, row.status, row.epochs ? many(row.epochs, "epoch") : "", row.seconds ? duration(row.seconds) : ""].filter(Boolean).join(", ")),
      row.note ? el("p", { class: "words" }, row.note) : null,
      facts([["result", row.result], ["ended", row.message], ["task", row.task], ["data", [row.data, sizes].filter(Boolean).join(" - ")],
        ["model", [row.model, row.parameters ? many(row.parameters, "parameter") : ""].filter(Boolean).join(", ")], ["begun", row.date && when(row.date) + " UTC"],
        ["inside of", outer && link(toRun(outer), outer.name)],
        ["report", report && el("a", { href: report.split("/").map(encodeURIComponent).join("/") }, "the whole report")],
        ["in a terminal", row.status !== "unreadable" && command(verb + reach(row))]]),
      row.points ? section("Fits", points(row)) : null,
      row.stages ? section("Stages", stages(row)) : null,
      scores.length ? section("Scores" + (row.best_epoch ? ", epoch " + row.best_epoch : ""), scoreTable(row)) : null,
      section("Curves", plots),
      inside.length && !row.points ? section("Inside", insideTable(inside, metric)) : null,
      Object.keys(row.choices).length ? section("Choices", el("details", {}, el("summary", {}, many(Object.keys(row.choices).length, "option")), plainTable(Object.entries(row.choices)))) : null,
    ].filter(Boolean));
    withCurves(() => {
      const drawn = row.kind === "tune" || row.points || (row.kind === "cv" && !curves[row.id]) ? overlay(inside, false) : curvesOf(row);
      if (drawn.length) plots.replaceChildren(...drawn); else plots.parentNode.remove();
    });
  }

  function plainTable(entries) {
    return el("table", {}, el("tbody", {}, ...entries.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, typeof value === "number" ? number(value) : String(value))))));
  }

  function scoreTable(row) {
    const names = ["loss", ...row.metrics.map((metric) => metric.name)].filter((name) => own(row.scores, "val_" + name) !== undefined);
    const cell = (column) => numberCell(own(row.scores, column) === undefined ? "-" : score(row, column, row.scores[column]));
    return el("table", {}, el("thead", {}, el("tr", {}, el("th", {}), el("th", { class: "number", scope: "col" }, "validation"), el("th", { class: "number", scope: "col" }, "training"))),
      el("tbody", {}, ...names.map((name) => el("tr", {}, el("th", { scope: "row" }, name.replaceAll("_", " ")), cell("val_" + name), cell("probe_" + name)))));
  }

  function differing(found) {
    const names = [...new Set(found.flatMap((row) => Object.keys(row.choices)))];
    return names.filter((name) => new Set(found.map((row) => JSON.stringify(own(row.choices, name)))).size > 1);
  }
  const choice = (value) => (value === undefined ? "-" : typeof value === "number" ? number(value) : value === "" ? "none" : String(value));

  function insideTable(inside, metric) {
    const names = differing(inside).filter((name) => name !== "split.fold").slice(0, 8);
    return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "run"), el("th", { scope: "col" }, "status"), el("th", { scope: "col", class: "number" }, metric ? metric.name.replaceAll("_", " ") : "score"), el("th", { scope: "col", class: "number" }, "loss"),
      ...names.map((name) => el("th", { scope: "col" }, name.split(".").slice(-1)[0])))),
      el("tbody", {}, ...inside.map((row, k) => el("tr", {}, el("td", { class: "nowrap" }, el("span", { class: "swatch", style: "background: var(--c" + (k % COLOURS) + ")" }), link(toRun(row), row.name)), el("td", { class: "status " + row.status }, row.status),
        numberCell(metricOf(row) ? score(row, metricOf(row).name, row.score) : "-"), numberCell(number(row.scores.val_loss)), ...names.map((name) => el("td", {}, choice(own(row.choices, name)))))))));
  }

  function interval(row, [value, low, high]) {
    const metric = metricOf(row) || { name: "" }, words = (one) => score(row, metric.name, one).replace(" %", "");
    return value === null ? "-" : score(row, metric.name, value) + (low === null || high === null ? "" : " [" + words(low) + ", " + words(high) + "]");
  }

  function points(row) {
    const metric = metricOf(row);
    return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...["fit", "epochs", "training", "validation " + (metric ? metric.name : ""), "lowest loss", ""].map((words) => el("th", { scope: "col" }, words)))),
      el("tbody", {}, ...row.points.map((point) => el("tr", {}, el("td", {}, rows.has(point.id) ? link("run=" + encodeURIComponent(point.id), point.label) : point.label), numberCell(number(point.epochs)),
        numberCell(score(row, metric.name, point.probe[0])), el("td", { class: "nowrap" }, interval(row, point.val)), numberCell(number(point.loss)), el("td", { class: "quiet" }, point.note))))));
  }

  function stages(row) {
    return el("div", { class: "scroll" }, el("table", {}, el("tbody", {}, ...row.stages.map((stage) => el("tr", {}, el("th", { scope: "row" }, stage.name),
      el("td", { class: "status " + (stage.passed ? stage.status : "interrupted") }, stage.status), el("td", {}, rows.has(stage.id) ? link("run=" + encodeURIComponent(stage.id), stage.result) : stage.result))))));
  }

  // --- two runs -----------------------------------------------------------------------------------------------------

  function showPair(a, b) {
    const both = [a, b], plots = el("div", { class: "plots" }), verdict = el("div", {});
    const columns = [...new Set(both.flatMap((row) => Object.keys(row.scores)))].filter((name) => name.startsWith("val_"));
    const names = differing(both).sort();
    const line = (title, cells, differs) => el("tr", {}, el("th", { scope: "row" }, title), ...cells.map((cell) => el("td", { class: differs ? "differs" : "" }, cell)));
    const shown = [["status", "status"], ["data", "data"], ["model", "model"], ["task", "task"], ["parameters", "parameters"], ["epochs", "epochs"], ["best epoch", "best_epoch"]];
    const head = el("thead", {}, el("tr", {}, el("th", {}), ...both.map((row, k) => el("th", { scope: "col" }, el("span", { class: "swatch", style: "background: var(--c" + k + ")" }), link(toRun(row), row.inside ? row.id : row.name)))));
    const fact = (row, name) => (typeof row[name] === "number" ? number(row[name]) : row[name] || "-");
    place.replaceChildren(back(), el("h1", {}, "Two runs"),
      verdict,
      el("div", { class: "scroll" }, el("table", { class: "pair" }, head, el("tbody", {},
        ...columns.map((name) => line(name.slice(4).replaceAll("_", " "), both.map((row) => (own(row.scores, name) === undefined ? "-" : score(row, name, row.scores[name]))))),
        ...shown.map(([title, name]) => line(title, both.map((row) => fact(row, name)), a[name] !== b[name])),
        line("time", both.map((row) => duration(row.seconds)))))),
      section("Curves, training dashed", plots),
      section("Choices that differ", names.length
        ? el("div", { class: "scroll" }, el("table", { class: "pair" }, el("tbody", {}, ...names.map((name) => line(name, both.map((row) => choice(own(row.choices, name))))))))
        : el("p", {}, "None: the recipes are the same.")));
    withCurves(() => {
      const drawn = overlay(both, true);
      if (drawn.length) plots.replaceChildren(...drawn); else plots.parentNode.remove();
    });
    const line_ = () => el("p", {}, "With intervals, on the same validation examples: ", command("dl compare " + both.map(reach).join(" ")));
    if (!board.live) {
      verdict.replaceChildren(a.fingerprint && a.fingerprint === b.fingerprint ? line_() : el("p", {}, "Their validation sets differ, so their scores cannot be compared example by example."));
      return;
    }
    fetch("compare?a=" + encodeURIComponent(a.id) + "&b=" + encodeURIComponent(b.id)).then((answer) => answer.json()).then((found) => {
      verdict.replaceChildren(...(found.error ? [el("p", { class: "hint" }, found.error)] : [el("p", { class: "verdict" }, found.verdict), el("pre", { class: "words" }, found.lines.join("\n"))]));
    }, () => verdict.replaceChildren(line_()));
  }

  // --- where one is -------------------------------------------------------------------------------------------------

  function parts() {
    const [kind, rest] = location.hash.slice(1).split("=");
    try { return [kind, (rest || "").split(",").map(decodeURIComponent)]; } catch (error) { return ["", []]; }
  }

  function show() {
    const [kind, ids] = parts(), found = ids.map((id) => rows.get(id));
    if (kind === "run" && found[0]) showRun(found[0]);
    else if (kind === "compare" && found[0] && found[1]) showPair(found[0], found[1]);
    else if (kind) place.replaceChildren(back(), el("h1", {}, "There is no such run here"));
    else showList();
  }

  function load(found) {
    board = found;
    rows = new Map(board.rows.map((row) => [row.id, row]));
    state.chosen = state.chosen.filter((id) => rows.has(id));
  }

  function follow() {
    if (document.hidden) return;
    fetch("data/runs.json?since=" + encodeURIComponent(board.version)).then((answer) => answer.json()).then((found) => {
      if (!found) return;
      load(found);
      curves = null;
      if (parts()[0]) show(); else fill();
    }, () => { if (hint) hint.textContent = "The server has ended; this is what it showed last."; });
  }

  load(board);
  window.addEventListener("hashchange", () => { show(); window.scrollTo(0, 0); });
  show();
  if (board.live) setInterval(follow, 5000);
})();
