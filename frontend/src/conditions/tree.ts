/** What the tree of a condition is made of. It is react-querybuilder's own shape, with what JsonLogic needs beside it. */
import type { RuleGroupType, RuleType } from "react-querybuilder";
import { isObject, type Json } from "../json";

/** One test of one field. `value` is the other side as JsonLogic; of some/all/none it is the test of each item. */
export interface Leaf extends RuleType {
  value: Json | Group;
  /** The operand stands in a list of one: `{"changed": ["x"]}` beside `{"changed": "x"}`. */
  boxed?: boolean;
  /** `changed` names the field with its root. */
  rooted?: boolean;
  /** A part the tree cannot draw; it is kept as it came. */
  raw?: Json;
}

export interface Group extends RuleGroupType<Leaf, string> {
  rules: (Leaf | Group)[];
  /** With one part only, the part stands alone: `x` instead of `{"and": [x]}`. */
  bare?: boolean;
  boxed?: boolean;
}

export const RAW_FIELD = "~raw";

export function isGroup(node: Leaf | Group | Json): node is Group {
  return isObject(node) && "rules" in node && "combinator" in node;
}

export function isRaw(leaf: Leaf): boolean {
  return leaf.field === RAW_FIELD;
}

/** The path of `{"var": path}`, else null. */
export function fieldOf(logic: Json | undefined): string | null {
  return isObject(logic) && Object.keys(logic).length === 1 && typeof logic["var"] === "string" ? logic["var"] : null;
}

let counter = 0;

/** Ids are only of the page; they are not stored. */
export function freshId(): string {
  counter += 1;
  return `c${counter}`;
}
