/* Draws each <canvas data-chart="id"> from the JSON in the element with that id; see schools/charts.py. The table
   twin below it holds the same figures for those who do not see the drawing. */
(() => {
  "use strict";

  const drawn = new Map();

  /* Chart.js does not know light-dark(), so the browser resolves each colour first. */
  const probe = document.createElement("canvas").getContext("2d");
  const colour = (name) => {
    const swatch = document.createElement("i");
    swatch.hidden = true;
    document.body.append(swatch);
    swatch.style.color = `var(--${name})`;
    const resolved = getComputedStyle(swatch).color;
    swatch.remove();
    probe.fillStyle = resolved;
    return probe.fillStyle;
  };
  const fill = (tone) => colour(tone === "accent" ? "accent" : `${tone === "info" ? "wait" : tone}-fill`);

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 13;
  const numbers = new Intl.NumberFormat(document.documentElement.lang || undefined);

  /* Long names leave the bars no room on a phone; the table twin has them whole. */
  const PHONE_PX = 480;
  const LETTERS_ON_A_PHONE = 18;
  const shortened = (label) => innerWidth < PHONE_PX && label.length > LETTERS_ON_A_PHONE ? `${label.slice(0, LETTERS_ON_A_PHONE)}…` : label;

  /* Every bar that lies keeps its name beside it, however many they are. */
  const ROW_PX = 30;
  const FRAME_PX = 80;
  const fit = (canvas, data) => {
    if (data.horizontal) canvas.parentElement.style.height = `${data.labels.length * ROW_PX + FRAME_PX}px`;
  };

  const options = (data) => {
    const ink = colour("ink-soft");
    const line = colour("line");
    const isStacked = data.kind === "stacked";
    const values = { beginAtZero: true, stacked: isStacked, border: { display: false }, grid: { color: line }, ticks: { color: ink, precision: 0, callback: (value) => numbers.format(value) } };
    const labels = { stacked: isStacked, grid: { display: false }, border: { color: line }, ticks: { color: ink, autoSkip: !data.horizontal } };
    if (data.horizontal) labels.ticks.callback = (value) => shortened(data.labels[value]);
    return {
      maintainAspectRatio: false,
      animation: false,
      locale: document.documentElement.lang,
      indexAxis: data.horizontal ? "y" : "x",
      scales: data.horizontal ? { x: values, y: labels } : { x: labels, y: values },
      plugins: { legend: { display: data.series.length > 1, position: "bottom", labels: { color: ink, boxWidth: 12 } } },
    };
  };

  const dataset = (data) => (series) => ({
    label: series.label,
    data: series.values,
    backgroundColor: fill(series.tone),
    borderColor: fill(series.tone),
    borderWidth: data.kind === "line" ? 2 : 0,
    borderRadius: 3,
    maxBarThickness: 34,
    pointRadius: 2,
    tension: 0.2,
  });

  const draw = (canvas) => {
    const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
    drawn.get(canvas)?.destroy();
    fit(canvas, data);
    drawn.set(canvas, new Chart(canvas, {
      type: data.kind === "line" ? "line" : "bar",
      data: { labels: data.labels, datasets: data.series.map(dataset(data)) },
      options: options(data),
    }));
  };

  const forget = () => {
    for (const [canvas, chart] of drawn) if (!canvas.isConnected) { chart.destroy(); drawn.delete(canvas); }
  };
  const drawAll = (within) => within.querySelectorAll("canvas[data-chart]").forEach(draw);

  drawAll(document);
  document.addEventListener("htmx:afterSettle", (event) => { forget(); drawAll(event.target); });
  const redraw = () => drawAll(document);
  document.addEventListener("theme-changed", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
