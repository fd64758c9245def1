/** Who is reached, and what happens. */
import type { JsonObject } from "../json";
import { Chapter } from "../page/parts";
import { useList, useView } from "../page/view";
import { pointerJoin } from "../pointer";
import { ShapeForm } from "../editors/ShapeForm";
import { t } from "../texts";
import { ActionList } from "./ActionList";
import { AUDIENCE, hasAudience } from "./actions";

export function ForWhomAndThen() {
  const { catalogue } = useView();
  const [steps] = useList<JsonObject>("/steps");
  const actions = steps.map((step) => catalogue.actions.find((each) => each.key === step["action"]));
  const told = actions.findIndex(hasAudience);
  const shape = actions[told]?.params;
  return (
    <>
      <Chapter name="for-whom" title={t("forWhom")} help={t("forWhomHelp")} icon="group">
        {shape ? (
          <ShapeForm
            shape={shape}
            pointer={pointerJoin("/steps", told, "params")}
            without={Object.keys(shape.properties ?? {}).filter((name) => !AUDIENCE.includes(name))}
          />
        ) : (
          <p class="b-muted">{t("nobodyYet")}</p>
        )}
      </Chapter>
      <Chapter name="then" title={t("then")} help={t("thenHelp")} icon="play_arrow">
        <ActionList pointer="/steps" role="first" none={t("noAction")} told={told} />
      </Chapter>
    </>
  );
}
