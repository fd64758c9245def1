/** What must be true, and how often it fires while it is. */
import { t } from "../texts";
import { LogicField } from "../editors/LogicField";
import { Chapter } from "../page/parts";
import { Firing } from "./Firing";

export function If() {
  return (
    <Chapter name="if" title={t("if")} help={t("ifHelp")} icon="filter_alt">
      <LogicField pointer="/condition" />
      <Firing />
    </Chapter>
  );
}
