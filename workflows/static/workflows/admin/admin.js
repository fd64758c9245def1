// The administration's live parts: an open run reads itself again when something moved.
"use strict";

const POLL_MS = 3000;
const RETRY_MS = 5000;

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
    if (fresh && shown) shown.replaceWith(fresh);
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
