"use strict";
{
  // Search in the stuck items: all that the page carries, without a server.
  const { columns, rows, runbooks, titles, live } = JSON.parse(document.getElementById("data").textContent).items;
  const form = document.getElementById("search");
  const matches = document.getElementById("matches");
  if (form) {
    const items = rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
    for (const item of items) item.text = row_text(item);
    const table = matches.parentElement;
    const first = matches.previousElementSibling;
    const found = document.getElementById("found");
    const more = document.getElementById("more");
    const firstWords = found.textContent;
    const STEP = 100;
    let shown = STEP;

    function row_text(item) {
      return Object.values(item).filter((value) => typeof value === "string").join("\n").toLowerCase();
    }
    const names = (name, value) => (name === "fault" ? titles[value] : value);
    for (const select of form.querySelectorAll("select")) {
      if (select.name === "age") continue;
      const values = [...new Set(items.map((item) => item[select.name]).filter(Boolean))].sort();
      for (const value of values) select.add(new Option(names(select.name, value), value));
      select.parentElement.hidden = values.length < 2;
    }

    const element = (tag, text, attributes = {}) => {
      const made = document.createElement(tag);
      if (text) made.textContent = text;
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const cell = (label, ...content) => {
      const made = element("td", "", label ? { role: "cell", "data-label": label } : { role: "cell" });
      made.append(...content);
      return made;
    };
    const drawn = (item) => {
      const row = element("tr", "", { role: "row" });
      const age = cell("age", item.age);
      age.className = "number";
      const name = element("bdi", item.job || "(no job)");
      const link = element("a", "", { href: `jobs/${encodeURIComponent(item.job)}` });
      link.append(name);
      const job = cell("", live && item.job ? link : name);
      const what = cell("", element("span", `${item.what} `, { class: "of" }), element("bdi", item.id));
      job.className = what.className = "id";
      const why = cell("cause", item.cause);
      for (const [name, value] of [["queue ", item.queue], ["kind ", item.kind], ["", item.evidence]]) {
        if (value) why.append(" ", element("small", name + value));
      }
      const help = cell("");
      help.className = "help";
      if (item.command) {
        const span = element("span", "", { class: "command" });
        const button = element("button", "Copy", { type: "button", class: "copy", "aria-label": `Copy: ${item.command}` });
        span.append(element("code", item.command), button);
        help.append(span);
      } else {
        help.append(element("a", "see its page", { href: runbooks[item.point] }));
      }
      const fault = cell("");
      if (item.fault) {
        const link = element("a", "", { href: `#incident-${item.fault}` });
        link.append(element("small", titles[item.fault]));
        fault.append(link);
      }
      row.append(age, cell("", element("a", item.point, { href: runbooks[item.point] })), job, what, why, help, fault);
      return row;
    };

    const asked = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value.trim()));
    const show = () => {
      const { text = "", age = "", ...equal } = asked();
      const isAsked = Boolean(text || age || Object.keys(equal).length);
      const words = text.toLowerCase().split(/\s+/).filter(Boolean);
      const fitting = !isAsked ? [] : items.filter((item) =>
        words.every((word) => item.text.includes(word)) &&
        (!age || item.seconds > Number(age)) &&
        Object.entries(equal).every(([name, value]) => item[name] === value));
      matches.replaceChildren(...fitting.slice(0, shown).map(drawn));
      matches.hidden = !isAsked;
      first.hidden = isAsked;
      more.hidden = fitting.length <= shown;
      found.textContent = isAsked
        ? `${fitting.length.toLocaleString("en")} of ${items.length.toLocaleString("en")} fit.`
        : firstWords;
      table.classList.toggle("asked", isAsked);
    };

    // An open page that is written anew keeps what was asked.
    const KEY = `stuck-jobs search ${location.pathname}`;
    const keep = () => { try { sessionStorage.setItem(KEY, JSON.stringify(asked())); } catch { /* not kept then */ } };
    const recall = () => {
      try {
        for (const [name, value] of Object.entries(JSON.parse(sessionStorage.getItem(KEY) ?? "{}"))) {
          form.elements[name].value = value;
        }
      } catch { /* nothing was asked */ }
    };
    const ask = () => { shown = STEP; keep(); show(); };
    form.addEventListener("input", ask);
    form.addEventListener("submit", (event) => event.preventDefault());
    more.addEventListener("click", () => { shown += STEP; show(); });
    document.addEventListener("click", (event) => {
      const { fault } = event.target.dataset;
      if (fault) { form.reset(); form.elements.fault.value = fault; ask(); }
    });
    form.hidden = false;
    recall();
    show();
  }
}
