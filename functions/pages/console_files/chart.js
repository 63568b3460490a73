// Charts, drawn by uPlot. Each says the same as a table, for readers who cannot see it.

import { html, useEffect, useId, useRef, useState } from "./elements.js";

const HEIGHT = 180;
const FAR_ABOVE = 5;
// 1, 2, 5, 10, ...
const WHOLE_STEPS = [...Array(10).keys()].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power));
const uPlot = globalThis.uPlot;

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Grows with each change of the color scheme, so that charts are drawn again in its colors. */
function useScheme() {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const scheme = globalThis.matchMedia("(prefers-color-scheme: dark)");
    const count = () => setChanges((before) => before + 1);
    scheme.addEventListener("change", count);
    return () => scheme.removeEventListener("change", count);
  }, []);
  return changes;
}

/** Draws into the element of `ref`, again when `dependencies` or the width change. `options`: a function of the width. */
function usePlot(ref, options, data, dependencies) {
  const scheme = useScheme();
  useEffect(() => {
    const place = ref.current;
    const plot = new uPlot(options(place.clientWidth), data, place);
    const resized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: plot.height }));
    resized.observe(place);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [scheme, ...dependencies]);
}

/** The shape of some values, without axes: what it shows must also stand beside it. */
export function Sparkline({ values }) {
  const place = useRef(null);
  const options = (width) => ({
    width, height: 24, cursor: { show: false }, legend: { show: false }, padding: [2, 1, 2, 1],
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most)] } },
    series: [{}, { stroke: color("--accent"), width: 1.5, points: { show: false } }],
  });
  usePlot(place, options, [values.map((_, index) => index), values], [JSON.stringify(values)]);
  return html`<span ref=${place} class="sparkline" aria-hidden="true"></span>`;
}

/**
 * Bars over time. `starts`: ISO times. `limit`: {value, label} of a line. `show`: a value as text. `isDaily`: of days in UTC.
 * `isWhole`: values are counts, so that no axis shows halves.
 */
export function TimeChart({ title, starts, values, limit, show, isDaily, isWhole, tone = "--accent" }) {
  const place = useRef(null);
  const id = useId();
  const times = starts.map((start) => new Date(start) / 1000);
  const half = (times[1] - times[0]) / 2 || 1;
  const highest = Math.max(...values);
  // A limit far above everything would flatten the bars.
  const isLimitShown = limit && (highest === 0 || limit.value <= FAR_ABOVE * highest);
  const most = Math.max(highest, isLimitShown ? limit.value : 0);
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const options = (width) => ({
    width, height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { show: false } },
    tzDate: isDaily ? (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC") : undefined,
    axes: [{ ...axis, grid: { show: false } }, { ...axis, size: 56, values: (_, ticks) => ticks.map(show), ...(isWhole && { incrs: WHOLE_STEPS }) }],
    // Half a bar more on either side.
    scales: { x: { range: [times[0] - half, times.at(-1) + half] }, y: { range: [0, most > 0 ? most * 1.1 : 1] } },
    series: [
      {},
      { fill: color(tone), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.75, 40], radius: 0.2 }) },
      { stroke: color("--warn"), width: 1.5, dash: [6, 4], points: { show: false } },
    ],
    hooks: { setCursor: [(plot) => point(plot.cursor.idx)] },
  });
  const [pointed, point] = useState(null);
  const line = times.map(() => (isLimitShown ? limit.value : null));
  usePlot(place, options, [times, values, line], [JSON.stringify([starts, values, limit])]);
  return html`
    <figure class="chart" aria-labelledby=${id}>
      <figcaption id=${id}>
        <strong>${title}</strong>
        <span class="quiet">${pointed === null || pointed === undefined ? limitText(limit, isLimitShown)
          : `${startText(starts[pointed], isDaily)}: ${show(values[pointed])}`}</span>
      </figcaption>
      <div ref=${place} aria-hidden="true"></div>
      <details><summary>As a table</summary>
        <div class="scroll" tabindex="0" role="region" aria-label=${`${title}, as a table`}>
          <table>
            <thead><tr><th scope="col">${isDaily ? "Day (UTC)" : "Hour"}</th><th scope="col">${title}</th></tr></thead>
            <tbody>${starts.map((start, index) => html`
              <tr><th scope="row">${startText(start, isDaily)}</th><td>${show(values[index])}</td></tr>`)}</tbody>
          </table>
        </div>
      </details>
    </figure>`;
}

function limitText(limit, isShown) {
  if (!limit) return "";
  return isShown ? `dashed: ${limit.label}` : `far below the ${limit.label}`;
}

function startText(start, isDaily) {
  const options = isDaily ? { dateStyle: "medium", timeZone: "UTC" } : { weekday: "short", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(undefined, options).format(new Date(start));
}
