// The live line: a WebSocket that carries hints. While it is down the page polls, and says so.
import { page } from "./page.js";

const POLL_SECONDS = 5;
const SAFETY_SECONDS = 60;
const PING_SECONDS = 25;
const PONG_SECONDS = 8;
const LONGEST_WAIT_SECONDS = 30;
const SIGNED_OUT = 4401;

export class LiveLine {
  /** `refresh()` reads the list and tells whether the server answered; `onHint(hint)`; `onStatus(name)`. */
  constructor({ refresh, onHint, onStatus }) {
    this.refresh = refresh;
    this.onHint = onHint;
    this.onStatus = onStatus;
    this.failures = 0;
    this.socket = null;
    this.unansweredAt = 0;
    this.polling = false;
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.onStatus("offline"));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
  }

  start() {
    this.connect();
    setInterval(() => this.isOpen() && this.refresh(), SAFETY_SECONDS * 1000);
    setInterval(() => this.ping(), PING_SECONDS * 1000);
  }

  isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.timer);
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + page.urls.live);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.failures = 0;
      this.unansweredAt = 0;
      clearTimeout(this.poll);
      this.polling = false;
      this.onStatus("live");
      this.refresh();
    });
    socket.addEventListener("message", (event) => {
      this.unansweredAt = 0;
      const hint = JSON.parse(event.data);
      if (hint.type !== "pong") this.onHint(hint);
    });
    socket.addEventListener("close", (event) => socket === this.socket && this.dropped(event.code));
  }

  dropped(code) {
    this.socket = null;
    const wait = code === SIGNED_OUT ? LONGEST_WAIT_SECONDS : Math.min(LONGEST_WAIT_SECONDS, 0.5 * 2 ** this.failures);
    this.failures += 1;
    // Spread out, or every page of the company comes back in the same second.
    this.timer = setTimeout(() => this.connect(), wait * (0.7 + 0.6 * Math.random()) * 1000);
    // While polling goes on anyway, a failed attempt is no news.
    if (this.polling) return;
    this.polling = true;
    this.onStatus(navigator.onLine ? "reconnecting" : "offline");
    this.pollNow();
  }

  async pollNow() {
    clearTimeout(this.poll);
    const answered = await this.refresh();
    if (this.isOpen()) return;
    this.onStatus(answered ? "polling" : "offline");
    clearTimeout(this.poll);
    this.poll = setTimeout(() => this.pollNow(), POLL_SECONDS * 1000);
  }

  /** The network or the person is back: do not wait for the timers. */
  hurry() {
    if (this.isOpen()) {
      this.onStatus("live");
      this.ping();
      this.refresh();
    } else if (!this.socket) {
      this.failures = 0;
      this.connect();
      this.pollNow();
    }
  }

  /** A line on which a ping stays unanswered is dead, whatever the browser believes. */
  ping() {
    if (!this.isOpen()) return;
    if (!this.unansweredAt) {
      this.unansweredAt = Date.now();
      this.socket.send('{"type":"ping"}');
    } else if (Date.now() - this.unansweredAt > PONG_SECONDS * 1000) {
      const dead = this.socket;
      this.dropped(0);
      dead.close();
    }
  }
}
