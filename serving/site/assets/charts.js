// Draws each chart of a page: the figure stands in it as JSON, beside its place.
"use strict";

const CONFIG = { displayModeBar: false, responsive: true, displaylogo: false };

/** Narrow screens have no room for a legend's long lines beside each other. */
function fitted(layout) {
  const narrow = window.matchMedia("(max-width: 40rem)").matches;
  return narrow ? { ...layout, font: { ...layout.font, size: 12 } } : layout;
}

function drawAll() {
  const figures = document.querySelectorAll("script[data-figure]");
  return Promise.all(
    [...figures].map((element) => {
      const { data, layout } = JSON.parse(element.textContent);
      const place = document.getElementById(element.dataset.figure);
      return Plotly.newPlot(place, data, fitted(layout), CONFIG);
    }),
  );
}

drawAll().then(() => { document.documentElement.dataset.drawn = "charts"; });
