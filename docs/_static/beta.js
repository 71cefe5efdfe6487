// The control of β: explanations of wines, computed and drawn here, without library or request.
"use strict";

const sum = values => values.reduce((a, b) => a + b, 0);

// What neon.explain says of a point x, and the shares p of its competitors (0 for its own cluster).
function explain(x, centroids, beta) {
  const squares = centroids.map(mu => x.map((value, i) => (value - mu[i]) ** 2));
  const d = squares.map(sum);
  const c = d.indexOf(Math.min(...d));
  const h = d.map(value => value - d[c]);
  const f = Math.min(...h.filter((_, k) => k !== c));
  const weight = h.map((value, k) => (k === c ? 0 : value === f ? 1 : Math.exp(-beta * (value - f))));
  const p = weight.map(value => value / sum(weight));
  const a = p.map((share, k) => (h[k] === 0 ? share : (share * f) / h[k]));
  const R = x.map((_, i) => sum(a.map((ak, k) => ak * (squares[k][i] - squares[c][i]))));
  return {relevance: R, cluster: c, logit: f, share: p};
}

const digits = value => (value === Infinity ? "∞" : String(Number(value.toPrecision(3))));
const signed = value => ((value < 0 ? "" : "+") + value.toFixed(4)).replace("-", "−");

function sentence(data, i, beta, {relevance: R, cluster, logit, share}) {
  const order = R.map((_, j) => j).sort((a, b) => Math.abs(R[b]) - Math.abs(R[a])).slice(0, 3);
  const top = order.map(j => `${data.names[j]} ${signed(R[j])}`).join(", ");
  const others = data.clusters.map((name, k) => `${name} ${share[k].toFixed(2)}`);
  return `${data.noun} ${i}, in the cluster of ${data.clusters[cluster]}, at β = ${digits(beta)}: ` +
    `the relevances add up to its logit, ${logit.toFixed(4)}. The largest three: ${top}. ` +
    `Shares of the competitors: ${others.filter((_, k) => k !== cluster).join(", ")}.`;
}

// A child in the language of its parent; only svg opens another.
function add(parent, name, attributes = {}, text = "") {
  const element = name === "svg"
    ? document.createRange().createContextualFragment("<svg></svg>").firstChild
    : document.createElementNS(parent.namespaceURI, name);
  set(element, attributes);
  element.textContent = text;
  return parent.appendChild(element);
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

const MARKERS = {
  o: r => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  s: r => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}Z`,
  D: r => `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0Z`,
};

// Rows of bars around a zero line; returns a function that draws values.
function bars(parent, names, {label, zero, width, right, sum: withSum, number}) {
  const row = 26, height = row * (names.length + (withSum ? 1 : 0)) + 34;
  const svg = add(parent, "svg", {viewBox: `0 0 420 ${height}`, role: "img"});
  add(svg, "text", {x: 210, y: 18, class: "middle"}, label);
  const rows = names.map((name, j) => {
    const y = 30 + row * j;
    add(svg, "text", {x: 130, y: y + 17, class: "end"}, name);
    return [add(svg, "rect", {y: y + 3, height: row - 6}), add(svg, "text", {x: right, y: y + 17, class: "end"})];
  });
  const bottom = 30 + row * names.length;
  add(svg, "path", {d: `M${zero} 30V${bottom}`, class: "axis"});
  const total = withSum && add(svg, "text", {x: right, y: bottom + 19, class: "end"});
  return (values, limit, look, description) => {
    values.forEach((value, j) => {
      const length = (Math.abs(value) / limit) * width, [bar, text] = rows[j];
      set(bar, {x: value < 0 ? zero - length : zero, width: length, "data-value": value, ...look(value, j)});
      text.textContent = number(value);
    });
    if (total) total.textContent = `sum = logit ${signed(sum(values))}`;
    svg.setAttribute("aria-label", description);
  };
}

// Points and centroids in the plane; returns a function that moves ring, lines and cross.
function plane(parent, data, clusterOf) {
  const svg = add(parent, "svg", {viewBox: "0 0 420 360", role: "img"});
  const [xs, ys] = [0, 1].map(axis => data.place.map(place => place[axis]));
  const scale = Math.min(390 / (Math.max(...xs) - Math.min(...xs)), 300 / (Math.max(...ys) - Math.min(...ys)));
  const at = ([x, y]) => [15 + (x - Math.min(...xs)) * scale, 15 + (Math.max(...ys) - y) * scale];
  const mark = (where, kind, r, attributes) =>
    add(svg, "path", {d: MARKERS[data.markers[kind]](r), transform: `translate(${at(where)})`, fill: data.colours[kind], ...attributes});
  add(svg, "rect", {x: 1, y: 1, width: 418, height: 328, class: "frame"});
  const percent = data.ratio.map(part => `${Math.round(100 * part)} %`);
  add(svg, "text", {x: 210, y: 350, class: "middle"}, `two principal components (${percent.join(", ")})`);
  data.place.forEach((where, i) => mark(where, clusterOf[i], 3.5, {class: "kin"}));
  const lines = data.centre.map(() => add(svg, "path", {class: "line"}));
  data.centre.forEach((where, k) => mark(where, k, 7, {class: "centre"}));
  const cross = add(svg, "path", {d: "M-6 -6L6 6M-6 6L6 -6", class: "cross"});
  const ring = add(svg, "circle", {r: 8, class: "ring"});
  return (i, share, description) => {
    const here = at(data.place[i]);
    lines.forEach((line, k) => set(line, {d: `M${here}L${at(data.centre[k])}`, "stroke-width": 8 * share[k]}));
    set(ring, {cx: here[0], cy: here[1]});
    const mean = [0, 1].map(axis => sum(share.map((p, k) => p * data.centre[k][axis])));
    cross.setAttribute("transform", `translate(${at(mean)})`);
    svg.setAttribute("aria-label", description);
  };
}

function control(root, data) {
  const betas = data.beta.map(value => value ?? Infinity);
  const knobs = add(root, "div", {class: "knobs"});
  const wine = add(add(knobs, "label", {}, data.noun), "select", {name: "point"});
  data.points.forEach((_, i) => add(wine, "option", {value: i}, `${data.noun} ${i}`));
  const label = add(knobs, "label", {class: "slider"}, "β");
  const slider = add(label, "input", {type: "range", min: 0, max: betas.length - 1, step: 1, name: "beta"});
  const readout = add(label, "span", {class: "beta", "aria-hidden": "true"});
  const words = add(root, "output", {"aria-live": "polite"});
  const pictures = add(root, "div", {class: "pictures"}), right = add(pictures, "div");
  const relevance = bars(pictures, data.names,
    {label: "relevance (squared distance, scaled units)", zero: 240, width: 95, right: 415, sum: true, number: signed});
  const shares = bars(right, data.clusters,
    {label: "shares of the competitors", zero: 140, width: 220, right: 415, number: value => value.toFixed(2)});
  const at = plane(right, data, data.points.map(x => explain(x, data.centroids, 0).cluster));
  pictures.append(right);  // after the relevances

  function show() {
    const i = Number(wine.value), beta = betas[slider.value];
    const found = explain(data.points[i], data.centroids, beta);
    const everywhere = betas.flatMap(b => explain(data.points[i], data.centroids, b).relevance);
    const text = sentence(data, i, beta, found);
    words.textContent = text;
    readout.textContent = digits(beta) + (Number(slider.value) === data.heuristic ? " (heuristic)" : "");
    slider.setAttribute("aria-valuetext", `β = ${readout.textContent}`);
    const all = data.names.map((name, j) => `${name} ${signed(found.relevance[j])}`).join(", ");
    relevance(found.relevance, Math.max(...everywhere.map(Math.abs)) || 1,
      value => ({class: value < 0 ? "against" : "for"}), `Bars of the relevances: ${all}`);
    shares(found.share, 1, (_, k) => ({fill: data.colours[k]}), `Bars of the shares: ${text.split(": ").at(-1)}`);
    at(i, found.share, `Plane with all ${data.points.length} points; ${data.noun} ${i} is ringed, and a line ` +
      "as thick as its share leads to the centroid of each competitor.");
  }
  wine.value = data.start;
  slider.value = data.heuristic;
  wine.addEventListener("input", show);
  slider.addEventListener("input", show);
  show();
}

const root = document.getElementById("beta-control");
root.replaceChildren();
control(root, JSON.parse(document.getElementById("beta-data").textContent));
