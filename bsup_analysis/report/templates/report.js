"use strict";
// Adds to a page that is whole without it: sorting, map and series linked, interval by a slider.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const draw = (name, attributes, parent, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const points = (xs, ys) => xs.map((x, i) => `${x.toFixed(1)},${ys[i].toFixed(1)}`).join(" ");
  const language = document.documentElement.lang;
  const comma = (0.5).toLocaleString(language).includes(",");
  const number = (value, digits) =>
    value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

  for (const part of document.querySelectorAll("[data-script]")) part.hidden = false;

  // --- the list of sections is open where it stands beside the text, else a line above it ---
  const beside = window.matchMedia("(min-width: 78rem)");
  const menu = document.querySelector(".contents details");
  const place = () => { menu.open = beside.matches; };
  beside.addEventListener("change", place);
  place();

  // --- a table wider than the screen says so ---
  for (const frame of document.querySelectorAll("main .scroll")) {
    if (frame.clientWidth === 0 || frame.scrollWidth <= frame.clientWidth + 1) continue;
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = sideways;
    frame.before(hint);
  }

  // --- tables that sort; the row of sums stays last ---
  const valueOf = (cell) => {
    const text = cell.textContent.replace(/[\s\u00a0\u202f%+]/g, "").replace("\u2212", "-");
    const plain = comma ? text.replace(",", ".") : text.replace(/,/g, "");
    return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : cell.textContent.trim();
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const sum = rows.pop();
    const heads = [...table.tHead.rows[0].cells];
    const list = table.closest("figure").querySelector(".order select");
    heads.forEach((head) => list.append(new Option(head.textContent)));
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      const sort = () => {
        list.selectedIndex = column;
        const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
        const known = (value) => typeof value === "number";
        rows.sort((a, b) => {
          const [x, y] = [valueOf(a.cells[column]), valueOf(b.cells[column])];
          if (known(x) && known(y)) return down * (x - y);
          if (known(x) !== known(y)) return known(x) ? -1 : 1;
          return down * x.localeCompare(y, language);
        });
        body.append(...rows, sum);
      };
      button.addEventListener("click", sort);
      list.addEventListener("change", () => { if (list.selectedIndex === column) sort(); });
    });
  }

  const content = (part) => JSON.parse(part.querySelector('script[type="application/json"]').textContent);

  // --- map and series, linked by what is chosen ---
  const municipalities = (part) => {
    const { data, words } = content(part);
    const map = part.querySelector(".map");
    const series = part.querySelector(".series");
    const list = part.querySelector("select");
    const name = part.querySelector(".name");
    const profile = part.querySelector(".profile");
    const all = data.municipalities;
    // the rows of the table, by the municipality's name; the table may stand in the other document
    const rows = new Map([...document.querySelectorAll("#start_loan_table tbody tr")].map((row) => [row.cells[0].textContent.trim(), row]));
    all.forEach((one, i) => rows.get(one.name)?.addEventListener("click", (event) => { if (!event.target.closest("a")) choose(i); }));
    const size = 40;
    const right = Math.max(...all.map((one) => one.x)) + 1;
    const bottom = Math.max(...all.map((one) => one.y)) + 1;
    map.setAttribute("viewBox", `${-size * 0.6} ${-size * 0.7} ${size * (right + 0.2)} ${size * (bottom + 0.4)}`);
    const cells = all.map((one, i) => {
      const cell = draw("g", { class: one.priority ? "priority" : "other" }, map);
      const corners = [0, 1, 2, 3, 4, 5].map((k) => ((2 * k + 1) * Math.PI) / 6);
      draw("polygon", {
        points: points(corners.map((a) => size * (one.x + 0.55 * Math.cos(a))), corners.map((a) => size * (one.y + 0.55 * Math.sin(a)))),
      }, cell);
      draw("title", {}, cell, one.name);
      cell.addEventListener("click", () => choose(i));
      const option = document.createElement("option");
      option.value = i;
      option.textContent = one.priority ? `${one.name} (${words.priority.toLowerCase()})` : one.name;
      list.append(option);
      return cell;
    });
    const choose = (i) => {
      const one = all[i];
      list.value = i;
      cells.forEach((cell, k) => cell.classList.toggle("chosen", k === i));
      map.append(cells[i]);
      name.replaceChildren();
      const strong = document.createElement("strong");
      strong.textContent = `${one.name}. ${one.priority ? words.priority : words.other}. `;
      name.append(strong, one.lines.join(" "));
      profile.replaceChildren();
      if (one.profile) {
        const link = document.createElement("a");
        link.href = one.profile.href;
        link.textContent = one.profile.text;
        profile.append(link);
      }
      for (const [key, row] of rows) row.classList.toggle("chosen", key === one.name);
      const lines = { ...data.groups };
      if (one.rate.length) lines.one = one.rate;
      const low = 0;
      // room above the lines for their names
      const high = 1.4 * Math.max(...Object.values(lines).flat());
      const [width, height, left, top] = [360, 220, 40, 10];
      const x = (k) => left + (k / (data.years.length - 1)) * (width - left - 20);
      const y = (value) => top + ((high - value) / (high - low)) * (height - top - 28);
      series.setAttribute("viewBox", `0 0 ${width} ${height}`);
      series.replaceChildren();
      const step = high > 6 ? 2 : high > 2 ? 1 : 0.5;
      for (let at = Math.ceil(low / step) * step; at <= high; at += step) {
        draw("line", { class: "grid", x1: left, x2: width - 20, y1: y(at), y2: y(at) }, series);
        draw("text", { x: left - 6, y: y(at) + 4, "text-anchor": "end" }, series, number(at, step < 1 ? 1 : 0));
      }
      data.years.forEach((year, k) => draw("text", { x: x(k), y: height - 8, "text-anchor": "middle" }, series, year));
      Object.entries(lines).forEach(([key, values], k) => {
        draw("polyline", { class: `line ${key}`, points: points(values.map((_, k) => x(k)), values.map(y)) }, series);
        const at = 24 + 16 * k;
        draw("line", { class: `line ${key}`, x1: left + 6, x2: left + 34, y1: at - 4, y2: at - 4 }, series);
        draw("text", { x: left + 40, y: at }, series, key === "one" ? one.name : words[`group_${key}`]);
      });
    };
    list.addEventListener("change", () => choose(Number(list.value)));
    choose(Math.max(0, all.findIndex((one) => one.priority)));
  };

  // --- the interval against what is assumed ---
  const dispersion = (part) => {
    const { data, words } = content(part);
    const band = part.querySelector(".band");
    const slide = part.querySelector("input");
    const result = part.querySelector(".result");
    const rows = data.rows;
    const [width, height, left, top] = [640, 240, 44, 12];
    const ends = [Math.log(Math.min(...rows.map((r) => r.low)) * 0.95), Math.log(Math.max(...rows.map((r) => r.high)) * 1.05)];
    const last = rows[rows.length - 1].at;
    const x = (at) => left + ((at - rows[0].at) / (last - rows[0].at)) * (width - left - 20);
    const y = (value) => top + ((ends[1] - Math.log(value)) / (ends[1] - ends[0])) * (height - top - 30);
    band.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const up = rows.map((r) => `${x(r.at)},${y(r.high)}`);
    const down = rows.map((r) => `${x(r.at)},${y(r.low)}`).reverse();
    draw("path", { d: `M${up.join("L")}L${down.join("L")}Z` }, band);
    for (const at of [0.5, 0.6, 0.8, 1, 1.25, 1.5]) {
      if (Math.log(at) < ends[0] || Math.log(at) > ends[1]) continue;
      draw("line", { class: at === 1 ? "axis" : "grid", x1: left, x2: width - 20, y1: y(at), y2: y(at) }, band);
      draw("text", { x: left - 6, y: y(at) + 4, "text-anchor": "end" }, band, number(at, 2));
    }
    for (let at = rows[0].at; at <= last; at += 1) draw("text", { x: x(at), y: height - 8, "text-anchor": "middle" }, band, number(at, 0));
    draw("line", { class: "line priority", x1: x(rows[0].at), x2: x(last), y1: y(rows[0].ratio), y2: y(rows[0].ratio) }, band);
    if (data.own !== null) {
      draw("line", { class: "axis", x1: x(data.own), x2: x(data.own), y1: top, y2: height - 26, "stroke-dasharray": "3 3" }, band);
      draw("text", { x: x(data.own) + 4, y: top + 10 }, band, words.own);
    }
    const now = draw("g", {}, band);
    const move = () => {
      const row = rows[Number(slide.value)];
      now.replaceChildren();
      draw("line", { class: "now", x1: x(row.at), x2: x(row.at), y1: y(row.high), y2: y(row.low) }, now);
      draw("circle", { class: "dot", cx: x(row.at), cy: y(row.ratio), r: 6 }, now);
      result.textContent = `${row.value}: ${row.result}`;
      slide.setAttribute("aria-valuetext", row.value);
    };
    slide.max = rows.length - 1;
    const far = rows.map((row) => Math.abs(row.at - (data.own ?? row.at)));
    slide.value = far.indexOf(Math.min(...far));
    slide.addEventListener("input", move);
    move();
  };

  const build = { municipalities, dispersion };
  for (const part of document.querySelectorAll("[data-explorer]")) build[part.dataset.explorer](part);
})();
