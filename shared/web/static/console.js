// Small comforts; every page works without them: times in the reader's zone, keys, and a refresh that can be paused.
"use strict";
(() => {
  const two = (n) => String(n).padStart(2, "0");
  function localise(root) {
    for (const t of root.querySelectorAll("time[datetime]")) {
      const d = new Date(t.dateTime);
      if (isNaN(d)) continue;
      const off = -d.getTimezoneOffset(), abs = Math.abs(off);
      t.title = t.textContent;
      t.textContent = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())} ` +
        `${off < 0 ? "-" : "+"}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
    }
  }
  localise(document);
  const main = document.getElementById("main"), bar = document.getElementById("refresh"), query = document.getElementById("query");
  if (query && location.hash === "#query") query.focus();
  // "/" goes to the query of the log search; Escape closes a question that was opened and goes back to its button.
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea")) return;
    if (e.key === "/" && document.querySelector('nav a[href="/search"]')) {
      e.preventDefault();
      if (query) query.focus();
      else location.assign("/search#query");
    }
    const open = e.key === "Escape" && main.querySelector("details.confirm[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  const seconds = Number(main.dataset.refresh);
  if (!seconds) return;
  bar.hidden = false;
  const button = bar.querySelector("button");
  let paused = sessionStorage.getItem("paused") === "1";
  const label = () => { button.textContent = paused ? button.dataset.resume : button.dataset.pause; };
  button.addEventListener("click", () => { paused = !paused; sessionStorage.setItem("paused", paused ? "1" : "0"); label(); });
  label();
  // Who reads opened details or fills a form in is not disturbed.
  const busy = () => main.querySelector("details[open]") || main.contains(document.activeElement) && document.activeElement !== main ||
    !getSelection().isCollapsed;
  async function refresh() {
    if (paused || document.hidden || busy()) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok || busy()) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = next.getElementById("main"), at = next.querySelector("footer time");
    localise(next);
    main.replaceChildren(...fresh.childNodes);
    document.querySelector("footer time").replaceWith(at);
  }
  setInterval(() => refresh().catch(() => {}), seconds * 1000);
})();
