/** The state an action changes: which field, what it becomes, from what it may come. */
import type { Field } from "../catalogue";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { pointerTokens } from "../pointer";
import { Chosen } from "./Chosen";
import type { FieldProps } from "./ShapeForm";

export function StateFieldField({ label, pointer }: FieldProps) {
  const { catalogue } = useView();
  const [value, setValue] = usePart(pointer);
  const states = catalogue.fields.filter((each) => each.writable && each.codes.length > 0);
  return (
    <Chosen
      label={label}
      pointer={pointer}
      value={String(value ?? "")}
      options={states.map((each) => ({ value: each.name, label: each.label }))}
      onPick={setValue}
    />
  );
}

export function StateField({ label, pointer }: FieldProps) {
  const [value, setValue] = usePart(pointer);
  const field = useStateField(pointer);
  return (
    <Chosen
      label={label}
      pointer={pointer}
      value={String(value ?? "")}
      options={field?.codes ?? []}
      onPick={setValue}
    />
  );
}

export function StatesField({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  const codes = useStateField(pointer)?.codes ?? [];
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const toggle = (code: string) => {
    const next = codes
      .map((each) => each.value)
      .filter((each) => (each === code ? !chosen.includes(each) : chosen.includes(each)));
    setValue(next.length > 0 ? next : undefined);
  };
  return (
    <Labelled label={label} pointer={pointer} deep>
      <span class="e-ticks">
        {codes.map((each) => (
          <label key={each.value} class="e-tick">
            <input
              type="checkbox"
              checked={chosen.includes(each.value)}
              disabled={isReadOnly}
              onChange={() => toggle(each.value)}
            />{" "}
            {each.label}
          </label>
        ))}
      </span>
    </Labelled>
  );
}

/** The field named beside the parameter at `pointer`. */
function useStateField(pointer: string): Field | undefined {
  const { catalogue } = useView();
  const own = pointerTokens(pointer).at(-1) ?? "";
  const [name] = usePart(`${pointer.slice(0, pointer.length - own.length)}field`);
  return catalogue.fields.find((each) => each.name === name);
}
