/** Actions as they start out. */
import type { ActionBlock, Catalogue } from "../catalogue";
import type { JsonObject } from "../json";

/** The parameters that say who is reached, and how. */
export const AUDIENCE = ["recipients", "fallback", "channels"];

export function hasAudience(action: ActionBlock | undefined): boolean {
  return action?.params.properties?.["recipients"] !== undefined;
}

export function actionNew(action: ActionBlock, catalogue: Catalogue, definition: JsonObject): JsonObject {
  const has = (name: string) => action.params.properties?.[name] !== undefined;
  const params: JsonObject = {};
  if (has("recipients")) params["recipients"] = recipientsAlready(definition) ?? [{ type: "rule_owner" }];
  if (has("title")) params["title"] = { en: "", "zh-hans": "" };
  if (has("fields")) params["fields"] = [];
  if (has("buttons"))
    params["buttons"] = [{ key: "button_1", label: { en: "OK", "zh-hans": "好的" }, style: "primary", then: [] }];
  if (has("condition")) params["condition"] = true;
  if (has("then")) params["then"] = [];
  if (action.params.properties?.["seconds"]?.["x-editor"] === "duration") params["seconds"] = 3600;
  if (has("address")) Object.assign(params, { address: catalogue.addresses[0]?.slug ?? "", method: "GET", path: "" });
  if (has("due_seconds")) params["due_seconds"] = 86_400;
  const state = has("to") ? catalogue.fields.find((each) => each.writable && each.codes.length > 0) : undefined;
  if (state) params["field"] = state.name;
  if (action.params.properties?.["values"]?.["x-editor"] === "changes") params["values"] = {};
  const write = has("write") ? catalogue.writes[0] : undefined;
  if (write) {
    const known = catalogue.fields.map((each) => each.name);
    params["write"] = write.key;
    params["object"] = write.object;
    params["values"] = Object.fromEntries(
      write.required.filter((name) => known.includes(name)).map((name) => [name, { var: `record.${name}` }]),
    );
  }
  return { action: action.key, params };
}

function recipientsAlready(definition: JsonObject): JsonObject[] | undefined {
  const steps = (definition["steps"] ?? []) as JsonObject[];
  return steps
    .map((step) => (step["params"] as JsonObject | undefined)?.["recipients"] as JsonObject[] | undefined)
    .find((each) => each !== undefined);
}
