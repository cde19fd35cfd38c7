// Every day of a file: of the Bureau, or a table in the data set's columns.

import { ask, Refused } from "./api.js";
import { $, count, html, percent } from "./elements.js";
import { sign } from "./form.js";
import { bare, spoken } from "./map.js";

const LARGEST = 2 * 1024 * 1024; // bytes; a month has 5 kB
const MOST = 10; // errors that are shown
const DRAWS = 50;
const DAYS = "2,000"; // at once, with so many draws

/** Forecast the days of a text, at this station where the text names none; gives what was done. */
export async function forecast(station) {
  const [file] = $("file").files;
  $("file-error").textContent = "";
  $("calendar").hidden = true;
  if (file && file.size > LARGEST) {
    throw new Refused(`This file has ${(file.size / 1024 / 1024).toFixed(1)} MB; at most 2 MB are taken. A month has 5 kB: is it the right file?`);
  }
  const body = file ? await content(file) : $("text").value;
  if (!file && !body.trim()) throw new Refused("There is nothing to forecast: choose a file, or paste its text.");
  if (!file && body.length > LARGEST) throw new Refused("This text is too long; at most 2 MB are taken.");
  const query = new URLSearchParams({ draws: DRAWS, seed: 1 });
  const options = { body, type: "text/csv", accept: "text/csv", slow: () => { $("file-state").textContent = "Still at it …"; } };
  const predict = () => ask(`predict?${query}`, options);
  let text, lent = "";
  try {
    text = await predict();
  } catch (error) {
    // Only a file that names no station is taken as one of the station above.
    if (!error.errors?.some(({ pointer }) => pointer.endsWith("Location"))) throw error;
    if (!station) throw new Refused("This text names no station, and neither does the field above: choose one there.");
    query.set("location", station);
    text = await predict();
    lent = station;
  }
  return show(text, lent);
}

/** What a file holds. It is read before it is sent: that a file has changed since it was chosen looks
 * like a lost connection otherwise. */
async function content(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    $("file").value = "";
    throw new Refused("This file was changed or removed since it was chosen: choose it again.");
  }
}

/** Say what is wrong, and in which line. */
export function complain(error) {
  if (error.status === 413) {
    $("file-error").textContent = `This is too much at once; at most ${DAYS} days are forecast. Forecast it in parts.`;
    return;
  }
  const told = error.errors?.slice(0, MOST).map(({ pointer, message }) => `${place(pointer)} ${sign(message)}.`) ?? [];
  $("file-error").textContent = [error.message, ...told].join(" ");
}

function place(pointer) {
  const [, line, number, field] = pointer.split("/");
  return line === "line" ? `Line ${number}${field ? `, ${field},` : ""}` : pointer || "The file";
}

/** Show a calendar; `lent` is the station of days that name none. Gives how many days there are. */
function show(text, lent) {
  const [heading, ...rows] = cells(text);
  const names = heading.map(bare);
  // A table's own columns are as it has them; those of the answer are the last.
  const own = (row, name) => row[names.indexOf(name)]?.replace(/^NA$/, "") ?? "";
  const answered = (row, name) => row[heading.lastIndexOf(name)];
  const shown = rows.map((row, index) => {
    const day = own(row, "date") || `Row ${index + 1}`;
    const probability = Number(answered(row, "probability"));
    return html("tr", {}, html("th", { scope: "row" }, day), html("td", {}, spoken(own(row, "location") || lent)),
      html("td", {}, html("meter", { min: 0, max: 1, value: probability, "aria-label": `Chance after ${day}` })),
      html("td", {}, percent(probability)), html("td", {}, answered(row, "rain_tomorrow") === "Yes" ? "rain" : "no rain"));
  });
  const days = count(rows.length, "day", "days");
  const taken = lent ? `. Where the file names none of the 49 stations, the days are taken as those of ${spoken(lent)}` : "";
  $("calendar").replaceChildren(html("table", {}, html("caption", {}, `${days}, and the chance of rain on the day after each${taken}`),
    html("thead", {}, html("tr", {}, ...["Day", "Station", "Chance", "Per cent", "Answer"].map((each) => html("th", { scope: "col" }, each)))),
    html("tbody", {}, ...shown)));
  $("calendar").hidden = false;
  return `${days} forecast.`;
}

/** Rows of cells of a CSV text; between quotes stand commas, line ends, and quotes written twice. */
function cells(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.trimEnd().matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  return rows;
}
