// Opens or focuses the inbox when a notification is clicked. It caches nothing: an inbox from yesterday would mislead.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const id = event.notification.data && event.notification.data.card;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window" });
    const open = pages.find((page) => new URL(page.url).pathname.startsWith("{{ inbox|escapejs }}"));
    if (open) {
      await open.focus();
      open.postMessage({ type: "show", card: id });
    } else {
      await self.clients.openWindow("{{ inbox|escapejs }}" + (id ? id + "/" : ""));
    }
  })());
});
