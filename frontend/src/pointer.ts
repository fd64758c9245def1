/** RFC 6901 JSON pointers: how problems, and the changes of the editor, name a place in a rule. */
import { isObject, type Json } from "./json";

export function pointerJoin(pointer: string, ...tokens: (string | number)[]): string {
  return pointer + tokens.map((token) => `/${String(token).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function pointerTokens(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function pointerAt(value: Json | undefined, pointer: string): Json | undefined {
  let found = value;
  for (const token of pointerTokens(pointer)) {
    if (Array.isArray(found)) found = found[Number(token)];
    else if (isObject(found)) found = found[token];
    else return undefined;
  }
  return found;
}

/** A copy of `value` with `part` at `pointer`; `undefined` takes the part out. What lies between is made. */
export function pointerSet(value: Json | undefined, pointer: string, part: Json | undefined): Json {
  const [first, ...rest] = pointerTokens(pointer);
  if (first === undefined) return part ?? null;
  const inner = (old: Json | undefined) => pointerSet(old, pointerJoin("", ...rest), part);
  if (Array.isArray(value)) {
    const at = first === "-" ? value.length : Number(first);
    if (rest.length === 0 && part === undefined) return value.filter((_each, index) => index !== at);
    return value.length > at
      ? value.map((each, index) => (index === at ? inner(each) : each))
      : [...value, inner(undefined)];
  }
  const object = isObject(value) ? value : {};
  if (rest.length === 0 && part === undefined) {
    return Object.fromEntries(Object.entries(object).filter(([key]) => key !== first));
  }
  return { ...object, [first]: inner(object[first]) };
}

/** Whether `pointer` is `place` or lies inside it. */
export function isWithin(pointer: string, place: string): boolean {
  return pointer === place || pointer.startsWith(`${place}/`);
}
