"use strict";
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const experiments = report.experiments;
  const many = experiments.length > 1;
  let selected = 0;
  for (const experiment of experiments) {
    experiment.settings = { ...report.settings, ...experiment.settings };
    experiment.environment = { ...report.environment, ...experiment.environment };
    for (const figure of experiment.figures) figure.label = report.labels[figure.name];
  }

  /* Elements: every text of the data goes into the page as text, never as markup. */
  const h = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value == null || value === false) continue;
      if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(2).filter((child) => child != null));
    return element;
  };
  const svg = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  const figure = (experiment, name) => experiment.figures.find((figure) => figure.name === name);
  const value = (experiment, name) => figure(experiment, name)?.value ?? null;
  const half = (experiment, name) => figure(experiment, name)?.expanded ?? 0;
  const plural = (count, one, several) => `${count} ${count === 1 ? one : several}`;
  const seconds = (s) => (Math.abs(s) < 1 ? `${+(s * 1e3).toPrecision(3)} ms` : `${+s.toPrecision(3)} s`);
  const grade = (figure) => h("span", { class: `grade ${figure.grade}`, title: figure.source ?? "" }, figure.grade + (figure.limited && figure.value != null ? ", limited" : ""));
  const shortened = (text, most) => (text.length <= most ? text : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-Math.floor(most / 2))}`);
  const unique = (list) => [...new Set(list)];

  /* Charts are drawn for the width that they have, and again when it changes. */
  const charts = [];
  const chart = (draw) => {
    const box = h("div", { class: "chart" });
    charts.push({ box, draw, width: 0, shown: false });
    return box;
  };
  const common = { style: { fontFamily: "inherit", fontSize: "12px", background: "none", color: "var(--muted)", overflow: "visible" } };
  const drawAll = () => {
    for (let place = charts.length - 1; place >= 0; place -= 1) {
      const { box, draw, width, shown } = charts[place];
      if (!box.isConnected) {
        // One that left the page does not come back; one that was never in it is still being put together.
        if (shown) charts.splice(place, 1);
        continue;
      }
      charts[place].shown = true;
      const now = box.clientWidth;
      if (now === 0 || now === width) continue;
      charts[place].width = now;
      box.replaceChildren(draw(now));
    }
  };
  let waiting = 0;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 60);
  }).observe(document.body);

  /* Cards */
  const CARDS = ["energy_j_per_output_token", "output_tok_per_s", "energy_j", "mean_power_w", "ttft_p50_s", "itl_p50_s"];
  const whisker = (relative) => {
    const reach = Math.min(relative, 1) * 48;
    return svg("svg", { class: "whisker", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("line", { class: "track", x1: 2, x2: 98, y1: 4, y2: 4 }),
      svg("line", { x1: 50 - reach, x2: 50 + reach, y1: 4, y2: 4 }),
      svg("line", { x1: 50 - reach, x2: 50 - reach, y1: 1, y2: 7 }),
      svg("line", { x1: 50 + reach, x2: 50 + reach, y1: 1, y2: 7 }));
  };
  const card = (figure) => {
    const [number, rest] = figure.shown.split(" ± ");
    const [width, ...unit] = (rest ?? "").split(" ");
    const [plain, ...plainUnit] = number.split(" ");
    const body = figure.value == null
      ? [h("div", { class: "value" }, "–"), h("div", { class: "why" }, figure.absence ?? "")]
      : [h("div", { class: "value" }, plain, h("small", {}, rest ? unit.join(" ") : plainUnit.join(" "))),
         rest ? h("div", { class: "interval" }, `± ${width} (k = 2), ${percent(figure)}`) : null,
         rest ? whisker(figure.expanded / Math.abs(figure.value || 1)) : null];
    const covers = figure.boundary ? h("span", {}, `covers ${figure.boundary.replaceAll("_", " ")}`) : null;
    return h("div", { class: "card" }, h("div", { class: "label" }, figure.label), ...body, h("div", { class: "foot" }, grade(figure), covers));
  };
  const percent = (figure) => {
    const share = (100 * figure.expanded) / Math.abs(figure.value || 1);
    return share < 0.01 ? "below ±0.01 %" : `±${+share.toPrecision(2)} %`;
  };

  /* Power, phases and tokens */
  const PHASES = [["prefill", "prefill"], ["decode", "decode"], ["mixed", "both at once"]];
  const bands = (phases) => PHASES.flatMap(([phase]) => (phases?.[phase] ?? []).map(([from, to]) => ({ phase, from, to })));
  const power = (experiment) => {
    const { phases } = experiment;
    const length = experiment.window_s ?? 0;
    const panels = experiment.traces.slice(0, 4).map((trace) => {
      const points = trace.at_s.map((at, place) => ({ at, power: trace.power_w[place] }));
      const top = d3.max(points, (point) => point.power) * 1.08 || 1;
      const domain = d3.extent(trace.at_s);
      const plot = (width) => Plot.plot({
        ...common, width, height: width < 500 ? 210 : 260, marginLeft: 46, marginRight: 12, marginTop: 18, marginBottom: 34,
        x: { label: "time since the window opened (s)", labelAnchor: "right", domain, grid: false, nice: false },
        y: { label: "power (W)", domain: [0, top], grid: true, ticks: 5 },
        marks: [
          Plot.rectX(bands(phases), { x1: "from", x2: "to", fill: (band) => `var(--${band.phase})`, fillOpacity: 0.17, clip: true }),
          Plot.ruleX(phases?.tokens_s ?? [], { x: (at) => at, y1: 0, y2: top * 0.045, stroke: "var(--tokens)", strokeOpacity: 0.75 }),
          Plot.ruleX([0, length].filter((at) => at != null), { stroke: "var(--faint)", strokeDasharray: "3,3" }),
          Plot.lineY(points, { x: "at", y: "power", stroke: "var(--power)", strokeWidth: 1.2, curve: "linear", clip: true }),
          Plot.ruleY([0], { stroke: "var(--line)" }),
          Plot.crosshairX(points, { x: "at", y: "power", color: "var(--accent)", textFill: "var(--ink)", textStroke: "var(--raised)" }),
        ],
      });
      const thinned = trace.at_s.length < trace.n_points;
      return h("div", { class: "panel" },
        h("header", {},
          h("h3", {}, `${trace.device}, ${trace.sensor}`),
          h("div", { class: "legend" },
            PHASES.filter(([phase]) => phases?.[phase]?.length).map(([phase, words]) => h("span", { style: `--swatch: var(--${phase}); --strength: .45` }, words)),
            phases?.tokens_s.length ? h("span", { style: "--swatch: var(--tokens)" }, "a token") : null,
            h("span", { class: "line", style: "--swatch: var(--power)" }, "power"))),
        chart(plot),
        h("p", { class: "caption" },
          `${trace.meaning}; covers ${(trace.boundary ?? "").replaceAll("_", " ")}. `,
          thinned ? `Drawn are ${trace.at_s.length.toLocaleString("en")} of ${trace.n_points.toLocaleString("en")} points: of each stretch the first, the lowest, the highest and the last, so no peak is lost. ` : "",
          phases?.joined ? "Phases closer than a line on the screen are joined. " : ""));
    });
    const rate = phases?.tokens_per_s ?? [];
    if (rate.length) {
      const step = length / rate.length;
      const bars = rate.map((rate, place) => ({ from: place * step, to: (place + 1) * step, rate }));
      panels.push(h("div", { class: "panel" },
        h("header", {}, h("h3", {}, "Output tokens per second"), h("p", { class: "note" }, `mean of each ${seconds(step)}`)),
        chart((width) => Plot.plot({
          ...common, width, height: 130, marginLeft: 46, marginRight: 12, marginBottom: 34,
          x: { label: "time since the window opened (s)", labelAnchor: "right", domain: [0, length] }, y: { label: "tok/s", grid: true, ticks: 3 },
          marks: [Plot.rectY(bars, { x1: "from", x2: "to", y: "rate", fill: "var(--tokens)", fillOpacity: 0.75, tip: { fill: "var(--raised)" } }), Plot.ruleY([0], { stroke: "var(--line)" })],
        }))));
    }
    const more = experiment.traces.length - 4;
    if (more > 0) panels.push(h("p", { class: "note" }, `${plural(more, "more trace is", "more traces are")} in the record.`));
    return panels;
  };

  /* Latencies */
  const latencies = (experiment) => experiment.latencies.map((latency) => {
    const quantile = (percent) => latency.quantiles_s[percent];
    const largest = quantile(100);
    const [scale, unit] = largest < 1 ? [1e3, "ms"] : [1, "s"];
    const smallest = quantile(0);
    // A single bar of equal values has no width of its own.
    const margin = latency.bars.length === 1 ? Math.max(smallest * 0.02, 1e-6) : 0;
    const step = (largest - smallest + 2 * margin) / latency.bars.length;
    const bars = latency.bars.map((count, bar) => ({ from: (smallest - margin + bar * step) * scale, to: (smallest - margin + (bar + 1) * step) * scale, count }));
    const marks = [["p50", 50], ["p90", 90], ["p99", 99]].map(([name, percent], place) => ({ name, at: quantile(percent) * scale, place }));
    const shown = (percent) => `${+(quantile(percent) * scale).toPrecision(4)} ${unit}`;
    return h("div", { class: "panel" },
      h("header", {}, h("h3", {}, `${latency.name}, ${latency.label}`), h("p", { class: "note" }, `n = ${latency.count.toLocaleString("en")}`)),
      chart((width) => Plot.plot({
        ...common, width, height: 190, marginLeft: 46, marginTop: 26, marginBottom: 34,
        x: { label: `${latency.name} (${unit})`, labelAnchor: "right", nice: true }, y: { label: null, grid: true, ticks: 4, tickFormat: "~s" },
        marks: [
          Plot.rectY(bars, { x1: "from", x2: "to", y: "count", fill: "var(--decode)", fillOpacity: 0.7, insetLeft: 0.5, insetRight: 0.5, tip: { fill: "var(--raised)" } }),
          Plot.ruleX(marks, { x: "at", stroke: "var(--ink)", strokeDasharray: "2,3" }),
          Plot.text(marks, { x: "at", text: "name", frameAnchor: "top", dy: -13, fill: "var(--ink)", filter: (mark) => mark.place === 0 || mark.place === 2 }),
          Plot.ruleY([0], { stroke: "var(--line)" }),
        ],
      })),
      h("p", { class: "caption" }, `median ${shown(50)}, p90 ${shown(90)}, p99 ${shown(99)}, largest ${shown(100)}`));
  });

  /* Tables */
  const figureTable = (experiment) => h("div", { class: "table" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", {}, "figure"), h("th", { class: "num" }, "value ± expanded (k = 2)"), h("th", {}, "grade"), h("th", {}, "covers, or why it is missing"), h("th", {}, "from"))),
    h("tbody", {}, experiment.figures.map((figure) => h("tr", {},
      h("td", {}, figure.label),
      h("td", { class: "num" }, figure.shown),
      h("td", {}, grade(figure)),
      h("td", { class: "break" }, figure.absence ?? [figure.boundary?.replaceAll("_", " "), figure.limited].filter(Boolean).join("; ")),
      h("td", { class: "break" }, figure.source ?? ""))))));
  const pairs = (entries) => h("div", { class: "table" }, h("table", {}, h("tbody", {}, entries.map(([name, text]) => h("tr", {}, h("td", {}, h("code", {}, name)), h("td", { class: "break" }, text))))));
  const findings = (experiment) => experiment.findings.length === 0
    ? h("p", { class: "note" }, "No findings: nothing speaks against these figures.")
    : h("ul", { class: "findings" }, experiment.findings.map((finding) => h("li", { class: finding.severity },
        h("div", { class: "head" }, h("strong", {}, finding.severity), h("code", {}, finding.code)),
        h("div", { class: "break" }, finding.message),
        finding.hint ? h("div", { class: "hint break" }, `Try: ${finding.hint}`) : null)));

  /* One experiment */
  const detail = document.getElementById("detail");
  const showDetail = () => {
    const experiment = experiments[selected];
    const chooser = h("select", { "aria-label": "experiment", on: { change: (event) => select(+event.target.value) } },
      experiments.map((other, place) => h("option", { value: place, selected: place === selected }, other.name === other.id ? other.id : `${other.name} · ${other.id}`)));
    detail.replaceChildren(
      ...(many ? [h("h2", { id: "one" }, "One experiment"), h("div", { class: "controls screen" }, chooser)] : []),
      ...(many ? [h("ul", { class: "facts" }, facts(experiment))] : []),
      h("div", { class: "cards" }, CARDS.map((name) => figure(experiment, name)).filter(Boolean).map(card)),
      h("h2", {}, "Findings"), findings(experiment),
      h("h2", {}, "Power over time"),
      ...(experiment.cycles > 1 ? [h("p", { class: "note" }, `The first of ${experiment.cycles} measured windows.`)] : []),
      ...(experiment.no_streams ? [h("p", { class: "note" }, `The raw streams could not be read, so there are no curves: ${experiment.no_streams}`)] : []),
      ...(experiment.traces.length ? power(experiment) : [h("p", { class: "note" }, "No sensor recorded power in this run.")]),
      ...(experiment.latencies.length ? [h("h2", {}, "Latency"), h("div", { class: "grid2" }, latencies(experiment))] : []),
      h("h2", {}, "Every figure"), figureTable(experiment),
      h("details", {}, h("summary", {}, "Machine"), pairs([["engine", experiment.engine], ["dataset", experiment.dataset], ...Object.entries(experiment.environment)])),
      h("details", {}, h("summary", {}, "Settings"), pairs(Object.entries(experiment.settings))));
    drawAll();
  };
  const facts = (experiment) => [experiment.model, experiment.engine, experiment.dataset, experiment.created_at.replace(/\.\d+Z$/, "Z").replace("T", " "), experiment.id]
    .map((text) => h("li", {}, text));

  const select = (place) => {
    selected = place;
    showDetail();
    for (const row of document.querySelectorAll("tr.pick")) row.setAttribute("aria-selected", String(+row.dataset.place === selected));
  };

  /* Several experiments: a table that sorts and filters */
  const COLUMNS = [
    ["output_tok_per_s", "tok/s"], ["energy_j_per_output_token", "energy per token"], ["energy_j", "energy"], ["mean_power_w", "power"],
    ["ttft_p50_s", "TTFT p50"], ["itl_p50_s", "ITL p50"],
  ];
  const overviewTable = () => {
    let sort = { column: null, down: false };
    const body = h("tbody", {});
    const search = h("input", { type: "search", placeholder: "filter by name, model, backend…", "aria-label": "filter", on: { input: () => fill() } });
    const count = h("span", {});
    const text = (experiment) => [experiment.name, experiment.id, experiment.model, experiment.backend, ...report.varying.map((path) => experiment.settings[path] ?? "")].join(" ").toLowerCase();
    const texts = experiments.map(text);
    const fill = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let places = experiments.map((_, place) => place).filter((place) => words.every((word) => texts[place].includes(word)));
      if (sort.column) {
        const key = (place) => (sort.column === "name" ? experiments[place].name : value(experiments[place], sort.column));
        places.sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x == null || y == null) return (x == null) - (y == null);
          return (sort.down ? -1 : 1) * (typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y);
        });
      }
      count.textContent = places.length === experiments.length ? plural(places.length, "experiment", "experiments") : `${places.length} of ${experiments.length}`;
      body.replaceChildren(...places.map((place) => {
        const experiment = experiments[place];
        const energy = figure(experiment, "energy_j_per_output_token");
        return h("tr", { class: "pick", "data-place": place, tabindex: 0, "aria-selected": String(place === selected),
            on: { click: () => { select(place); }, keydown: (event) => { if (event.key === "Enter") select(place); } } },
          h("td", { class: "break name" }, h("div", {}, experiment.name), h("div", { class: "sub" }, `${experiment.model}, ${experiment.backend}`)),
          COLUMNS.map(([name]) => {
            const shown = figure(experiment, name);
            return h("td", { class: "num", title: shown?.absence ?? "" }, shown?.shown ?? "–");
          }),
          h("td", {}, energy ? grade(energy) : "", h("div", { class: "sub" }, energy?.boundary?.replaceAll("_", " ") ?? "")));
      }));
    };
    const head = (name, label, numeric) => {
      const cell = h("th", { class: numeric ? "num" : null, "aria-sort": "none", "data-column": name }, h("button", { type: "button", on: { click: () => {
        sort = { column: name, down: sort.column === name ? !sort.down : false };
        for (const other of cell.parentElement.children) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
        cell.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
        fill();
      } } }, label));
      return cell;
    };
    const table = h("div", { class: "table", style: "max-height: 460px; overflow-y: auto" }, h("table", { id: "experiments" },
      h("thead", {}, h("tr", {}, head("name", "experiment", false), COLUMNS.map(([name, label]) => head(name, label, true)), h("th", {}, "grade, covers"))), body));
    fill();
    return [h("div", { class: "controls screen" }, search, count), table];
  };

  /* Energy against throughput */
  const STANDINGS = { front: "on the front", unclear: "may be on the front: intervals overlap", dominated: "dominated", unknown: "" };
  const pareto = () => {
    const points = experiments.map((experiment, place) => ({
      place, name: experiment.name, standing: report.standings[place],
      throughput: value(experiment, "output_tok_per_s"), energy: value(experiment, "energy_j_per_output_token"),
      half: half(experiment, "energy_j_per_output_token"), group: `${figure(experiment, "energy_j")?.boundary ?? ""} ${figure(experiment, "energy_j")?.grade === "estimated" ? "estimated" : ""}`.trim(),
    })).filter((point) => point.throughput != null && point.energy != null);
    if (points.length < 2) return null;
    const small = d3.max(points, (point) => point.energy + point.half) < 0.5;
    const [scale, unit] = small ? [1e3, "mJ"] : [1, "J"];
    for (const point of points) Object.assign(point, { y: point.energy * scale, low: Math.max(0, (point.energy - point.half) * scale), high: (point.energy + point.half) * scale });
    const front = points.filter((point) => point.standing === "front").sort((a, b) => a.throughput - b.throughput);
    const colour = (point) => (point.standing === "front" ? "var(--accent)" : point.standing === "unclear" ? "var(--mixed)" : "var(--faint)");
    const groups = unique(points.map((point) => point.group));
    const middle = d3.mean(d3.extent(points, (point) => point.throughput));
    return h("div", { class: "panel" },
      h("header", {}, h("h3", {}, "Energy and throughput"), h("div", { class: "legend" },
        [["front", "var(--accent)"], ["unclear", "var(--mixed)"], ["dominated", "var(--faint)"]].filter(([standing]) => points.some((point) => point.standing === standing))
          .map(([standing, swatch]) => h("span", { style: `--swatch: ${swatch}` }, STANDINGS[standing])))),
      chart((width) => {
        const plot = Plot.plot({
          ...common, width, height: Math.min(420, Math.max(280, width * 0.6)), marginLeft: 52, marginRight: 24, marginTop: 24, marginBottom: 38, inset: 12,
          x: { label: "output tokens per second, more is better", labelAnchor: "right", grid: true, nice: true },
          y: { label: `${unit} per output token, less is better`, grid: true, nice: true, zero: true },
          marks: [
            groups.map((group) => Plot.line(front.filter((point) => point.group === group), { x: "throughput", y: "y", stroke: "var(--accent)", strokeOpacity: 0.5, strokeDasharray: "5,4", curve: "step-before" })),
            Plot.ruleX(points, { x: "throughput", y1: "low", y2: "high", stroke: colour, strokeOpacity: 0.6 }),
            Plot.dot(points, { x: "throughput", y: "y", r: 4.5, fill: colour, stroke: "var(--raised)", symbol: groups.length > 1 ? "group" : "circle" }),
            front.length <= 8 ? [["start", (point) => point.throughput <= middle], ["end", (point) => point.throughput > middle]].map(([textAnchor, filter]) =>
              Plot.text(front, { x: "throughput", y: "y", text: (point) => shortened(point.name, width < 500 ? 22 : 34), textAnchor, filter, dy: -12, fill: "var(--ink)", stroke: "var(--raised)" })) : null,
            Plot.tip(points, Plot.pointer({ x: "throughput", y: "y", fill: "var(--raised)", title: (point) => `${point.name}\n${+point.throughput.toPrecision(4)} tok/s\n${+point.y.toPrecision(4)} ± ${+(point.half * scale).toPrecision(2)} ${unit}/token\n${STANDINGS[point.standing]}` })),
          ],
        });
        plot.addEventListener("click", () => { if (plot.value) select(plot.value.place); });
        return plot;
      }),
      h("p", { class: "caption" }, "Bars are the expanded uncertainty of the measurement, k = 2. ",
        groups.length > 1 ? "Joules that cover different things, and estimates, each have a front of their own and another shape. " : "",
        "Dominated is only what another beats with its whole interval."));
  };

  /* Beside the first */
  const forest = () => {
    const rows = report.differences.map((difference, place) => ({ ...difference, place, name: experiments[place].name })).filter((row) => row.ratio != null);
    const without = report.differences.length - rows.length;
    if (rows.length < 2) return null;
    const MOST = 40;
    const ordered = [rows[0], ...rows.slice(1).sort((a, b) => a.ratio - b.ratio)];
    const shownRows = ordered.slice(0, MOST);
    const label = new Map(shownRows.map((row) => [row.place, row.name]));
    const domain = [Math.min(0.97, d3.min(shownRows, (row) => row.low ?? row.ratio)), Math.max(1.03, d3.max(shownRows, (row) => row.high ?? row.ratio))];
    return h("div", { class: "panel" },
      h("header", {}, h("h3", {}, "Energy per output token, beside the first experiment"), h("p", { class: "note" }, "ratio, less is better")),
      chart((width) => { const marginLeft = Math.min(width * 0.46, 16 + 6.6 * d3.max(shownRows, (row) => row.name.length)); return Plot.plot({
        ...common, width, height: 64 + 22 * shownRows.length, marginLeft, marginRight: 56, marginTop: 12, marginBottom: 44,
        x: { type: "log", label: "times the energy of the first", labelAnchor: "right", domain, grid: true, ticks: width < 500 ? 4 : 7, tickFormat: (ratio) => `${+ratio.toPrecision(3)}` },
        y: { type: "point", label: null, domain: shownRows.map((row) => row.place), tickFormat: (place) => shortened(label.get(place), Math.floor((marginLeft - 14) / 6.6)), tickSize: 0 },
        marks: [
          Plot.rectX([{ from: 0.99, to: 1.01 }], { x1: "from", x2: "to", fill: "var(--faint)", fillOpacity: 0.18 }),
          Plot.ruleX([1], { stroke: "var(--muted)" }),
          Plot.ruleY(shownRows.filter((row) => row.low != null), { y: "place", x1: "low", x2: "high", stroke: "var(--accent)", strokeWidth: 1.6 }),
          Plot.dot(shownRows, { x: "ratio", y: "place", r: 4, fill: (row) => (row.place === rows[0].place ? "var(--ink)" : "var(--accent)"), stroke: "var(--raised)", title: (row) => row.basis }),
          Plot.text(shownRows, { frameAnchor: "right", y: "place", dx: 52, textAnchor: "end", text: (row) => (row.place === rows[0].place ? "first" : `${row.ratio > 1 ? "+" : "−"}${Math.abs((row.ratio - 1) * 100).toFixed(Math.abs(row.ratio - 1) < 0.1 ? 1 : 0)} %`), fill: "var(--ink)" }),
        ],
      }); }),
      h("p", { class: "caption" }, "Intervals are those of the measurement, k = 2; on one kind of sensor what is systematic cancels. What differs from run to run is not in them: whether a change is real is what “lem compare” judges. The grey band is ±1 %. ",
        ordered.length > MOST ? `The ${MOST} lowest of ${ordered.length} are drawn. ` : "", without ? `${plural(without, "experiment has", "experiments have")} no ratio. ` : ""));
  };

  /* A sweep */
  const METRICS = [["energy_j_per_output_token", "energy per output token"], ["output_tok_per_s", "output throughput"], ["mean_power_w", "mean power"], ["ttft_p50_s", "TTFT, median"], ["itl_p50_s", "ITL, median"], ["energy_j", "energy"]];
  const sweep = () => {
    const distinct = (path) => unique(experiments.map((experiment) => experiment.settings[path] ?? "–"));
    const axes = report.varying.filter((path) => distinct(path).length >= 2 && distinct(path).length < Math.max(3, experiments.length));
    if (axes.length < 2) return null;
    const metrics = METRICS.filter(([name]) => experiments.some((experiment) => value(experiment, name) != null));
    if (!metrics.length) return null;
    const state = { x: axes[0], y: axes[1], metric: metrics[0][0] };
    const choose = (key, options, label) => h("label", {}, label, h("select", { on: { change: (event) => { state[key] = event.target.value; redraw(); } } },
      options.map(([option, words]) => h("option", { value: option, selected: option === state[key] }, words))));
    const numeric = (a, b) => a.localeCompare(b, "en", { numeric: true });
    const cells = () => {
      const groups = d3.group(experiments, (experiment) => experiment.settings[state.x] ?? "–", (experiment) => experiment.settings[state.y] ?? "–");
      return [...groups].flatMap(([x, columns]) => [...columns].map(([y, inside]) => {
        const known = inside.filter((experiment) => value(experiment, state.metric) != null);
        const sum = (name) => d3.sum(known, (experiment) => value(experiment, name));
        const mean = state.metric === "energy_j_per_output_token" ? sum("energy_j") / sum("output_tokens") : d3.mean(known, (experiment) => value(experiment, state.metric));
        return { x, y, value: known.length ? mean : null, n: known.length, missing: inside.length - known.length };
      }));
    };
    const box = h("div", {});
    const unit = () => figure(experiments.find((experiment) => value(experiment, state.metric) != null), state.metric).unit ?? "";
    const redraw = () => {
      const data = cells();
      const known = data.filter((cell) => cell.value != null);
      const top = d3.max(known, (cell) => Math.abs(cell.value));
      const [scale, prefix] = top < 0.5 ? [1e3, "m"] : [1, ""];
      const [low, high] = d3.extent(known, (cell) => cell.value);
      const strong = (cell) => high > low && (cell.value - low) / (high - low) > 0.55;
      const ys = unique(data.map((cell) => cell.y)).sort(numeric);
      box.replaceChildren(chart((width) => Plot.plot({
        ...common, width, height: 72 + 38 * ys.length, marginLeft: Math.min(150, width * 0.3), marginBottom: 48, marginTop: 14, padding: 0.04,
        x: { type: "band", label: state.x, labelAnchor: "right", domain: unique(data.map((cell) => cell.x)).sort(numeric), tickSize: 0 },
        y: { type: "band", label: state.y, labelAnchor: "top", domain: ys, tickSize: 0 },
        color: { scheme: "YlGnBu", domain: [low, high] },
        marks: [
          Plot.cell(known, { x: "x", y: "y", fill: "value", rx: 4 }),
          Plot.cell(data.filter((cell) => cell.value == null), { x: "x", y: "y", fill: "none", stroke: "var(--line)", strokeDasharray: "3,3", rx: 4 }),
          Plot.text(known, { x: "x", y: "y", text: (cell) => `${+(cell.value * scale).toPrecision(3)}`, fill: (cell) => (strong(cell) ? "#ffffff" : "#10242e"), fontWeight: 600, title: (cell) => `n = ${cell.n}` }),
          Plot.text(data.filter((cell) => cell.value == null), { x: "x", y: "y", text: () => "–" }),
        ],
      })), h("p", { class: "caption" }, `In ${prefix}${unit()}. ${known.some((cell) => cell.n > 1) ? (state.metric === "energy_j_per_output_token" ? "Where several experiments share a cell it is the ratio of their sums. " : "Where several experiments share a cell it is their arithmetic mean. ") : ""}${data.some((cell) => cell.missing) ? "Experiments without the figure are left out. " : ""}`));
      drawAll();
    };
    const panel = h("div", { class: "panel" }, h("header", {}, h("h3", {}, "Sweep")), h("div", { class: "controls screen" },
      choose("metric", metrics, "figure"), choose("x", axes.map((path) => [path, path]), "across"), choose("y", axes.map((path) => [path, path]), "down")), box);
    redraw();
    return panel;
  };

  /* Latencies of all */
  const cumulative = () => {
    const kinds = unique(experiments.flatMap((experiment) => experiment.latencies.map((latency) => latency.name)));
    if (!kinds.length) return null;
    const MOST = 24;
    let kind = kinds[0];
    const box = h("div", {});
    const redraw = () => {
      const lines = experiments.slice(0, MOST).flatMap((experiment, place) => {
        const latency = experiment.latencies.find((latency) => latency.name === kind);
        return (latency?.quantiles_s ?? []).map((at, percent) => ({ name: experiment.name, place, at: Math.max(at, 1e-6) * 1e3, percent }));
      });
      const names = unique(lines.map((line) => line.place));
      box.replaceChildren(chart((width) => Plot.plot({
        ...common, width, height: 260, marginLeft: 46, marginRight: 20, marginBottom: 38,
        x: { type: "log", label: `${kind} (ms)`, labelAnchor: "right", grid: true, ticks: width < 500 ? 3 : 6, tickFormat: "~s" },
        y: { label: "share of values at most this long (%)", grid: true },
        color: { type: "ordinal", domain: names, range: names.length > 10 ? ["var(--muted)"] : d3.schemeTableau10 },
        marks: [
          Plot.line(lines, { x: "at", y: "percent", z: "place", stroke: "place", strokeWidth: 1.6, strokeOpacity: names.length > 10 ? 0.5 : 1 }),
          Plot.tip(lines, Plot.pointer({ x: "at", y: "percent", fill: "var(--raised)", title: (line) => `${line.name}\n${line.percent} % within ${+line.at.toPrecision(3)} ms` })),
        ],
      })), names.length <= 10 ? h("div", { class: "legend" }, names.map((place, index) => h("span", { class: "line", style: `--swatch: ${d3.schemeTableau10[index]}` }, experiments[place].name))) : h("span", {}));
      drawAll();
    };
    const panel = h("div", { class: "panel" }, h("header", {}, h("h3", {}, "Latency of all"),
      h("select", { class: "screen", "aria-label": "kind of latency", on: { change: (event) => { kind = event.target.value; redraw(); } } }, kinds.map((name) => h("option", { value: name }, name)))),
      box, experiments.length > MOST ? h("p", { class: "caption" }, `The first ${MOST} of ${experiments.length}.`) : null);
    redraw();
    return panel;
  };

  /* Machines of all, as far as they differ */
  const machines = () => {
    const paths = unique(experiments.flatMap((experiment) => Object.keys(experiment.environment)));
    const differing = paths.filter((path) => new Set(experiments.map((experiment) => experiment.environment[path] ?? "")).size > 1);
    return h("p", { class: "note" }, differing.length === 0
      ? "All ran on the same machine in the same state, as far as was recorded."
      : `The machine was not the same for all: ${differing.slice(0, 12).join(", ")}${differing.length > 12 ? " and more" : ""} differ.`);
  };

  const overview = document.getElementById("overview");
  const start = () => {
    const models = unique(experiments.map((experiment) => experiment.model));
    document.getElementById("title").textContent = models.length === 1 ? models[0] : `${experiments.length} experiments on ${models.length} models`;
    document.getElementById("subtitle").replaceChildren(...(many
      ? [plural(experiments.length, "experiment", "experiments"), unique(experiments.map((experiment) => experiment.backend)).join(", "), report.varying.length ? `differing in ${report.varying.slice(0, 6).join(", ")}${report.varying.length > 6 ? "…" : ""}` : "of one configuration"].map((text) => h("li", {}, text))
      : facts(experiments[0])));
    document.title = `${models.length === 1 ? models[0] : `${experiments.length} experiments`} · energy report`;
    document.getElementById("footer").textContent = `Made by ${report.tool}. Figures are derived from recorded streams; grades say where a number came from: measured, derived from measured values, or estimated. ± is the expanded uncertainty, k = 2.`;
    if (many) {
      overview.hidden = false;
      overview.replaceChildren(h("h2", {}, "Overview"), machines(), ...overviewTable(),
        h("div", { class: "grid2", style: "margin-top: 12px" }, [pareto(), forest()].filter(Boolean)),
        ...[sweep(), cumulative()].filter(Boolean));
    }
    showDetail();
    document.documentElement.dataset.ready = "true";
  };
  start();
})();
