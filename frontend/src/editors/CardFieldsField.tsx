/** The values a card shows, in order. */
import { sampleText } from "../catalogue";
import type { JsonObject } from "../json";
import { Against, IconButton, Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import { Picker } from "../Picker";
import { pointerJoin } from "../pointer";
import { inLanguage, t } from "../texts";
import { listMoved } from "./lists";
import type { FieldProps } from "./ShapeForm";

export function CardFieldsField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [shown, setShown] = useList<JsonObject>(pointer);
  const labelOf = (name: string) => catalogue.fields.find((each) => each.name === name)?.label ?? name;
  const options = catalogue.fields.map((field) => ({
    value: field.name,
    label: field.label,
    group: catalogue.object.label,
    hint: sampleText(field.sample),
    words: field.synonyms,
    ...(field.reason && { refused: field.reason }),
  }));
  return (
    <Labelled label={label} pointer={pointer}>
      <ul class="e-rows">
        {shown.map((each, at) => (
          <li key={at} data-pointer={pointerJoin(pointer, at)}>
            <span class="e-grow">
              {inLanguage(each["label"]) || labelOf(String(each["name"]))}
              {each["with"] !== undefined && <span class="b-muted"> · {labelOf(String(each["with"]))}</span>}
            </span>
            <label class="e-tick">
              <input
                type="checkbox"
                checked={each["emphasis"] === true}
                disabled={isReadOnly}
                onChange={(event) =>
                  setShown(
                    shown.map((other, index) =>
                      index === at ? emphasised(other, event.currentTarget.checked) : other,
                    ),
                  )
                }
              />{" "}
              {t("emphasised")}
            </label>
            {!isReadOnly && (
              <span class="e-tools">
                <IconButton
                  icon="arrow_upward"
                  label={t("moveUp")}
                  disabled={at === 0}
                  onClick={() => setShown(listMoved(shown, at, at - 1))}
                />
                <IconButton
                  icon="arrow_downward"
                  label={t("moveDown")}
                  disabled={at === shown.length - 1}
                  onClick={() => setShown(listMoved(shown, at, at + 1))}
                />
                <IconButton
                  icon="close"
                  label={t("removeField")}
                  onClick={() => setShown(shown.filter((_other, index) => index !== at))}
                />
              </span>
            )}
            <Against pointer={pointerJoin(pointer, at)} deep />
          </li>
        ))}
      </ul>
      {!isReadOnly && (
        <Picker
          label={t("addField")}
          className="e-insert"
          value=""
          shown={`+ ${t("addField")}`}
          options={options}
          onPick={(name) => setShown([...shown, { name }])}
        />
      )}
    </Labelled>
  );
}

function emphasised(field: JsonObject, isEmphasised: boolean): JsonObject {
  const { emphasis: _emphasis, ...rest } = field;
  return isEmphasised ? { ...rest, emphasis: true } : rest;
}
