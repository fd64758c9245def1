/** The values of a document: each from the record, from what the person entered, or fixed. */
import { isObject, type JsonObject } from "../json";
import { Against, IconButton, Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { pointerJoin } from "../pointer";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";
import { useFieldLabels } from "./targets";
import { ValueInput } from "./ValueInput";

export function ValuesField({ label, pointer }: FieldProps) {
  const { catalogue } = useView();
  const [write] = usePart(pointer.replace(/\/values$/, "/write"));
  const kind = catalogue.writes.find((each) => each.key === write);
  const labels = useFieldLabels(kind?.object ?? "");
  return (
    <ValueRows
      label={label}
      pointer={pointer}
      required={kind?.required ?? []}
      offered={kind?.optional ?? []}
      labels={labels}
    />
  );
}

/** New values for fields of the rule's own record: those that may be changed. */
export function ChangesField({ label, pointer }: FieldProps) {
  const { catalogue } = useView();
  const labels = (name: string) => catalogue.fields.find((each) => each.name === name)?.label ?? name;
  const offered = catalogue.fields.filter((each) => each.writable).map((each) => each.name);
  return <ValueRows label={label} pointer={pointer} required={[]} offered={offered} labels={labels} />;
}

function ValueRows({
  label,
  pointer,
  required,
  offered,
  labels,
}: {
  label: string;
  pointer: string;
  required: readonly string[];
  offered: readonly string[];
  labels(name: string): string;
}) {
  const { isReadOnly } = useView();
  const [stored, setValues] = usePart(pointer);
  const values: JsonObject = isObject(stored) ? stored : {};
  const names = [...new Set([...required, ...Object.keys(values)])];
  const others = offered.filter((name) => !names.includes(name));
  return (
    <Labelled label={label} pointer={pointer}>
      <ul class="e-rows e-values">
        {names.map((name) => (
          <li key={name} data-pointer={pointerJoin(pointer, name)}>
            <span class="e-value-name">
              {labels(name)}
              {required.includes(name) && (
                <span class="b-required" aria-hidden="true">
                  {" "}
                  *
                </span>
              )}
            </span>
            <ValueInput label={labels(name)} pointer={pointerJoin(pointer, name)} />
            {!isReadOnly && !required.includes(name) && (
              <IconButton
                icon="close"
                label={`${t("removeField")}: ${labels(name)}`}
                onClick={() => setValues(Object.fromEntries(Object.entries(values).filter(([key]) => key !== name)))}
              />
            )}
            <Against pointer={pointerJoin(pointer, name)} deep />
          </li>
        ))}
      </ul>
      {!isReadOnly && others.length > 0 && (
        <Picker
          label={t("addField")}
          className="e-insert"
          value=""
          shown={`+ ${t("addField")}`}
          options={others.map((name) => ({ value: name, label: labels(name), group: "" }))}
          onPick={(name) => setValues({ ...values, [name]: "" })}
        />
      )}
    </Labelled>
  );
}
