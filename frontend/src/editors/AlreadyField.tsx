/** For how many records at most the rule fires when it is published, beside how many it is true for now. */
import { useEffect, useState } from "preact/hooks";
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";

const PAUSE_MS = 800;

interface Already {
  count: number;
  looked: number;
  total: number;
}

export function AlreadyField({ shape, label, pointer }: FieldProps) {
  const { api, rule, definition, isReadOnly } = useView();
  const [value, setValue] = usePart(pointer);
  const [already, setAlready] = useState<Already | null>(null);
  useEffect(() => {
    let isLatest = true;
    const show = (found: Already | null) => isLatest && setAlready(found);
    const timer = window.setTimeout(
      () => void api<Already>("POST", `rules/${rule.id}/already/`, { draft: definition }).then(show, () => show(null)),
      PAUSE_MS,
    );
    return () => {
      isLatest = false;
      window.clearTimeout(timer);
    };
  }, [definition, rule.id]);
  return (
    <Labelled label={label} pointer={pointer}>
      <span class="e-line">
        <input
          class="e-control e-short"
          type="number"
          min={shape.minimum}
          max={shape.maximum}
          step={1}
          aria-label={label}
          placeholder={String(shape.default ?? "")}
          disabled={isReadOnly}
          value={typeof value === "number" ? value : ""}
          onInput={(event) =>
            setValue(event.currentTarget.value === "" ? undefined : event.currentTarget.valueAsNumber)
          }
        />
        <span class="b-muted" role="status">
          {already &&
            t(already.looked < already.total ? "alreadyOfSome" : "already", {
              count: already.count,
              looked: already.looked,
            })}
        </span>
      </span>
    </Labelled>
  );
}
