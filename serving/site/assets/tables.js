// Sorts a table by the column whose heading's button is pressed; again, the other way round.
"use strict";

/** What a cell is sorted by: a number, a text, or null where there is none. */
function orderOf(row, index) {
  const { order } = row.cells[index].dataset;
  if (order === undefined) return null;
  return order !== "" && Number.isFinite(Number(order)) ? Number(order) : order;
}

/** Nothing comes last, whichever way. */
function compare(one, other, direction) {
  if (one === null || other === null) return (one === null) - (other === null);
  return direction * (one < other ? -1 : one > other ? 1 : 0);
}

function sortBy(heading) {
  const table = heading.closest("table");
  const index = heading.cellIndex;
  const wasAscending = heading.getAttribute("aria-sort") === "ascending";
  const wasSorted = heading.hasAttribute("aria-sort");
  // Of figures the most is what one looks for first.
  const ascending = wasSorted ? !wasAscending : !heading.classList.contains("number");
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const [body] = table.tBodies;
  const rows = [...body.rows];
  rows.sort((a, b) => compare(orderOf(a, index), orderOf(b, index), ascending ? 1 : -1));
  body.append(...rows);
  const how = ascending ? "the least first" : "the most first";
  document.getElementById("sorted").textContent =
    `${table.caption.textContent}: sorted by ${heading.textContent}, ${how}`;
}

for (const button of document.querySelectorAll(".sortable thead button")) {
  button.addEventListener("click", () => sortBy(button.closest("th")));
}
