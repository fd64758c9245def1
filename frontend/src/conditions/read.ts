/** JsonLogic → tree. A part is drawn only when drawing it back gives the very same JSON; every other part stays as it is. */
import { isObject, same, type Json } from "../json";
import { operandRead } from "./operands";
import { COMPARISONS, CROSSINGS, LIST_TESTS, RANGES, TEXT_TESTS } from "./operators";
import { fieldOf, freshId, isGroup, RAW_FIELD, type Group, type Leaf } from "./tree";
import { conditionWrite, nodeWrite } from "./write";

/** The whole condition. `true` is an empty tree: always. */
export function conditionRead(logic: Json): Group {
  const found = rootRead(logic);
  return same(conditionWrite(found), logic) ? found : bareGroup([rawLeaf(logic)]);
}

function rootRead(logic: Json): Group {
  if (logic === true) return bareGroup([]);
  const node = nodeRead(logic);
  return isGroup(node) ? node : bareGroup([node]);
}

function nodeRead(logic: Json): Leaf | Group {
  if (!isObject(logic) || Object.keys(logic).length !== 1) return rawLeaf(logic);
  const [name, operands] = Object.entries(logic)[0]!;
  if ((name === "and" || name === "or") && Array.isArray(operands)) {
    return { id: freshId(), combinator: name, rules: operands.map(nodeRead) };
  }
  const found = name === "!" ? notRead(operands) : leafRead(name, operands);
  return found !== null && same(nodeWrite(found), logic) ? found : rawLeaf(logic);
}

const NEGATED = new Set(["in", "contains", "starts_with", "ends_with", "changed", "missing", "is_true"]);

function notRead(operands: Json): Leaf | Group {
  const boxed = Array.isArray(operands) && operands.length === 1 ? { boxed: true } : {};
  const inner = nodeRead(Array.isArray(operands) && operands.length === 1 ? operands[0]! : operands);
  if (isGroup(inner) && !inner.not) return { ...inner, not: true, ...boxed };
  if (!isGroup(inner) && NEGATED.has(inner.operator) && !boxed.boxed) {
    return { ...inner, operator: inner.operator === "is_true" ? "is_false" : `!${inner.operator}` };
  }
  return { ...bareGroup([inner]), not: true, ...boxed };
}

function leafRead(name: string, operands: Json): Leaf | null {
  if (name === "var" && typeof operands === "string") return leaf(operands, "is_true", null);
  if (name === "missing" || name === "changed") return fieldTestRead(name, operands);
  if (!Array.isArray(operands)) return null;
  const [left, right, third] = operands;
  const ranged = Object.keys(RANGES).find((each) => RANGES[each] === name);
  if (operands.length === 3 && ranged !== undefined) {
    const path = fieldOf(right);
    return path !== null && isOperand(left!) && isOperand(third!) ? leaf(path, ranged, [left!, third!]) : null;
  }
  const path = fieldOf(left);
  if (operands.length !== 2 || path === null || path === "") return null;
  if (name === "in") return Array.isArray(right) && right.every(isLiteral) ? leaf(path, "in", right) : null;
  if (includes(LIST_TESTS, name)) return leaf(path, name, rootRead(right!));
  if (includes(COMPARISONS, name) || includes(CROSSINGS, name) || includes(TEXT_TESTS, name)) {
    return isOperand(right!) ? leaf(path, name, right!) : null;
  }
  return null;
}

function fieldTestRead(name: string, operands: Json): Leaf | null {
  const boxed = Array.isArray(operands);
  const path = boxed ? (operands.length === 1 ? operands[0] : undefined) : operands;
  if (typeof path !== "string" || path === "") return null;
  const rooted = name === "changed" && path.startsWith("record.");
  const field = name === "changed" && !rooted ? `record.${path}` : path;
  return { ...leaf(field, name, null), ...(boxed && { boxed }), ...(rooted && { rooted }) };
}

function leaf(field: string, operator: string, value: Leaf["value"]): Leaf {
  return { id: freshId(), field, operator, value };
}

function rawLeaf(raw: Json): Leaf {
  return { ...leaf(RAW_FIELD, "", null), raw };
}

export function bareGroup(rules: Group["rules"]): Group {
  return { id: freshId(), combinator: "and", rules, bare: true };
}

function includes(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

function isOperand(logic: Json): boolean {
  return operandRead(logic) !== null;
}

function isLiteral(value: Json): boolean {
  return value !== null && operandRead(value)?.kind === "value";
}
