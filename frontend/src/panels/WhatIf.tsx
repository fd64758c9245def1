/** The values the condition reads, to be typed over: what if the stock were 3? */
import { useMemo } from "preact/hooks";
import { fieldsReadable } from "../catalogue";
import { Literal } from "../conditions/Literal";
import type { Json, JsonObject } from "../json";
import { useView } from "../page/view";
import { t } from "../texts";
import type { EventRow } from "./tryout";

interface WhatIfProps {
  event: EventRow;
  names: readonly string[];
  typed: JsonObject;
  onType(name: string, value: Json): void;
  onReset(): void;
}

export function WhatIf({ event, names, typed, onType, onReset }: WhatIfProps) {
  const { catalogue } = useView();
  const fields = useMemo(
    () => fieldsReadable(catalogue, t, false).filter((each) => each.place === "record"),
    [catalogue],
  );
  const shown = names.map((name) => fields.find((each) => each.name === name)).filter((each) => each !== undefined);
  if (shown.length === 0) return null;
  return (
    <details class="e-what-if">
      <summary>{t("whatIf")}</summary>
      <div class="e-what-if-fields">
        {shown.map((field) => (
          <label key={field.name}>
            <span>{field.label}</span>
            {event.masked.includes(field.name) ? (
              <span class="b-muted">•••</span>
            ) : (
              <Literal
                field={field}
                value={typed[field.name] ?? event.after?.[field.name] ?? null}
                disabled={false}
                isWrong={false}
                onChange={(value) => onType(field.name, value)}
              />
            )}
          </label>
        ))}
        {Object.keys(typed).length > 0 && (
          <button type="button" class="e-link" onClick={onReset}>
            {t("whatIfReset")}
          </button>
        )}
      </div>
    </details>
  );
}
