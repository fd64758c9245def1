/** Which document the ERP is asked to make. Its kind of record and its values follow from it. */
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

export function WriteField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [write, setWrite] = usePart(pointer);
  const [, setObject] = usePart(pointer.replace(/\/write$/, "/object"));
  const present = String(write ?? "");
  return (
    <Labelled label={label} pointer={pointer} deep>
      <select
        class="e-control"
        aria-label={label}
        value={present}
        disabled={isReadOnly}
        onChange={(event) => {
          const key = event.currentTarget.value;
          setWrite(key);
          setObject(catalogue.writes.find((each) => each.key === key)?.object ?? "");
        }}
      >
        {!catalogue.writes.some((each) => each.key === present) && (
          <option value={present}>{present || t("chooseValue")}</option>
        )}
        {catalogue.writes.map((each) => (
          <option key={each.key} value={each.key}>
            {each.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}
