// A card counts as seen when enough of it was on a visible screen for a moment.
const SEEN_SECONDS = 1;

export class SeenWatcher {
  /** `onSeen(cardId)`. */
  constructor(onSeen) {
    this.timers = new Map();
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const id = target.dataset.card;
        clearTimeout(this.timers.get(id));
        if (!isIntersecting) continue;
        this.timers.set(id, setTimeout(() => {
          if (document.visibilityState === "visible" && target.isConnected) onSeen(id);
        }, SEEN_SECONDS * 1000));
      }
    }, { threshold: 0.25 });
  }

  /** Start (again) to wait for this element to be seen. */
  watch(element) {
    this.observer.unobserve(element);
    this.observer.observe(element);
  }
}
