import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conditionRead } from "../src/conditions/read";
import { isGroup, isRaw, type Group, type Leaf } from "../src/conditions/tree";
import { conditionWrite, nodeAt } from "../src/conditions/write";
import { jsonFormat, jsonParse, type Json } from "../src/json";
import operators from "./operators.json";

const v = (path: string): Json => ({ var: path });

function leaves(group: Group): Leaf[] {
  return group.rules.flatMap((each) =>
    isGroup(each) ? leaves(each) : isGroup(each.value) ? [each, ...leaves(each.value)] : [each],
  );
}

const drawn = (logic: Json) => !leaves(conditionRead(logic)).some(isRaw);
const back = (logic: Json) => conditionWrite(conditionRead(logic));

const DRAWN: Record<string, Json> = {
  always: true,
  "one comparison": { "<": [v("record.on_hand"), v("record.reorder_level")] },
  "one in a group": { and: [{ "<": [v("record.on_hand"), 5] }] },
  "nested groups": {
    and: [
      {
        or: [
          { "==": [v("record.status"), "open"] },
          { "!": { and: [{ ">": [v("record.a"), 1] }, { changed: ["a"] }] } },
        ],
      },
      { "<=": [1, v("record.a"), 9] },
    ],
  },
  "not of one": { "!": { "<": [v("record.on_hand"), 5] } },
  "not, boxed": { "!": [{ or: [{ "<": [v("record.on_hand"), 5] }, { ">": [v("record.on_hand"), 9] }] }] },
  "not twice": { "!": { "!": { "<": [v("record.on_hand"), 5] } } },
  "is among": { in: [v("record.status"), ["open", "closed"]] },
  "is not among": { "!": { in: [v("record.status"), ["open"]] } },
  before: { "<": [v("before.on_hand"), 5] },
  "relative date": { "<": [v("record.due_on"), { "-": [v("today"), 30] }] },
  share: { crosses_below: [v("record.on_hand"), { "*": [v("record.reorder_level"), 0.5] }] },
  "changed, plain and rooted": {
    or: [{ changed: "on_hand" }, { changed: ["record.on_hand"] }, { changed: "record.on_hand" }],
  },
  "empty and known": { and: [{ missing: ["record.note"] }, { "!": { missing: "record.note" } }] },
  "yes and no": { and: [v("record.active"), { "!": v("record.active") }] },
  items: { some: [v("record.lines"), { and: [{ ">": [v("quantity"), 1] }, { "==": [v("sku"), "A"] }] }] },
  "a value still missing": { "==": [v("record.a"), null] },
  "every item, one test": { all: [v("record.lines"), { ">": [v("quantity"), 1] }] },
};

describe("drawn and drawn back", () => {
  it.each(Object.entries(DRAWN))("%s", (_name, logic) => {
    expect(drawn(logic)).toBe(true);
    expect(back(logic)).toEqual(logic);
  });
});

const KEPT: Record<string, Json> = {
  "a condition with if": { if: [{ "<": [v("record.a"), 1] }, true, false] },
  "a literal first": { "<": [5, v("record.on_hand")] },
  "arithmetic on the left": { "<": [{ "-": [v("record.on_hand"), v("record.reserved")] }, 3] },
  "a default": { "<": [{ var: ["record.on_hand", 0] }, 3] },
  "two keys": { "<": [v("record.a"), 1], ">": [v("record.a"), 1] },
  "and without a list": { and: { "<": [v("record.a"), 1] } },
  "changed of two": { changed: ["a", "b"] },
  "no logic at all": null,
  false: false,
};

describe("kept as it is where it cannot be drawn", () => {
  it.each(Object.entries(KEPT))("%s", (_name, logic) => {
    const found = leaves(conditionRead(logic)).filter(isRaw);
    expect(found.map((each) => each.raw)).toEqual([logic]);
    expect(back(logic)).toEqual(logic);
  });

  it("keeps one part and draws the rest", () => {
    const part = { missing_some: [1, ["record.a", "record.b"]] };
    const logic = { and: [{ "<": [v("record.a"), 1] }, part] };
    const found = leaves(conditionRead(logic));
    expect(found.map((each) => [each.field, each.raw])).toEqual([
      ["record.a", undefined],
      ["~raw", part],
    ]);
    expect(back(logic)).toEqual(logic);
  });
});

const scalar = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
);
const path = fc.constantFrom(
  "record.on_hand",
  "record.status",
  "before.on_hand",
  "record.lines",
  "quantity",
  "today",
  "now",
  "",
  "event.change",
);
const logics = fc.letrec<{ logic: Json }>((tie) => ({
  logic: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    path.map(v),
    fc
      .tuple(
        fc.constantFrom(...operators),
        fc.oneof(fc.array(tie("logic"), { maxLength: 4 }), tie("logic"), fc.array(path, { maxLength: 3 })),
      )
      .map(([name, operands]) => ({ [name]: operands as Json })),
    fc.array(tie("logic"), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie("logic"), { maxKeys: 2 }),
  ),
})).logic;

describe("any logic", () => {
  it("is the same after it was drawn, or is kept", () => {
    fc.assert(
      fc.property(logics, (logic) => {
        expect(jsonFormat(back(logic))).toBe(jsonFormat(logic));
      }),
      { numRuns: 3000 },
    );
  });

  it.each(operators)("with the operator %s in every place", (name) => {
    for (const operands of [
      [v("record.a"), 1],
      [1, v("record.a"), 2],
      v("record.a"),
      ["record.a"],
      "record.a",
      [v("record.l"), { [name]: [v("q"), 1] }],
      [],
    ] as Json[]) {
      const logic: Json = {
        and: [{ [name]: operands } as Json, { "!": { [name]: operands } }, { or: [{ "!": [{ [name]: operands }] }] }],
      };
      expect(back(logic)).toEqual(logic);
    }
  });
});

describe("numbers", () => {
  it("keep every digit", () => {
    const text = '{"<":[{"var":"record.a"},123456789012345678],">":[1.0,-0.10,1e3,"say \\"1.0\\""]}';
    expect(jsonFormat(jsonParse(text))).toBe(text);
    const condition = '{"<":[{"var":"record.a"},12345678901234567.10]}';
    expect(drawn(jsonParse(condition))).toBe(true);
    expect(jsonFormat(back(jsonParse(condition)))).toBe(condition);
  });
});

describe("a problem's place", () => {
  it("is the innermost part it is about", () => {
    const root = conditionRead({
      and: [
        { "<": [v("record.a"), 1] },
        { "!": { or: [{ some: [v("record.lines"), { ">": [v("quantity"), "x"] }] }] } },
      ],
    });
    const group = root.rules[1] as Group;
    const list = group.rules[0] as Leaf;
    expect(nodeAt(root, "/and/0/</1")).toBe(root.rules[0]!.id);
    expect(nodeAt(root, "/and/1/!/or")).toBe(group.id);
    expect(nodeAt(root, "/and/1/!/or/0/some/0")).toBe(list.id);
    expect(nodeAt(root, "/and/1/!/or/0/some/1/>/1")).toBe((list.value as Group).rules[0]!.id);
    expect(nodeAt(root, "")).toBe(root.id);
  });
});
