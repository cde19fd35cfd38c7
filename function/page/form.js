// The fields of the observation: all optional, each with its unit and what is usual for it.

import { $, html, percent } from "./elements.js";

const GROUPS = {
  "Rain and sun": ["Rainfall", "RainToday", "Sunshine", "Evaporation"],
  Temperature: ["MinTemp", "MaxTemp", "Temp9am", "Temp3pm"],
  "Humidity, cloud and pressure": ["Humidity9am", "Humidity3pm", "Cloud9am", "Cloud3pm", "Pressure9am", "Pressure3pm"],
  Wind: ["WindGustDir", "WindGustSpeed", "WindDir9am", "WindSpeed9am", "WindDir3pm", "WindSpeed3pm"],
};
const COMPASS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split(" ");
const UNITS = { "deg C": "°C" };

export const sign = (text) => Object.entries(UNITS).reduce((done, [unit, short]) => done.replaceAll(unit, short), text);
export const unit = (field) => sign(field.unit ?? "");
const input = (name) => $(`field-${name}`);

/** Make the fields once; `fields` are as GET /stations/{station} gives them. */
export function build(fields) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const date = control("Date", "The day you know of", html("input", { type: "date" }), "");
  $("fields").replaceChildren(html("fieldset", {}, html("legend", {}, "Day"), date),
    ...Object.entries(GROUPS).map(([title, names]) => html("fieldset", {}, html("legend", {}, title),
      ...names.map((name) => control(name, byName.get(name).title, entry(byName.get(name)), unit(byName.get(name)))))));
}

function entry(field) {
  if ("commonest" in field.usual) return choice(COMPASS);
  if ("share" in field.usual) return choice(["Yes", "No"]);
  return html("input", { inputmode: "decimal", autocomplete: "off" });
}

const choice = (values) => html("select", {}, html("option", { value: "" }, "not known"),
  ...values.map((value) => html("option", { value }, value)));

function control(name, title, element, unit) {
  element.id = `field-${name}`;
  element.name = name;
  element.setAttribute("aria-describedby", `error-${name} hint-${name}`);
  return html("div", { class: "field" }, html("label", { for: element.id }, title),
    html("div", { class: "row" }, element, html("span", {}, unit)),
    html("p", { class: "error", id: `error-${name}` }), html("p", { class: "hint", id: `hint-${name}` }));
}

/** Show what is usual at a station at the time of the year. */
export function hint(described) {
  for (const field of described.fields) {
    const { low, high, commonest, share } = field.usual;
    $(`hint-${field.name}`).textContent = commonest ? `mostly ${commonest}`
      : share !== undefined ? `on ${percent(share)} of days`
      : low === high ? `usually ${low} ${unit(field)}` : `usually ${low} to ${high} ${unit(field)}`;
  }
}

/** Observation as it was typed: numbers as numbers, what is empty left out. Where no day was typed,
 * it is named nevertheless: who repeats the question tomorrow shall get the same answer. */
export function read({ name, date }) {
  const observation = { Location: name, Date: date };
  for (const element of $("fields").querySelectorAll("input, select")) {
    const text = element.value.trim();
    if (text === "") continue;
    const value = element.inputMode === "decimal" ? number(text) : NaN;
    observation[element.name] = Number.isFinite(value) ? value : text;
  }
  return observation;
}

/** Number as people write it: with a comma too, unless it may be one of thousands, and a true minus. */
const number = (text) => Number(text.replace("\u2212", "-").replace(/,(?=\d{1,2}$)/, "."));

/** Put an observation into the fields. */
export function write(observation) {
  for (const element of $("fields").querySelectorAll("input, select")) {
    const value = observation[element.name];
    element.value = value === true ? "Yes" : value === false ? "No" : value ?? "";
  }
}

/** Show errors at their fields, and go to the first; gives those that belong to none. */
export function complain(errors) {
  for (const element of document.querySelectorAll("#ask [aria-invalid]")) element.removeAttribute("aria-invalid");
  for (const element of document.querySelectorAll("#ask p.error")) element.textContent = "";
  const rest = [];
  let first;
  for (const { pointer, message } of errors) {
    const name = pointer.split("/").at(-1);
    const element = name === "Location" ? $("station") : $(`field-${name}`);
    const place = name === "Location" ? $("station-error") : $(`error-${name}`);
    if (!element) {
      rest.push(`${pointer} ${message}`);
      continue;
    }
    element.setAttribute("aria-invalid", "true");
    place.textContent = `This ${sign(message)}.`;
    first ??= element;
  }
  first?.focus();
  return rest;
}
