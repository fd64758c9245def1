/** Which of what the server offers is meant: an address an administrator allowed, another rule. */
import { usePart, useView } from "../page/view";
import { Chosen } from "./Chosen";
import type { FieldProps } from "./ShapeForm";

export function AddressField({ label, pointer }: FieldProps) {
  const { catalogue } = useView();
  const [value, setValue] = usePart(pointer);
  return (
    <Chosen
      label={label}
      pointer={pointer}
      value={String(value ?? "")}
      options={catalogue.addresses.map((each) => ({ value: each.slug, label: each.name }))}
      onPick={setValue}
    />
  );
}

export function RuleField({ label, pointer }: FieldProps) {
  const { catalogue } = useView();
  const [value, setValue] = usePart(pointer);
  return (
    <Chosen
      label={label}
      pointer={pointer}
      value={String(value ?? "")}
      options={catalogue.rules.map((each) => ({ value: each.key, label: each.name }))}
      onPick={setValue}
    />
  );
}
