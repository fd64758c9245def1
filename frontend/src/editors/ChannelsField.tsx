/** Through which messengers; none chosen is the built-in inbox. */
import { Labelled } from "../page/parts";
import { useList, useView } from "../page/view";
import type { FieldProps } from "./ShapeForm";

export function ChannelsField({ label, pointer }: FieldProps) {
  const { catalogue, isReadOnly } = useView();
  const [chosen, setChosen] = useList<string>(pointer);
  const known = catalogue.channels.map((each) => each.slug);
  const unknown = chosen.filter((each) => !known.includes(each));
  const toggle = (slug: string) =>
    setChosen(chosen.includes(slug) ? chosen.filter((each) => each !== slug) : [...chosen, slug]);
  const tick = (slug: string, name: string, reason: string | null) => (
    <label key={slug} class="e-tick">
      <input
        type="checkbox"
        checked={chosen.includes(slug)}
        disabled={isReadOnly || (reason !== null && !chosen.includes(slug))}
        onChange={() => toggle(slug)}
      />{" "}
      {name}
      {reason !== null && <small class="b-muted">{reason}</small>}
    </label>
  );
  return (
    <Labelled label={label} pointer={pointer} deep>
      <span class="e-ticks">
        {catalogue.channels.map((each) => tick(each.slug, each.name, each.reason))}
        {unknown.map((each) => tick(each, each, null))}
      </span>
    </Labelled>
  );
}
