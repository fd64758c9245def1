/** What every part of the tree may know: the fields, and what speaks against which part. */
import type { Problem } from "../api";
import { sampleText, type Readable } from "../catalogue";
import type { PickerOption } from "../Picker";
import { t } from "../texts";
import type { Leaf } from "./tree";

export interface Surroundings {
  fields: ReadonlyMap<string, Readable>;
  options: readonly PickerOption[];
  problems: ReadonlyMap<string, readonly Problem[]>;
  /** The fields of a list's items. */
  itemsOf(path: string): Readable[];
  isReadOnly: boolean;
  change(leaf: Leaf, values: Partial<Leaf>): void;
}

export function fieldOptions(fields: readonly Readable[]): PickerOption[] {
  return fields.map((field) => ({
    value: field.path,
    label: field.label,
    group: field.group,
    hint: sampleText(field.sample),
    ...(field.reason && { refused: field.reason }),
    words: [...field.synonyms, field.name],
  }));
}

/** How a field is called where no group stands beside it. */
export function fieldTitle(field: Readable | undefined, path: string): string {
  if (!field) return t("unknownField", { name: path });
  return path.startsWith("before.") || path.startsWith("shown.") ? `${field.label} · ${field.group}` : field.label;
}
