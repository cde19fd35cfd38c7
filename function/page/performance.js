// How good the models were on years that they had not seen: pictures, and the figures beside them.

import { $, html, percent, svg, table } from "./elements.js";
import { draw, spoken } from "./map.js";

const FIGURES = { roc_auc: "ROC AUC", brier: "Brier score", balanced_accuracy: "Balanced accuracy", precision: "Precision", recall: "Recall", expected_calibration_error: "Calibration error" };

export function show(metrics, models, stations) {
  const names = models.models.map((model) => model.name);
  const titles = Object.fromEntries(models.models.map((model) => [model.name, model.title]));
  const { from, to, rows, rain_rate: rate } = metrics.test_set;
  $("test-set").textContent = `Tested on ${rows.toLocaleString("en")} days from ${from} to ${to}, which no model had seen; on ${percent(rate)} of them it rained the day after.`;
  $("figures").replaceChildren(table("Figures on the test years", ["Model", ...Object.values(FIGURES)],
    names.map((name) => [titles[name], ...Object.keys(FIGURES).map((key) => metrics.models[name][key].toFixed(3))])));
  const curve = (name, key, x, y) => metrics.models[name][key][x].map((value, i) => [value, metrics.models[name][key][y][i]]);
  picture("roc", names, titles, "False positive rate", "True positive rate", (name) => curve(name, "roc_curve", "false_positive_rate", "true_positive_rate"), 20);
  picture("reliability", names, titles, "Probability said", "Share of rainy days", (name) => curve(name, "calibration_curve", "mean_probability", "observed_rate"), 1);
  $("confusion").replaceChildren(...names.map((name) => confusion(titles[name], metrics.models[name].confusion_matrix)));
  const select = $("skill-model");
  select.replaceChildren(...names.map((name) => html("option", { value: name, selected: name === models.default }, titles[name])));
  select.addEventListener("change", () => skill(metrics.models[select.value].stations, titles[select.value], stations));
  skill(metrics.models[select.value].stations, titles[select.value], stations);
}

function picture(id, names, titles, xLabel, yLabel, points, every) {
  const place = ([x, y]) => `${(60 + 360 * x).toFixed(1)} ${(375 - 360 * y).toFixed(1)}`;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const chart = svg("svg", { class: "chart", viewBox: "0 0 440 425", role: "img", "aria-label": `${yLabel} against ${xLabel.toLowerCase()}, by model` },
    ...ticks.map((t) => svg("path", { class: "grid", d: `M${place([0, t])}L${place([1, t])}M${place([t, 0])}L${place([t, 1])}` })),
    ...ticks.flatMap((t) => [svg("text", { x: 52, y: 380 - 360 * t, "text-anchor": "end" }, String(t)), svg("text", { x: 60 + 360 * t, y: 394, "text-anchor": "middle" }, String(t))]),
    svg("path", { class: "diagonal", d: `M${place([0, 0])}L${place([1, 1])}` }),
    svg("text", { x: 240, y: 418, "text-anchor": "middle" }, xLabel),
    svg("text", { x: 14, y: 195, "text-anchor": "middle", transform: "rotate(-90 14 195)" }, yLabel));
  names.forEach((name, index) => {
    chart.append(svg("path", { class: `curve m${index}`, d: `M${points(name).map(place).join("L")}` }),
      svg("path", { class: `curve m${index}`, d: `M180 ${290 + 20 * index}H220` }), svg("text", { x: 228, y: 295 + 20 * index }, titles[name]));
  });
  const rows = names.flatMap((name) => points(name).filter((_, i) => i % every === 0).map(([x, y]) => [titles[name], x.toFixed(3), y.toFixed(3)]));
  $(id).replaceChildren(chart, html("details", {}, html("summary", {}, "As a table"),
    html("div", { class: "scrolling tall", tabindex: 0, role: "region", "aria-label": `${yLabel} as a table` }, table(`${yLabel} against ${xLabel.toLowerCase()}`, ["Model", xLabel, yLabel], rows))));
}

function confusion(title, { true_negatives: tn, false_positives: fp, false_negatives: fn, true_positives: tp }) {
  const cell = (count, of) => `${count.toLocaleString("en")} (${percent(count / of)})`;
  return html("div", { class: "card scrolling", tabindex: 0, role: "region", "aria-label": `Confusion matrix: ${title}` },
    table(title, ["It was", "said: rain", "said: no rain"],
      [["rain", cell(tp, tp + fn), cell(fn, tp + fn)], ["no rain", cell(fp, tn + fp), cell(tn, tn + fp)]]));
}

function skill(byStation, title, stations) {
  const scores = Object.values(byStation).map((each) => each.brier_skill_score);
  const low = Math.min(...scores), high = Math.max(...scores);
  draw($("skill-map"), stations, ({ name }) => {
    if (!(name in byStation)) return { r: 4, "fill-opacity": 0.25 };
    return { r: 5 + 8 * (byStation[name].brier_skill_score - low) / (high - low || 1), "fill-opacity": 0.75 };
  });
  $("skill-legend").textContent = `${title}: the larger the dot, the more the Brier score beats saying the station's own share of rainy days every day, from ${percent(low)} to ${percent(high)}. Small and pale: no test days.`;
  const rows = Object.entries(byStation).sort((a, b) => b[1].brier_skill_score - a[1].brier_skill_score)
    .map(([name, each]) => [spoken(name), percent(each.brier_skill_score), each.roc_auc.toFixed(3), percent(each.rain_rate), each.rows.toLocaleString("en")]);
  $("skill").replaceChildren(table(`Skill of the ${title.toLowerCase()}`, ["Station", "Brier skill", "ROC AUC", "Rainy days", "Test days"], rows));
}
