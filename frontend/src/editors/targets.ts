/** How the fields of another object are called, asked once per object. */
import { useEffect, useState } from "preact/hooks";
import { localised, type Catalogue } from "../catalogue";
import type { Json } from "../json";
import { useView } from "../page/view";

const asked = new Map<string, Promise<Catalogue>>();

export function useFieldLabels(object: string): (name: string) => string {
  const { api, rule } = useView();
  const [labels, setLabels] = useState<Record<string, string>>({});
  useEffect(() => {
    if (object === "") return;
    const path = `rules/catalogue/${rule.connection}/${object}/`;
    const found = asked.get(path) ?? api<Json>("GET", path).then((data) => localised<Catalogue>(data));
    asked.set(path, found);
    found.then(
      (catalogue) => setLabels(Object.fromEntries(catalogue.fields.map((each) => [each.name, each.label]))),
      () => asked.delete(path), // The names stand for themselves until it is asked again.
    );
  }, [object]);
  return (name) => labels[name] ?? name;
}
