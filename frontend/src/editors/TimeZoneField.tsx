/** A time zone out of those the browser knows; empty: that of this installation. */
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { Picker } from "../Picker";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

export function TimeZoneField({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [zone, setZone] = usePart(pointer);
  return (
    <Labelled label={label} pointer={pointer}>
      <Picker
        label={label}
        value={String(zone ?? "")}
        shown={String(zone ?? t("usualTimeZone"))}
        disabled={isReadOnly}
        onPick={(picked) => setZone(picked || undefined)}
        options={[
          { value: "", label: t("usualTimeZone"), group: "" },
          ...Intl.supportedValuesOf("timeZone").map((each) => ({ value: each, label: each, group: "" })),
        ]}
      />
    </Labelled>
  );
}
