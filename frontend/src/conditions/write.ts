/** Tree → JsonLogic, and which node stands at which JSON pointer. */
import type { Json } from "../json";
import { isWithin, pointerJoin } from "../pointer";
import { RANGES } from "./operators";
import { isGroup, isRaw, type Group, type Leaf } from "./tree";

type Note = (node: Leaf | Group, pointer: string) => void;

const nothing: Note = () => undefined;

export function conditionWrite(root: Group, note: Note = nothing): Json {
  if (isAlways(root)) {
    note(root, "");
    return true;
  }
  return nodeWrite(root, "", note);
}

export function isAlways(root: Group): boolean {
  return root.bare === true && root.rules.length === 0 && !root.not;
}

export function nodeWrite(node: Leaf | Group, pointer = "", note: Note = nothing): Json {
  note(node, pointer);
  if (isGroup(node)) return groupWrite(node, pointer, note);
  if (isRaw(node)) return node.raw ?? null;
  if (node.operator === "is_false") return { "!": { var: node.field } };
  if (node.operator.startsWith("!") && /^![a-z]/.test(node.operator)) {
    return { "!": leafWrite({ ...node, operator: node.operator.slice(1) }, pointerJoin(pointer, "!"), note) };
  }
  return leafWrite(node, pointer, note);
}

function groupWrite(group: Group, pointer: string, note: Note): Json {
  const inside = group.not ? pointerJoin(pointer, "!", ...(group.boxed ? [0] : [])) : pointer;
  const stands = group.bare && group.rules.length === 1;
  const inner = stands
    ? nodeWrite(group.rules[0]!, inside, note)
    : {
        [group.combinator]: group.rules.map((each, at) =>
          nodeWrite(each, pointerJoin(inside, group.combinator, at), note),
        ),
      };
  if (!group.not) return inner;
  return { "!": group.boxed ? [inner] : inner };
}

function leafWrite(leaf: Leaf, pointer: string, note: Note): Json {
  const { field, operator, value } = leaf;
  const read: Json = { var: field };
  if (operator === "is_true") return read;
  if (operator === "changed" || operator === "missing") {
    const name = operator === "changed" && !leaf.rooted ? field.replace(/^record\./, "") : field;
    return { [operator]: leaf.boxed ? [name] : name };
  }
  if (isGroup(value))
    return {
      [operator]: [read, conditionWrite(value, (node, inner) => note(node, pointerJoin(pointer, operator, 1) + inner))],
    };
  const range = RANGES[operator];
  if (range !== undefined && Array.isArray(value)) return { [range]: [value[0] ?? null, read, value[1] ?? null] };
  return { [operator]: [read, value] };
}

/** The id of the innermost node a problem at `pointer` (within the condition) is about. */
export function nodeAt(root: Group, pointer: string): string {
  let found = { id: root.id ?? "", length: -1 };
  conditionWrite(root, (node, place) => {
    if (isWithin(pointer, place) && place.length >= found.length) found = { id: node.id ?? "", length: place.length };
  });
  return found.id;
}
