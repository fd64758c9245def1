/** Dry runs and the events they are made on, as the API tells them. */
import { isObject, same, type Json, type JsonObject } from "../json";
import { isTextKey, t } from "../texts";

export interface EventRow {
  id: number;
  key: string;
  change: string;
  before: JsonObject | null;
  after: JsonObject | null;
  masked: string[];
  detected_at: string;
}

export interface ConditionPart {
  words: string;
  verdict: string;
  seen: { label: string; value: string; masked: boolean }[];
  note: string;
  parts: ConditionPart[];
}

export interface CardMessage {
  title: string;
  body: string;
  fields: { label: string; value: string; emphasis: boolean }[];
  buttons: { key: string; label: string; style: string; inputs: { name: string; label: string; value: string }[] }[];
}

export interface DryRun {
  verdict: "true" | "false" | "unknown" | "hidden";
  fires: boolean;
  text: string;
  record: { title: string };
  condition: ConditionPart | null;
  /** The actions in the order they would come; `text` says what each would decide now. */
  acts: { step: string; label: string; words: string; text: string }[];
  people: { username: string; name: string; purpose: string; masked: string[] }[];
  messages: {
    username: string;
    name: string;
    channel: string;
    label: string;
    message: CardMessage;
    degraded: string[];
  }[];
  groups: {
    chat: string;
    name: string;
    plan: string;
    label: string;
    why: string;
    members: { name: string; verdict: string; words: string }[];
    message: CardMessage | null;
  }[];
  elsewhere: { connector: string; label: string; degraded: string[] }[];
  notes: string[];
}

export function eventWords(event: EventRow): string {
  const after = event.after ?? {};
  const named = ["product_name", "customer_name", "name"]
    .map((name) => after[name])
    .find((each) => typeof each === "string");
  const change = isTextKey(event.change) ? t(event.change) : event.change;
  const at = new Date(event.detected_at).toLocaleString(document.documentElement.lang, {
    dateStyle: "short",
    timeStyle: "short",
  });
  return [event.key, named, change, at].filter(Boolean).join(" · ");
}

const READ = /^(?:record|before|shown)\.(\w+)$/;

/** The fields of the record that the rule's logic reads, in the order they come. */
export function fieldsUsed(definition: JsonObject): string[] {
  const found = new Set<string>();
  const walk = (value: Json, isVar: boolean): void => {
    if (typeof value === "string" && isVar) {
      const name = READ.exec(value)?.[1];
      if (name) found.add(name);
    } else if (Array.isArray(value)) value.forEach((each) => walk(each, isVar));
    else if (isObject(value))
      Object.entries(value).forEach(([key, each]) => walk(each, key === "var" || key === "missing"));
  };
  walk(definition["condition"] ?? null, false);
  return [...found];
}

/** The event itself; or, with values typed over it, its record with them. */
export function occasionOf(event: EventRow, typed: JsonObject): JsonObject {
  const changes = Object.entries(typed).filter(([name, value]) => !same(event.after?.[name] ?? null, value));
  if (changes.length === 0) return { event: event.id };
  const open = (state: JsonObject | null) =>
    Object.fromEntries(Object.entries(state ?? {}).filter(([name]) => !event.masked.includes(name)));
  return {
    values: { ...open(event.after), ...Object.fromEntries(changes) },
    before: open(event.before ?? event.after),
    change: "changed",
  };
}
