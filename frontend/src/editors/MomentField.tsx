/** Where a time is counted from: when the action begins, or a date of the record. */
import { sampleText } from "../catalogue";
import { fieldOf } from "../conditions/tree";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { t } from "../texts";
import { AsItIs } from "./AsItIs";
import type { FieldProps } from "./ShapeForm";

export function MomentField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  const path = value === undefined || value === null ? "" : fieldOf(value);
  const dates = catalogue.fields.filter((each) => each.type === "date" || each.type === "datetime");
  const name = path?.replace(/^record\./, "") ?? "";
  return (
    <Labelled label={label} pointer={pointer} deep>
      {path === null ? (
        <AsItIs value={value ?? null} />
      ) : (
        <Picker
          label={label}
          value={name}
          disabled={isReadOnly}
          shown={name === "" ? t("whenItBegins") : (catalogue.fields.find((each) => each.name === name)?.label ?? name)}
          onPick={(picked) => setValue(picked === "" ? undefined : { var: `record.${picked}` })}
          options={[
            { value: "", label: t("whenItBegins"), group: "" },
            ...dates.map((each) => ({
              value: each.name,
              label: each.label,
              group: catalogue.object.label,
              hint: sampleText(each.sample),
              words: each.synonyms,
            })),
          ]}
        />
      )}
    </Labelled>
  );
}
