/** Times of day, one after the other. */
import { IconButton, Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

const FIRST = "08:00";

export function TimesField({ label, pointer }: FieldProps) {
  const { isReadOnly } = useView();
  const [times, setTimes] = useList<string>(pointer);
  return (
    <Labelled label={label} pointer={pointer} deep>
      <span class="e-ticks">
        {times.map((time, at) => (
          <span key={at} class="e-with-unit">
            <input
              class="e-control e-short"
              type="time"
              aria-label={label}
              value={String(time)}
              disabled={isReadOnly}
              onInput={(event) =>
                setTimes(times.map((each, index) => (index === at ? event.currentTarget.value : each)))
              }
            />
            {!isReadOnly && times.length > 1 && (
              <IconButton
                icon="close"
                label={t("removeTime")}
                onClick={() => setTimes(times.filter((_each, index) => index !== at))}
              />
            )}
          </span>
        ))}
        {!isReadOnly && (
          <button type="button" class="e-add" onClick={() => setTimes([...times, times.at(-1) ?? FIRST])}>
            + {t("addTime")}
          </button>
        )}
      </span>
    </Labelled>
  );
}
