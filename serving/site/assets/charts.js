// Draws each chart of a page: the figure stands in it as JSON, beside its place.
"use strict";

const CONFIG = { displayModeBar: false, responsive: true, displaylogo: false };

/** On a narrow screen the letters are smaller, to leave room for what they are beside. */
function fitted(layout) {
  if (!window.matchMedia("(max-width: 40rem)").matches) return layout;
  const [xaxis, yaxis] = [layout.xaxis, layout.yaxis]
    .map((axis) => ({ ...axis, tickfont: { ...axis.tickfont, size: 11 } }));
  return { ...layout, xaxis, yaxis, font: { ...layout.font, size: 12 } };
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
