// What of the map of the city is seen; used by `map.js`, which has the map and its data.
"use strict";

// How much of the map a press of a button leaves.
const ZOOM = 0.6;
// How far a button moves it, across and up, in halves of what is seen.
const MOVES = { north: [0, 1], south: [0, -1], west: [-1, 0], east: [1, 0] };
// From which width of the map on, in feet, dots grow.
const WIDTH_OF_SMALL_DOTS = 80000;
// Around a place, as a part of its size; and around a hexagon.
const MARGIN = 0.08;
const AROUND_HEXAGON_FT = 5000;

/** The edges of lines of points, with a margin around them. */
function bounds(lines) {
  const edges = (name) => {
    let [low, high] = [Infinity, -Infinity];
    for (const line of lines) {
      for (const value of line[name]) {
        if (value === null) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    const margin = (high - low) * MARGIN || 1000;
    return [low - margin, high + margin];
  };
  return { "xaxis.range": edges("x"), "yaxis.range": edges("y") };
}

function wholeCity() {
  const lines = DATA.outlines.length ? DATA.outlines : [DATA.crashes];
  return lines[0].x.length ? bounds(lines) : { "xaxis.autorange": true, "yaxis.autorange": true };
}

function zoomed(factor) {
  const ranges = {};
  for (const axis of ["xaxis", "yaxis"]) {
    const [low, high] = MAP.layout[axis].range;
    const half = ((high - low) / 2) * factor;
    ranges[`${axis}.range`] = [(low + high) / 2 - half, (low + high) / 2 + half];
  }
  return ranges;
}

/** Half of what is seen further, the one way or the other. */
function moved([across, up]) {
  const ranges = {};
  for (const [axis, steps] of [["xaxis", across], ["yaxis", up]]) {
    const [low, high] = MAP.layout[axis].range;
    const step = ((high - low) / 2) * steps;
    ranges[`${axis}.range`] = [low + step, high + step];
  }
  return ranges;
}

/** What is nearer has larger dots; Plotly leaves their size as it is. */
function fitDots() {
  const [low, high] = MAP.layout.xaxis.range;
  const size = high - low < WIDTH_OF_SMALL_DOTS ? 1 : 0;
  const letters = ["A", "K"].filter((letter) => {
    const { marker } = traces[index[`crashes ${letter}`]];
    const isOther = marker.size !== DOT[letter][size];
    marker.size = DOT[letter][size];
    return isOther;
  });
  if (letters.length) Plotly.react(MAP, traces, MAP.layout);
}

/** Shows the hexagon that the address names, as `#hexagon-3`: it is marked, and in the middle. */
async function goToHexagon(width) {
  const found = /^#hexagon-(\d+)$/.exec(window.location.hash);
  const { x, y } = DATA.hexes;
  if (!found || Number(found[1]) >= x.length) return;
  const [centerX, centerY] = [x[found[1]], y[found[1]]];
  const path = { x: [], y: [] };
  hexagon(centerX, centerY, width, path.x, path.y);
  Object.assign(traces[index.pointer], path);
  await Plotly.react(MAP, traces, MAP.layout);
  const around = (middle) => [middle - AROUND_HEXAGON_FT, middle + AROUND_HEXAGON_FT];
  await Plotly.relayout(MAP, { "xaxis.range": around(centerX), "yaxis.range": around(centerY) });
  MAP.scrollIntoView();
}
