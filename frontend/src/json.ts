/** JSON as it came: a number JavaScript cannot hold exactly keeps its digits, so nothing is altered by opening a rule. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

const EXACT = "\u0000number:"; // NUL cannot be stored in a rule, so no text of a rule looks like this.
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const KEPT = /"\\u0000number:([^"]*)"/g;

export function jsonParse(text: string): Json {
  const kept = text.replace(TOKENS, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : JSON.stringify(EXACT + token),
  );
  return JSON.parse(kept) as Json;
}

export function jsonFormat(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(KEPT, "$1");
}

export function isExactNumber(value: Json | undefined): value is string {
  return typeof value === "string" && value.startsWith(EXACT);
}

/** The digits of a number, however it is kept. */
export function numberDigits(value: Json): string {
  return isExactNumber(value) ? value.slice(EXACT.length) : String(value ?? "");
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) || Array.isArray(other)) {
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((each, at) => same(each, other[at]))
    );
  }
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => key in other && same(one[key], other[key]));
  }
  return Object.is(one, other);
}
