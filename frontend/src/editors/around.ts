/** What stands around a place in the rule: the button it follows, the actions whose results it may read. */
import type { ActionBlock, Besides, FieldKind } from "../catalogue";
import { isObject, type Json, type JsonObject } from "../json";
import { pointerAt } from "../pointer";
import { inLanguage } from "../texts";

export interface Input {
  name: string;
  label: string;
  type: FieldKind;
}

const INPUT_KINDS: Record<string, FieldKind> = { integer: "integer", decimal: "decimal" };

/** The inputs of the button this place belongs to. */
export function inputsAround(definition: Json, pointer: string): Input[] {
  const button = /^(.*\/buttons\/\d+)\/then\//.exec(pointer)?.[1];
  const inputs = button === undefined ? undefined : pointerAt(definition, `${button}/inputs`);
  return (Array.isArray(inputs) ? inputs : []).filter(isObject).map((each) => ({
    name: String(each["name"] ?? ""),
    label: inLanguage(each["label"]) || String(each["name"] ?? ""),
    type: INPUT_KINDS[String(each["type"])] ?? "text",
  }));
}

export function besides(definition: JsonObject, pointer: string, actions: readonly ActionBlock[]): Besides {
  if (!pointer.startsWith("/steps/")) return { answer: [], result: [] };
  const found = new Map<string, FieldKind>();
  stepsIn(definition["steps"], (step) => {
    const action = actions.find((each) => each.key === step["action"]);
    action?.gives.forEach((each) => found.set(each.name, each.type));
    const params = step["params"];
    const kept = isObject(params) && Array.isArray(params["keep"]) ? params["keep"] : [];
    kept.filter(isObject).forEach((each) => found.set(String(each["name"]), (each["type"] as FieldKind) ?? "text"));
  });
  found.delete("");
  return {
    answer: inputsAround(definition, pointer),
    result: [...found].map(([name, type]) => ({ name, label: name.replaceAll("_", " "), type })),
  };
}

const LISTS = ["then", "otherwise", "do"];

function stepsIn(steps: Json | undefined, tell: (step: JsonObject) => void): void {
  if (!Array.isArray(steps)) return;
  for (const step of steps.filter(isObject)) {
    tell(step);
    const params = isObject(step["params"]) ? step["params"] : {};
    LISTS.forEach((name) => stepsIn(params[name], tell));
    if (Array.isArray(params["buttons"]))
      params["buttons"].filter(isObject).forEach((button) => stepsIn(button["then"], tell));
  }
}
