// The map of the city: what the form above it asks for, drawn by Plotly.
"use strict";

let DATA;
const FORM = document.getElementById("controls");
const MAP = document.getElementById("map");
const NUMBER = new Intl.NumberFormat("en-US");
const DOLLARS = new Intl.NumberFormat("en-US", {
  style: "currency", currency: "USD", notation: "compact", maximumSignificantDigits: 3,
});
const DAY = new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" });
const USERS = ["Motorists only", "Pedestrian", "Cyclist", "Pedestrian and cyclist"];
const WORST = { K: "Killed", A: "Seriously injured" };
const SYMBOLS = {
  traffic_signals: "circle", red_light_cameras: "square", speed_cameras: "triangle-up",
};
const ROWS_AT_ONCE = 50;
// Dots of the whole city, and of a part of it, in pixels.
const DOT = { A: [3, 9], K: [6, 12] };

// Trace by trace, in the order in which they are drawn over each other.
const traces = [];
const index = {};

/** The data stands in the page with gzip, in base64. */
async function unpacked(element) {
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).json();
  // Places are written from one origin, as it is shorter.
  for (const found of [data.hexes, data.crashes, ...Object.values(data.features)]) {
    found.x = found.x.map((x) => x + data.origin[0]);
    found.y = found.y.map((y) => y + data.origin[1]);
  }
  return data;
}

function add(name, trace) {
  index[name] = traces.length;
  traces.push({ type: "scatter", showlegend: false, ...trace });
}

function hexagon(centerX, centerY, width, x, y) {
  const corner = width / Math.sqrt(3);
  const half = width / 2;
  x.push(centerX, centerX + half, centerX + half, centerX, centerX - half, centerX - half, null);
  y.push(
    centerY + corner, centerY + corner / 2, centerY - corner / 2,
    centerY - corner, centerY - corner / 2, centerY + corner / 2, null,
  );
}

function placeOfHex(each) {
  const { ward, wards, community_area: area, community_areas: areas } = DATA.hexes;
  return [wards[ward[each]], areas[area[each]]].filter(Boolean).join(", ") || "Outside the city";
}

/** One trace a fifth: a path of many hexagons is drawn in no more time than one of few. */
function addHexes() {
  const { x, y, width_ft: width } = DATA.hexes;
  DATA.ramp.forEach((color, place) => {
    add(`hexes ${place + 1}`, {
      mode: "lines", fill: "toself", fillcolor: color, x: [], y: [],
      line: { width: 0 }, hoverinfo: "skip",
    });
  });
  const said = x.map((_, each) =>
    `${placeOfHex(each)}<br>` +
    `All crashes since the first: ${NUMBER.format(DATA.hexes.crashes[each])}<br>` +
    `Killed or seriously injured: ${NUMBER.format(DATA.hexes.ksi[each])}<br>` +
    `Killed: ${NUMBER.format(DATA.hexes.deaths[each])}<br>` +
    `Cost: ${DOLLARS.format(DATA.hexes.cost_thousand_usd[each] * 1000)}`);
  add("hexes", { mode: "none", x, y, text: said, hovertemplate: "%{text}<extra>Hexagon</extra>" });
  return width;
}

/** Of all hexagons that are there, the one that a row of the table leads to. */
function addPointer() {
  add("pointer", {
    mode: "lines", x: [], y: [], hoverinfo: "skip", line: { color: DATA.colors.K, width: 4 },
  });
}

function drawHexes(measure, width) {
  const { x, y } = DATA.hexes;
  const classes = [...(DATA.hexes[`${measure}_class`] || "")].map(Number);
  const paths = DATA.ramp.map(() => ({ x: [], y: [] }));
  classes.forEach((one, each) => {
    if (one) hexagon(x[each], y[each], width, paths[one - 1].x, paths[one - 1].y);
  });
  paths.forEach((path, place) => {
    traces[index[`hexes ${place + 1}`]].x = path.x;
    traces[index[`hexes ${place + 1}`]].y = path.y;
  });
  traces[index.hexes].visible = measure !== "none";
  for (const legend of document.querySelectorAll("[data-legend]")) {
    legend.hidden = legend.dataset.legend !== measure;
  }
}

function addOutlines() {
  for (const layer of ["wards", "community_areas"]) {
    const x = [];
    const y = [];
    for (const outline of DATA.outlines.filter((one) => one.layer === layer)) {
      x.push(...outline.x, null);
      y.push(...outline.y, null);
    }
    // Edged with white, as it runs over dark hexagons too.
    const lines = { [`${layer} edge`]: { color: "#ffffff", width: 3 } };
    lines[layer] = { color: DATA.colors.line, width: 1 };
    for (const [name, line] of Object.entries(lines)) {
      add(name, { mode: "lines", x, y, hoverinfo: "skip", line });
    }
  }
}

function addFeatures() {
  for (const [layer, found] of Object.entries(DATA.features)) {
    const said = found.label.map((label, each) =>
      `${label}<br>Rank ${NUMBER.format(found.rank_in_layer[each])} of its kind<br>` +
      `Within 100 m: ${NUMBER.format(found.crashes[each])} crashes, ` +
      `${NUMBER.format(found.ksi[each])} killed or seriously injured<br>` +
      `Cost: ${DOLLARS.format(found.cost_usd[each])}`);
    add(layer, {
      mode: "markers", x: found.x, y: found.y, text: said, visible: false,
      hovertemplate: "%{text}<extra></extra>",
      marker: {
        symbol: SYMBOLS[layer], color: DATA.colors[layer], size: 8,
        line: { color: DATA.colors.line, width: 0.75 },
      },
    });
  }
}

function where(each) {
  const { street, street_name: name, street_names: names } = DATA.crashes;
  return [street[each], names[name[each]]].filter(Boolean).join(" ") || "–";
}

function hourOf(each) {
  const hour = DATA.crashes.hour[each];
  if (hour === null) return "–";
  if (hour % 12 === 0) return hour ? "noon" : "midnight";
  return `${hour % 12} ${hour < 12 ? "a.m." : "p.m."}`;
}

function dateOf(each) {
  const date = new Date(`${DATA.crashes.first_day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + DATA.crashes.day[each]);
  return date;
}

function dayOf(each) {
  return DAY.format(dateOf(each));
}

function saidOf(each) {
  const { crashes } = DATA;
  return [
    `${dayOf(each)}, ${hourOf(each)}`,
    `${WORST[crashes.severity[each]]}: ${crashes.deaths[each]} killed, ` +
      `${crashes.injuries[each]} injured in all`,
    `Road users: ${USERS[crashes.users[each]].toLowerCase()}`,
    `Kind of crash: ${crashes.first_crash_types[crashes.first_crash_type[each]].toLowerCase()}`,
    `Cause: ${crashes.causes[crashes.cause[each]]}`,
    where(each),
  ].join("<br>");
}

function addCrashes() {
  for (const [letter, symbol] of [["A", "circle"], ["K", "diamond"]]) {
    add(`crashes ${letter}`, {
      mode: "markers", x: [], y: [], text: [], hovertemplate: "%{text}<extra></extra>",
      marker: {
        symbol, size: DOT[letter][0], color: DATA.colors[letter], line: { color: DATA.colors.line, width: 0.5 },
      },
    });
  }
}

/** The crashes that the filters leave, the newest first. */
function chosen({ year, road_user: user, severity }) {
  const { crashes } = DATA;
  const isOfUser = {
    all: () => true,
    pedestrian: (users) => users & 1,
    cyclist: (users) => users & 2,
    motorists: (users) => users === 0,
  }[user];
  return crashes.day.map((_, each) => each).filter((each) =>
    (year === "all" || dateOf(each).getUTCFullYear() === Number(year)) &&
    isOfUser(crashes.users[each]) &&
    (severity === "all" || crashes.severity[each] === severity));
}

function drawCrashes(each, isVisible) {
  for (const letter of ["A", "K"]) {
    const of = each.filter((one) => DATA.crashes.severity[one] === letter);
    Object.assign(traces[index[`crashes ${letter}`]], {
      x: of.map((one) => DATA.crashes.x[one]),
      y: of.map((one) => DATA.crashes.y[one]),
      text: of.map(saidOf),
      visible: isVisible,
    });
  }
}

const table = { body: document.querySelector("#crash-table tbody"), left: [] };
const MORE = document.getElementById("more-crashes");

function showMoreRows() {
  const { crashes } = DATA;
  for (const each of table.left.splice(0, ROWS_AT_ONCE)) {
    const row = table.body.insertRow();
    const heading = document.createElement("th");
    heading.scope = "row";
    heading.textContent = dayOf(each);
    row.append(heading);
    const cells = [
      hourOf(each), WORST[crashes.severity[each]], NUMBER.format(crashes.deaths[each]),
      NUMBER.format(crashes.injuries[each]), USERS[crashes.users[each]], where(each),
      crashes.causes[crashes.cause[each]],
    ];
    cells.forEach((text, place) => {
      const cell = row.insertCell();
      cell.textContent = text;
      if (place === 2 || place === 3) cell.className = "number";
    });
  }
  MORE.hidden = table.left.length === 0;
}

function asked() {
  const values = Object.fromEntries(new FormData(FORM));
  for (const box of FORM.querySelectorAll("input[type=checkbox]")) values[box.name] = box.checked;
  return values;
}

/** The count is the query's: the page only looks it up. */
function say({ year, road_user: user, severity, crashes }) {
  const count = DATA.counts[`${year} ${user} ${severity}`] || 0;
  const what = count === 1 ? "crash" : "crashes";
  document.getElementById("shown").textContent = crashes
    ? `${NUMBER.format(count)} ${what} shown`
    : `${NUMBER.format(count)} ${what}, not drawn`;
}

function apply(values) {
  const each = chosen(values);
  drawCrashes(each, values.crashes);
  for (const layer of ["wards", "community_areas"]) {
    for (const name of [`${layer} edge`, layer]) {
      traces[index[name]].visible = values.outlines === layer;
    }
  }
  for (const layer of Object.keys(DATA.features)) {
    traces[index[layer]].visible = Boolean(values[layer]);
    const legend = document.querySelector(`[data-layer=${layer}]`);
    if (legend) legend.hidden = !values[layer];
  }
  table.left = each;
  table.body.replaceChildren();
  showMoreRows();
  say(values);
}

async function start() {
  DATA = await unpacked(document.getElementById("map-data"));
  const layout = JSON.parse(document.getElementById("map-layout").textContent);
  const width = addHexes();
  addOutlines();
  addPointer();
  addFeatures();
  addCrashes();
  const values = asked();
  drawHexes(values.hexes, width);
  apply(values);
  for (const [path, range] of Object.entries(wholeCity())) {
    layout[path.split(".")[0]][path.split(".")[1]] = range;
  }
  layout.showlegend = false;
  // A finger that begins on the map is one that scrolls the page.
  const isTouched = window.matchMedia("(pointer: coarse)").matches;
  if (isTouched) {
    layout.dragmode = false;
    layout.xaxis.fixedrange = true;
    layout.yaxis.fixedrange = true;
  }
  const redraw = () => Plotly.react(MAP, traces, MAP.layout);
  FORM.addEventListener("change", ({ target }) => {
    if (target.name === "place") {
      const [place, layer] = target.value.split(" ");
      const outline = DATA.outlines.filter((one) => one.layer === layer)[Number(place)];
      Plotly.relayout(MAP, outline ? bounds([outline]) : wholeCity());
      return;
    }
    if (target.name === "hexes") drawHexes(target.value, width);
    apply(asked());
    redraw();
  });
  FORM.addEventListener("click", ({ target }) => {
    if (target.name === "nearer") Plotly.relayout(MAP, zoomed(ZOOM));
    if (target.name === "farther") Plotly.relayout(MAP, zoomed(1 / ZOOM));
    if (target.name in MOVES) Plotly.relayout(MAP, moved(MOVES[target.name]));
    if (target.name === "whole") {
      if (FORM.elements.place) FORM.elements.place.value = "";
      Plotly.relayout(MAP, wholeCity());
    }
  });
  FORM.addEventListener("submit", (event) => event.preventDefault());
  MORE.addEventListener("click", showMoreRows);
  await Plotly.newPlot(MAP, traces, layout, { ...CONFIG, scrollZoom: !isTouched });
  MAP.on("plotly_relayout", fitDots);
  window.addEventListener("hashchange", () => goToHexagon(width));
  await goToHexagon(width);
}

start().then(() => { document.documentElement.dataset.map = "drawn"; });
