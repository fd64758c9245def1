/** A number of seconds, written as people say it. */
import { useState } from "preact/hooks";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

const UNITS = [
  { seconds: 86_400, key: "unitDays" },
  { seconds: 3_600, key: "unitHours" },
  { seconds: 60, key: "unitMinutes" },
  { seconds: 1, key: "unitSeconds" },
] as const;

export function DurationField({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [stored, setSeconds] = usePart(pointer);
  const seconds = typeof stored === "number" ? stored : 0;
  const natural = UNITS.find((unit) => seconds >= unit.seconds && seconds % unit.seconds === 0) ?? UNITS[1];
  const [chosen, setChosen] = useState<number | null>(null);
  const unit = chosen ?? natural.seconds;
  return (
    <Labelled label={label} pointer={pointer}>
      <span class="e-line">
        <input
          class="e-control e-short"
          type="number"
          min="0"
          step="any"
          aria-label={label}
          placeholder="–"
          disabled={isReadOnly}
          value={seconds === 0 ? "" : seconds / unit}
          onInput={(event) =>
            setSeconds(
              event.currentTarget.value === "" ? undefined : Math.round(event.currentTarget.valueAsNumber * unit),
            )
          }
        />
        <select
          class="e-control"
          aria-label={`${label}: ${t("unit")}`}
          value={unit}
          disabled={isReadOnly}
          onChange={(event) => {
            const next = Number(event.currentTarget.value);
            setChosen(next);
            if (seconds > 0) setSeconds((seconds / unit) * next);
          }}
        >
          {UNITS.map((each) => (
            <option key={each.key} value={each.seconds}>
              {t(each.key)}
            </option>
          ))}
        </select>
      </span>
    </Labelled>
  );
}
