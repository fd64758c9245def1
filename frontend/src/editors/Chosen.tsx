/** One of several, under its label; what is stored and not among them stays to be seen. */
import { Labelled } from "../page/parts";
import { useView } from "../page/view";
import { t } from "../texts";

export function Chosen({
  label,
  pointer,
  value,
  options,
  onPick,
}: {
  label: string;
  pointer: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onPick(value: string): void;
}) {
  const { isReadOnly } = useView();
  return (
    <Labelled label={label} pointer={pointer} deep>
      <select
        class="e-control"
        aria-label={label}
        value={value}
        disabled={isReadOnly}
        onChange={(event) => onPick(event.currentTarget.value)}
      >
        {!options.some((each) => each.value === value) && <option value={value}>{value || t("chooseValue")}</option>}
        {options.map((each) => (
          <option key={each.value} value={each.value}>
            {each.label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}
