/** The operators the tree can draw, and for which kinds of field each is offered. `!name` is the negation of `name`. */
import type { FieldKind } from "../catalogue";

export const COMPARISONS = ["==", "===", "!=", "!==", "<", "<=", ">", ">="] as const;
export const CROSSINGS = ["crosses_below", "crosses_above"] as const;
export const TEXT_TESTS = ["contains", "starts_with", "ends_with"] as const;
export const LIST_TESTS = ["some", "all", "none"] as const;
/** `{"<=": [low, field, high]}` and `{"<": …}`. */
export const RANGES: Readonly<Record<string, string>> = { between: "<=", inside: "<" };

const NUMBER = ["<", "<=", ">", ">=", "==", "!=", "between", "crosses_below", "crosses_above", "in"];
const TEXT = ["==", "!=", "in", "!in", "contains", "!contains", "starts_with", "ends_with"];
const MOMENT = ["<", "<=", ">", ">=", "between"];

const BY_KIND: Readonly<Record<FieldKind, readonly string[]>> = {
  integer: NUMBER,
  decimal: NUMBER,
  text: TEXT,
  code: ["==", "!=", "in", "!in"],
  boolean: ["is_true", "is_false"],
  date: ["==", ...MOMENT],
  datetime: MOMENT,
  list: ["some", "all", "none"],
};

/** Operators offered for a field, with the one already there in any case. */
export function operatorsFor(kind: FieldKind, place: "record" | "other" | "item", present: string): string[] {
  const own = BY_KIND[kind].filter((name) => place === "record" || !(CROSSINGS as readonly string[]).includes(name));
  const about = place === "record" ? ["changed", "missing", "!missing"] : ["missing", "!missing"];
  const offered = [...own, ...about];
  return present === "" || offered.includes(present) ? offered : [present, ...offered];
}

export type ValueShape = "none" | "one" | "two" | "many" | "items";

export function valueShape(operator: string): ValueShape {
  const name = operator.replace(/^!(?=[a-z])/, "");
  if (name in RANGES) return "two";
  if (name === "in") return "many";
  if ((LIST_TESTS as readonly string[]).includes(name)) return "items";
  if (["changed", "missing", "is_true", "is_false"].includes(name)) return "none";
  return "one";
}
