/** What starts the rule. */
import { t } from "../texts";
import { Against, Chapter, Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { ShapeForm } from "../editors/ShapeForm";

export function When() {
  const { catalogue, connection, rule, isReadOnly } = useView();
  const [type, setType] = usePart("/trigger/type");
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
            onChange={(event) => setType(event.currentTarget.value)}
          >
            {!trigger && <option value={String(type ?? "")}>{String(type ?? t("chooseValue"))}</option>}
            {catalogue.triggers.map((each) => (
              <option key={each.key} value={each.key} disabled={!each.usable} title={each.reason ?? undefined}>
                {each.label}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled label={t("object")} help={t("from", { connection: rule.connection_name })} pointer="/trigger/object">
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
      </div>
      {trigger && <ShapeForm shape={trigger.params} pointer="/trigger" without={["type", "object"]} />}
      <Against pointer="/trigger" />
      <Against pointer="" />
    </Chapter>
  );
}
