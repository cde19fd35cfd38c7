// The map: Australia drawn by hand from the coordinates of its capes and bays, and the stations.

import { svg } from "./elements.js";

// Longitude and latitude in degrees, clockwise from Cape York.
const MAINLAND = `142.5 -10.7 142.8 -11.9 143.3 -12.5 143.5 -13.8 143.8 -14.5 144.6 -14.2 145.3 -14.9 145.4 -16.1 145.9 -16.9
146.1 -17.7 146.3 -18.7 147.1 -19.4 148.2 -20 148.8 -20.5 149.2 -21.2 149.5 -22.2 150.5 -22.4 150.8 -23.3 151.6 -24 152.5 -24.9
153.2 -24.8 152.9 -25.6 153.1 -26.5 153.4 -27.7 153.6 -28.7 153.2 -30 152.9 -31.2 152.5 -32.3 151.7 -33 151.3 -33.8 150.8 -34.6
150.3 -35.7 150 -36.8 149.9 -37.5 148.3 -37.8 147.3 -38.3 146.4 -39.1 145.6 -38.6 144.9 -38.4 144.9 -37.9 144.4 -38.2
143.5 -38.8 142.4 -38.4 141.4 -38.3 140.6 -38 139.8 -37 139.6 -36.1 138.9 -35.5 138.1 -35.6 138.5 -34.8 138 -34.1 137.8 -35.1
136.9 -35.2 137.5 -34.1 137.9 -32.6 137.2 -33.6 136.1 -34.7 135.3 -34.6 135.2 -33.6 134.2 -33 133.6 -32.1 132.3 -32 131.2 -31.5
129 -31.7 127.2 -32.3 125.9 -32.3 124.3 -33 123.6 -33.9 121.9 -33.9 120 -33.9 119 -34.5 117.9 -35.1 116.6 -35 115.1 -34.3
115 -33.5 115.7 -33.2 115.7 -31.7 115 -30.2 114.6 -28.8 114.1 -27.6 113.3 -26.2 114.1 -26.4 113.5 -24.9 113.4 -23.9 113.7 -22.9
114.1 -21.8 114.4 -22.4 115.4 -21.5 116.7 -20.7 118.2 -20.4 119.1 -20 121 -19.6 121.8 -18.5 122.2 -17.9 122.3 -17.1 123 -16.4
123.6 -17.3 123.8 -16.4 124.5 -16.2 124.8 -15.2 125.7 -14.4 126.7 -14.1 127.7 -14.1 128.3 -14.9 129.3 -14.9 129.7 -14.2
130.3 -13.2 130.8 -12.4 131.7 -12.3 132.6 -12.1 132.7 -11.4 133.5 -11.8 135 -12.1 136 -12 136.8 -12.2 136.4 -13.3 135.9 -13.8
135.5 -14.9 136.7 -15.9 138 -16.7 139.3 -17.4 140.2 -17.7 140.9 -17.4 141.3 -16.3 141.6 -15 141.6 -13.6 141.7 -12.6 142.1 -11.1`;
const TASMANIA = `144.7 -40.7 146 -41.1 147 -41 148.3 -40.9 148.3 -42.1 147.9 -43.2 147.3 -42.9 146.9 -43.6 146 -43.5 145.2 -42.3`;
const BORDERS = ["129 -14.9 129 -31.7", "129 -26 138 -26 141 -26 141 -38", "138 -16.7 138 -26",
  "141 -29 149 -29 150.3 -28.6 151.9 -28.9 153.6 -28.2", "141 -34 142.5 -34.7 144.5 -35.6 146.5 -36 148 -36.6 149.9 -37.5"];
const WEST = 112.2, NORTH = -9.9, SCALE = 14.6, SQUEEZE = 0.887; // cosine of 27.5 degrees south
const EDGE = 156.6; // Norfolk Island lies far to the east, and is shown at the edge
const REACH = 40; // how far from a station it may be clicked; among several, the nearest is meant

const point = (longitude, latitude) => [
  (longitude - WEST) * SQUEEZE * SCALE, (NORTH - latitude) * SCALE].map((x) => x.toFixed(1));
const place = ({ longitude, latitude }) => point(Math.min(longitude, EDGE), latitude);

function path(coordinates, closing) {
  const numbers = coordinates.split(/\s+/).map(Number);
  const points = [];
  for (let i = 0; i < numbers.length; i += 2) points.push(point(numbers[i], numbers[i + 1]).join(" "));
  return `M${points.join("L")}${closing}`;
}

/** A name as all ways to write it have it. */
export const bare = (name) => name.replace(/[\s_-]/g, "").toLowerCase();

/** Town's name with its words apart. */
export const spoken = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, " ");

/** Draw land and stations; `dot` may give attributes of a station's dot. Gives the groups by name. */
export function draw(map, stations, dot = () => ({})) {
  map.replaceChildren(
    svg("path", { class: "land", d: path(MAINLAND, "Z") }),
    svg("path", { class: "land", d: path(TASMANIA, "Z") }),
    ...BORDERS.map((border) => svg("path", { class: "border", d: path(border, "") })));
  const groups = new Map();
  for (const station of stations) {
    const [x, y] = place(station);
    const group = svg("g", { class: "station", transform: `translate(${x} ${y})` },
      svg("title", {}, spoken(station.name)),
      svg("circle", { class: "halo", r: 13 }),
      svg("circle", { class: "dot", r: 6.5, ...dot(station) }));
    if (station.longitude > EDGE) map.append(svg("text", { class: "far", y, "aria-hidden": true },
      ...["Norfolk", "Island →"].map((line, index) => svg("tspan", { x, dy: 24 - 9 * index }, line))));
    map.append(group);
    groups.set(station.name, group);
  }
  return groups;
}

/** A map to choose from by mouse, touch and arrow keys; gives what marks the chosen one. */
export function chooser(map, stations, chosen) {
  const groups = draw(map, stations);
  const names = stations.map((station) => station.name);
  const label = svg("text", { class: "town", "aria-hidden": true });
  let marked;
  map.append(label);
  for (const [name, group] of groups) {
    group.setAttribute("role", "radio");
    group.setAttribute("aria-label", spoken(name));
  }
  const focus = (name) => groups.get(name).focus({ preventScroll: true });
  const choose = (name) => {
    chosen(name);
    focus(name);
  };
  map.addEventListener("click", (event) => {
    // A click that comes from no pointer is nowhere, and means what it was sent to.
    const name = nearest(map, stations, event) ?? names.find((each) => groups.get(each).contains(event.target));
    if (name) choose(name);
  });
  map.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, " ": 0, Enter: 0 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose(names[(names.indexOf(marked) + step + names.length) % names.length]);
  });
  // Who comes with Tab from a name that was typed would come to the station before it.
  map.addEventListener("focusin", (event) => { if (!map.contains(event.relatedTarget)) focus(marked); });
  return (name) => {
    marked = name;
    for (const [each, group] of groups) {
      group.setAttribute("aria-checked", String(each === name));
      group.setAttribute("tabindex", each === name ? "0" : "-1");
    }
    const group = groups.get(name);
    if (group.nextSibling !== label) {
      const focused = group.contains(document.activeElement);
      map.insertBefore(group, label); // on top of its neighbours
      if (focused) focus(name); // which it loses by this
    }
    const [x, y] = group.getAttribute("transform").match(/[\d.-]+/g).map(Number);
    const left = x > 400;
    label.setAttribute("x", left ? x - 14 : x + 14);
    label.setAttribute("y", y + 6);
    label.setAttribute("text-anchor", left ? "end" : "start");
    label.textContent = spoken(name);
  };
}

/** Name of the station nearest to a click, if there is one within reach. */
function nearest(map, stations, { clientX, clientY }) {
  const at = new DOMPoint(clientX, clientY).matrixTransform(map.getScreenCTM().inverse());
  const distance = (station) => {
    const [x, y] = place(station);
    return Math.hypot(x - at.x, y - at.y);
  };
  const [first] = stations.toSorted((a, b) => distance(a) - distance(b));
  return distance(first) <= REACH ? first.name : undefined;
}
