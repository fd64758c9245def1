// Clicks on their way to the server. Each is kept in this browser before it is sent and until the server has answered,
// so that a dead network or a closed tab loses none. Sending twice is safe: a card is decided once.
import { NoConnection, call, keptRead, keptWrite, page } from "./page.js";

const AUTOMATIC_SECONDS = 900;
const LONGEST_WAIT_SECONDS = 30;

export class Answers {
  /** `onChange(cardId)` when its pending state changed; `onResult(cardId, entry, status, data)` when the server answered. */
  constructor({ onChange, onResult }) {
    this.onChange = onChange;
    this.onResult = onResult;
    this.entries = keptRead("answers");
    this.timers = {};
    for (const entry of Object.values(this.entries)) {
      entry.state = Date.now() - entry.at > AUTOMATIC_SECONDS * 1000 ? "stale" : "waiting";
      entry.resent = true;
    }
    addEventListener("online", () => this.resume());
  }

  pending(cardId) {
    return this.entries[cardId] ?? null;
  }

  /** `kind`: answer or reply; `label`: what the person will recognise it by. One answer per card is on its way at most. */
  submit(cardId, kind, body, label) {
    if (this.pending(cardId)?.state === "sending") return;
    this.entries[cardId] = { kind, body, label, at: Date.now(), tries: 0, state: "sending" };
    keptWrite("answers", cardId, this.entries[cardId]);
    this.send(cardId);
  }

  withdraw(cardId) {
    this.forget(cardId);
    this.onChange(cardId);
  }

  forget(cardId) {
    clearTimeout(this.timers[cardId]);
    delete this.entries[cardId];
    keptWrite("answers", cardId, null);
  }

  /** Send what waits; what is too old to be sent unasked stays until the person says so. */
  resume() {
    for (const [cardId, entry] of Object.entries(this.entries)) {
      if (entry.state === "waiting") this.send(cardId);
    }
  }

  async send(cardId) {
    const entry = this.pending(cardId);
    if (!entry) return;
    clearTimeout(this.timers[cardId]);
    entry.state = "sending";
    this.onChange(cardId);
    let status = 0;
    let data = null;
    try {
      ({ status, data } = await call(`${page.urls.cards}${cardId}/${entry.kind}/`, { method: "POST", body: entry.body }));
    } catch (error) {
      if (!(error instanceof NoConnection)) throw error;
    }
    if (this.pending(cardId) !== entry) return;
    if (status === 0 || status >= 500 || status === 401 || status === 429) {
      entry.state = "waiting";
      entry.trouble = status;
      entry.resent = true;
      entry.tries += 1;
      const wait = Math.min(LONGEST_WAIT_SECONDS, 2 ** entry.tries) * 1000;
      this.timers[cardId] = setTimeout(() => this.send(cardId), wait);
      this.onChange(cardId);
      if (status === 401) this.onResult(cardId, entry, status, data);
      return;
    }
    this.forget(cardId);
    this.onResult(cardId, entry, status, data);
  }
}
