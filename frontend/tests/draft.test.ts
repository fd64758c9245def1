import { describe, expect, it } from "vitest";
import { historyNext, historyStart, type DraftChange, type History } from "../src/draft";
import { pointerAt, pointerSet } from "../src/pointer";

const start = historyStart({ name: { en: "A" }, definition: { condition: true, steps: [{ action: "send" }] } });
const set = (pointer: string, part: string | undefined, at: number): DraftChange => ({
  type: "set",
  pointer,
  part,
  at,
});
const after = (...changes: DraftChange[]): History => changes.reduce(historyNext, start);

describe("undo and redo", () => {
  it("takes typing at one place as one step", () => {
    const typed = after(set("/note", "a", 0), set("/note", "ab", 300), set("/note", "abc", 600));
    expect(typed.past).toHaveLength(1);
    expect(historyNext(typed, { type: "undo" }).present).toEqual(start.present);
  });

  it("takes a pause, or another place, as the next step", () => {
    const typed = after(set("/note", "a", 0), set("/note", "b", 5_000), set("/other", "c", 5_001));
    expect(typed.past).toHaveLength(3);
    const undone = [0, 1].reduce((history) => historyNext(history, { type: "undo" }), typed);
    expect(undone.present.definition["note"]).toBe("a");
    expect(historyNext(undone, { type: "redo" }).present.definition["note"]).toBe("b");
  });

  it("forgets what was undone when something new is done", () => {
    const undone = historyNext(after(set("/note", "a", 0)), { type: "undo" });
    expect(historyNext(undone, set("/note", "z", 9_000)).future).toEqual([]);
  });

  it("does nothing where nothing changes", () => {
    expect(historyNext(start, { type: "undo" })).toBe(start);
    expect(historyNext(start, { type: "replace", draft: start.present })).toBe(start);
  });
});

describe("pointers", () => {
  it("set, append, take out, and leave the original alone", () => {
    const value = { steps: [{ a: 1 }, { a: 2 }], "x/y": { "~": 1 } };
    expect(pointerSet(value, "/steps/1/a", 3)).toEqual({ ...value, steps: [{ a: 1 }, { a: 3 }] });
    expect(pointerSet(value, "/steps/-", { a: 9 })).toEqual({ ...value, steps: [{ a: 1 }, { a: 2 }, { a: 9 }] });
    expect(pointerSet(value, "/steps/0", undefined)).toEqual({ ...value, steps: [{ a: 2 }] });
    expect(pointerSet(value, "/new/inner", 1)).toEqual({ ...value, new: { inner: 1 } });
    expect(pointerAt(value, "/x~1y/~0")).toBe(1);
    expect(value.steps).toHaveLength(2);
  });
});
