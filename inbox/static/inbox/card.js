// One card as an element. It is built anew whenever something about it changes; what the person typed lives outside.
import { ago, fullTime, h, icon, shortTime, text } from "./page.js";

const STATE_ICONS = { decided: "check", failed: "cross", expired: "clock", cancelled: "info" };
const STILL_OPEN = new Set(["open", "working"]);
const CJK = /[\u3400-\u9fff]/;

/**
 * `view`: {draft, note, pending, fresh, changed, focused, acted}; `acts`: what the card can ask the page to do.
 * Where the person acted, what comes of it stands under their finger, not above at the title, perhaps out of sight.
 */
export function cardElement(card, view, acts) {
  const busy = view.pending?.state === "sending";
  const open = card.state === "open";
  const banner = stateBanner(card, busy);
  return h(
    "article",
    {
      class: ["card", `is-${card.state}`, view.fresh && "is-fresh", view.focused && "is-focused"].filter(Boolean).join(" "),
      id: `card-${card.id}`, "data-card": card.id, "data-state": card.state, "data-version": card.version,
      "aria-labelledby": `title-${card.id}`, "aria-busy": busy ? "true" : null, tabindex: "-1",
    },
    h(
      "header", { class: "card-head" },
      h("h2", { id: `title-${card.id}` },
        card.seen || !STILL_OPEN.has(card.state) ? null : h("span", { class: "unseen" }, h("span", { class: "visually-hidden" }, `${text("new")}: `)),
        card.title),
      h("time", { datetime: card.created_at, title: fullTime(card.created_at), "data-ago": card.created_at }, ago(card.created_at)),
    ),
    view.acted ? null : banner,
    card.notice ? h("p", { class: "note note-notice" }, icon("info"), h("span", {}, card.notice)) : null,
    card.body ? h("p", { class: "card-body" }, card.body) : null,
    fieldsOf(card, view.changed),
    view.acted ? banner : null,
    pendingNote(card, view.pending, acts),
    busy ? null : noteOf(card, view, acts),
    open && card.buttons.length ? actionsOf(card, view, busy, acts) : null,
  );
}

function stateBanner(card, busy) {
  if (busy) return h("p", { class: "state state-working", role: "status" }, h("span", { class: "spinner" }), text("sending"));
  if (card.state === "open") return card.state_text ? h("p", { class: "note note-notice" }, icon("info"), h("span", {}, card.state_text)) : null;
  const words = card.state_text || text(card.state);
  const sign = card.state === "working" ? h("span", { class: "spinner" }) : icon(STATE_ICONS[card.state] ?? "info");
  return h("p", { class: `state state-${card.state}`, role: card.state === "failed" ? "alert" : "status" }, sign, h("span", {}, words));
}

function fieldsOf(card, changed) {
  const row = (field) =>
    h("div", { class: [field.emphasis ? "figure" : "fact", changed?.has(field.name || field.label) && "just-changed"].filter(Boolean).join(" ") },
      h("dt", {}, field.label), h("dd", {}, field.value || "—"));
  const figures = card.fields.filter((field) => field.emphasis);
  const facts = card.fields.filter((field) => !field.emphasis);
  return [
    figures.length ? h("dl", { class: "figures" }, figures.map(row)) : null,
    facts.length ? h("dl", { class: "facts" }, facts.map(row)) : null,
  ];
}

function pendingNote(card, pending, acts) {
  if (!pending || pending.state === "sending") return null;
  const stale = pending.state === "stale";
  const values = { answer: pending.label, at: shortTime(pending.at) };
  const words = text(stale ? "stale" : pending.trouble ? "waiting_server" : "waiting", values);
  return h("div", { class: "note note-waiting", role: "status" },
    stale ? icon("clock") : h("span", { class: "spinner" }),
    h("div", {}, h("p", {}, words),
      h("div", { class: "note-row" },
        h("button", { class: "button small", type: "button", "data-key": "send-now", on: { click: () => acts.sendNow(card) } }, text("send_now")),
        h("button", { class: "button small secondary", type: "button", "data-key": "withdraw", on: { click: () => acts.withdraw(card) } }, text("withdraw")))));
}

function noteOf(card, view, acts) {
  const note = view.note;
  if (!note || (note.kind !== "changed" && !note.text)) return null;
  if (note.kind === "changed") return changedNote(card, view, note, acts);
  return h("div", { class: `note note-${note.kind}`, role: note.kind === "error" ? "alert" : "status" },
    icon(note.kind === "error" ? "cross" : "info"), h("span", {}, note.text),
    h("button", { class: "note-close", type: "button", "aria-label": text("dismiss"), on: { click: () => acts.dismiss(card) } }, icon("cross")));
}

function changedNote(card, view, note, acts) {
  const button = card.buttons.find((each) => each.key === note.body?.button);
  const again = card.state === "open" && (note.kindOfAnswer === "reply" || button);
  return h("section", { class: "note note-changed", role: "alert", "aria-label": text("changed_title") },
    h("h3", {}, text("changed_title")),
    note.text ? h("p", {}, note.text) : null,
    h("table", {},
      h("thead", {}, h("tr", {}, ["changed_field", "changed_before", "changed_after"].map((key) => h("th", { scope: "col" }, text(key))))),
      h("tbody", {}, note.changed.map((each) =>
        h("tr", {}, h("th", { scope: "row" }, each.label), h("td", { class: "before" }, each.before || "—"), h("td", { class: "after" }, each.after || "—"))))),
    h("div", { class: "note-row" },
      again ? h("button", { class: "button primary", type: "button", "data-key": "confirm-changed", on: { click: () => acts.again(card, note) } }, text("changed_confirm")) : null,
      h("button", { class: "button secondary", type: "button", "data-key": "leave-changed", on: { click: () => acts.dismiss(card) } }, text("changed_leave"))));
}

function actionsOf(card, view, busy, acts) {
  const locked = busy || Boolean(view.pending);
  const withInputs = card.buttons.filter((button) => button.inputs.length);
  const plain = card.buttons.filter((button) => !button.inputs.length);
  return h("div", { class: "actions" },
    withInputs.map((button) => h("form", { class: "act", novalidate: true, on: { submit: (event) => { event.preventDefault(); acts.press(card, button); } } },
      button.inputs.map((input) => inputOf(card, button, input, view, locked, acts)), buttonOf(button, "submit", locked))),
    plain.length ? h("div", { class: "act plain" }, plain.map((button) => buttonOf(button, "button", locked, () => acts.press(card, button)))) : null,
    replyOf(card, view, locked, acts));
}

function buttonOf(button, type, locked, press) {
  return h("button", { class: `button ${button.style}`, type, disabled: locked, "data-key": `button-${button.key}`, "data-button": button.key,
    on: press ? { click: press } : {} }, button.label);
}

function inputOf(card, button, input, view, locked, acts) {
  const name = `${button.key}.${input.name}`;
  const id = `input-${card.id}-${name}`;
  const errors = view.note?.errors?.[input.name] ?? [];
  const number = input.type !== "text";
  const box = h("input", {
    id, name: input.name, type: "text", value: view.draft.inputs?.[name] ?? input.value ?? "", autocomplete: "off",
    inputmode: input.type === "integer" ? "numeric" : number ? "decimal" : null, disabled: locked, "data-key": name,
    "aria-invalid": errors.length ? "true" : null, "aria-describedby": errors.length ? `${id}-error` : null,
    on: { input: (event) => acts.type(card, name, event.target.value) },
  });
  const step = (by) => h("button", {
    class: "step", type: "button", disabled: locked, "data-key": `${name}${by > 0 ? "+" : "-"}`,
    "aria-label": text(by > 0 ? "increase" : "decrease", { label: input.label }), "aria-controls": id,
    on: { click: () => { box.value = stepped(box.value, by); acts.type(card, name, box.value); } },
  }, by > 0 ? "+" : "−");
  return h("div", { class: "field" },
    h("label", { for: id }, input.label),
    errors.length ? h("p", { class: "field-error", id: `${id}-error`, role: "alert" }, errors.join(" ")) : null,
    number ? h("div", { class: "stepper" }, step(-1), box, step(1)) : box);
}

/** One more or less, never below zero, with as many decimals as before; what is no number stays as it is. */
function stepped(value, by) {
  const now = Number(value);
  if (value.trim() === "" || !Number.isFinite(now)) return value;
  return Math.max(0, now + by).toFixed(value.split(".")[1]?.length ?? 0);
}

/** An example in the reader's language, from the texts the card's first button understands. */
function replyExample(card) {
  for (const button of card.buttons) {
    const texts = button.replies ?? [];
    const chinese = document.documentElement.lang.startsWith("zh");
    const found = texts.find((each) => CJK.test(each) === chinese) ?? texts[0];
    if (found) return found.replace(/\{(\w+)\}/g, (_, name) => button.inputs.find((input) => input.name === name)?.value ?? "");
  }
  return "";
}

function replyOf(card, view, locked, acts) {
  const id = `reply-${card.id}`;
  const example = replyExample(card);
  return h("form", { class: "reply", on: { submit: (event) => { event.preventDefault(); acts.reply(card); } } },
    h("label", { class: "visually-hidden", for: id }, text("reply_label")),
    h("input", { id, type: "text", autocomplete: "off", enterkeyhint: "send", maxlength: "500", disabled: locked, "data-key": "reply",
      value: view.draft.text ?? "", placeholder: example ? text("reply_example", { example }) : text("reply_hint"),
      on: { input: (event) => acts.type(card, null, event.target.value) } }),
    h("button", { class: "button secondary", type: "submit", disabled: locked, "data-key": "reply-send" }, text("reply_send")));
}
