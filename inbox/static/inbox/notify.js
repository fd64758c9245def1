// Browser notifications: asked for only after a click, shown only while nobody looks at the page.
import { byId, keptRead, keptWrite, page, text } from "./page.js";

export class Notifier {
  /** `show(cardId)` is called when a notification is clicked. */
  constructor(show) {
    this.show = show;
    this.wanted = keptRead("settings").notify === true;
    this.button = byId("notify");
    this.note = byId("notify-note");
    if (!("Notification" in window)) return;
    this.button.addEventListener("click", () => this.toggle());
    navigator.serviceWorker?.addEventListener("message", (event) => event.data.type === "show" && show(event.data.card));
    if (this.isOn()) this.register();
    this.draw();
  }

  isOn() {
    return this.wanted && Notification.permission === "granted";
  }

  async toggle() {
    const on = !this.isOn();
    if (on && (await Notification.requestPermission()) === "granted") await this.register();
    this.wanted = on && Notification.permission === "granted";
    keptWrite("settings", "notify", this.wanted);
    this.draw();
  }

  draw() {
    const blocked = Notification.permission === "denied";
    this.button.hidden = blocked;
    this.button.textContent = text(this.isOn() ? "notify_off" : "notify_on");
    this.note.hidden = !blocked && !this.isOn();
    this.note.textContent = text(blocked ? "notify_blocked" : "notify_done");
  }

  /** Phones show notifications only through a worker; where there is none (plain HTTP), the page shows them itself. */
  async register() {
    if (!navigator.serviceWorker) return;
    try {
      this.registration = await navigator.serviceWorker.register(page.urls.worker, { scope: "/" });
    } catch (error) {
      console.warn("Notifications without a worker:", error.message);
    }
  }

  tell(card) {
    if (!("Notification" in window) || !this.isOn() || document.visibilityState === "visible") return;
    const what = { body: card.body, tag: card.id, icon: page.urls.icon, lang: page.language, data: { card: card.id } };
    if (this.registration) {
      this.registration.showNotification(card.title, what);
      return;
    }
    const notification = new Notification(card.title, what);
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      this.show(card.id);
    });
  }
}
