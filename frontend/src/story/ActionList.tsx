/** Actions in order: the rule's steps, or what follows a button. */
import type { ActionBlock } from "../catalogue";
import { isObject, type JsonObject } from "../json";
import { Against, IconButton } from "../page/parts";
import { useList, useView } from "../page/view";
import { Picker } from "../Picker";
import { pointerJoin } from "../pointer";
import { t } from "../texts";
import { AsItIs } from "../editors/AsItIs";
import { listMoved } from "../editors/lists";
import { ShapeForm } from "../editors/ShapeForm";
import { AUDIENCE, actionNew } from "./actions";
import { TestMessage } from "./TestMessage";

interface ListProps {
  pointer: string;
  role: "first" | "follows";
  none: string;
  /** The step whose recipients stand in a chapter of their own. */
  told?: number;
}

export function ActionList({ pointer, role, none, told }: ListProps) {
  const { catalogue, definition, isReadOnly } = useView();
  const [steps, setSteps] = useList<JsonObject>(pointer);
  const offered = catalogue.actions.filter((each) => each[role]);
  const add = (key: string) => {
    const action = offered.find((each) => each.key === key);
    if (action) setSteps([...steps, actionNew(action, catalogue, definition)]);
  };
  return (
    <div class="e-actions" data-pointer={pointer}>
      {steps.length === 0 && <p class="b-muted">{none}</p>}
      {steps.map((step, at) => (
        <ActionCard
          key={at}
          step={step}
          action={catalogue.actions.find((each) => each.key === step["action"])}
          pointer={pointerJoin(pointer, at)}
          without={at === told ? AUDIENCE : []}
          tools={
            !isReadOnly && (
              <span class="e-tools">
                <IconButton
                  icon="arrow_upward"
                  label={t("moveUp")}
                  disabled={at === 0}
                  onClick={() => setSteps(listMoved(steps, at, at - 1))}
                />
                <IconButton
                  icon="arrow_downward"
                  label={t("moveDown")}
                  disabled={at === steps.length - 1}
                  onClick={() => setSteps(listMoved(steps, at, at + 1))}
                />
                <IconButton
                  icon="close"
                  label={t("removeAction")}
                  onClick={() => setSteps(steps.filter((_each, index) => index !== at))}
                />
              </span>
            )
          }
        />
      ))}
      <Against pointer={pointer} />
      {!isReadOnly && (
        <Picker
          label={t("addAction")}
          className="e-insert"
          value=""
          shown={`+ ${t("addAction")}`}
          onPick={add}
          options={offered.map((each) => ({
            value: each.key,
            label: each.label,
            group: "",
            ...(each.reason && { refused: each.reason }),
          }))}
        />
      )}
    </div>
  );
}

/** Parameters that most rules leave alone. */
const RARE = ["priority", "material", "precondition", "done", "object"];

function ActionCard({
  step,
  action,
  pointer,
  tools,
  without,
}: {
  step: JsonObject;
  action: ActionBlock | undefined;
  pointer: string;
  tools: preact.ComponentChildren;
  without: readonly string[];
}) {
  const params = pointerJoin(pointer, "params");
  const rare = Object.keys(action?.params.properties ?? {}).filter((name) => RARE.includes(name));
  const isCommon = (name: string) => !rare.includes(name);
  return (
    <div class="e-action" data-pointer={pointer}>
      <div class="e-box-head">
        <h3>{action?.label ?? String(step["action"])}</h3>
        {tools}
      </div>
      {action ? (
        <>
          <ShapeForm shape={action.params} pointer={params} without={[...rare, ...without]} />
          {rare.some((name) => name !== "object") && (
            <details class="e-more">
              <summary>{t("more")}</summary>
              <ShapeForm
                shape={action.params}
                pointer={params}
                without={[...Object.keys(action.params.properties ?? {}).filter(isCommon), "object"]}
              />
            </details>
          )}
        </>
      ) : (
        <AsItIs value={isObject(step["params"]) ? step["params"] : step} />
      )}
      {action?.asks && <TestMessage pointer={pointer} />}
      <Against pointer={pointer} />
      <Against pointer={pointerJoin(pointer, "action")} />
      <Against pointer={params} />
    </div>
  );
}
