/** Fields of the record, by name: those that must not have changed since the card was seen. */
import { Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import { Picker } from "../Picker";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

export function NamesField({ label, pointer, shape }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [names, setNames] = useList<string>(pointer);
  return (
    <Labelled label={label} help={shape["x-help"]} pointer={pointer} deep>
      <span class="e-line">
        {names.map((name) => (
          <span class="b-chip e-chip" key={name}>
            {catalogue.fields.find((each) => each.name === name)?.label ?? name}
            {!isReadOnly && (
              <button
                type="button"
                aria-label={`${t("removeField")}: ${name}`}
                onClick={() => setNames(names.filter((each) => each !== name))}
              >
                ×
              </button>
            )}
          </span>
        ))}
        {!isReadOnly && (
          <Picker
            label={t("addField")}
            className="e-insert"
            value=""
            shown={`+ ${t("addField")}`}
            onPick={(name) => setNames([...names, name])}
            options={catalogue.fields
              .filter((each) => !names.includes(each.name))
              .map((each) => ({ value: each.name, label: each.label, group: "", words: each.synonyms }))}
          />
        )}
      </span>
    </Labelled>
  );
}
