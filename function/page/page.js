// The way of a question: a station and what is known, asked of the function, and its answer shown.

import { json, post } from "./api.js";
import * as answer from "./answer.js";
import { $, html } from "./elements.js";
import * as form from "./form.js";
import { bare, chooser, spoken } from "./map.js";
import * as month from "./month.js";
import * as performance from "./performance.js";

const DRAWS = 200;
const FIRST = "Sydney";
let stations = [], models, described, mark = () => {};
let latest = 0; // of the stations asked for, so that a slow answer does not overtake

const find = (text) => stations.find((station) => bare(station.name) === bare(text));
const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

/** Choose a station: by its name, or by what was typed. */
async function choose(name) {
  const mine = ++latest;
  $("station").value = spoken(name);
  mark(name);
  form.complain([]);
  const found = await json(`stations/${name}`);
  if (mine !== latest) return;
  const first = !described;
  described = found;
  if (first) form.build(described.fields);
  if (first || !$("field-Date").value) $("field-Date").value = described.date;
  form.hint(described);
  $("place").textContent = `${described.state}, Bureau station ${described.number}. The ranges are what is usual there at this time of the year.`;
}

/** Follow the date: other times of the year have other weather. */
async function season() {
  const date = $("field-Date").value;
  form.hint(await json(`stations/${described.name}${date ? `?date=${date}` : ""}`));
}

/** Do something that may fail, with the button off and the reader told. */
async function busy(button, state, complain, action) {
  button.disabled = true;
  $(state).textContent = "Asking …";
  try {
    await action();
  } catch (error) {
    complain(error);
  } finally {
    $(state).textContent = "";
    button.disabled = false;
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

async function predict() {
  form.complain([]);
  $("failure").textContent = "";
  const request = {
    model: "all", observation: form.read(described), explain: true,
    fill: { strategy: "climatology", draws: DRAWS, seed: newSeed() },
  };
  const answered = await post("predict", request, slow);
  const { user } = await json("whoami");
  answer.show(answered, request, { models, fields: described.fields, user });
  $("answer").focus({ preventScroll: true });
  $("answer").scrollIntoView();
}

async function surprise() {
  form.complain([]);
  $("failure").textContent = "";
  const filled = await post("random-fill", { observation: form.read(described) }, slow);
  form.write(filled.observation);
  await predict();
}

/** Ask at the station that is typed. */
async function there(action) {
  const found = station();
  if (!found) return;
  if (found.name !== described?.name) await choose(found.name);
  await action();
}

function wire() {
  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    busy($("predict"), "state", complain, () => there(predict));
  });
  $("surprise").addEventListener("click", () => busy($("surprise"), "state", complain, () => there(surprise)));
  $("clear").addEventListener("click", () => {
    form.write({ Date: described?.date });
    form.complain([]);
    $("failure").textContent = "";
  });
  $("station").addEventListener("focus", (event) => event.target.select());
  $("station").addEventListener("change", () => {
    const found = station();
    if (found) choose(found.name).catch(complain);
  });
  $("fields").addEventListener("change", (event) => {
    if (event.target.id === "field-Date") season().catch(complain);
  });
  $("file-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    busy(button, "file-state", month.complain, () => month.forecast(described.name));
  });
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
  wire();
  const [listed, loaded] = await Promise.all([json("stations"), json("models")]);
  stations = listed.stations;
  models = loaded;
  $("stations").append(...stations.map((each) => html("option", { value: spoken(each.name) })));
  mark = chooser($("map"), stations, (name) => choose(name).catch(complain));
  await choose(FIRST);
  document.body.dataset.ready = "yes";
  performance.show(await json("metrics"), models, stations);
}

start().catch(complain);
