/** One of the holiday calendars that are kept in the administration, or none. */
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

export function CalendarField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [name, setName] = usePart(pointer);
  const chosen = String(name ?? "");
  return (
    <Labelled label={label} pointer={pointer}>
      <select
        class="e-control"
        aria-label={label}
        value={chosen}
        disabled={isReadOnly}
        onChange={(event) => setName(event.currentTarget.value || undefined)}
      >
        <option value="">{t("noCalendar")}</option>
        {chosen && !catalogue.calendars.includes(chosen) && <option value={chosen}>{chosen}</option>}
        {catalogue.calendars.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </Labelled>
  );
}
