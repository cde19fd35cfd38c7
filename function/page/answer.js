// The answer: the models side by side, what was filled, what would change it most, and as curl.

import { $, count, html, percent, svg } from "./elements.js";
import { unit } from "./form.js";

const MOST = 6; // fields that are told to matter; the rest are there on demand

/** Show an answer of POST /predict by all models; `request` is what was asked. */
export function show(answer, request, { models, fields, user }) {
  const chosen = answer.models[models.default].prediction;
  $("sentence").textContent = chosen.message;
  $("models").replaceChildren(...models.models.map((model) => card(model, answer.models[model.name].prediction)));
  showNarrowing(answer, models, fields);
  showFilled(chosen.filled ?? {}, fields);
  $("curl").textContent = curl(request, user);
  $("copied").textContent = "";
  $("answer").hidden = false;
}

function card(model, prediction) {
  const { probability, interval, threshold, rain_tomorrow: rain } = prediction;
  const [low, high] = interval ?? [probability, probability];
  const digits = apart(probability, threshold);
  return html("div", { class: "card" }, html("h3", {}, model.title),
    html("p", { class: "big", "data-model": model.name, "data-probability": probability }, percent(probability, digits)),
    html("p", {}, html("strong", {}, rain ? "rain" : "no rain"),
      high > low ? `, ${percent(low)} to ${percent(high)} in most draws` : ""),
    scale(probability, low, high, threshold),
    html("p", { class: "quiet" }, `says rain from ${percent(threshold, digits)} on`));
}

/** Decimals with which a probability below the threshold also reads as below it. */
function apart(probability, threshold) {
  let digits = 0;
  while (probability < threshold && digits < 12 && percent(probability, digits) === percent(threshold, digits)) digits++;
  return digits;
}

function scale(probability, low, high, threshold) {
  return svg("svg", { class: "scale", viewBox: "0 0 200 22", "aria-hidden": true },
    svg("rect", { class: "all", x: 0, y: 6, width: 200, height: 10, rx: 5 }),
    svg("rect", { class: "between", x: 200 * low, y: 6, width: Math.max(1, 200 * (high - low)), height: 10 }),
    svg("line", { class: "threshold", x1: 200 * threshold, x2: 200 * threshold, y1: 1, y2: 21 }),
    svg("circle", { class: "mean", cx: 200 * probability, cy: 11, r: 5 }));
}

function showNarrowing(answer, models, fields) {
  const sensitivities = models.models.map((model) => answer.models[model.name].prediction.sensitivity ?? {});
  const names = Object.keys(sensitivities[0]);
  const mean = (name) => sensitivities.reduce((sum, each) => sum + each[name], 0) / sensitivities.length;
  const ranked = names.map((name) => [name, mean(name)]).sort((a, b) => b[1] - a[1]);
  $("narrowing-intro").textContent = ranked.length
    ? "By how much the spread of the draws would shrink, were this known; mean of the four models."
    : "Everything is known: nothing was drawn, and the answer has no spread.";
  const bars = (rows) => html("div", { class: "bars" }, ...rows.flatMap(([name, part]) => [
    html("span", {}, title(name, fields)),
    html("meter", { min: 0, max: 0.5, value: part, "aria-label": title(name, fields) }), html("span", {}, percent(part))]));
  $("narrowing").replaceChildren(bars(ranked.slice(0, MOST)));
  if (ranked.length > MOST) {
    $("narrowing").append(html("details", {}, html("summary", {}, "The other fields"), bars(ranked.slice(MOST))));
  }
}

function showFilled(filled, fields) {
  const names = Object.keys(filled);
  $("filled-intro").textContent = names.length
    ? `${count(names.length, "field was", "fields were")} drawn 200 times. The first draw, as an example:`
    : "Nothing: every field was given.";
  const units = new Map(fields.map((field) => [field.name, unit(field)]));
  $("filled").replaceChildren(html("p", {}, names.map((name) => `${title(name, fields)}: ${filled[name]} ${units.get(name)}`.trim()).join("; ")));
}

const title = (name, fields) => fields.find((field) => field.name === name)?.title ?? name;

/** Command that gets exactly this answer; curl asks for the password. */
function curl(request, user = "NAME") {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const url = new URL("predict", location.href).href;
  return `curl -u ${quoted(user)} -H 'Content-Type: application/json' ${quoted(url)} \\\n  -d ${quoted(JSON.stringify(request))}`;
}
