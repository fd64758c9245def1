/** The draft on the page: every change can be undone; changes at one place within a moment are one step. */
import { same, type Json, type JsonObject } from "./json";
import { pointerSet } from "./pointer";

export interface Draft {
  name: JsonObject;
  definition: JsonObject;
}

export interface History {
  past: Draft[];
  present: Draft;
  future: Draft[];
  /** Where and when (milliseconds) the last change was made. */
  last: { place: string; at: number };
}

export type DraftChange =
  | { type: "set"; pointer: string; part: Json | undefined; at: number }
  | { type: "name"; language: string; text: string; at: number }
  | { type: "undo" }
  | { type: "redo" }
  | { type: "replace"; draft: Draft };

const MOST_STEPS = 200;
const ONE_STEP_MS = 1_000;

export function historyStart(draft: Draft): History {
  return { past: [], present: draft, future: [], last: { place: "", at: 0 } };
}

export function historyNext(history: History, change: DraftChange): History {
  const { past, present, future } = history;
  switch (change.type) {
    case "set":
      return changed(
        history,
        { ...present, definition: pointerSet(present.definition, change.pointer, change.part) as JsonObject },
        change.pointer,
        change.at,
      );
    case "name":
      return changed(
        history,
        { ...present, name: { ...present.name, [change.language]: change.text } },
        `name ${change.language}`,
        change.at,
      );
    case "undo": {
      const before = past.at(-1);
      return before
        ? { past: past.slice(0, -1), present: before, future: [present, ...future], last: { place: "", at: 0 } }
        : history;
    }
    case "redo": {
      const [after, ...rest] = future;
      return after ? { past: [...past, present], present: after, future: rest, last: { place: "", at: 0 } } : history;
    }
    case "replace":
      return same(present, change.draft) ? history : changed(history, change.draft, "", 0);
  }
}

function changed(history: History, draft: Draft, place: string, at: number): History {
  if (same(history.present, draft)) return history;
  const isSameStep = place !== "" && history.last.place === place && at - history.last.at < ONE_STEP_MS;
  const past = isSameStep ? history.past : [...history.past, history.present].slice(-MOST_STEPS);
  return { past, present: draft, future: [], last: { place, at } };
}
