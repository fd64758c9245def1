/** Which of what the server offers is meant: an address an administrator allowed, another rule. */
import { usePart, useView } from "../page/view";
import { Chosen } from "./Chosen";
import type { FieldProps } from "./ShapeForm";

interface Offered {
  value: string;
  label: string;
}

export function AddressField(props: FieldProps) {
  const { catalogue } = useView();
  return <OneOf {...props} options={catalogue.addresses.map((each) => ({ value: each.slug, label: each.name }))} />;
}

export function RuleField(props: FieldProps) {
  const { catalogue } = useView();
  return <OneOf {...props} options={catalogue.rules.map((each) => ({ value: each.key, label: each.name }))} />;
}

function OneOf({ label, pointer, options }: FieldProps & { options: Offered[] }) {
  const [value, setValue] = usePart(pointer);
  return <Chosen label={label} pointer={pointer} value={String(value ?? "")} options={options} onPick={setValue} />;
}
