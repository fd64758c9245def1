/** A time of day, or none. */
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import type { FieldProps } from "./ShapeForm";

export function TimeField({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  return (
    <Labelled label={label} pointer={pointer} deep>
      <input
        class="e-control e-short"
        type="time"
        aria-label={label}
        value={String(value ?? "")}
        disabled={isReadOnly}
        onInput={(event) => setValue(event.currentTarget.value || undefined)}
      />
    </Labelled>
  );
}
