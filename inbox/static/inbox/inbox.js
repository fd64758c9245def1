// The inbox page: keeps the cards, shows the chosen tab, and joins the live line, the answers and the person.
import { Answers } from "./answers.js";
import { cardElement } from "./card.js";
import { banner, confirmed, say, showCounts, showStatus } from "./frame.js";
import { LiveLine } from "./live.js";
import { Notifier } from "./notify.js";
import { NoConnection, ago, byId, call, h, icon, keptRead, keptWrite, page, text } from "./page.js";
import { SeenWatcher } from "./seen.js";

const PAGE_SIZE = 40;
const list = byId("cards");
const cards = new Map();
const views = new Map();
const seen = new Set();
const settled = new Set();
const notifier = new Notifier(showCard);
let tab = "open";
let shown = PAGE_SIZE;
let etag = null;
let loaded = false;
let refreshing = null;

const drafts = keptRead("drafts");
const answers = new Answers({ onChange: changed, onResult: answered });
const watcher = new SeenWatcher(markSeen);
const line = new LiveLine({ refresh, onHint, onStatus: setStatus });

function viewOf(id) {
  if (!views.has(id)) views.set(id, { draft: drafts[id] ?? {}, note: null, fresh: false, changed: null, focused: false, acted: false });
  return views.get(id);
}

// ---- reading -------------------------------------------------------------------------------------------------------

/** Read the list; tells whether the server answered. Two readings at a time are one. */
function refresh() {
  refreshing ??= readList().finally(() => { refreshing = null; });
  return refreshing;
}

async function readList() {
  const startedAt = performance.now();
  try {
    const { status, data, etag: tag } = await call(page.urls.cards, { etag });
    if (!sessionHolds(status)) return true;
    if (status === 200) {
      etag = tag;
      takeList(data, startedAt);
    } else if (status !== 304) {
      banner(text("load_failed"));
      return true;
    }
    banner(null);
    answers.resume();
    return true;
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    banner(text("offline"));
    return false;
  }
}

async function readCard(id) {
  try {
    const { status, data } = await call(`${page.urls.cards}${id}/`);
    // 403: the card is still there, but no longer for this person.
    if (status === 404 || status === 403) drop(id);
    else if (sessionHolds(status) && status === 200) take(data);
    else if (status >= 500) banner(text("load_failed"));
    return status;
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    return 0;
  }
}

function sessionHolds(status) {
  const signedOut = status === 401 || status === 403;
  if (signedOut) {
    const back = encodeURIComponent(location.pathname);
    banner(text("signed_out"), h("a", { class: "button small", href: `${page.urls.login}?next=${back}` }, text("sign_in_again")));
  }
  return !signedOut;
}

function takeList(data, startedAt) {
  const present = new Set(data.map((card) => card.id));
  for (const [id, card] of cards) if (!present.has(id) && card.takenAt < startedAt) drop(id);
  for (const card of [...data].reverse()) take(card);
  if (loaded) return;
  loaded = true;
  for (const id of Object.keys(drafts)) if (cards.get(id)?.state !== "open") keptWrite("drafts", id, null);
  drawAll();
  if (page.card) showCard(page.card);
}

/** A card as the server has it now. An older version than the one shown is a late answer and is ignored. */
function take(card) {
  const old = cards.get(card.id);
  if (old && card.version < old.version) return;
  if (seen.has(`${card.id} ${card.version}`)) card.seen = true;
  const same = old && JSON.stringify({ ...old, takenAt: 0 }) === JSON.stringify({ ...card, takenAt: 0 });
  cards.set(card.id, { ...card, takenAt: performance.now() });
  if (same || !loaded) return;
  const view = viewOf(card.id);
  if (!old) {
    view.fresh = true;
    if (card.state === "open") {
      say(text("new_card", { title: card.title }));
      notifier.tell(card);
    }
  } else {
    const before = new Map(old.fields.map((field) => [field.name || field.label, field.value]));
    const differs = (field) => before.get(field.name || field.label) !== field.value;
    view.changed = new Set(card.fields.filter(differs).map((field) => field.name || field.label));
    if (old.state !== card.state && card.state_text) say(text("card_changed", { title: card.title, text: card.state_text }));
  }
  if (isOpen(old ?? card) && !isOpen(card)) {
    settled.add(card.id);
    forgetDraft(card.id);
  }
  draw(card.id);
}

function drop(id) {
  cards.delete(id);
  byId(`card-${id}`)?.remove();
  count();
  if (!list.querySelector("article")) drawAll();
}

function onHint(hint) {
  if (hint.type === "card") readCard(hint.id);
  if (hint.type === "access" || hint.type === "cards") refresh();
}

// ---- showing -------------------------------------------------------------------------------------------------------

const isOpen = (card) => card.state === "open" || card.state === "working";
// A card that is decided while somebody looks at it stays where it is until they change the tab or come back.
const belongs = (card) => (tab === "open" ? isOpen(card) || settled.has(card.id) : !isOpen(card));
const newestFirst = (a, b) => Date.parse(b.created_at) - Date.parse(a.created_at);

function drawAll() {
  const chosen = [...cards.values()].filter(belongs).sort(newestFirst);
  const more = chosen.length > shown
    ? h("button", { class: "button secondary wide", type: "button", on: { click: () => { shown += PAGE_SIZE; drawAll(); } } }, text("more"))
    : null;
  list.replaceChildren(...chosen.slice(0, shown).map(build), ...(chosen.length ? [] : [empty()]), ...(more ? [more] : []));
  list.setAttribute("aria-busy", "false");
  count();
}

function build(card) {
  const view = viewOf(card.id);
  const element = cardElement(card, { ...view, pending: answers.pending(card.id) }, acts);
  view.fresh = false;
  view.changed = null;
  if (!card.seen) watcher.watch(element);
  return element;
}

/** Draw one card where it stands; what has the focus keeps it, with the cursor where it was. */
function draw(id) {
  const card = cards.get(id);
  const old = byId(`card-${id}`);
  if (!loaded || !card) return;
  if (!belongs(card)) {
    old?.remove();
    if (!list.querySelector("article")) drawAll();
    count();
    return;
  }
  if (!old) {
    list.querySelector(".empty")?.remove();
    const next = [...list.querySelectorAll("article")].find((each) => newestFirst(card, cards.get(each.dataset.card)) <= 0);
    list.insertBefore(build(card), next ?? list.querySelector(":scope > .button"));
    count();
    return;
  }
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const fresh = build(card);
  old.replaceWith(fresh);
  if (active) restoreFocus(fresh, active);
  count();
}

function restoreFocus(element, active) {
  const key = active.dataset.key;
  const twin = key ? element.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`) : null;
  (twin ?? element).focus({ preventScroll: true });
  if (twin && twin.matches("input")) twin.setSelectionRange(active.selectionStart, active.selectionEnd);
}

function empty() {
  const open = tab === "open";
  return h("div", { class: "empty" }, icon(open ? "check" : "tray"),
    h("h2", {}, text(open ? "empty_open" : "empty_decided")), h("p", {}, text(open ? "empty_open_text" : "empty_decided_text")));
}

function count() {
  const open = [...cards.values()].filter(isOpen);
  showCounts(open.length, open.filter((card) => !card.seen).length);
}

function setStatus(name) {
  showStatus(name);
  if (name === "offline") banner(text("offline"));
}

function chooseTab(name, focus) {
  if (tab !== name) {
    settled.clear();
    for (const view of views.values()) view.acted = false;
    shown = PAGE_SIZE;
  }
  tab = name;
  for (const each of document.querySelectorAll("[role=tab]")) {
    const chosen = each.dataset.tab === name;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) each.focus();
  }
  list.setAttribute("aria-labelledby", `tab-${name}`);
  drawAll();
}

/** Bring one card before the person's eyes, from a link or a notification. */
async function showCard(id) {
  if (!cards.has(id) && (await readCard(id)) !== 200) {
    banner(text("gone"));
    return;
  }
  const card = cards.get(id);
  for (const view of views.values()) view.focused = false;
  viewOf(id).focused = true;
  shown = Math.max(shown, [...cards.keys()].length);
  chooseTab(belongs(card) ? tab : isOpen(card) ? "open" : "decided", false);
  const element = byId(`card-${id}`);
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "start" });
}

function changed(id) {
  viewOf(id).acted = true;
  draw(id);
}

// ---- acting --------------------------------------------------------------------------------------------------------

const acts = {
  type(card, name, value) {
    const view = viewOf(card.id);
    if (name) view.draft.inputs = { ...view.draft.inputs, [name]: value };
    else view.draft.text = value;
    keptWrite("drafts", card.id, view.draft);
  },
  async press(card, button) {
    const view = viewOf(card.id);
    const inputs = {};
    const errors = {};
    for (const input of button.inputs) {
      // Full-width digits come from Chinese keyboards.
      const value = String(view.draft.inputs?.[`${button.key}.${input.name}`] ?? input.value ?? "").normalize("NFKC").trim();
      inputs[input.name] = value;
      if (input.type === "integer" && !/^[+-]?\d+$/.test(value)) errors[input.name] = [text("not_whole")];
      if (input.type === "decimal" && !/^[+-]?\d+(\.\d+)?$/.test(value)) errors[input.name] = [text("not_a_number")];
    }
    if (Object.keys(errors).length) {
      view.note = { kind: "field", errors };
      draw(card.id);
      byId(`card-${card.id}`).querySelector("[aria-invalid]")?.focus();
      return;
    }
    if (button.confirm && !(await confirmed(button))) return;
    view.note = null;
    const words = [button.label, ...Object.values(inputs)].join(" ");
    answers.submit(card.id, "answer", { button: button.key, inputs, version: card.version }, words);
  },
  reply(card) {
    const view = viewOf(card.id);
    const words = (view.draft.text ?? "").trim();
    view.note = words ? null : { kind: "error", text: text("reply_empty") };
    if (words) answers.submit(card.id, "reply", { text: words, version: card.version }, words);
    else draw(card.id);
  },
  again(card, note) {
    viewOf(card.id).note = null;
    answers.submit(card.id, note.kindOfAnswer, { ...note.body, version: card.version }, note.label);
  },
  dismiss(card) {
    viewOf(card.id).note = null;
    draw(card.id);
  },
  sendNow: (card) => answers.send(card.id),
  withdraw: (card) => answers.withdraw(card.id),
};

/** What the server said to a click. */
async function answered(id, entry, status, data) {
  const view = viewOf(id);
  const card = data?.card;
  if (status === 401) sessionHolds(status);
  else if (status === 200) {
    view.note = entry.resent ? { kind: "info", text: text("resent", { answer: entry.label }) } : null;
    forgetDraft(id);
  } else if (status === 409 && data?.changed) {
    view.note = { kind: "changed", text: data.detail, changed: data.changed, body: entry.body, kindOfAnswer: entry.kind, label: entry.label };
  } else if (status === 409) {
    view.note = { kind: "info", text: data?.detail || text("refused") };
  } else {
    const errors = data?.errors ?? {};
    view.note = { kind: "error", text: data?.detail || text(status === 403 ? "forbidden" : status === 404 ? "gone" : "refused"), errors };
    if (status === 403) await refresh();
  }
  if (card) take(card);
  draw(id);
}

async function markSeen(id) {
  const card = cards.get(id);
  if (!card || card.seen || document.visibilityState !== "visible") return;
  seen.add(`${id} ${card.version}`);
  card.seen = true;
  byId(`card-${id}`)?.querySelector(".unseen")?.classList.add("is-going");
  count();
  try {
    await call(`${page.urls.cards}seen/`, { method: "POST", body: { ids: [id] } });
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    seen.delete(`${id} ${card.version}`);
  }
}

function forgetDraft(id) {
  viewOf(id).draft = {};
  keptWrite("drafts", id, null);
}

// ---- start ---------------------------------------------------------------------------------------------------------

for (const each of document.querySelectorAll("[role=tab]")) {
  each.addEventListener("click", () => chooseTab(each.dataset.tab, false));
  each.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") chooseTab(tab === "open" ? "decided" : "open", true);
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  for (const element of list.querySelectorAll("article")) {
    if (!cards.get(element.dataset.card)?.seen) watcher.watch(element);
  }
});
document.addEventListener("click", (event) => {
  if (!byId("menu").contains(event.target)) byId("menu").open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") byId("menu").open = false;
});
setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = ago(time.dataset.ago);
}, 30_000);
setStatus("reconnecting");
refresh();
line.start();
