// The administration's live parts: an open run reads itself again when something moved.
"use strict";

const POLL_MS = 3000;
const RETRY_MS = 5000;

// The part of the rule named in the address (#/steps/0) is marked and open, also after the page was read again.
function targetShow(scrolls) {
  for (const each of document.querySelectorAll(".g-target")) each.classList.remove("g-target");
  const node = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  if (!node || !node.classList.contains("g-node")) return;
  node.classList.add("g-target");
  node.querySelector(":scope > details")?.setAttribute("open", "");
  if (scrolls) node.scrollIntoView({ block: "center" });
}

function liveRun(page) {
  const run = Number(page.dataset.liveRun);
  let mark = page.dataset.mark;
  let busy = false;
  let active = true;

  async function replace() {
    const response = await fetch(window.location.href, { headers: { "X-Requested-With": "fetch" } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".b-page");
    const shown = document.querySelector(".b-page");
    if (!fresh || !shown) return;
    for (const open of shown.querySelectorAll(".g-node:has(> details[open])")) {
      fresh.querySelector(`[id="${open.id.replaceAll(String.raw`"`, "")}"] > details`)?.setAttribute("open", "");
    }
    shown.replaceWith(fresh);
    targetShow(false);
  }

  async function look() {
    if (busy || document.hidden) return true;
    busy = true;
    try {
      const response = await fetch(page.dataset.stateUrl, { headers: { Accept: "application/json" } });
      if (!response.ok) return response.status < 400 || response.status >= 500;
      const state = await response.json();
      if (state.mark !== mark) await replace();
      mark = state.mark;
      active = state.active;
      return active;
    } catch {
      return true; // The network is away: the next look tells.
    } finally {
      busy = false;
    }
  }

  async function keepLooking() {
    if (await look()) window.setTimeout(keepLooking, POLL_MS);
  }

  function listen() {
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${window.location.host}/ws/live/`);
    socket.addEventListener("message", (event) => {
      const hint = JSON.parse(event.data);
      if (hint.type === (page.dataset.liveType || "run") && hint.id === run) look();
    });
    socket.addEventListener("close", () => active && window.setTimeout(listen, RETRY_MS), { once: true });
  }

  keepLooking();
  listen();
}

document.addEventListener("DOMContentLoaded", () => {
  targetShow(true);
  window.addEventListener("hashchange", () => targetShow(true));
  const page = document.querySelector("[data-live-run]");
  if (page) liveRun(page);
  for (const button of document.querySelectorAll("button[data-confirm]")) {
    button.addEventListener("click", (event) => {
      if (!window.confirm(button.dataset.confirm)) event.preventDefault();
    });
  }
  for (const form of document.querySelectorAll("form[data-confirm]")) {
    form.addEventListener("submit", (event) => {
      if (!window.confirm(form.dataset.confirm)) event.preventDefault();
    });
  }
});
