// Every day of a file: of the Bureau, or a table in the data set's columns.

import { ask, Refused } from "./api.js";
import { $, html, percent } from "./elements.js";

const LARGEST = 2 * 1024 * 1024; // bytes; a month has 5 kB
const MOST = 10; // errors that are shown

/** Forecast the days of a text, at this station where the text names none. */
export async function forecast(station) {
  const [file] = $("file").files;
  $("file-error").textContent = "";
  $("calendar").hidden = true;
  if (file && file.size > LARGEST) {
    throw new Refused(`This file has ${(file.size / 1024 / 1024).toFixed(1)} MB; at most 2 MB are taken. A month has 5 kB: is it the right file?`);
  }
  const body = file ? file : $("text").value;
  if (!file && !body.trim()) throw new Refused("There is nothing to forecast: choose a file, or paste its text.");
  if (!file && body.length > LARGEST) throw new Refused("This text is too long; at most 2 MB are taken.");
  const query = new URLSearchParams({ draws: 50, seed: 1 });
  const options = { body, type: "text/csv", accept: "text/csv", slow: () => { $("file-state").textContent = "Still at it …"; } };
  let text;
  try {
    text = await ask(`predict?${query}`, options);
  } catch (error) {
    // Only a file that names no station is taken as one of the station above.
    if (!error.errors?.some(({ pointer }) => pointer.endsWith("Location"))) throw error;
    query.set("location", station);
    text = await ask(`predict?${query}`, options);
  }
  show(text, station);
}

/** Say what is wrong, and in which line. */
export function complain(error) {
  const told = error.errors?.slice(0, MOST).map(({ pointer, message }) => `${place(pointer)} ${message}.`) ?? [];
  $("file-error").textContent = [error.message, ...told].join(" ");
}

function place(pointer) {
  const [, line, number, field] = pointer.split("/");
  return line === "line" ? `Line ${number}${field ? `, ${field},` : ""}` : pointer || "The file";
}

function show(text, station) {
  const [heading, ...lines] = text.trim().split(/\r?\n/).map((line) => line.split(","));
  const of = (name) => heading.indexOf(name);
  const rows = lines.map((cells) => {
    const probability = Number(cells[of("probability")]);
    return html("tr", {}, html("th", { scope: "row" }, cells[of("Date")]), html("td", {}, cells[of("Location")] ?? station),
      html("td", {}, html("meter", { min: 0, max: 1, value: probability, "aria-label": `Chance after ${cells[of("Date")]}` })),
      html("td", {}, percent(probability)), html("td", {}, cells[of("rain_tomorrow")] === "Yes" ? "rain" : "no rain"));
  });
  $("calendar").replaceChildren(html("table", {}, html("caption", {}, `${rows.length} days, and the chance of rain on the day after each`),
    html("thead", {}, html("tr", {}, ...["Day", "Station", "Chance", "Per cent", "Answer"].map((each) => html("th", { scope: "col" }, each)))),
    html("tbody", {}, ...rows)));
  $("calendar").hidden = false;
}
