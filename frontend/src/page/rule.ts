/** A rule as the API gives it. */
import type { JsonObject } from "../json";

export interface RuleRow {
  id: number;
  key: string;
  name: JsonObject;
  title: string;
  state: "draft" | "live" | "off" | "loop" | "flood";
  /** Why Baton itself stopped the rule. */
  state_reason: string;
  connection: number;
  connection_name: string;
  owner: string | null;
  version: number | null;
  published: JsonObject | null;
  draft: JsonObject;
  /** Grows with every save: a change made on an older one is refused. */
  draft_number: number;
  edited_by: string | null;
  tags: string[];
  may: ("change" | "publish")[];
}

export function objectOf(definition: JsonObject): string {
  const trigger = definition["trigger"];
  return String((trigger as JsonObject | undefined)?.["object"] ?? "");
}
