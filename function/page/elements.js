// Small helpers to make elements; text is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
export const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const html = (name, attributes = {}, ...children) => made(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) => made(document.createElementNS(SVG, name), attributes, children);

export function table(caption, headings, rows) {
  return html("table", {}, html("caption", {}, caption),
    html("thead", {}, html("tr", {}, ...headings.map((each) => html("th", { scope: "col" }, each)))),
    html("tbody", {}, ...rows.map(([first, ...rest]) =>
      html("tr", {}, html("th", { scope: "row" }, first), ...rest.map((each) => html("td", {}, each))))));
}
