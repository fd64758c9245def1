/** A list of small forms, each drawn from the shape of the list's items. */
import type { JsonObject } from "../json";
import { IconButton, Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import { pointerJoin } from "../pointer";
import { t } from "../texts";
import { ShapeForm, type FieldProps } from "./ShapeForm";

export function RowsField({ label, pointer, shape }: FieldProps) {
  const { isReadOnly } = useView();
  const [rows, setRows] = useList<JsonObject>(pointer);
  return (
    <Labelled label={label} pointer={pointer}>
      {rows.map((_row, at) => (
        <div class="e-box" key={at} data-pointer={pointerJoin(pointer, at)}>
          <ShapeForm shape={shape.items ?? {}} pointer={pointerJoin(pointer, at)} />
          {!isReadOnly && (
            <IconButton
              icon="close"
              label={`${t("removeField")}: ${label} ${at + 1}`}
              onClick={() => setRows(rows.filter((_each, index) => index !== at))}
            />
          )}
        </div>
      ))}
      {!isReadOnly && (
        <button type="button" class="e-add" onClick={() => setRows([...rows, {}])}>
          + {t("addField")}: {label}
        </button>
      )}
    </Labelled>
  );
}
