/** Actions inside an action: one way of a branch, what is done for each line. */
import { Labelled } from "../page/parts";
import { t } from "../texts";
import { ActionList } from "../story/ActionList";
import type { FieldProps } from "./ShapeForm";

export function StepsField({ label, pointer }: FieldProps) {
  return (
    <Labelled label={label} pointer={pointer}>
      <div class="e-follows">
        <ActionList
          pointer={pointer}
          role={/\/buttons\/\d+\/then\//.test(pointer) ? "follows" : "first"}
          none={t("nothingFollows")}
        />
      </div>
    </Labelled>
  );
}
