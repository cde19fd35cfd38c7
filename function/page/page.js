// The way of a question: a station and what is known, asked of the function, and its answer shown.

import { json, post, Refused } from "./api.js";
import * as answer from "./answer.js";
import { $, html } from "./elements.js";
import * as form from "./form.js";
import { bare, chooser, spoken } from "./map.js";
import * as month from "./month.js";
import * as performance from "./performance.js";

const DRAWS = 200;
const FIRST = "Sydney";
const CHANGED = "The form was changed meanwhile. Press the button again.";
let stations = [], models, mark;
let wanted, described; // the station that is chosen, and the one that is shown
let today; // at the station that was shown last for no other day
let latest = 0; // of the stations asked for, so that a slow answer does not overtake

const find = (text) => stations.find((station) => bare(station.name) === bare(text));
const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

/** Load what the page lists, unless it is there, and the figures after it. */
async function load() {
  if (stations.length) return;
  let listed, loaded;
  try {
    [listed, loaded] = await Promise.all([json("stations"), json("models")]);
  } catch (error) {
    withoutFigures(error);
    throw error;
  }
  if (stations.length) return; // somebody was faster
  stations = listed.stations;
  models = loaded;
  $("stations").append(...stations.map((each) => html("option", { value: spoken(each.name) })));
  mark = chooser($("map"), stations, (name) => choose(name).catch(complain));
  figures();
}

async function figures() {
  try {
    performance.show(await json("metrics"), models, stations);
  } catch (error) {
    withoutFigures(error);
  }
}

const withoutFigures = (error) => { $("test-set").textContent = `The figures are not shown. ${error.message}`; };

/** Choose a station by its name; gives whether it is shown, and nothing else was asked for meanwhile. */
async function choose(name) {
  wanted = name;
  $("station").value = spoken(name);
  mark(name);
  form.complain([]);
  return usual(true);
}

/** Show what is usual at the station on the day in the form: other times of the year have other
 * weather. `dated` puts the station's today there, which is not everybody's, unless somebody chose
 * a day. Gives whether nothing else was asked for meanwhile. */
async function usual(dated) {
  const mine = ++latest;
  const day = $("field-Date")?.value ?? ""; // the first answer brings the fields
  const own = day !== "" && day !== today;
  $("failure").textContent = "";
  const found = await json(`stations/${wanted}${own ? `?date=${day}` : ""}`).catch((error) => {
    if (mine === latest) throw error;
  });
  if (mine !== latest) return false;
  if (!described) form.build(found.fields);
  described = found;
  if (!own) {
    today = found.date;
    if (dated) $("field-Date").value = today;
  }
  form.hint(described);
  $("place").textContent = `${described.state}, Bureau station ${described.number}. The ranges are what is usual there at this time of the year.`;
  return true;
}

/** Do something that may fail, with its buttons off and the reader told. They are not `disabled`,
 * which would take the focus from them; `action` may give what to say in the end. */
async function busy(buttons, state, complain, action) {
  const off = (value) => buttons.forEach((button) => button.setAttribute("aria-disabled", value));
  if (buttons[0].getAttribute("aria-disabled") === "true") return;
  let said;
  off(true);
  $(state).textContent = "Asking …";
  try {
    said = await action();
  } catch (error) {
    complain(error);
  } finally {
    $(state).textContent = said ?? "";
    off(false);
  }
}

function complain(error) {
  const rest = form.complain(error.errors ?? []);
  $("failure").textContent = [error.message, ...rest].join(" ");
}

function station() {
  const found = find($("station").value);
  if (!found) form.complain([{ pointer: "/observation/Location", message: "is none of the 49 stations; choose one from the list or the map" }]);
  return found;
}

const slow = () => { $("state").textContent = "Still at it: your browser is asking who you are, or the connection is slow …"; };

/** What is known, at the station that is chosen. */
const observation = () => form.read({ name: wanted, date: today });

async function predict() {
  form.complain([]);
  $("failure").textContent = "";
  const { fields } = described;
  const request = {
    model: "all", observation: observation(), explain: true,
    fill: { strategy: "climatology", draws: DRAWS, seed: newSeed() },
  };
  const answered = await post("predict", request, slow);
  const { user } = await json("whoami").catch(() => ({})); // the answer is good without
  answer.show(answered, request, { models, fields, user });
  $("answer").focus({ preventScroll: true });
  $("answer").scrollIntoView();
}

async function surprise() {
  form.complain([]);
  $("failure").textContent = "";
  const known = observation();
  const filled = await post("random-fill", { observation: known }, slow);
  if (JSON.stringify(observation()) !== JSON.stringify(known)) throw new Refused(CHANGED);
  form.write(filled.observation);
  await predict();
}

/** Ask at the station that is typed, unless something else was chosen meanwhile. */
async function there(action) {
  await load();
  const found = station();
  if (!found) return;
  const shown = found.name === wanted && found.name === described?.name;
  if (!shown && !(await choose(found.name))) throw new Refused(CHANGED);
  await action();
}

async function typed() {
  await load();
  const found = station();
  if (found) await choose(found.name);
}

function clear() {
  form.write({ Date: today });
  form.complain([]);
  if (described) usual(true).catch(complain);
}

async function forecast() {
  await load();
  return month.forecast(find($("station").value)?.name);
}

function wire() {
  const asking = [$("predict"), $("surprise")];
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    busy(asking, "state", complain, () => there(predict));
  });
  $("surprise").addEventListener("click", () => busy(asking, "state", complain, () => there(surprise)));
  $("clear").addEventListener("click", clear);
  $("station").addEventListener("focus", (event) => event.target.select());
  $("station").addEventListener("change", () => typed().catch(complain));
  $("fields").addEventListener("change", (event) => {
    if (event.target.id === "field-Date") usual(false).catch(complain);
  });
  $("file-form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy([event.target.querySelector("button")], "file-state", month.complain, forecast);
  });
  // There is one or the other, and what came last is meant.
  $("file").addEventListener("change", () => { if ($("file").files.length) $("text").value = ""; });
  $("text").addEventListener("input", () => { $("file").value = ""; });
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($("curl").textContent);
      $("copied").textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren($("curl")); // only pages behind TLS may write by themselves
      $("copied").textContent = "Selected; copy it with Ctrl+C.";
    }
  });
}

async function start() {
  $("bare").remove();
  wire();
  $("station").value = FIRST;
  await load();
  await choose(find($("station").value)?.name ?? FIRST);
  document.body.dataset.ready = "yes";
}

start().catch(complain);
