/** What starts the rule. */
import type { ObjectName, TriggerBlock } from "../catalogue";
import { isObject, type JsonObject } from "../json";
import { t } from "../texts";
import { Against, Chapter, Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { ShapeForm } from "../editors/ShapeForm";
import { USUAL } from "./Firing";

/** The trigger as it starts out, and the firing policy it can have where the present one makes no sense with it. */
function triggerNew(trigger: TriggerBlock, definition: JsonObject, objects: readonly ObjectName[]): JsonObject {
  const { trigger: former, firing } = definition;
  const known = isObject(former) ? objects.find((each) => each.name === former["object"]) : undefined;
  const object = trigger.object || (known ?? objects.find((each) => each.usable))?.name || "";
  const policy = isObject(firing) && firing["policy"] ? String(firing["policy"]) : USUAL;
  return {
    ...definition,
    trigger: { type: trigger.key, object, ...(trigger.params.properties?.["times"] && { times: ["08:00"] }) },
    ...(!trigger.policies.includes(policy) && { firing: { policy: trigger.policies[0] ?? USUAL } }),
  };
}

export function When() {
  const { catalogue, connection, rule, definition, isReadOnly, set } = useView();
  const [type] = usePart("/trigger/type");
  const [object, setObject] = usePart("/trigger/object");
  const trigger = catalogue.triggers.find((each) => each.key === type);
  return (
    <Chapter name="when" title={t("when")} help={t("whenHelp")} icon="bolt">
      <div class="e-row">
        <Labelled label={t("startsWith")} pointer="/trigger/type">
          <select
            class="e-control"
            aria-label={t("startsWith")}
            value={String(type ?? "")}
            disabled={isReadOnly}
            onChange={(event) => {
              const chosen = catalogue.triggers.find((each) => each.key === event.currentTarget.value);
              if (chosen) set("", triggerNew(chosen, definition, connection?.objects ?? []));
            }}
          >
            {!trigger && <option value={String(type ?? "")}>{String(type ?? t("chooseValue"))}</option>}
            {catalogue.triggers.map((each) => (
              <option key={each.key} value={each.key} disabled={!each.usable} title={each.reason ?? undefined}>
                {each.label}
              </option>
            ))}
          </select>
        </Labelled>
        {!trigger?.object && (
          <Labelled
            label={t("object")}
            help={t("from", { connection: rule.connection_name })}
            pointer="/trigger/object"
          >
            <Picker
              label={t("object")}
              value={String(object ?? "")}
              disabled={isReadOnly}
              shown={catalogue.object.label || t("chooseValue")}
              onPick={setObject}
              options={(connection?.objects ?? []).map((each) => ({
                value: each.name,
                label: each.label,
                group: "",
                words: each.synonyms,
                ...(each.reason && { refused: each.reason }),
              }))}
            />
          </Labelled>
        )}
      </div>
      {trigger && <ShapeForm shape={trigger.params} pointer="/trigger" without={["type", "object"]} />}
      <Against pointer="/trigger" />
      <Against pointer="" />
    </Chapter>
  );
}
