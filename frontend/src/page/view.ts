/** What every part of the page may know and do. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api, Problem } from "../api";
import type { Catalogue, ConnectionOffer } from "../catalogue";
import type { Json, JsonObject } from "../json";
import { pointerAt } from "../pointer";
import type { RuleRow } from "./rule";

export interface View {
  api: Api;
  rule: RuleRow;
  connection: ConnectionOffer | undefined;
  catalogue: Catalogue;
  definition: JsonObject;
  problems: readonly Problem[];
  isReadOnly: boolean;
  set(pointer: string, part: Json | undefined): void;
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("Parts of the editor stand inside the page.");
  return view;
}

/** The part at `pointer`, and how to change it. */
export function usePart(pointer: string): [Json | undefined, (part: Json | undefined) => void] {
  const view = useView();
  return [pointerAt(view.definition, pointer), (part) => view.set(pointer, part)];
}

/** The list at `pointer`; empty where there is none. */
export function useList<Item extends Json>(pointer: string): [Item[], (items: Item[]) => void] {
  const [value, setValue] = usePart(pointer);
  return [Array.isArray(value) ? (value as Item[]) : [], setValue];
}
