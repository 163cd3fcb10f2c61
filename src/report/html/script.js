// What the page can do beyond being read: say how old it is, copy commands, filter and sort recipients, open what is printed.
(() => {
  "use strict";
  const by = (id) => document.getElementById(id);
  const tell = (words) => { by("told").textContent = ""; setTimeout(() => { by("told").textContent = words; }, 50); };

  // How old it is.
  const time = document.querySelector(".when time[datetime]");
  const age = () => {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (!Number.isFinite(seconds)) return;
    const steps = [[86400 * 2, 86400, "day"], [3600, 3600, "hour"], [60, 60, "minute"]];
    const [, unit, name] = steps.find(([from]) => seconds >= from) || [];
    const number = Math.floor(seconds / unit);
    const words = seconds < -60 ? "in the future, by this computer's clock" : name ? `${number} ${name}${number === 1 ? "" : "s"} ago` : "just now";
    by("age").textContent = `, ${words}`;
  };
  if (time) { age(); setInterval(age, 60000); }

  // Commands are copied one to a line, as they were before the page broke them.
  const copied = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed here */ }
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  for (const block of document.querySelectorAll(".block")) {
    const commands = block.querySelector(".commands");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${commands.getAttribute("aria-label")}`);
    button.addEventListener("click", async () => {
      const lines = [...commands.querySelectorAll(".line")].map((line) => line.textContent);
      const done = await copied(lines.join("\n") + "\n");
      button.focus();
      button.textContent = done ? "Copied" : "Not copied";
      tell(done ? "Copied" : "Could not be copied: select the text");
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.append(button);
    block.classList.add("copies");
  }

  // What is printed is open, but for groups of thousands.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.many):not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

  // Recipients: the rows stay as they are; what is looked for is shown in a table of its own.
  const seek = by("seek");
  if (!seek) return;
  seek.hidden = false;
  const PAGE = 100;
  let rows = null;
  let shown = PAGE;
  // Tens of thousands are read in parts, between which the page answers.
  const all = async () => {
    if (rows) return rows;
    const read = [];
    let since = performance.now();
    for (const group of document.querySelectorAll("#all-rows details")) {
      for (const row of group.querySelectorAll("tbody tr")) {
        read.push({ row, fate: group.dataset.fate, text: row.textContent.toLowerCase(), address: row.cells[0].textContent, said: row.cells[3].textContent });
        if (performance.now() - since < 30) continue;
        await new Promise((next) => { setTimeout(next); });
        since = performance.now();
      }
    }
    rows = read;
    return rows;
  };
  const collator = new Intl.Collator("en");
  let asked = 0;
  const update = async () => {
    const own = ++asked;
    const everybody = await all();
    // Somebody has typed on.
    if (own !== asked) return;
    const words = by("filter").value.trim().toLowerCase();
    const fate = by("fate").value;
    const order = by("order").value;
    const plain = !words && !fate && !order;
    by("all-rows").hidden = !plain;
    by("found-rows").hidden = plain;
    by("found-rows").replaceChildren();
    by("found").textContent = "";
    if (plain) return;
    let found = everybody.filter((one) => (!fate || one.fate === fate) && (!words || one.text.includes(words)));
    if (order === "address") found.sort((a, b) => collator.compare(a.address, b.address));
    if (order === "said") found.sort((a, b) => collator.compare(a.said, b.said) || collator.compare(a.address, b.address));
    const some = found.slice(0, shown);
    by("found").textContent = `${found.length} of ${everybody.length}${found.length > some.length ? `, the first ${some.length} shown` : ""}`;
    if (!some.length) return;
    const table = document.querySelector("#all-rows table").cloneNode(true);
    table.caption.textContent = "What was found";
    table.tBodies[0].replaceChildren(...some.map((one) => one.row.cloneNode(true)));
    const box = document.createElement("div");
    box.className = "rows";
    box.append(table);
    by("found-rows").append(box);
    if (found.length > some.length) {
      const more = document.createElement("button");
      more.type = "button";
      more.textContent = `Show ${Math.min(PAGE * 5, found.length - some.length)} more`;
      more.addEventListener("click", () => { shown += PAGE * 5; update(); });
      by("found-rows").append(more);
    }
  };
  let waiting = 0;
  const soon = () => { shown = PAGE; clearTimeout(waiting); waiting = setTimeout(update, 120); };
  seek.addEventListener("input", soon);
})();
