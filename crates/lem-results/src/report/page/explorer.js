"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const h = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
    element.append(...children.flat().filter((child) => child != null));
    return element;
  };
  const number = (value) => {
    if (value == null) return "–";
    const size = Math.abs(value);
    return size >= 1e5 ? value.toExponential(3) : `${+value.toPrecision(4)}`;
  };
  const energy = (value, width, unit) => {
    if (value == null) return "–";
    const [scale, prefix] = Math.abs(value) < 0.1 ? [1e3, "m"] : [1, ""];
    return `${number(value * scale)}${width == null ? "" : ` ± ${+(width * scale).toPrecision(2)}`} ${prefix}${unit}`;
  };
  /* Columns: name, head, how it reads, whether it is a number, and what a filter calls it. */
  const COLUMNS = [
    ["id", "experiment", (entry) => entry.id, false],
    ["model", "model", (entry) => (entry.model ?? "–").split("/").pop(), false],
    ["backend", "backend", (entry) => entry.backend ?? "–", false, "backend", "wide"],
    ["state", "state", (entry) => (entry.problem ? "damaged" : entry.state ?? "–"), false, "state", "wide"],
    ["output_tok_per_s", "tok/s", (entry) => number(entry.output_tok_per_s), true, "tok/s", "wide"],
    ["energy_j_per_output_token", "energy per token", (entry) => energy(entry.energy_j_per_output_token, entry.energy_j_per_output_token_expanded, "J"), true, "j/token"],
    ["energy_j", "energy", (entry) => energy(entry.energy_j, null, "J"), true, "j", "wide"],
    ["output_tokens", "output tokens", (entry) => (entry.output_tokens == null ? "–" : entry.output_tokens.toLocaleString("en")), true, "tokens", "wide"],
    ["grade", "grade", (entry) => entry.grade ?? "–", false, "grade", "wide"],
  ];
  const ROW = () => (matchMedia("(max-width: 640px)").matches ? 56 : 40);
  const state = { entries: [], shown: [], sort: "id", down: true, chosen: [] };

  const terms = (text) => text.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const match = /^(.+?)(<=|>=|<|>)(-?[\d.]+(?:e-?\d+)?)$/.exec(word);
    const column = match && COLUMNS.find((column) => column[4] === match[1] || column[0] === match[1]);
    if (!column) return (entry) => entry.text.includes(word);
    const [limit, compare] = [Number(match[3]), { "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b }[match[2]]];
    return (entry) => entry[column[0]] != null && compare(entry[column[0]], limit);
  });
  const update = () => {
    const wanted = terms(at("filter").value);
    const only = at("with-figures").checked;
    state.shown = state.entries.filter((entry) => (!only || entry.output_tokens != null) && wanted.every((term) => term(entry)));
    const key = state.sort;
    const order = state.down ? -1 : 1;
    state.shown.sort((a, b) => {
      const [x, y] = [a[key], b[key]];
      if (x == null || y == null) return (x == null) - (y == null);
      return order * (x < y ? -1 : x > y ? 1 : 0);
    });
    at("count").textContent = state.shown.length === state.entries.length ? `${state.entries.length.toLocaleString("en")} experiments` : `${state.shown.length.toLocaleString("en")} of ${state.entries.length.toLocaleString("en")}`;
    at("empty").hidden = state.shown.length > 0;
    at("empty").textContent = state.entries.length ? "No experiment matches the filter." : "No experiments yet: `lem experiment` makes the first one.";
    at("space").style.height = `${state.shown.length * ROW()}px`;
    at("list").hidden = state.shown.length === 0;
    draw();
    remember();
  };
  /* Only the rows that can be seen are in the page, so that thousands cost nothing. */
  const draw = () => {
    const list = at("list");
    const row = ROW();
    const first = Math.max(0, Math.floor(list.scrollTop / row) - 8);
    const rows = state.shown.slice(first, first + Math.ceil(list.clientHeight / row) + 16).map((entry) => {
      const place = state.chosen.indexOf(entry.id);
      const box = h("input", { type: "checkbox", "aria-label": `choose ${entry.id}`, disabled: entry.output_tokens == null });
      box.checked = place >= 0;
      box.addEventListener("change", () => choose(entry.id));
      const cells = COLUMNS.map(([name, , shown, numeric, , wide]) => {
        const kind = [numeric ? "num" : "", wide ?? "", name === "grade" && entry.grade ? `grade ${entry.grade}` : "", name === "state" && entry.problem ? "bad" : ""].filter(Boolean).join(" ");
        const text = shown(entry);
        const content = name === "id" && entry.output_tokens != null ? h("a", { href: `/report?id=${encodeURIComponent(entry.id)}` }, text) : text;
        return h("div", { role: "cell", class: kind, title: name === "state" ? entry.problem : text }, content);
      });
      return h("div", { class: `row${place >= 0 ? " chosen" : ""}`, role: "row" }, h("div", { role: "cell" }, box), cells);
    });
    at("rows").style.top = `${first * row}px`;
    at("rows").replaceChildren(...rows);
  };
  const choose = (id) => {
    state.chosen = state.chosen.includes(id) ? state.chosen.filter((other) => other !== id) : [...state.chosen, id];
    choice();
    draw();
  };
  const choice = () => {
    const count = state.chosen.length;
    at("open").disabled = at("clear").disabled = count === 0;
    at("open").textContent = count > 1 ? `Compare ${count}` : "Open report";
  };
  const head = () => at("head").replaceChildren(h("div", { role: "columnheader" }), ...COLUMNS.map(([name, words, , numeric, , wide]) => {
    const button = h("button", { type: "button" }, words);
    button.addEventListener("click", () => {
      state.down = state.sort === name ? !state.down : false;
      state.sort = name;
      head();
      update();
    });
    return h("div", { role: "columnheader", class: [numeric ? "num" : "", wide ?? ""].join(" ").trim(), "data-column": name, "aria-sort": state.sort === name ? (state.down ? "descending" : "ascending") : "none" }, button);
  }));
  /* The view is in the address, so that it can be kept and sent. */
  const remember = () => {
    const view = new URLSearchParams({ ...(at("filter").value && { filter: at("filter").value }), ...(at("with-figures").checked && { figures: "1" }), sort: `${state.down ? "-" : ""}${state.sort}` });
    history.replaceState(null, "", `#${view}`);
  };
  const recall = () => {
    const view = new URLSearchParams(location.hash.slice(1));
    at("filter").value = view.get("filter") ?? "";
    at("with-figures").checked = view.get("figures") === "1";
    const sort = view.get("sort") ?? "-id";
    const name = sort.replace(/^-/, "");
    if (COLUMNS.some((column) => column[0] === name)) Object.assign(state, { sort: name, down: sort.startsWith("-") });
  };
  const load = async () => {
    const response = await fetch("/api/experiments");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { folder, tool, experiments } = await response.json();
    for (const entry of experiments) entry.text = [entry.id, entry.model, entry.backend, entry.state, entry.grade, entry.problem ? "damaged" : ""].join(" ").toLowerCase();
    state.entries = experiments;
    state.chosen = state.chosen.filter((id) => experiments.some((entry) => entry.id === id));
    at("subtitle").replaceChildren(h("li", {}, folder));
    at("footer").textContent = `${tool}, reading only. ± is the expanded uncertainty, k = 2.`;
    choice();
    update();
    document.documentElement.dataset.ready = "true";
  };
  const failed = (error) => {
    at("empty").hidden = false;
    at("empty").textContent = `The list could not be loaded: ${error.message}`;
  };
  recall();
  head();
  at("filter").addEventListener("input", () => { at("list").scrollTop = 0; update(); });
  at("with-figures").addEventListener("change", update);
  at("list").addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  at("clear").addEventListener("click", () => { state.chosen = []; choice(); draw(); });
  at("reload").addEventListener("click", () => load().catch(failed));
  at("open").addEventListener("click", () => { location.href = `/report?${new URLSearchParams(state.chosen.map((id) => ["id", id]))}`; });
  addEventListener("resize", update);
  load().catch(failed);
})();
