/** What a rule can be about and made of, as `GET /api/v1/catalogue/…` says it, in the reader's language. */
import { isObject, type Json } from "./json";
import { inLanguage } from "./texts";

export type FieldKind = "text" | "integer" | "decimal" | "boolean" | "date" | "datetime" | "code" | "list";

/** What cannot be used is there too, and says why. */
export interface Offer {
  usable: boolean;
  reason: string | null;
}

export interface Field extends Partial<Offer> {
  name: string;
  type: FieldKind;
  label: string;
  synonyms: string[];
  unit: string;
  currency_field: string;
  codes: { value: string; label: string }[];
  person: boolean;
  items: Field[];
  /** May be changed through the connection. */
  writable?: boolean;
  sample?: Json;
}

export interface ObjectName extends Offer {
  name: string;
  label: string;
  synonyms: string[];
}

/** JSON Schema of one parameter, with Baton's own `x-label`, `x-editor` and `x-choices`. */
export interface Shape {
  type?: string;
  enum?: string[];
  items?: Shape;
  properties?: Record<string, Shape>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  default?: unknown;
  "x-label"?: string;
  "x-help"?: string;
  "x-editor"?: string;
  "x-choices"?: Record<string, string>;
  /** Only where a neighbour has one of these values. */
  "x-when"?: Record<string, string[]>;
}

export interface Block extends Offer {
  key: string;
  label: string;
  params: Shape;
}

export interface TriggerBlock extends Block {
  /** The object of Baton's own that it is about; empty: the rule chooses. */
  object: string;
  /** Keys of the firing policies it can have; the first is the usual one. */
  policies: string[];
}

export interface ActionBlock extends Block {
  /** Can stand among the rule's steps; can follow a button. */
  first: boolean;
  follows: boolean;
  /** It tells or asks people. */
  asks: boolean;
  /** What later actions may read as `result.<name>`. */
  gives: { name: string; type: FieldKind }[];
}

export interface RecipientKind extends Offer {
  type: string;
  label: string;
  params: Shape;
  fields: string[];
}

export interface WriteKind {
  key: string;
  label: string;
  object: string;
  required: string[];
  optional: string[];
}

export interface GroupChat extends Offer {
  ref: string;
  name: string;
  channel: string;
  members: number;
  otherwise: string;
}

export interface Channel extends Offer {
  slug: string;
  name: string;
  connector: string;
  label: string;
}

/** Everything offered for rules about one object of one connection. */
export interface Catalogue {
  object: ObjectName;
  fields: Field[];
  triggers: TriggerBlock[];
  actions: ActionBlock[];
  policies: Block[];
  recipients: RecipientKind[];
  people: { username: string; name: string }[];
  roles: { name: string; people: number }[];
  channels: Channel[];
  calendars: string[];
  group_chats: GroupChat[];
  writes: WriteKind[];
  addresses: { slug: string; name: string }[];
  /** Those another rule may start. */
  rules: { key: string; name: string }[];
}

export interface ConnectionOffer {
  id: number;
  slug: string;
  name: string;
  objects: ObjectName[];
}

/** The same, with every text that is there in both languages as the reader's. */
export function localised<Shown>(value: Json): Shown {
  return inReadersLanguage(value) as Shown;
}

function inReadersLanguage(value: Json): Json {
  if (Array.isArray(value)) return value.map(inReadersLanguage);
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  if (keys.length === 2 && "en" in value && typeof value["zh-hans"] === "string") return inLanguage(value);
  return Object.fromEntries(keys.map((key) => [key, inReadersLanguage(value[key]!)]));
}

/** A field as a condition names it: `path` is the root and the name ("before.on_hand"). */
export interface Readable extends Field {
  path: string;
  group: string;
  place: "record" | "other" | "item";
  /** The unit or currency its numbers are in, where the record says it. */
  unitWords?: string;
}

type Say = (
  key: "beforeChange" | "theEvent" | "asShown" | "eventTime" | "today" | "eachItem" | "theAnswer" | "theResult",
) => string;

/** What a step may read besides the record: the answer it follows, and what earlier actions gave. */
export interface Besides {
  answer: { name: string; label: string; type: FieldKind }[];
  result: { name: string; label: string; type: FieldKind }[];
}

const NOTHING: Besides = { answer: [], result: [] };

const EMPTY = { synonyms: [], unit: "", currency_field: "", codes: [], person: false, items: [] };

export function fieldsReadable(
  catalogue: Catalogue,
  say: Say,
  withShown: boolean,
  besides: Besides = NOTHING,
): Readable[] {
  const given = (root: "answer" | "result", group: string) =>
    besides[root].map((each): Readable => ({ ...EMPTY, ...each, path: `${root}.${each.name}`, group, place: "other" }));
  const under = (root: string, group: string, place: Readable["place"]) =>
    catalogue.fields.map((field): Readable => ({
      ...field,
      path: `${root}.${field.name}`,
      group,
      place,
      unitWords: unitOf(field, catalogue.fields),
    }));
  return [
    ...under("record", catalogue.object.label, "record"),
    ...under("before", say("beforeChange"), "other"),
    ...(withShown ? under("shown", say("asShown"), "other") : []),
    ...given("answer", say("theAnswer")),
    ...given("result", say("theResult")),
    {
      ...EMPTY,
      name: "now",
      path: "now",
      type: "datetime",
      label: say("eventTime"),
      group: say("theEvent"),
      place: "other",
    },
    {
      ...EMPTY,
      name: "today",
      path: "today",
      type: "date",
      label: say("today"),
      group: say("theEvent"),
      place: "other",
    },
  ];
}

/** `unit` and `currency_field` name the field that holds it. */
function unitOf(field: Field, fields: readonly Field[]): string {
  const name = field.currency_field || field.unit;
  return sampleText(fields.find((each) => each.name === name)?.sample);
}

export function itemsReadable(list: Field | undefined, say: Say): Readable[] {
  return (list?.items ?? []).map((field) => ({
    ...field,
    label: field.label || say("eachItem"),
    path: field.name,
    group: list?.label ?? "",
    place: "item",
  }));
}

/** A value of a record as the field picker shows it; nothing where the reader may not see it. */
export function sampleText(sample: Json | undefined): string {
  return typeof sample === "string" || typeof sample === "number" ? String(sample) : "";
}
