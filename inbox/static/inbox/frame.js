// What stands around the cards: the badge, the indicator, the banner, the announcer and the question before an act.
import { byId, h, text } from "./page.js";

/** How many cards wait, and how many of them were not seen: on the tab, the badge, the title and the app's icon. */
export function showCounts(open, unread) {
  byId("count-open").textContent = open;
  byId("count-open").hidden = !open;
  byId("unread").textContent = unread > 99 ? "99+" : unread;
  byId("unread").hidden = !unread;
  byId("unread").setAttribute("aria-label", text("unread", { count: unread }));
  document.title = `${unread ? `(${unread}) ` : ""}${text("title")} · Baton`;
  const badge = unread ? navigator.setAppBadge?.(unread) : navigator.clearAppBadge?.();
  badge?.catch((error) => console.info("No badge on the app's icon:", error.name));
}

/** To screen readers, politely. */
export function say(words) {
  byId("announcer").textContent = words;
}

/** One sentence above the cards, or null for none. Written only when it changes, or it would be read out again and again. */
export function banner(words, link = null) {
  const place = byId("banner");
  place.hidden = words === null;
  if (words !== null && place.dataset.words !== words) place.replaceChildren(h("span", {}, words), ...(link ? [link] : []));
  place.dataset.words = words ?? "";
}

export function showStatus(name) {
  const status = byId("status");
  status.dataset.status = name;
  status.title = text(`status_${name}`);
  status.querySelector(".status-text").textContent = text(`status_${name}`);
}

/** Ask before a button that wants it; resolves to whether the person went on. */
export function confirmed(button) {
  const dialog = byId("confirm");
  byId("confirm-text").textContent = button.confirm;
  byId("confirm-cancel").textContent = text("cancel");
  byId("confirm-go").textContent = button.label;
  byId("confirm-go").className = `button ${button.style === "danger" ? "danger" : "primary"}`;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "go"), { once: true }));
}
