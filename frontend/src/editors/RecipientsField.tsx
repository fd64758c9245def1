/** Who is told or asked: people of the record, people by name, roles, the owner. */
import type { RecipientKind } from "../catalogue";
import type { JsonObject } from "../json";
import { Against, IconButton, Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import { Picker, type PickerOption } from "../Picker";
import { pointerJoin } from "../pointer";
import { t } from "../texts";
import type { FieldProps } from "./ShapeForm";
import { AsItIs } from "./AsItIs";

export function RecipientsField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [specs, setSpecs] = useList<JsonObject>(pointer);
  const offered = useOptions();
  const replaced = (at: number, spec: JsonObject) => setSpecs(specs.map((each, index) => (index === at ? spec : each)));
  return (
    <Labelled label={label} pointer={pointer}>
      {specs.map((spec, at) => {
        const kind = catalogue.recipients.find((each) => each.type === spec["type"]);
        const options = kind ? offered(kind) : [];
        const name = kind && valueName(kind);
        const value = String((name && spec[name]) ?? "");
        return (
          <div class="e-recipient" key={at} data-pointer={pointerJoin(pointer, at)}>
            <span class="e-line">
              {kind ? (
                <select
                  class="e-control"
                  aria-label={t("recipientKind")}
                  value={kind.type}
                  disabled={isReadOnly}
                  onChange={(event) => replaced(at, specOf(catalogue.recipients, event.currentTarget.value, offered))}
                >
                  {catalogue.recipients.map((each) => (
                    <option key={each.type} value={each.type} disabled={!each.usable}>
                      {each.label}
                    </option>
                  ))}
                </select>
              ) : (
                <AsItIs value={spec} />
              )}
              {name && (
                <Picker
                  label={kind.label}
                  value={value}
                  disabled={isReadOnly}
                  options={options}
                  shown={options.find((each) => each.value === value)?.label ?? (value || t("chooseValue"))}
                  onPick={(picked) => replaced(at, { ...spec, [name]: picked })}
                />
              )}
              {kind && <Otherwise kind={kind} spec={spec} onPick={(next) => replaced(at, next)} />}
              {!isReadOnly && (
                <IconButton
                  icon="close"
                  label={t("removeRecipient")}
                  onClick={() => setSpecs(specs.filter((_each, index) => index !== at))}
                />
              )}
            </span>
            <Against pointer={pointerJoin(pointer, at)} deep />
          </div>
        );
      })}
      {!isReadOnly && (
        <button
          type="button"
          class="e-add"
          onClick={() => setSpecs([...specs, specOf(catalogue.recipients, "", offered)])}
        >
          + {t("addRecipient")}
        </button>
      )}
    </Labelled>
  );
}

/** What is done when not everybody of a group chat may see everything. */
function Otherwise({
  kind,
  spec,
  onPick,
}: {
  kind: RecipientKind;
  spec: JsonObject;
  onPick: (spec: JsonObject) => void;
}) {
  const { catalogue, isReadOnly } = useView();
  const shape = kind.params.properties?.["otherwise"];
  if (!shape) return null;
  const chat = catalogue.group_chats.find((each) => each.ref === spec["chat"]);
  return (
    <select
      class="e-control"
      aria-label={shape["x-label"] ?? ""}
      value={String(spec["otherwise"] ?? chat?.otherwise ?? "split")}
      disabled={isReadOnly}
      onChange={(event) => onPick({ ...spec, otherwise: event.currentTarget.value })}
    >
      {(shape.enum ?? []).map((each) => (
        <option key={each} value={each}>
          {shape["x-choices"]?.[each] ?? each}
        </option>
      ))}
    </select>
  );
}

/** The first parameter of a kind of recipient names who it is. */
function valueName(kind: RecipientKind): string | undefined {
  return Object.keys(kind.params.properties ?? {})[0];
}

function specOf(
  kinds: readonly RecipientKind[],
  type: string,
  offered: (kind: RecipientKind) => PickerOption[],
): JsonObject {
  const kind = kinds.find((each) => each.type === type) ?? kinds.find((each) => each.usable);
  if (!kind) return { type };
  const name = valueName(kind);
  return { type: kind.type, ...(name && { [name]: offered(kind)[0]?.value ?? "" }) };
}

function useOptions(): (kind: RecipientKind) => PickerOption[] {
  const { catalogue } = useView();
  const choices: Record<string, PickerOption[]> = {
    username: catalogue.people.map((each) => ({
      value: each.username,
      label: each.name,
      group: "",
      hint: each.username,
    })),
    chat: catalogue.group_chats
      .filter((each) => each.usable)
      .map((each) => ({
        value: each.ref,
        label: each.name,
        group: each.channel,
        hint: t("peopleCount", { count: each.members }),
      })),
    group: catalogue.roles.map((each) => ({
      value: each.name,
      label: each.name,
      group: "",
      hint: t("peopleCount", { count: each.people }),
    })),
  };
  return (kind) =>
    choices[valueName(kind) ?? ""] ??
    catalogue.fields
      .filter((field) => kind.fields.includes(field.name))
      .map((field) => ({
        value: field.name,
        label: field.label,
        group: "",
        hint: String(field.sample ?? ""),
        words: field.synonyms,
      }));
}
