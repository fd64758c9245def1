/** One value under its label. */
import { Labelled } from "../page/parts";
import type { FieldProps } from "./ShapeForm";
import { ValueInput } from "./ValueInput";

export function ValueField({ label, pointer }: FieldProps) {
  return (
    <Labelled label={label} pointer={pointer} deep>
      <ValueInput label={label} pointer={pointer} canBeNone />
    </Labelled>
  );
}
