"use strict";
{
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);

  // How old the page is: one that is no longer written must not pass for the present.
  const { readAt, staleAfter, refresh } = document.body.dataset;
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const duration = (seconds) => {
    if (seconds < 1 && seconds > 0) return `${seconds.toFixed(1)} s`;
    const first = Math.max(0, units.findIndex(([, size]) => seconds >= size));
    const at = seconds < 1 ? units.length - 1 : first;
    const parts = [];
    for (const [name, size] of units.slice(at, at + 2)) {
      const number = Math.floor(seconds / size);
      seconds -= number * size;
      if (number || !parts.length) parts.push(`${number} ${name}`);
    }
    return parts.join(" ");
  };
  const tellAge = () => {
    const seconds = Math.max(0, Math.floor((Date.now() - Number(readAt)) / 1000));
    document.getElementById("age").textContent = `· ${duration(seconds)} ago`;
    const stale = document.getElementById("stale");
    if (seconds > Number(staleAfter) && stale.hidden) {
      stale.hidden = false;
      stale.textContent = refresh
        ? "This page is old: what writes it has stopped, or cannot reach the database."
        : "This page is old: run stuck-jobs report again.";
    }
  };
  tellAge();
  setInterval(tellAge, 1000);

  const pause = document.getElementById("pause");
  if (pause) {
    const paused = () => pause.getAttribute("aria-pressed") === "true";
    pause.addEventListener("click", () => pause.setAttribute("aria-pressed", String(!paused())));
    setInterval(() => paused() || location.reload(), Math.min(Math.max(1, Number(refresh)), 1e6) * 1000);
  }

  // The charts; their colours are the page's, and what they say is also in the tables.
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const lines = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
  const dashes = ["solid", "dashed", "dotted"];
  const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(1)} %`);
  const text = () => ({ color: colour("--soft"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 });
  const frame = (more) => ({
    animation: false,
    useUTC: true,
    textStyle: text(),
    color: lines.map(colour),
    tooltip: {
      renderMode: "richText", confine: true, backgroundColor: colour("--card"), borderColor: colour("--rule"),
      textStyle: { ...text(), color: colour("--ink") }, ...more,
    },
    grid: { left: 8, right: 16, top: 34, bottom: 4, containLabel: true },
    legend: { type: "scroll", top: 0, left: 4, textStyle: text(), itemHeight: 8, pageTextStyle: text() },
  });
  const axis = (more) => ({
    axisLabel: text(), axisLine: { lineStyle: { color: colour("--rule") } },
    splitLine: { show: false }, axisTick: { show: false }, ...more,
  });
  const ruled = (more) => axis({
    type: "value", min: 0, splitNumber: 4, axisLine: { show: false },
    splitLine: { lineStyle: { color: colour("--rule") } }, ...more,
  });

  const options = {
    depths: () => ({
      ...frame({ trigger: "axis", valueFormatter: (depth) => depth?.toLocaleString("en") ?? "?" }),
      xAxis: axis({ type: "time", max: data.until }),
      yAxis: ruled({ minInterval: 1 }),
      series: data.depths.map(({ name, kind, points }) => ({
        name, type: "line", step: "end", symbolSize: 5, showSymbol: points.length < 24,
        lineStyle: { type: dashes[["main", "retry", "dead"].indexOf(kind)] },
        data: [...points, [data.until, points.at(-1)[1]]],
      })),
    }),
    providers: (chart) => {
      const providers = [...new Set(data.providers.map((cell) => cell.provider))].reverse();
      const regions = [...new Set(data.providers.map((cell) => cell.region))].sort();
      const rounded = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
      const label = ({ data: { cell } }) => `${cell.is_failing ? "▲ " : ""}${rounded(cell.failure_rate)}`;
      return {
        ...frame({
          formatter: ({ data: { cell } }) =>
            `${cell.provider} in ${cell.region}\n${cell.failed.toLocaleString("en")} of ` +
            `${cell.finished.toLocaleString("en")} failed: ${percent(cell.failure_rate)}\n` +
            `timed out: ${percent(cell.timeout_rate)}${cell.is_failing ? "\nfails now" : ""}`,
        }),
        grid: { left: 8, right: 8, top: 4, bottom: 30, containLabel: true },
        xAxis: axis({
          type: "category", data: regions, position: "top",
          axisLabel: { ...text(), interval: 0, rotate: chart.getWidth() / regions.length < 150 ? 30 : 0 },
        }),
        yAxis: axis({ type: "category", data: providers }),
        visualMap: {
          type: "piecewise", orient: "horizontal", bottom: 0, left: 4, itemWidth: 14, itemHeight: 10,
          textStyle: text(), itemGap: 14, dimension: 2, selectedMode: false,
          pieces: [
            { lt: 0.01, label: "< 1 %", color: colour("--heat-0") },
            { gte: 0.01, lt: 0.05, label: "1–5 %", color: colour("--heat-1") },
            { gte: 0.05, lt: 0.2, label: "5–20 %", color: colour("--heat-2") },
            { gte: 0.2, label: "≥ 20 %", color: colour("--heat-3") },
          ],
        },
        series: [{
          type: "heatmap",
          label: { show: true, formatter: label },
          itemStyle: { borderColor: colour("--card"), borderWidth: 2 },
          data: data.providers.map((cell) => ({
            value: [regions.indexOf(cell.region), providers.indexOf(cell.provider), cell.failure_rate ?? "-"],
            label: { color: colour(cell.failure_rate >= 0.2 ? "--on-hottest" : "--on-heat") },
            cell,
          })),
        }],
      };
    },
    queue_wait: () => percentiles("queue_wait", "Wait in the queue"),
    run_time: () => percentiles("run_time", "Run time"),
  };
  const scale = (name) => {
    const most = Math.max(1, ...data.days.map((day) => day[`${name}_p99_seconds`] ?? 0));
    const steps = [1, 2, 5, 10, 20, 30].flatMap((n) => [n, n * 60, n * 3600]).sort((a, b) => a - b);
    const interval = steps.find((step) => most <= 4 * step) ?? most / 4;
    return { interval, max: Math.ceil(most / interval) * interval };
  };
  const percentiles = (name, title) => ({
    ...frame({ trigger: "axis", valueFormatter: (seconds) => (seconds === null ? "–" : duration(seconds)) }),
    title: { text: title, left: 4, top: 0, textStyle: { ...text(), fontWeight: 600, color: colour("--ink") } },
    legend: { right: 8, top: 0, textStyle: text(), itemHeight: 8 },
    xAxis: axis({ type: "category", data: data.days.map(({ day }) => day.slice(5)) }),
    yAxis: ruled({ axisLabel: { ...text(), formatter: duration }, ...scale(name) }),
    series: [50, 95, 99].map((p, i) => ({
      name: `p${p}`, type: "line", symbolSize: 4, lineStyle: { type: dashes[i] },
      data: data.days.map((day) => day[`${name}_p${p}_seconds`]),
    })),
  });

  for (const element of document.querySelectorAll(".chart")) {
    const { chart: name } = element.dataset;
    if (name === "providers") {
      element.style.height = `${90 + 34 * new Set(data.providers.map((cell) => cell.provider)).size}px`;
    }
    const chart = echarts.init(element, null, { renderer: "svg" });
    const draw = () => {
      chart.resize();
      chart.setOption(options[name](chart), true);
    };
    new ResizeObserver(draw).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
}
