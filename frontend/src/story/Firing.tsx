/** How often the rule fires while its condition is true. */
import { Labelled } from "../page/parts";
import { usePart, useView } from "../page/view";
import { t } from "../texts";
import { ShapeForm } from "../editors/ShapeForm";

export const USUAL = "becomes_true";

export function Firing() {
  const { catalogue, isReadOnly } = useView();
  const [stored, setPolicy] = usePart("/firing/policy");
  const [type] = usePart("/trigger/type");
  const chosen = String(stored ?? USUAL);
  const able = catalogue.triggers.find((each) => each.key === type)?.policies;
  const offered = catalogue.policies.filter((each) => !able || able.includes(each.key));
  const policy = offered.find((each) => each.key === chosen);
  return (
    <div class="e-firing">
      <Labelled label={t("firing")} pointer="/firing/policy">
        <span class="e-ticks">
          {offered.map((each) => (
            <label key={each.key} class="e-tick">
              <input
                type="radio"
                name="firing"
                checked={each.key === chosen}
                disabled={isReadOnly || !each.usable}
                onChange={() => setPolicy(each.key)}
              />{" "}
              {each.label}
              {each.reason && <small class="b-muted">{each.reason}</small>}
            </label>
          ))}
          {!policy && <span>{t("unknownField", { name: chosen })}</span>}
        </span>
      </Labelled>
      {policy && <ShapeForm shape={policy.params} pointer="/firing" />}
    </div>
  );
}
