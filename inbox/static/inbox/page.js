// What the server gave this page, its words, times in the reader's zone, and the one way to build elements.
export const page = JSON.parse(document.getElementById("page-data").textContent);

export function text(key, values = {}) {
  return page.text[key].replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

export function byId(id) {
  return document.getElementById(id);
}

/** An element. `props`: `on` = listeners, `class`, other keys = attributes (true = present, false/null = absent). */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === true) {
      element.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6.5 6.5l11 11m0-11l-11 11",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 8v5m0-8.5v.01",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 4.5V12l3 2",
  tray: "M4 13l2.5-7h11L20 13v5H4zm0 0h4.5l1.5 2.5h4L15.5 13H20",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const zone = { timeZone: page.timeZone };
const clock = new Intl.DateTimeFormat(page.language, { hour: "2-digit", minute: "2-digit", ...zone });
const dayClock = new Intl.DateTimeFormat(page.language, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", ...zone,
});
const full = new Intl.DateTimeFormat(page.language, { dateStyle: "long", timeStyle: "medium", ...zone });
const relative = new Intl.RelativeTimeFormat(page.language, { numeric: "auto", style: "short" });

export const fullTime = (iso) => full.format(new Date(iso));
export const shortTime = (moment) => clock.format(new Date(moment));

export function ago(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  if (seconds > -45) return relative.format(0, "second");
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), "minute");
  if (seconds > -12 * 3600) return relative.format(Math.round(seconds / 3600), "hour");
  return dayClock.format(new Date(iso));
}

/** What is kept in this browser for this person, one entry per card, so that two tabs do not overwrite each other. */
const keptKey = (kind, id) => `baton.${page.user.id}.${kind}.${id}`;

export function keptRead(kind) {
  const found = {};
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(keptKey(kind, ""))) found[key.slice(keptKey(kind, "").length)] = JSON.parse(localStorage[key]);
    }
  } catch (error) {
    // Private windows may refuse storage: then things live as long as the page.
    console.warn("Nothing can be kept in this browser:", error.name);
  }
  return found;
}

export function keptWrite(kind, id, value) {
  try {
    if (value === null) localStorage.removeItem(keptKey(kind, id));
    else localStorage.setItem(keptKey(kind, id), JSON.stringify(value));
  } catch (error) {
    console.warn("Nothing can be kept in this browser:", error.name);
  }
}

/** No answer from the server at all: whether it got the request is unknown. */
export class NoConnection extends Error {}

/** → {status, data, etag}. Raises NoConnection. The CSRF token is read now: another tab may have logged in meanwhile. */
export async function call(url, { method = "GET", body, etag, seconds = 20 } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": page.language };
  if (etag) headers["If-None-Match"] = etag;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  try {
    const response = await fetch(url, {
      method, headers, signal: stop.signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const json = (response.headers.get("Content-Type") ?? "").includes("json");
    return { status: response.status, data: json ? await response.json() : null, etag: response.headers.get("ETag") };
  } catch (error) {
    throw new NoConnection(error.message);
  } finally {
    clearTimeout(timer);
  }
}
