/** What can stand beside a field: a fixed value, another field, a day counted from today, a share of a field. */
import { isExactNumber, isObject, numberDigits, type Json } from "../json";
import { fieldOf } from "./tree";

export type Operand =
  | { kind: "value"; value: Json }
  | { kind: "field"; path: string }
  | { kind: "day"; days: number }
  | { kind: "share"; path: string; factor: Json };

const TODAY = { var: "today" };

export function operandRead(logic: Json): Operand | null {
  // Null is a value that is still missing: the server says so at its place.
  if (logic === null || typeof logic === "string" || typeof logic === "number" || typeof logic === "boolean")
    return { kind: "value", value: logic };
  const path = fieldOf(logic);
  if (path === "today") return { kind: "day", days: 0 };
  if (path !== null) return { kind: "field", path };
  if (!isObject(logic) || Object.keys(logic).length !== 1) return null;
  const [name, parts] = Object.entries(logic)[0]!;
  if (!Array.isArray(parts) || parts.length !== 2) return null;
  const [left, right] = parts as [Json, Json];
  const from = fieldOf(left);
  if (
    (name === "+" || name === "-") &&
    from === "today" &&
    typeof right === "number" &&
    Number.isInteger(right) &&
    right > 0
  ) {
    return { kind: "day", days: name === "+" ? right : -right };
  }
  if (name === "*" && from !== null && (typeof right === "number" || isExactNumber(right)))
    return { kind: "share", path: from, factor: right };
  return null;
}

export function operandWrite(operand: Operand): Json {
  switch (operand.kind) {
    case "value":
      return operand.value;
    case "field":
      return { var: operand.path };
    case "day":
      return operand.days === 0 ? TODAY : { [operand.days > 0 ? "+" : "-"]: [TODAY, Math.abs(operand.days)] };
    case "share":
      return { "*": [{ var: operand.path }, operand.factor] };
  }
}

/** What was typed; nothing is a value still missing, never an empty text. */
export function textTyped(text: string): Json {
  return text === "" ? null : text;
}

/** What was typed as a number: a JSON number where JavaScript holds it exactly, else text, which the server reads exactly. */
export function numberTyped(text: string): Json {
  const plain = text.trim().replaceAll(",", "");
  return plain !== "" && String(Number(plain)) === plain ? Number(plain) : textTyped(plain);
}

export function literalText(value: Json): string {
  return typeof value === "string" && !isExactNumber(value) ? value : numberDigits(value);
}
